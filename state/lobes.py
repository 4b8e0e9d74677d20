"""Who lies on which lobe, in the tables `items` and `fusions` of a shard's file.

An item's row names the lobe that it joined, or was carved into. A fusion is one row, however
many items it moves: questions follow it. Larger lobes absorb, so chains stay short.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import Final

from engine.lineage import Assigned, Carved, Event, Forgotten, Merged, Moved

_MEMBERS: Final = """
WITH RECURSIVE lobes(lobe) AS (
    SELECT :lobe
    UNION SELECT absorbed FROM fusions JOIN lobes ON kept = lobe WHERE scope = :scope
)
SELECT item_id FROM lobes JOIN items ON prototype_id = lobe WHERE scope = :scope
"""
_LOBE: Final = """
WITH RECURSIVE chain(lobe, step) AS (
    SELECT prototype_id, 0 FROM items WHERE scope = :scope AND item_id = :item
    UNION ALL SELECT kept, step + 1 FROM fusions JOIN chain ON absorbed = lobe WHERE scope = :scope
)
SELECT lobe FROM chain ORDER BY step DESC LIMIT 1
"""
_FUSED: Final = """
SELECT 1 FROM fusions WHERE scope = :scope AND absorbed = :lobe AND seq > :seq
UNION ALL SELECT 1 FROM fusions WHERE scope = :scope AND kept = :lobe AND seq > :seq
LIMIT 1
"""


class Lobes:
    """Reads and follows the tables; writes belong into the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        """Ids of the items on these lobes, sorted."""
        found = (
            self._db.execute(_MEMBERS, {"scope": scope, "lobe": one}) for one in set(prototype_ids)
        )
        return sorted(item_id for rows in found for (item_id,) in rows)

    def of(self, scope: str, item_id: str) -> int | None:
        """The lobe of an item; None where it was forgotten, or never there."""
        row = self._db.execute(_LOBE, {"scope": scope, "item": item_id}).fetchone()
        return row[0] if row else None

    def fused_since(self, scope: str, prototype_ids: Collection[int], seq: int) -> bool:
        """Whether any of these lobes was absorbed, or absorbed another, after that event."""
        values = ({"scope": scope, "lobe": one, "seq": seq} for one in prototype_ids)
        return any(self._db.execute(_FUSED, each).fetchone() for each in values)

    def follow(self, event: Event, bodies: Mapping[str, bytes]) -> None:
        """Write down what an event changes; `bodies` are the encoded items of its outcome."""
        match event.change:
            case Assigned(item_id=item_id, prototype_id=lobe):
                self._db.execute(
                    "INSERT INTO items (scope, item_id, prototype_id, body) VALUES (?, ?, ?, ?)",
                    (event.scope, item_id, lobe, bodies[item_id]),
                )
            case Carved(prototype_id=lobe, taken=taken):
                for item_id, _ in taken:
                    self._put(event.scope, item_id, lobe)
            case Merged(fused=fused) | Moved(fused=fused):
                self._db.executemany(
                    "INSERT INTO fusions (scope, absorbed, kept, seq) VALUES (?, ?, ?, ?)",
                    ((event.scope, absorbed, kept, event.seq) for kept, absorbed in fused),
                )
            case Forgotten(item_id=item_id):
                self._put(event.scope, item_id, None)

    def _put(self, scope: str, item_id: str, lobe: int | None) -> None:
        sql = "UPDATE items SET prototype_id = ? WHERE scope = ? AND item_id = ?"
        self._db.execute(sql, (lobe, scope, item_id))
