"""Opening the SQLite file of a shard: settings, lock, schema, and whose state it is.

Write-ahead log with synchronous=FULL. A process killed with kill -9 loses nothing that was
committed even with NORMAL, for the pages are already the kernel's; but NORMAL may drop the last
commits when the power fails, and by then events have been told to the outside. One fsync a batch
is the price of never having published what the disk does not know.

locking_mode=EXCLUSIVE keeps every other process out until this one ends, however it ends, and
spares the write-ahead log its shared memory, which network and container volumes may not have.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from engine.errors import Misconfigured, StateInUse, StateMismatch, Transient, UnusableState
from state.identity import remedy

_SCHEMA_VERSION: Final = "5"
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE INDEX meta_twice ON meta (key, value);
CREATE TABLE journal (
    n INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    cause TEXT NOT NULL,
    id TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    image BLOB,
    body BLOB NOT NULL,
    UNIQUE (scope, cause, id)
);
CREATE TABLE items (
    n INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    item_id TEXT NOT NULL,
    prototype_id INTEGER,
    body BLOB NOT NULL,
    UNIQUE (scope, item_id)
);
CREATE INDEX items_by_lobe ON items (scope, prototype_id);
CREATE TABLE fusions (
    scope TEXT NOT NULL,
    absorbed INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (scope, absorbed)
) WITHOUT ROWID;
CREATE INDEX fusions_by_kept ON fusions (scope, kept, seq);
CREATE TABLE features (
    scope TEXT NOT NULL,
    item_id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (scope, item_id)
);
CREATE TABLE rejections (n INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE positions (
    source TEXT NOT NULL,
    partition INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (source, partition)
) WITHOUT ROWID;
CREATE INDEX positions_twice ON positions (source, partition, offset)
"""
"""No checksum covers these columns, but an index repeats each, and both are compared."""
REMEDY: Final = "restore it from a backup, or move it away and start over"
_PRAGMAS: Final = (
    *("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"),
    f"journal_size_limit={64 * 1024 * 1024}",  # a large batch must not leave a large log for good
    "secure_delete=ON",  # what was forgotten must not stay in the file's free pages
)
_BUSY_TIMEOUT_S: Final = 1.0  # a predecessor that is just being stopped gets this long to leave


def connect(path: Path, identity: str | None) -> sqlite3.Connection:
    """Open or create the state file at `path`, locked and ready.

    identity: what it has to be made with; None for anything, and then it must exist.
    Raises StateMismatch where it was made with another identity, UnusableState where it is
    damaged, of another format or of another shard, StateInUse where another process has it,
    Transient where the disk is full or failing, and Misconfigured where it cannot be opened.
    """
    if identity is None and not path.is_file():
        raise Misconfigured(f"there is no state file {path}")
    with ExitStack() as undo:
        undo.enter_context(_operators_errors(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        # One thread at a time uses the connection, but not always the one that opened it.
        db = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        undo.enter_context(closing(db))
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        _check_whole(db, path)
        with transaction(db):
            _prepare(db, path, identity)
        undo.pop_all()
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All that is executed inside becomes durable as one; nothing of it where anything raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


@contextmanager
def _operators_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(path, error) from error
    except OSError as error:
        raise Misconfigured(f"{path} cannot be created: {error}") from error


def _refusal(path: Path, error: sqlite3.Error) -> Misconfigured | Transient:
    # Text that is no UTF-8 is found by Python, which gives no code.
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF:
        case sqlite3.SQLITE_BUSY:
            remedy = "stop it, or choose another state directory"
            return StateInUse(f"{path} is in use by another process: {remedy}")
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return Transient(f"{path} cannot be opened: {error}")
        case sqlite3.SQLITE_NOTADB:
            return UnusableState(f"{path} is no Cairn state file: {error}")
        case sqlite3.SQLITE_CORRUPT:
            return UnusableState(f"{path} is damaged ({error}): {REMEDY}")
    return Misconfigured(f"{path} cannot be opened: {error}")


def _check_whole(db: sqlite3.Connection, path: Path) -> None:
    """Compare trees and indexes, 0.3 s a gigabyte: a row that cannot be found decides wrongly."""
    ((verdict,),) = db.execute("PRAGMA integrity_check(1)")
    if verdict != "ok":
        raise UnusableState(f"{path} is damaged ({' '.join(verdict.split())}): {REMEDY}")


def _prepare(db: sqlite3.Connection, path: Path, identity: str | None) -> None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not tables and identity is not None:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        meta = [("schema", _SCHEMA_VERSION), ("name", path.name), ("identity", identity)]
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta)
    elif "meta" in tables:
        _check(dict(db.execute("SELECT key, value FROM meta")), path, identity)
    else:
        raise UnusableState(f"{path} is no Cairn state file, but another SQLite database")


def _check(meta: dict[str, str], path: Path, identity: str | None) -> None:
    if meta.get("schema") != _SCHEMA_VERSION:
        raise UnusableState(
            f"{path} has schema {meta.get('schema')}, this Cairn reads schema {_SCHEMA_VERSION}: "
            "run the Cairn that wrote it, or choose another state directory"
        )
    if identity is None:
        return
    if meta.get("name") != path.name:
        raise UnusableState(f"{path} is {meta.get('name')} under another name: give it that again")
    made_with = meta.get("identity", "something unknown")
    if identity != made_with:
        raise StateMismatch(
            f"{path} was made with {made_with}, but {identity} is configured: "
            f"{remedy(made_with, identity, path.parent)}"
        )
