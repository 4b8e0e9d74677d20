"""The index of a scope: exact while it is small, HNSW once brute force costs more."""

from __future__ import annotations

from engine.index.exact import ExactIndex
from engine.index.hnsw import HnswIndex
from engine.types import Vector

EXACT_LIMIT = 4000
"""Prototypes up to which one matrix product is about as fast as a graph."""


class AdaptiveIndex:
    """Starts exact and moves to HNSW, once, when it grows beyond `limit` labels."""

    def __init__(self, dim: int, limit: int = EXACT_LIMIT) -> None:
        self._dim = dim
        self._limit = limit
        self._index: ExactIndex | HnswIndex = ExactIndex(dim)

    def __len__(self) -> int:
        return len(self._index)

    def put(self, label: int, vector: Vector) -> None:
        """Add or replace a unit vector of shape (dim,)."""
        self._index.put(label, vector)
        if isinstance(self._index, ExactIndex) and len(self._index) > self._limit:
            self._index = _as_graph(self._index, self._dim, 2 * self._limit)

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        self._index.remove(label)

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        return self._index.search(vector, k)


def _as_graph(exact: ExactIndex, dim: int, capacity: int) -> HnswIndex:
    graph = HnswIndex(dim, capacity)
    for label, vector in exact.entries():
        graph.put(label, vector)
    return graph
