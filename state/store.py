"""The Store port over SQLite: one transaction a batch, so a crash leaves all of it or nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.commands import ForgetImage
from engine.errors import Transient
from engine.lineage import Assigned
from engine.neighbours import Dump, SavedIndexes
from engine.types import Batch, Correction, ImageRecord, Item, LocalFeatures, Outcome, Rejection
from state.lobes import Lobes
from state.records import (
    CorruptRecord,
    decode_features,
    decode_image,
    decode_item,
    decode_outcome,
    decode_rejection,
    encode_features,
    encode_image,
    encode_item,
    encode_outcome,
    encode_rejection,
    redacted_item,
)
from state.saver import Saver
from state.snapshot_file import Disk
from state.snapshots import Snapshots
from state.sqlite import REMEDY, connect, transaction

_T = TypeVar("_T")

_JOURNAL: Final = "SELECT n, scope, image, body, CAST(content_hash AS BLOB) FROM journal"
_IMAGE: Final = "image"
_COMMAND: Final = "command"


class DuplicateImage(Exception):
    """An image or command was committed twice: a bug of the caller; nothing was kept of it."""


class SqliteStore:
    """The Store port over a connection that `open_store` made; for one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, snapshots: Snapshots) -> None:
        self._path = path
        self._db = connection
        self.snapshots = snapshots
        self._lobes = Lobes(connection)

    def commit(self, batch: Batch) -> None:
        """Make a batch durable, all of it or nothing; what it forgets is erased from the disk.

        Raises DuplicateImage, and Transient where the disk is full or failing: the same batch
        may then be committed again.
        """
        try:
            with transaction(self._db):
                self._write(batch)
        except sqlite3.IntegrityError as error:
            raise DuplicateImage(f"{self._path}: {error}") from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise
            raise Transient(f"{self._path}: cannot commit: {error}") from error
        if any(forgotten_image(outcome) is not None for outcome in batch.outcomes):
            self._flush()
            self.snapshots.remove()

    def save_indexes(self, make: Callable[[], Mapping[str, Dump]]) -> bool:
        """Begin to write what `make` dumps beside the store; False while another is written."""
        return self.snapshots.save(self.counted()[0], make)

    def saved_indexes(self) -> Iterator[SavedIndexes]:
        """What was saved and is whole, the newest first; nothing that was to be forgotten."""
        for saved in self.snapshots.load():
            if self._forgot_after(saved.outcomes):
                self.snapshots.remove()
                return
            yield saved

    def _flush(self) -> None:
        """Overwrite what was erased in the database file too, and cut the write-ahead log."""
        with suppress(sqlite3.OperationalError):  # it is committed; the next checkpoint does it
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def outcomes(self, after: int = 0) -> Iterator[Outcome]:
        """Every outcome after so many, a row at a time; items come without local features."""
        return self._read_outcomes(self._db.execute(f"{_JOURNAL} WHERE n > ? ORDER BY n", (after,)))

    def image_outcome(self, scope: str, image_id: str) -> Outcome | None:
        """What became of an image, None where it is new."""
        return self._outcome_of(scope, _IMAGE, image_id)

    def command_outcome(self, scope: str, command_id: str) -> Outcome | None:
        """What a command changed, None where it is new or was refused."""
        return self._outcome_of(scope, _COMMAND, command_id)

    def rejections(self, after: int = 0) -> Iterator[Rejection]:
        """Every rejection after so many, in commit order."""
        rows = self._db.execute("SELECT n, body FROM rejections WHERE n > ? ORDER BY n", (after,))
        return self._decoded(rows, "rejection", decode_rejection)

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        """Features of an item that founded a prototype, None where none were kept."""
        sql = "SELECT item_id, body FROM features WHERE scope = ? AND item_id = ?"
        rows = self._db.execute(sql, (scope, item_id))
        return next(self._decoded(rows, "features of", decode_features), None)

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        """Ids of the items on these lobes, sorted."""
        return self._lobes.members(scope, prototype_ids)

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        """An item without local features, and its lobe; None where there is no such item."""
        lobe = self._lobes.of(scope, item_id)
        if lobe is None:
            return None
        (item,) = self._decoded([(item_id, scope, item_id)], "item", self._item)
        return item, lobe

    def fused_since(self, scope: str, prototype_ids: Collection[int], seq: int) -> bool:
        """Whether any of these lobes was absorbed, or absorbed another, after that event."""
        return self._lobes.fused_since(scope, prototype_ids, seq)

    def content_hash(self, scope: str, image_id: str) -> str | None:
        """SHA-256 (hex) of an image already committed, None where it is new."""
        sql = "SELECT content_hash FROM journal WHERE scope = ? AND cause = ? AND id = ?"
        row = self._db.execute(sql, (scope, _IMAGE, image_id)).fetchone()
        return row[0] if row else None

    def position(self, source: str, partition: int) -> int | None:
        """Last committed offset of a source, None where nothing was read from it."""
        sql = "SELECT offset FROM positions WHERE source = ? AND partition = ?"
        row = self._db.execute(sql, (source, partition)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Release the file and its lock; a snapshot that is being written is given up."""
        try:
            self.snapshots.stop()
        finally:
            self._db.close()

    def counted(self) -> tuple[int, int]:
        """How many outcomes and rejections there are."""
        most = "(SELECT coalesce(max(n), 0) FROM {})".format
        row = self._db.execute(f"SELECT {most('journal')}, {most('rejections')}").fetchone()
        return int(row[0]), int(row[1])

    def _forgot_after(self, row: int) -> bool:
        """Whether a later row of the journal forgets an image, as one may after a crash."""
        rows = self._db.execute(f"{_JOURNAL} WHERE n > ? AND cause = ?", (row, _COMMAND))
        return any(forgotten_image(outcome) is not None for outcome in self._read_outcomes(rows))

    def _write(self, batch: Batch) -> None:
        for outcome in batch.outcomes:
            self._write_outcome(outcome)
        self._db.executemany(
            "INSERT INTO rejections (body) VALUES (?)",
            ((encode_rejection(rejection),) for rejection in batch.rejections),
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)",
            ((o.source, o.partition, o.offset) for o in (*batch.positions, *batch.marks)),
        )

    def _write_outcome(self, outcome: Outcome) -> None:
        scope = outcome.scope
        self._db.execute(
            "INSERT INTO journal (scope, cause, id, image, content_hash, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(scope, *_cause_columns(outcome.cause)),
                *(_content_hash(outcome.cause), encode_outcome(outcome)),
            ),
        )
        bodies = {item.item_id: encode_item(item) for item in outcome.items}
        for event in outcome.events:
            self._lobes.follow(event, bodies)
        self._db.executemany(
            "INSERT INTO features VALUES (?, ?, ?)",
            (
                (scope, item_id, encode_features(features))
                for item_id, features in exemplar_features(outcome)
            ),
        )
        if (image_id := forgotten_image(outcome)) is not None:
            self._erase(scope, image_id, outcome.items)

    def _erase(self, scope: str, image_id: str, items: Iterable[Item]) -> None:
        """Leave of an image what tells that it was here before."""
        for item in items:
            blank, key = encode_item(redacted_item(item)), (scope, item.item_id)
            self._db.execute("DELETE FROM features WHERE scope = ? AND item_id = ?", key)
            self._db.execute(
                "UPDATE items SET body = ? WHERE scope = ? AND item_id = ?", (blank, *key)
            )
        self._db.execute(
            "UPDATE journal SET image = NULL WHERE scope = ? AND cause = ? AND id = ?",
            (scope, _IMAGE, image_id),
        )

    def _outcome_of(self, scope: str, cause: str, name: str) -> Outcome | None:
        sql = f"{_JOURNAL} WHERE scope = ? AND cause = ? AND id = ?"
        return next(self._read_outcomes(self._db.execute(sql, (scope, cause, name))), None)

    def _read_outcomes(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Outcome]:
        return self._decoded(rows, "outcome", self._outcome)

    def _outcome(
        self, scope: str, image: bytes | None, body: bytes, content_hash: bytes
    ) -> Outcome:
        """Decode an outcome and compare the one column that no checksum and no index covers."""
        record = None if image is None else decode_image(image)
        outcome = decode_outcome(body, record, partial(self._item, scope))
        if _content_hash(outcome.cause).encode() != content_hash:
            raise CorruptRecord("its content hash is another than the record's")
        return outcome

    def _item(self, scope: str, item_id: str) -> Item:
        sql = "SELECT body FROM items WHERE scope = ? AND item_id = ?"
        row = self._db.execute(sql, (scope, item_id)).fetchone()
        if row is None:
            raise CorruptRecord(f"item {item_id} is missing")
        return decode_item(row[0])

    def _decoded(
        self, rows: Iterable[tuple[Any, ...]], what: str, decode: Callable[..., _T]
    ) -> Iterator[_T]:
        for key, *cells in rows:
            try:
                yield decode(*cells)
            except CorruptRecord as error:
                raise CorruptRecord(f"{self._path}: {what} {key}: {error}; {REMEDY}") from error


def exemplar_features(outcome: Outcome) -> Iterator[tuple[str, LocalFeatures]]:
    """Item id and features of the items that became prototypes: the ones worth keeping."""
    changes = (event.change for event in outcome.events)
    founders = {
        change.item_id for change in changes if isinstance(change, Assigned) and change.founds
    }
    for item in outcome.items:
        if item.features is not None and item.item_id in founders:
            yield item.item_id, item.features


def forgotten_image(outcome: Outcome) -> str | None:
    """The image that an outcome forgets, None for every other outcome."""
    cause = outcome.cause
    if isinstance(cause, Correction) and isinstance(cause.order, ForgetImage):
        return cause.order.image_id
    return None


def _cause_columns(cause: ImageRecord | Correction) -> tuple[str, str, bytes | None]:
    """Kind and id of what caused an outcome, and the record of an image."""
    if isinstance(cause, Correction):
        return _COMMAND, cause.command_id, None
    return _IMAGE, cause.image_id, encode_image(cause)


def _content_hash(cause: ImageRecord | Correction) -> str:
    return cause.content_hash if isinstance(cause, ImageRecord) else ""


def snapshots_of(
    path: Path, connection: sqlite3.Connection, identity: str, saver: Saver, disk: Disk
) -> Snapshots:
    """The snapshots beside the state of a shard."""

    def last_of(rows: int) -> str | None:
        row = connection.execute("SELECT body FROM journal WHERE n = ?", (rows,)).fetchone()
        return None if row is None else hashlib.sha256(row[0]).hexdigest()

    return Snapshots(path, identity, last_of, saver, disk)


def open_store(
    path: Path, identity: str, saver: Saver | None = None, disk: Disk | None = None
) -> SqliteStore:
    """Open or create the state of a shard.

    identity: encoder, profile and rules that the state depends on, in words for a person.
    saver: what writes its snapshots, one of its own if none is given; and the disk it writes to.
    Raises StateMismatch where the file was made with another identity, and Misconfigured where
    it is in use by another process, cannot be opened, or is no state of Cairn's.
    """
    db = connect(path, identity)
    return SqliteStore(path, db, snapshots_of(path, db, identity, saver or Saver(), disk or Disk()))
