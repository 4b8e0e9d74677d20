"""`cairn correct` and `cairn result` on the state of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.album import album, write
from tests.commands import cairn, complaint, piles, rows


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("photos"), album())


@pytest.fixture
def state(photos: Path, tmp_path: Path) -> Path:
    """What a run over the album leaves: three scenes and one photo alone."""
    cairn("run", "--source", photos, "--once", "--state", tmp_path / "state")
    return tmp_path / "state"


def result(state: Path) -> list[dict[str, Any]]:
    path = state / "result.json"
    cairn("result", "--state", state, "-o", path)
    return rows(path)


def cluster_of(state: Path, photo: str) -> str:
    found = {row["filename"]: row["cluster_id"] for row in result(state)}
    return str(found[f"{photo}.jpg"])


def events(state: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (state / "events.jsonl").read_bytes().splitlines()]


def test_a_command_is_told_and_shows_in_the_result(state: Path) -> None:
    """In the lineage with its author, and in where everything lies."""
    coffee, chelsea = cluster_of(state, "0-coffee"), cluster_of(state, "0-chelse")
    before = len(events(state))
    done = cairn("correct", "--state", state, "--author", "me", "merge", coffee, chelsea)
    assert "done: command" in done.stderr
    told = events(state)[before:]
    assert told[0]["type"] == "cairn.cluster.merged.v1"
    assert (told[0]["retired_id"], told[0]["author"]) == (chelsea, "me")
    assert [event["seq"] for event in events(state)] == list(range(1, len(events(state)) + 1))
    assert cluster_of(state, "2-chelse") == coffee


def test_every_command_can_be_given_and_taken_back(state: Path) -> None:
    """The result after all the undoing is the one before."""
    before = result(state)
    coffee, chelsea = cluster_of(state, "0-coffee"), cluster_of(state, "0-chelse")
    first, last = "0-coffee.jpg#0", "2-coffee.jpg#0"
    given = [
        ("merge", chelsea, coffee),
        ("split", chelsea, first, last),
        ("move", "1-alone.jpg#0", "--to", chelsea),
        ("move", "0-rocket.jpg#0"),
        ("confirm", chelsea),
        ("name", chelsea, "a cat"),
        ("must-link", first, last),
        ("cannot-link", "1-chelse.jpg#0", "2-chelse.jpg#0"),
        ("regroup", chelsea),
    ]
    for number, command in enumerate(given):
        cairn("correct", "--state", state, "--id", f"c{number}", *command)
    assert {row["name"] for row in result(state) if row["cluster_id"] == chelsea} == {"a cat"}
    for number in reversed(range(len(given))):
        cairn("correct", "--state", state, "undo", f"c{number}")
    assert [row["cluster_id"] for row in result(state)] == [row["cluster_id"] for row in before]
    assert [row["group"] for row in result(state)] == [row["group"] for row in before]


def test_a_forgotten_photo_is_in_no_result(state: Path, photos: Path) -> None:
    """Nor does it come back with the next run over the folder."""
    cairn("correct", "--state", state, "forget", "1-alone.jpg")
    assert "1-alone.jpg" not in [row["filename"] for row in result(state)]
    cairn("run", "--source", photos, "--once", "--state", state)
    assert len(result(state)) == len(album()) - 1
    assert "irreversible" in complaint("correct", "--state", state, "undo", last_command(state))


def last_command(state: Path) -> str:
    return str(events(state)[-1]["command_id"])


def test_later_photos_respect_what_was_said(tmp_path: Path) -> None:
    """Names and splits hold when the run goes on."""
    some = [name for name in album() if not name.startswith("2")]
    folder = write(tmp_path / "inbox", {name: album()[name] for name in some})
    state = tmp_path / "state"
    cairn("run", "--source", folder, "--once", "--state", state)
    coffee = cluster_of(state, "0-coffee")
    cairn("correct", "--state", state, "name", coffee, "coffee")
    cairn("correct", "--state", state, "split", coffee, "1-coffee.jpg#0")
    write(folder, album())
    cairn("run", "--source", folder, "--once", "--state", state)
    assert cluster_of(state, "0-coffee") == coffee
    assert cluster_of(state, "1-coffee") != coffee
    assert {r["name"] for r in result(state) if r["cluster_id"] == coffee} == {"coffee"}


def test_a_corrected_state_is_sound(state: Path) -> None:
    """Whoever looks after it sees what was asked, and nothing amiss."""
    coffee, chelsea = cluster_of(state, "0-coffee"), cluster_of(state, "0-chelse")
    for command in (("merge", coffee, chelsea), ("forget", "1-coffee.jpg"), ("undo", "c0")):
        number = len([e for e in events(state) if "command_id" in e])
        cairn("correct", "--state", state, "--id", f"c{number}", *command)
    assert "sound" in cairn("state", "verify", state).stdout
    assert "corrections" in cairn("state", "inspect", state).stdout


def test_the_same_command_is_carried_out_once(state: Path) -> None:
    """By its id: a script may be run again."""
    coffee = cluster_of(state, "0-coffee")
    for _ in range(2):
        done = cairn("correct", "--state", state, "--id", "c1", "name", coffee, "coffee")
    assert "nothing to change" in done.stderr
    assert "id_conflict" in complaint("correct", "--state", state, "--id", "c1", "confirm", coffee)


def test_what_cannot_be_is_one_line_and_changes_nothing(state: Path) -> None:
    """Unknown ids, contradictions, and a name that is none."""
    before = (state / "events.jsonl").read_bytes()
    assert "unknown_cluster" in complaint("correct", "--state", state, "confirm", "nobody")
    assert "unknown_item" in complaint("correct", "--state", state, "move", "nothing#0")
    assert "bad_command" in complaint("correct", "--state", state, "confirm", "a\nb")
    assert "unknown_scope" in complaint(
        "correct", "--state", state, "--scope", "x", "confirm", cluster_of(state, "0-coffee")
    )
    assert (state / "events.jsonl").read_bytes() == before


def test_there_must_be_a_state(tmp_path: Path) -> None:
    """None is begun by a mistaken path."""
    for arguments in (("correct", "--state", tmp_path / "lost", "confirm", "a"),):
        assert "there is no" in complaint(*arguments)
    assert "there is no" in complaint("result", "--state", tmp_path / "lost", "-o", tmp_path / "r")
    assert not (tmp_path / "lost").exists()


def test_one_place_at_a_time(state: Path, tmp_path: Path) -> None:
    """A state or Kafka; a sheet needs the photos."""
    both = ("correct", "--state", state, "--kafka", "localhost:1", "confirm", "a")
    assert "not both" in complaint(*both)
    lone = ("result", "--state", state, "-o", tmp_path / "r.json", "--html", tmp_path / "s.html")
    assert "together" in complaint(*lone)


def test_a_result_has_a_contact_sheet(state: Path, photos: Path, tmp_path: Path) -> None:
    """With the names that people gave."""
    cairn("correct", "--state", state, "name", cluster_of(state, "0-coffee"), "<coffee>")
    out = tmp_path / "r.json"
    sheet = ("--html", tmp_path / "s.html", "--images", photos)
    cairn("result", "--state", state, "-o", out, *sheet)
    page = (tmp_path / "s.html").read_text()
    assert "&lt;coffee&gt;" in page
    assert page.count("data:image/jpeg") == len(album())
    assert len(piles(out)) == 3
