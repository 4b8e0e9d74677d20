"""`cairn view` on the state of a folder: told once, brought up to date, made anew."""

from __future__ import annotations

import hashlib
import signal
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import pytest

from cairn.sections import Settings, State
from cairn.state_feed import OUTCOMES, REJECTIONS, numbered
from cairn.viewing import view_state
from engine.types import Batch, ImageRecord, Origin, Outcome
from exporters.view.opening import open_view
from state.identity import Identity
from state.store import open_store
from tests.builders import make_outcome, make_rejection
from tests.commands import cairn, complaint
from tests.images import encoded, gradient
from tests.recovery.kit import SETTINGS, Worker, until

IDENTITY = str(Identity("tests", 8, "whole", "none", "place"))


def keep(directory: Path, *names: str, refused: str) -> None:
    """Photos of scopes of their own, and one that was refused."""
    with closing(open_store(directory / "state.sqlite", IDENTITY)) as store:
        outcomes = tuple(make_outcome(name, scope=name) for name in names)
        rejection = replace(make_rejection(refused), origin=Origin(f"file:{refused}", 0, 1))
        store.commit(Batch(outcomes, (rejection,)))


def test_a_state_is_told_once(tmp_path: Path) -> None:
    """What is new is added; what is there stays; from the beginning where that is asked for."""
    url = f"sqlite:///{tmp_path}/view.db"
    keep(tmp_path, "a", "b", refused="x")
    assert "3 outcomes and refusals told" in cairn("view", "--state", tmp_path, "--to", url).stderr
    assert "0 outcomes" in cairn("view", "--state", tmp_path, "--to", url).stderr
    keep(tmp_path, "c", refused="y")
    assert "2 outcomes" in cairn("view", "--state", tmp_path, "--to", url).stderr
    assert "5 outcomes" in cairn("view", "--state", tmp_path, "--to", url, "--anew").stderr
    with closing(open_view(url, IDENTITY)) as view:
        assert view.scopes() == ["a", "b", "c"]
        assert view.counts().images == 3
        assert view.points("c").items == ("c#0",)
        assert view.counts().rejections == {("image", "too_large"): 2}


def test_a_view_of_another_state_is_refused(tmp_path: Path) -> None:
    """Though both are made alike: nothing of it gets into the view, unless that is made anew."""
    url = f"sqlite:///{tmp_path}/view.db"
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        keep(tmp_path / name, name, refused=name)
    cairn("view", "--state", tmp_path / "one", "--to", url)
    other = ("view", "--state", tmp_path / "other", "--to", url)
    assert "another state" in complaint(*other)
    with closing(open_view(url, IDENTITY)) as view:
        assert view.scopes() == ["one"]
    cairn(*other, "--anew")
    with closing(open_view(url, IDENTITY)) as view:
        assert view.scopes() == ["other"]


def test_thumbnails_are_made_of_a_folder(tmp_path: Path) -> None:
    """Where the photos are at hand, as they were clustered."""
    url, photos = f"sqlite:///{tmp_path}/view.db", tmp_path / "photos"
    photos.mkdir()
    (photos / "a").write_bytes(encoded(gradient()))
    keep(tmp_path, "a", "b", refused="x")
    with closing(open_store(tmp_path / "state.sqlite", IDENTITY)) as store:
        digest = hashlib.sha256((photos / "a").read_bytes()).hexdigest()
        store.commit(Batch((with_hash(make_outcome("c", scope="c"), digest),)))
    (photos / "c").write_bytes((photos / "a").read_bytes())
    cairn("view", "--state", tmp_path, "--to", url, "--images", photos)
    with closing(open_view(url, IDENTITY)) as view:
        found = [view.thumbnail(name, name) for name in "abc"]
    assert [jpeg is not None for jpeg in found] == [False, False, True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    """Also while it waits for photos that are away; what was told stays."""
    url, away = f"sqlite:///{tmp_path}/view.db", tmp_path / "unmounted"
    keep(tmp_path, "a", "b", refused="x")
    arguments = ("view", "--state", str(tmp_path), "--to", url, "--images", str(away))
    life = Worker(tmp_path / "said", arguments, SETTINGS)
    try:
        until(lambda: "trying again" in life.message() or not life.alive, pause_s=0.05)
        assert life.stop(number) == 0, life.message()
    finally:
        life.kill()
    assert "3 outcomes and refusals told" in life.message()
    assert "Traceback" not in life.message()


def test_what_a_stop_leaves_is_done_the_next_time(tmp_path: Path) -> None:
    """Telling, and also the maps alone."""
    url, settings, stop = f"sqlite:///{tmp_path}/view.db", in_state(tmp_path), Event()
    keep(tmp_path, "a", "b", refused="x")
    stop.set()
    assert view_state(settings, url, stop, images=tmp_path / "unmounted", anew=False) == 0
    with (
        closing(open_view(url, IDENTITY)) as view,
        closing(open_store(tmp_path / "state.sqlite", IDENTITY)) as store,
    ):
        told = [*numbered(OUTCOMES, store.outcomes(), 0)]
        view.apply([*told, *numbered(REJECTIONS, store.rejections(), 0)])
    assert view_state(settings, url, Event(), images=None, anew=False) == 0
    with closing(open_view(url, IDENTITY)) as view:
        assert [len(view.points(scope)) for scope in "ab"] == [1, 1]


def in_state(directory: Path) -> Settings:
    return Settings(state=State(directory=directory))


def with_hash(outcome: Outcome, digest: str) -> Outcome:
    assert isinstance(outcome.cause, ImageRecord)
    return replace(outcome, cause=replace(outcome.cause, content_hash=digest))


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    """No state, no database, neither or both of state and Kafka: one line each."""
    url = f"sqlite:///{tmp_path}/view.db"
    assert "no state file" in complaint("view", "--state", tmp_path / "no", "--to", url)
    assert "give --state DIR or --kafka" in complaint("view", "--to", url)
    lonely = ("view", "--kafka", "localhost:1", "--to", url, "--images", tmp_path)
    assert "goes with --state" in complaint(*lonely)
    assert "serve.map" in complaint("view", "--state", tmp_path, "--to", url, "--map", "globe")
    keep(tmp_path, "a", refused="x")
    assert "no address" in complaint("view", "--state", tmp_path, "--to", "view.db")


@pytest.mark.skipif(find_spec("umap") is not None, reason="umap-learn is installed")
def test_a_map_that_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    """At once, with what to install."""
    url = f"sqlite:///{tmp_path}/view.db"
    keep(tmp_path, "a", refused="x")
    said = complaint("view", "--state", tmp_path, "--to", url, "--map", "umap")
    assert "pip install 'imagecairn[umap]'" in said
