"""A state file opened by those who look after it, whatever encoder it was made with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

from engine.neighbours import Dump
from engine.types import Origin, Vector
from state.records import is_whole
from state.saver import Saver
from state.snapshot_file import Disk
from state.sqlite import connect
from state.store import SqliteStore, snapshots_of

_RECORDS: Final = frozenset({"body", "image"})
"""Columns that hold records."""
_COUNTED: Final = {
    "outcomes": "journal",
    "commands": "journal WHERE cause = 'command'",
    "features": "features",
    "rejections": "rejections",
}


class NoIndex:
    """The Index port with nothing in it, for a replay that nobody will search."""

    changes = 0

    def __len__(self) -> int:
        return 0

    def put(self, label: int, vector: Vector) -> None:
        """Nothing is kept."""

    def remove(self, label: int) -> None:
        """Nothing was kept."""

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """Nothing is near."""
        return []

    def labels(self) -> AbstractSet[int]:
        """There are none."""
        return frozenset()

    def dump(self, *, scrub: bool = False) -> Dump:
        """Nothing is kept."""
        return Dump(0, 0, {})

    def load(self, dump: Dump) -> None:
        """Nothing is kept."""


class StateFile:
    """One shard's file, locked while it is open. `store` reads it through the usual port."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        self.snapshots = snapshots_of(path, connection, self.identity, Saver(), Disk())
        self.store = SqliteStore(path, connection, self.snapshots)

    @property
    def identity(self) -> str:
        """What it was made with."""
        return self._meta("identity")

    @property
    def schema(self) -> str:
        """Version of its tables."""
        return self._meta("schema")

    def counts(self) -> dict[str, int]:
        """How many `outcomes` there are, of them of `commands`, and `features` and `rejections`."""
        return {
            name: self._db.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]  # noqa: S608
            for name, rows in _COUNTED.items()
        }

    def positions(self) -> Iterator[Origin]:
        """Where every source was read to, by source and partition."""
        rows = self._db.execute("SELECT * FROM positions ORDER BY source, partition")
        return (Origin(*row) for row in rows)

    def has_features(self, scope: str, item_id: str) -> bool:
        """Whether local features of an item are kept, readable or not."""
        sql = "SELECT EXISTS (SELECT 1 FROM features WHERE scope = ? AND item_id = ?)"
        return bool(self._db.execute(sql, (scope, item_id)).fetchone()[0])

    def damaged(self) -> Iterator[str]:
        """Names of the records whose checksum is wrong, whatever table they lie in."""
        for (table,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            columns = self._db.execute("SELECT name, pk FROM pragma_table_info(?)", (table,))
            places = dict(columns.fetchall())
            keys = sorted((name for name, pk in places.items() if pk), key=lambda key: places[key])
            for record in sorted(_RECORDS & places.keys()):
                yield from self._damaged(table, keys, record)

    def close(self) -> None:
        """Release the file and its lock."""
        self.store.close()

    def _damaged(self, table: str, keys: list[str], record: str) -> Iterator[str]:
        name = " || '/' || ".join(keys)
        rows = self._db.execute(
            f'SELECT CAST({name} AS BLOB), {record} FROM "{table}" WHERE {record} IS NOT NULL'  # noqa: S608
        )
        for key, body in rows:
            if not is_whole(body):
                yield f"{table} {key.decode('utf-8', 'backslashreplace')}"

    def _meta(self, key: str) -> str:
        row: Any = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else "unknown"


def open_state(path: Path) -> StateFile:
    """Open an existing state file, whatever it was made with.

    Raises Misconfigured where there is none, or where it is in use, damaged, of another schema
    or no state of Cairn's.
    """
    return StateFile(path, connect(path, None))
