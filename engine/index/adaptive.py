"""The index of a scope: the newest prototypes exactly, the others by HNSW.

A matrix is as fast as a graph while it is small, and finds everything; it is also where most
changes happen, since lobes are young when they grow. Once it is full every new label moves
the oldest into the graph: a scope crosses from one to the other a vector at a time, and no
photo waits for that.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from engine.index.exact import ExactIndex
from engine.index.hnsw import HnswIndex
from engine.neighbours import BadDump, Dump, part, parts
from engine.types import Vector

RECENT = 1000
"""Prototypes kept in the matrix."""


class AdaptiveIndex:
    """The `recent` labels that were put last, searched exactly, and a graph of the others."""

    def __init__(self, dim: int, recent: int = RECENT) -> None:
        self._dim = dim
        self._limit = recent
        self._recent = ExactIndex(dim)
        self._graph: HnswIndex | None = None
        self.changes = 0

    def __len__(self) -> int:
        return len(self._recent) + (len(self._graph) if self._graph else 0)

    def put(self, label: int, vector: Vector) -> None:
        """Add or replace a unit vector of shape (dim,)."""
        if self._graph and label in self._graph:
            self._graph.remove(label)
        self._recent.put(label, vector)
        if len(self._recent) > self._limit:
            self._age()
        self.changes += 1

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        if self._graph and label in self._graph:
            self._graph.remove(label)
        else:
            self._recent.remove(label)
        self.changes += 1

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        recent = self._recent.search(vector, k)
        if not self._graph:
            return recent
        both = [*recent, *self._graph.search(vector, k)]
        return sorted(both, key=lambda pair: (-pair[1], pair[0]))[:k]

    def labels(self) -> AbstractSet[int]:
        """Every label that is there."""
        return self._recent.labels() | (self._graph.labels() if self._graph else set())

    def dump(self, *, scrub: bool = False) -> Dump:
        """Both parts as arrays."""
        arrays = parts("recent", self._recent.dump())
        if self._graph is not None:
            arrays |= parts("older", self._graph.dump(scrub=scrub))
        return Dump(len(self), self._dim, arrays)

    def load(self, dump: Dump) -> None:
        """Become the index that was dumped; raises BadDump."""
        recent, older = part("recent", dump), part("older", dump)
        if recent is None or dump.dim != self._dim:
            raise BadDump(f"vectors of {dump.dim} numbers where {self._dim} belong, or none")
        self._recent.load(recent)
        if older is not None:
            self._graph = HnswIndex(self._dim)
            self._graph.load(older)
        if len(self) != dump.count:
            raise BadDump(f"{len(self)} labels where {dump.count} are announced")

    def _age(self) -> None:
        """Move the oldest of the recent labels into the graph."""
        if self._graph is None:
            self._graph = HnswIndex(self._dim)
        self._graph.put(*self._recent.pop_oldest())
