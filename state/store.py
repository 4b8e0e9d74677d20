"""The Store port over SQLite: one transaction a batch, so a crash leaves all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.errors import Transient
from engine.types import (
    Assigned,
    Batch,
    Carved,
    Event,
    Item,
    LocalFeatures,
    Merged,
    Moved,
    Outcome,
    Rejection,
)
from state.records import (
    CorruptRecord,
    decode_features,
    decode_outcome,
    decode_rejection,
    encode_features,
    encode_outcome,
    encode_rejection,
)
from state.sqlite import REMEDY, connect, transaction

_T = TypeVar("_T")

# A fusion is one row, however many items it moves; larger lobes absorb, so chains stay short.
_MEMBERS: Final = """
WITH RECURSIVE lobes(lobe) AS (
    SELECT :lobe
    UNION SELECT absorbed FROM fusions JOIN lobes ON kept = lobe WHERE scope = :scope
)
SELECT item_id FROM lobes JOIN items ON prototype_id = lobe WHERE scope = :scope
"""
_FOLLOWED: Final = """
WITH RECURSIVE chain(lobe, step) AS (
    SELECT :lobe, 0
    UNION ALL SELECT kept, step + 1 FROM fusions JOIN chain ON absorbed = lobe WHERE scope = :scope
)
SELECT lobe FROM chain ORDER BY step DESC LIMIT 1
"""


class DuplicateImage(Exception):
    """An image was committed twice: a bug of the caller; nothing of that batch was kept."""


class SqliteStore:
    """The Store port over a connection that `open_store` made; for one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._db = connection

    def commit(self, batch: Batch) -> None:
        """Make a batch durable, all of it or nothing.

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

    def outcomes(self) -> Iterator[Outcome]:
        """Every outcome in commit order, a row at a time; items come without local features."""
        rows = self._db.execute(
            "SELECT n, body, CAST(content_hash AS BLOB) FROM journal ORDER BY n"
        )
        return self._decoded(rows, "outcome", _outcome)

    def rejections(self) -> Iterator[Rejection]:
        """Every rejection in commit order."""
        rows = self._db.execute("SELECT n, body FROM rejections ORDER BY n")
        return self._decoded(rows, "rejection", decode_rejection)

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        """Features of an item that founded a prototype, None where none were kept."""
        sql = "SELECT item_id, body FROM features WHERE scope = ? AND item_id = ?"
        rows = self._db.execute(sql, (scope, item_id))
        return next(self._decoded(rows, "features of", decode_features), None)

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        """Ids of the items on these lobes, sorted."""
        lobes = (
            self._db.execute(_MEMBERS, {"scope": scope, "lobe": one}) for one in set(prototype_ids)
        )
        return sorted(item_id for rows in lobes for (item_id,) in rows)

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        """An item without local features, and its lobe; None where there is no such item."""
        sql = (
            "SELECT n, body, CAST(content_hash AS BLOB), prototype_id FROM items JOIN journal"
            " USING (scope, n) WHERE scope = ? AND item_id = ?"
        )
        for *row, lobe in self._db.execute(sql, (scope, item_id)):
            (outcome,) = self._decoded([row], "outcome", _outcome)
            item = next(item for item in outcome.items if item.item_id == item_id)
            (found,) = self._db.execute(_FOLLOWED, {"scope": scope, "lobe": lobe})
            return item, found[0]
        return None

    def content_hash(self, scope: str, image_id: str) -> str | None:
        """SHA-256 (hex) of an image already committed, None where it is new."""
        sql = "SELECT content_hash FROM journal WHERE scope = ? AND image_id = ?"
        row = self._db.execute(sql, (scope, image_id)).fetchone()
        return row[0] if row else None

    def position(self, source: str, partition: int) -> int | None:
        """Last committed offset of a source, None where nothing was read from it."""
        sql = "SELECT offset FROM positions WHERE source = ? AND partition = ?"
        row = self._db.execute(sql, (source, partition)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Release the file and its lock."""
        self._db.close()

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
        image = outcome.image
        row = self._db.execute(
            "INSERT INTO journal (scope, image_id, content_hash, body) VALUES (?, ?, ?, ?)",
            (image.scope, image.image_id, image.content_hash, encode_outcome(outcome)),
        )
        for event in outcome.events:
            self._follow(event, row.lastrowid)
        self._db.executemany(
            "INSERT INTO features VALUES (?, ?, ?)",
            (
                (image.scope, item_id, encode_features(features))
                for item_id, features in exemplar_features(outcome)
            ),
        )

    def _follow(self, event: Event, n: int | None) -> None:
        """Note who lies on which lobe after an event of journal row `n`."""
        match event.change:
            case Assigned(item_id=item_id, prototype_id=prototype_id):
                row = (event.scope, item_id, prototype_id, n)
                self._db.execute("INSERT INTO items VALUES (?, ?, ?, ?)", row)
            case Carved(prototype_id=prototype_id, taken=taken):
                self._db.executemany(
                    "UPDATE items SET prototype_id = ? WHERE scope = ? AND item_id = ?",
                    ((prototype_id, event.scope, item_id) for item_id, _ in taken),
                )
            case Merged(fused=fused) | Moved(fused=fused):
                self._db.executemany(
                    "INSERT INTO fusions VALUES (?, ?, ?)",
                    ((event.scope, absorbed, kept) for kept, absorbed in fused),
                )

    def _decoded(
        self, rows: Iterable[tuple[Any, ...]], what: str, decode: Callable[..., _T]
    ) -> Iterator[_T]:
        for key, *cells in rows:
            try:
                yield decode(*cells)
            except CorruptRecord as error:
                raise CorruptRecord(f"{self._path}: {what} {key}: {error}; {REMEDY}") from error


def _outcome(body: bytes, content_hash: bytes) -> Outcome:
    """Decode an outcome and compare the one column that no checksum and no index covers."""
    outcome = decode_outcome(body)
    if outcome.image.content_hash.encode() != content_hash:
        raise CorruptRecord("its content hash is another than the record's")
    return outcome


def exemplar_features(outcome: Outcome) -> Iterator[tuple[str, LocalFeatures]]:
    """Item id and features of the items that became prototypes: the ones worth keeping."""
    changes = (event.change for event in outcome.events)
    founders = {
        change.item_id for change in changes if isinstance(change, Assigned) and change.founds
    }
    for item in outcome.items:
        if item.features is not None and item.item_id in founders:
            yield item.item_id, item.features


def open_store(path: Path, identity: str) -> SqliteStore:
    """Open or create the state of a shard.

    identity: encoder, profile and rules that the state depends on, in words for a person.
    Raises StateMismatch where the file was made with another identity, and Misconfigured where
    it is in use by another process, cannot be opened, or is no state of Cairn's.
    """
    return SqliteStore(path, connect(path, identity))
