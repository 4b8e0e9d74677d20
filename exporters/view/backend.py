"""What differs between databases, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from sqlalchemy import Connection, Engine

from engine.types import Vector

MORE_READERS = 40
"""Connections beyond the usual five, for as many threads as a web server has."""
Near = list[tuple[int, float]]
"""Numbers of rows with their cosines, best first, ties by number."""


class Backend(Protocol):
    """One kind of database."""

    @property
    def engine(self) -> Engine:
        """Connections; those with the option `writing` wait for the right to write."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Make ready for the first migration; called in its transaction."""
        ...

    def measure(self, connection: Connection, dim: int | None) -> None:
        """Be told, once, how long all vectors are; None where there are none any more."""
        ...

    def index(self, connection: Connection, dim: int) -> None:
        """Make the search by vector fast, where that takes an index and there is none."""
        ...

    def scrub(self) -> bool:
        """Overwrite what was deleted, where the database does not do so by itself.

        False where that cannot be done just now; raises nothing, for what was deleted stays so.
        """
        ...

    def nearest_items(
        self, connection: Connection, scope_n: int, vector: Vector, k: int, without: Collection[int]
    ) -> Near:
        """The items of a scope nearest to a vector, but some."""
        ...

    def nearest_clusters(
        self, connection: Connection, scope_n: int, vector: Vector, k: int
    ) -> Near:
        """The clusters of a scope whose means point nearest to a vector."""
        ...
