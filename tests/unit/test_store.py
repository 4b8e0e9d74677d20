"""What only a file can show: reopening, whose it is, who holds it, and damage."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.commands import ForgetImage
from engine.errors import Misconfigured, StateMismatch, Transient
from engine.lineage import Event, Forgotten
from engine.types import Batch, Correction, GeoPoint, Origin, Outcome
from state.records import CorruptRecord, encode_features
from state.store import SqliteStore, open_store
from tests.builders import make_features, make_outcome, make_rejection, written

IDENTITY = "encoder builtin@1a2b, profile place, rules 1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "shard-0.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(open_store(path, IDENTITY)) as opened:
        yield opened


def test_reopening_gives_the_same(path: Path) -> None:
    """Everything committed is there for the next process."""
    features = make_features()
    outcome = make_outcome("a", features=features)
    with closing(open_store(path, IDENTITY)) as store:
        store.commit(Batch((outcome,), (make_rejection("r"),), (Origin("t", 0, 7),)))
    with closing(open_store(path, IDENTITY)) as store:
        assert [written(o) for o in store.outcomes()] == [written(outcome)]
        assert list(store.rejections()) == [make_rejection("r")]
        assert store.position("t", 0) == 7
        kept = store.features("site", "a#0")
        assert kept is not None
        assert encode_features(kept) == encode_features(features)


def test_another_identity_is_refused(path: Path) -> None:
    """State of another encoder is not mixed with this one; the message names both."""
    open_store(path, IDENTITY).close()
    other = IDENTITY.replace("place", "face")
    with pytest.raises(StateMismatch, match=f"{IDENTITY}.*{other}.*start over"):
        open_store(path, other)
    open_store(path, IDENTITY).close()


def test_a_second_process_is_refused(store: SqliteStore, path: Path) -> None:
    """A shard has exactly one writer: another process is told so in one line."""
    code = (
        "import sys; from pathlib import Path; from state.store import open_store\n"
        "from engine.errors import Misconfigured\n"
        "try: open_store(Path(sys.argv[1]), sys.argv[2])\n"
        "except Misconfigured as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(path), IDENTITY]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "in use by another process" in done.stdout
    store.commit(Batch((make_outcome("a"),)))


def test_a_second_opener_in_this_process_is_refused(store: SqliteStore, path: Path) -> None:
    """The lock holds within a process too."""
    with pytest.raises(Misconfigured, match="in use"):
        open_store(path, IDENTITY)
    store.commit(Batch((make_outcome("a"),)))


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A wrong path gives one clear line and leaves the file alone."""
    path.parent.mkdir()
    path.write_bytes(b"holiday notes " * 100)
    with pytest.raises(Misconfigured, match="no Cairn state file"):
        open_store(path, IDENTITY)
    assert path.read_bytes() == b"holiday notes " * 100


def test_another_programs_database_is_refused(path: Path) -> None:
    """A database without our tables is not written into."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE albums (name TEXT)")
    with pytest.raises(Misconfigured, match="another SQLite database"):
        open_store(path, IDENTITY)


def test_another_schema_is_refused(path: Path) -> None:
    """State of a later Cairn is left to a later Cairn."""
    open_store(path, IDENTITY).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(Misconfigured, match="schema 99"):
        open_store(path, IDENTITY)


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A file where a directory belongs, or a directory where the file belongs: one clear line."""
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be created"):
        open_store(tmp_path / "file" / "s.db", IDENTITY)
    with pytest.raises(Misconfigured, match="cannot be opened"):
        open_store(tmp_path, IDENTITY)


def test_damage_is_named_not_skipped(path: Path) -> None:
    """A damaged record stops replay and says which one it was and what to do."""
    with closing(open_store(path, IDENTITY)) as store:
        store.commit(Batch((make_outcome("a"), make_outcome("b"))))
    with closing(sqlite3.connect(path)) as db, db:
        (body,) = db.execute("SELECT body FROM journal WHERE n = 2").fetchone()
        db.execute("UPDATE journal SET body = ? WHERE n = 2", (body[:-9] + b"x" + body[-8:],))
    with closing(open_store(path, IDENTITY)) as store:
        replay = store.outcomes()
        assert next(replay).cause.image_id == "a"
        with pytest.raises(CorruptRecord, match=r"outcome 2.*backup"):
            next(replay)


def test_a_row_out_of_reach_is_damage(path: Path) -> None:
    """What its index lost would be missed in silence: opening says so instead."""
    with closing(open_store(path, IDENTITY)) as store:
        store.commit(Batch((make_outcome("a", features=make_features()),)))
    whole = path.read_bytes()
    assert whole.count(b"sitea#0") == 4  # in two tables, each with an index
    path.write_bytes(whole.replace(b"sitea#0", b"siteb#0", 1))
    with pytest.raises(Misconfigured, match=r"damaged.*missing from index.*backup"):
        open_store(path, IDENTITY)


def test_another_content_hash_is_damage(path: Path) -> None:
    """The column that duplicates are told by must agree with its record."""
    with closing(open_store(path, IDENTITY)) as store:
        store.commit(Batch((make_outcome("a"),)))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE journal SET content_hash = 'other'")
    with closing(open_store(path, IDENTITY)) as store:
        replay = store.outcomes()
        with pytest.raises(CorruptRecord, match=r"outcome 1.*content hash"):
            next(replay)


def test_what_is_forgotten_is_nowhere_in_the_files(path: Path) -> None:
    """Not in free pages and not in the write-ahead log, though the store is still open."""
    features = make_features(n=400)
    outcome = make_outcome("a", features=features)
    image = replace(outcome.cause, attributes={"note": "a secret place"}, location=GeoPoint(1, 2))
    outcome = replace(outcome, cause=image)
    traces = [outcome.items[0].vector.tobytes(), features.descriptors.tobytes()[:64], b"secret"]
    order = Correction("x", "site", Origin("t", 0, 1), ForgetImage("a"))
    forgotten = Event("site", 3, Forgotten("c-a", "a#0", 0))
    with closing(open_store(path, IDENTITY)) as store:
        store.commit(Batch((outcome, make_outcome("b", features=make_features(1)))))
        assert all(trace in everything_in(path.parent) for trace in traces)
        store.commit(Batch((Outcome(order, outcome.items, (forgotten,)),)))
        assert not any(trace in everything_in(path.parent) for trace in traces)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_a_full_disk_is_transient(store: SqliteStore) -> None:
    """Where the file cannot grow nothing is lost, and the same batch can be committed later."""
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    batch = Batch((make_outcome("a", features=make_features(n=1000)),))
    with pytest.raises(Transient, match="full"):
        store.commit(batch)
    assert list(store.outcomes()) == []
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.commit(batch)
    assert [o.cause.image_id for o in store.outcomes()] == ["a"]


def test_the_lock_ends_with_its_process(path: Path) -> None:
    """A process that died without closing leaves nothing to clean up."""
    code = (
        "import os, sys; from pathlib import Path; from state.store import open_store\n"
        "open_store(Path(sys.argv[1]), sys.argv[2]); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path), IDENTITY], check=False)
    assert killed.returncode == -9
    open_store(path, IDENTITY).close()
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208
