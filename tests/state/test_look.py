"""`cairn state inspect` and `verify`: what they show, and that each fault is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cairn.cli import app
from engine.jobs.placements import placements
from engine.lineage import Assigned, Event
from engine.types import Batch, Item
from engine.verdict import Evidence
from state.identity import Identity
from state.records import encode_item
from state.store import open_store
from tests.builders import DIM, make_outcome
from tests.commands import cairn, complaint
from tests.saving import shard_of, take
from tests.state.kit import bytes_of, outcomes


def table(shown: str) -> dict[str, list[str]]:
    """Rows of what was printed, by their first word."""
    rows = [line.replace("│", " ").split() for line in shown.splitlines()]
    return {row[0]: row[1:] for row in rows if row}


def test_inspect_shows_what_is_there(made: Path) -> None:
    """Identity, format, how much of everything, how far it was read."""
    shown = table(cairn("state", "inspect", made).stdout)
    found = placements(outcomes(made))
    piles = {p.cluster_id: p.confirmed for p in found}
    assert " ".join(shown["made"]).startswith("with encoder builtin-1 (509 numbers)")
    assert shown["images"][:4] == [f"{len(found)},", "and", "1", "refused"]
    assert shown["read"] == [str(len(found) + 1), "files"]
    counts = [len(found), sum(piles.values()), len(piles) - sum(piles.values())]
    assert shown["default"][:3] == list(map(str, counts))
    assert shown["all"] == shown["default"]


def test_looking_changes_nothing(state: Path) -> None:
    """Neither inspect nor verify writes a byte."""
    before = bytes_of(state)
    cairn("state", "inspect", state)
    cairn("state", "verify", state)
    assert bytes_of(state) == before


def test_the_directory_of_the_settings_is_the_default(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for `cairn run`; one of its files will do as well."""
    monkeypatch.setenv("CAIRN_STATE__DIRECTORY", str(made))
    assert "sound" in cairn("state", "verify").stdout
    assert "sound" in cairn("state", "verify", made / "state.sqlite").stdout


def test_no_state_is_told(tmp_path: Path) -> None:
    """Nothing is made by looking for it."""
    assert "there is no state in lost" in complaint("state", "inspect", "lost")
    assert not list(tmp_path.iterdir())


def changed_byte(db: sqlite3.Connection, table: str) -> None:
    (body,) = db.execute(f"SELECT body FROM {table}").fetchone()  # noqa: S608
    rotten = body[:-9] + b"!" + body[-8:]
    db.execute(f"UPDATE {table} SET body = ? WHERE rowid = 1", (rotten,))  # noqa: S608


def other_item(db: sqlite3.Connection, item: Item) -> None:
    """The row of an item holds another vector, whole by itself."""
    db.execute("UPDATE items SET body = ? WHERE item_id = ?", (encode_item(item), item.item_id))


FAULTS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "journal 1: its checksum is wrong": lambda db: changed_byte(db, "journal"),
    "features default/IMG_0001.jpg#0: its checksum is wrong": lambda db: changed_byte(
        db, "features"
    ),
    "rejections 1: its checksum is wrong": lambda db: changed_byte(db, "rejections"),
    "outcome 2: its content hash is another": lambda db: db.execute(
        "UPDATE journal SET content_hash = 'other' WHERE n = 2"
    ),
    "IMG_0003.jpg' of scope 'default': its events cannot be replayed": lambda db: db.execute(
        "DELETE FROM journal WHERE n = 1"
    ),
    "item IMG_0001.jpg#0: an exemplar without local features": lambda db: db.execute(
        "DELETE FROM features WHERE item_id = 'IMG_0001.jpg#0'"
    ),
    "item IMG_0001.jpg#0: no unit vector of 509 numbers": lambda db: other_item(
        db, replace(make_outcome("a").items[0], item_id="IMG_0001.jpg#0")
    ),
    "items 1: its checksum is wrong": lambda db: changed_byte(db, "items"),
    "nobody can tell what it was made with": lambda db: db.execute(
        "UPDATE meta SET value = 'old words' WHERE key = 'identity'"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_verify_names_each_fault(state: Path, fault: str) -> None:
    """A line for it, exit status 1, and nothing mended behind anybody's back."""
    with closing(sqlite3.connect(state / "state.sqlite")) as db, db:
        FAULTS[fault](db)
    result = CliRunner().invoke(app, ["state", "verify", str(state)])
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if fault in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"{state}/state.sqlite: ")
    assert "faults: restore" in str(result.exception)


def test_members_that_do_not_add_up_are_told(tmp_path: Path) -> None:
    """A lobe that was founded twice lost its first members."""
    identity = str(Identity("e", DIM, "whole", "none", "place"))
    first, second = make_outcome("a"), make_outcome("b")
    again = Assigned("c-a", "b#0", 0, founds=True, confidence=1.0, evidence=Evidence("assign"))
    twice = replace(second, events=(Event("site", 3, again),))
    with closing(open_store(tmp_path / "s.sqlite", identity)) as store:
        store.commit(Batch((first, twice)))
    result = CliRunner().invoke(app, ["state", "verify", str(tmp_path)])
    assert "scope 'site': its clusters hold 1 items, 2 were assigned" in result.stdout


@pytest.fixture
def with_snapshot(tmp_path: Path) -> Path:
    """State with a snapshot; its directory."""
    directory = tmp_path / "shards"
    identity = str(Identity("x", DIM, "whole", "none", "place"))
    with closing(open_store(directory / "state.sqlite", identity)) as store:
        shard = shard_of(store)
        take(shard, range(30))
    return directory


def test_snapshots_are_shown_and_checked(with_snapshot: Path) -> None:
    """How much they cover, how large they are; a damaged one is told, and is no fault."""
    shown = table(cairn("state", "inspect", with_snapshot).stdout)
    assert shown["snapshot"][:3] == ["of", "20", "prototypes"]
    assert "sound" in cairn("state", "verify", with_snapshot).stdout
    (arrays,) = with_snapshot.glob("*.snapshots/*.arrays")
    arrays.write_bytes(b"")
    verified = cairn("state", "verify", with_snapshot).stdout
    assert "its arrays are damaged; that is harmless" in verified
    assert "sound" in verified
    (manifest,) = with_snapshot.glob("*.snapshots/*.json")
    manifest.write_bytes(b"")
    assert "is of no use" in cairn("state", "inspect", with_snapshot).stdout
    assert manifest.exists()
