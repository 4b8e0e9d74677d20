"""A state file opened by those who look after it, whatever encoder it was made with."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from engine.types import Origin, Outcome, Vector
from state.records import CorruptRecord, decode_features, decode_outcome, decode_rejection
from state.sqlite import connect
from state.store import SqliteStore

_Decode: TypeAlias = Callable[[bytes], object]

_TABLES: Final = {"outcomes": "journal", "features": "features", "rejections": "rejections"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that is not what was written: where it lies and what is wrong."""

    what: str


class NoIndex:
    """The Index port with nothing in it, for a replay that nobody will search."""

    def __len__(self) -> int:
        return 0

    def put(self, label: int, vector: Vector) -> None:
        """Nothing is kept."""

    def remove(self, label: int) -> None:
        """Nothing was kept."""

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """Nothing is near."""
        return []


class StateFile:
    """One shard's file, locked while it is open. `store` reads it through the usual port."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.store = SqliteStore(path, connection)
        self._db = connection

    @property
    def identity(self) -> str:
        """What it was made with."""
        return self._meta("identity")

    @property
    def schema(self) -> str:
        """Version of its tables."""
        return self._meta("schema")

    def counts(self) -> dict[str, int]:
        """How many `outcomes`, `features` and `rejections` there are."""
        return {
            name: self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for name, table in _TABLES.items()
        }

    def positions(self) -> Iterator[Origin]:
        """Where every source was read to, by source and partition."""
        rows = self._db.execute("SELECT * FROM positions ORDER BY source, partition")
        return (Origin(*row) for row in rows)

    def has_features(self, scope: str, item_id: str) -> bool:
        """Whether local features of an item are kept, readable or not."""
        sql = "SELECT EXISTS (SELECT 1 FROM features WHERE scope = ? AND item_id = ?)"
        return bool(self._db.execute(sql, (scope, item_id)).fetchone()[0])

    def journal(self) -> Iterator[Outcome | Fault]:
        """Every outcome in commit order; a fault in the place of one that cannot be read."""
        rows = self._db.execute(
            "SELECT n, body, CAST(scope AS BLOB), CAST(image_id AS BLOB),"
            " CAST(content_hash AS BLOB) FROM journal ORDER BY n"
        )
        for n, body, *columns in rows:
            try:
                outcome = decode_outcome(body)
            except CorruptRecord as error:
                yield Fault(f"outcome {n}: {error}")
                continue
            image = outcome.image
            names = (image.scope, image.image_id, image.content_hash)
            agree = columns == [name.encode() for name in names]
            yield outcome if agree else Fault(f"outcome {n}: its columns are not its record's")

    def faults(self) -> Iterator[Fault]:
        """Every record outside the journal that cannot be read."""
        features = "SELECT CAST(scope || '/' || item_id AS BLOB), body FROM features"
        yield from self._unreadable(features, "features of", decode_features)
        rejections = "SELECT CAST(n AS BLOB), body FROM rejections"
        yield from self._unreadable(rejections, "rejection", decode_rejection)

    def close(self) -> None:
        """Release the file and its lock."""
        self.store.close()

    def _unreadable(self, sql: str, what: str, decode: _Decode) -> Iterator[Fault]:
        for key, body in self._db.execute(sql):
            try:
                decode(body)
            except CorruptRecord as error:
                yield Fault(f"{what} {key.decode('utf-8', 'backslashreplace')}: {error}")

    def _meta(self, key: str) -> str:
        row: Any = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else "unknown"


def open_state(path: Path) -> StateFile:
    """Open an existing state file, whatever it was made with.

    Raises Misconfigured where there is none, or where it is in use, damaged, of another schema
    or no state of Cairn's.
    """
    return StateFile(path, connect(path, None))
