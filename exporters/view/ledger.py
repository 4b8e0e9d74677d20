"""The one row that counts what there is; numbers are never given out twice."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update

from exporters.view.tables import ledger


@dataclass(slots=True)
class Ledger:
    """The row. generation: how often all was made anew. dim: length of a vector, once known."""

    identity: str
    generation: int = 1
    dim: int | None = None
    images: int = 0
    items: int = 0
    clusters: int = 0
    events: int = 0
    erasures: int = 0

    def next(self, what: str) -> int:
        """A number that no row of a kind ever had."""
        number = int(getattr(self, what)) + 1
        setattr(self, what, number)
        return number


def read_ledger(connection: Connection) -> Ledger | None:
    """What was counted, None where nothing ever was."""
    row = connection.execute(select(ledger)).mappings().first()
    if row is None:
        return None
    return Ledger(**{name: value for name, value in row.items() if name != "id"})


def write_ledger(connection: Connection, counted: Ledger) -> None:
    """Keep what was counted."""
    values = asdict(counted)
    if not connection.execute(update(ledger).values(**values)).rowcount:
        connection.execute(insert(ledger).values(id=1, **values))
