"""The index of a scope: the newest prototypes exactly, the others by HNSW.

A matrix is as fast as a graph while it is small, and finds everything; it is also where most
changes happen, since lobes are young when they grow. Once it is full every new label moves
the oldest into the graph: a scope crosses from one to the other a vector at a time, and no
photo waits for that.
"""

from __future__ import annotations

from engine.index.exact import ExactIndex
from engine.index.hnsw import HnswIndex
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

    def __len__(self) -> int:
        return len(self._recent) + (len(self._graph) if self._graph else 0)

    def put(self, label: int, vector: Vector) -> None:
        """Add or replace a unit vector of shape (dim,)."""
        if self._graph and label in self._graph:
            self._graph.remove(label)
        self._recent.put(label, vector)
        if len(self._recent) > self._limit:
            self._age()

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        if self._graph and label in self._graph:
            self._graph.remove(label)
        else:
            self._recent.remove(label)

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        recent = self._recent.search(vector, k)
        if not self._graph:
            return recent
        both = [*recent, *self._graph.search(vector, k)]
        return sorted(both, key=lambda pair: (-pair[1], pair[0]))[:k]

    def _age(self) -> None:
        """Move the oldest of the recent labels into the graph."""
        if self._graph is None:
            self._graph = HnswIndex(self._dim)
        self._graph.put(*self._recent.pop_oldest())
