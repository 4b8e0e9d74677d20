"""`cairn run --source --serve`: photos, thumbnails, events and corrections over HTTP, kill -9."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from cairn.folder_run import VIEW_FILE
from exporters.view.opening import open_filled_view, open_view
from tests.commands import complaint
from tests.images import shot
from tests.recovery.kit import (
    PATIENCE_S,
    SETTINGS,
    Worker,
    identity,
    run_once,
    until,
    worker,
)
from tests.recovery.photos import one_view
from tests.view.kit import Album, Feed

SCOPE = "default"
PLACES = ("astronaut.png", "rocket.jpg")


@dataclass
class Site:
    """A worker that serves what it does."""

    life: Worker
    http: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        response = self.http.get(path, params={"scope": SCOPE, **query})
        assert response.status_code == 200, response.text
        return response.json()

    @property
    def images(self) -> int:
        return int(self.get("counts")["images"])

    def shows(self, name: str) -> bool:
        """Whether a photo has a thumbnail."""
        return self.http.get("image/thumbnail", params={"scope": SCOPE, "id": name}).is_success

    def correct(self, **command: object) -> None:
        """Hand a command in and wait until it is applied."""
        answer = self.http.post("commands", json={"scope": SCOPE, **command})
        assert answer.status_code == 202, answer.text
        name = answer.json()["command_id"]
        until(lambda: self.get("command", id=name)["status"] == "applied", pause_s=0.05)

    def until_told(self, images: int) -> None:
        """Wait until so many photos are there, and the view is not behind."""
        until(lambda: self.images == images, pause_s=0.05)
        until(lambda: {row["behind"] for row in self.get_feed()} == {0}, pause_s=0.05)

    def get_feed(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.http.get("feed").json()["rows"]
        return rows


@contextmanager
def serving(photos: Path, state: Path, *options: str) -> Iterator[Site]:
    with (
        worker(photos, state, "--serve", "--port", "0", *options) as life,
        site_of(life) as site,
    ):
        yield site


@contextmanager
def site_of(life: Worker) -> Iterator[Site]:
    until(lambda: "page: " in life.message() or not life.alive, pause_s=0.05)
    found = re.search(r"^page: (http://\S+)/$", life.message(), re.MULTILINE)
    assert found, life.message()
    with httpx.Client(base_url=f"{found[1]}/api/v1/", timeout=PATIENCE_S) as http:
        yield Site(life, http)


def drawn(state: Path) -> int:
    """Points on the map."""
    with closing(open_filled_view(f"sqlite:///{state / VIEW_FILE}")) as view:
        return len(view.points(SCOPE))


def put(photos: Path, *numbers: int) -> list[str]:
    """Photos of two places in turn; their names."""
    photos.mkdir(exist_ok=True)
    for number in numbers:
        view = one_view(PLACES[number % len(PLACES)], number)
        (photos / f"p{number}.jpg").write_bytes(shot(view, number))
    return [f"p{number}.jpg" for number in numbers]


def test_a_folder_is_watched_in_a_browser(tmp_path: Path) -> None:
    """Photos appear with thumbnails and events; a name is applied; a kill loses nothing of it.

    What is forgotten loses its thumbnail, though the photo still lies in the folder.
    """
    photos, state = tmp_path / "photos", tmp_path / "state"
    names = put(photos, 0, 1, 2, 3)
    with serving(photos, state) as site:
        site.until_told(4)
        until(lambda: all(map(site.shows, names)), pause_s=0.05)
        until(lambda: drawn(state) == 4, pause_s=0.05)
        with site.http.stream("GET", "events") as response:
            lines = response.iter_lines()
            assert next(lines).startswith(":")
            put(photos, 4)
            told = next(line for line in lines if line.startswith("data: "))
        assert orjson.loads(told.removeprefix("data: "))["image_id"] == "p4.jpg"
        cluster = site.get("item", id="p4.jpg#0")["cluster"]["cluster_id"]
        site.correct(command="name", cluster_id=cluster, name="North gate")
        before = site.images
        names += put(photos, *range(4, 12))
        until(lambda: site.images > before, pause_s=0)
        site.life.kill()
    with serving(photos, state) as site:
        site.until_told(12)
        assert site.get("cluster", id=cluster)["name"] == "North gate"
        until(lambda: all(map(site.shows, names)), pause_s=0.05)
        site.correct(command="forget", image_id="p1.jpg")
        assert [site.shows(name) for name in ("p0.jpg", "p1.jpg")] == [True, False]
        assert site.life.stop() == 0
        assert "Traceback" not in site.life.message()


def test_the_demo_may_be_watched(tmp_path: Path) -> None:
    """Its state lies with what else it makes; labels of the photos count as in the demo."""
    photos, out = tmp_path / "photos", tmp_path / "out"
    put(photos, 0, 1)
    (photos / "labels.csv").write_text("path,label\np0.jpg,north\n")
    arguments = ("demo", "--serve", "--port", "0", "--images", str(photos), "-o", str(out))
    life = Worker(tmp_path / "said", arguments, SETTINGS)
    try:
        with site_of(life) as site:
            site.until_told(2)
            assert site.get("item", id="p0.jpg#0")["item"]["tag"] == "north"
        assert life.stop() == 0
    finally:
        life.kill()
    assert (out / "state" / "state.sqlite").exists()


@pytest.mark.parametrize("lost", ["deleted", "of another state", "of another encoder"])
def test_a_view_that_is_lost_is_made_anew(tmp_path: Path, lost: str) -> None:
    """From the state alone, and without the folder's photos being looked at again."""
    photos, state = tmp_path / "photos", tmp_path / "state"
    put(photos, 0, 1, 2)
    run_once(photos, state)
    if lost != "deleted":
        made_with = identity() if lost == "of another state" else "another"
        with closing(open_view(f"sqlite:///{state / VIEW_FILE}", made_with)) as view:
            Feed(view, "state").tell(Album().photo("x", "c"), Album("other").photo("y", "c"))
    with serving(photos, state) as site:
        site.until_told(3)
        assert site.get("scopes")["rows"] == [SCOPE]
        assert ("made anew" in site.life.message()) == (lost != "deleted")


def test_another_view_is_left_alone_where_it_does_not_fit(tmp_path: Path) -> None:
    """Somebody may have meant another one; the start is stopped in one sentence."""
    photos, state, url = tmp_path / "photos", tmp_path / "state", f"sqlite:///{tmp_path}/view.db"
    put(photos, 0)
    run_once(photos, state)
    with closing(open_view(url, identity())) as view:
        Feed(view, "state").tell(Album().photo("x", "c"))
    with worker(photos, state, "--serve", "--port", "0", "--view", url) as life:
        assert life.end() == 1
        assert "follows another state" in life.message()


def test_what_cannot_be_served_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view that cannot be opened, a port that is taken, options that do not go together."""
    monkeypatch.setenv("CAIRN_METRICS__PORT", "0")
    put(tmp_path / "photos", 0)
    run = ("run", "--source", tmp_path / "photos", "--state", tmp_path / "state")
    assert "or --serve" in complaint(*run, "--serve", "--once")
    assert "go with --serve" in complaint(*run, "--port", 0)
    assert "no address" in complaint(*run, "--serve", "--view", "view.db")
    assert "serve.token_file" in complaint(*run, "--serve", "--host", "0.0.0.0")  # noqa: S104 # refused
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "cannot listen there" in complaint(*run, "--serve", "--port", port)
    (tmp_path / "state" / VIEW_FILE).unlink()
    with closing(sqlite3.connect(tmp_path / "state" / VIEW_FILE)) as db:
        db.execute("CREATE TABLE alembic_version (version_num TEXT)")
        db.execute("INSERT INTO alembic_version VALUES ('9999')")
        db.commit()
    told = complaint(*run, "--serve", "--port", 0)
    assert "schema '9999'" in told
    assert "delete it" in told
