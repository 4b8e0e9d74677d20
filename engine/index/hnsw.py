"""Approximate search by hnswlib: sub-millisecond where brute force no longer is.

hnswlib refuses to re-add a deleted label, so every `put` mints an inner label of its own:
a replaced vector is marked deleted and inserted afresh, which is also several times cheaper
than updating it in place. When deleted rows outnumber live ones the graph is rebuilt.
"""

from __future__ import annotations

import hnswlib
import numpy as np

from engine.types import Vector

_M = 16
_EF_CONSTRUCTION = 100
_EF_SEARCH = 128
_SEED = 7


class HnswIndex:
    """A navigable small-world graph over unit vectors (Malkov & Yashunin 2018)."""

    def __init__(self, dim: int, capacity: int = 4096) -> None:
        self._dim = dim
        self._inner_of: dict[int, int] = {}
        self._label_of: dict[int, int] = {}
        self._next_inner = 0
        self._graph = _empty_graph(dim, capacity)

    def __len__(self) -> int:
        return len(self._inner_of)

    def put(self, label: int, vector: Vector) -> None:
        """Add or replace a unit vector of shape (dim,)."""
        if label in self._inner_of:
            self.remove(label)
        self._make_room()
        inner = self._next_inner
        self._graph.add_items(vector[None], np.array([inner]), num_threads=1)
        self._inner_of[label], self._label_of[inner] = inner, label
        self._next_inner += 1

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        inner = self._inner_of.pop(label)
        del self._label_of[inner]
        self._graph.mark_deleted(inner)

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        k = min(k, len(self))
        if k == 0:
            return []
        inners, distances = self._query(vector, k)
        found = [
            (self._label_of[int(inner)], 1.0 - float(distance))
            for inner, distance in zip(inners, distances, strict=True)
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _query(self, vector: Vector, k: int) -> tuple[list[int], list[float]]:
        """Ask for k; where deletions cut the graph apart hnswlib finds fewer and raises."""
        self._graph.set_ef(max(_EF_SEARCH, 2 * k))
        try:
            inners, distances = self._graph.knn_query(vector[None], k=k, num_threads=1)
        except RuntimeError:
            self._rebuild()
            self._graph.set_ef(max(_EF_SEARCH, 2 * k))
            inners, distances = self._graph.knn_query(vector[None], k=k, num_threads=1)
        return inners[0], distances[0]

    def _make_room(self) -> None:
        capacity = self._graph.get_max_elements()
        if self._next_inner < capacity:
            return
        if 2 * len(self) < capacity:
            self._rebuild()
        else:
            self._graph.resize_index(2 * capacity)

    def _rebuild(self) -> None:
        """Insert the live vectors, by label, into a fresh graph."""
        labels = sorted(self._inner_of)
        vectors = self._graph.get_items([self._inner_of[label] for label in labels])
        self._graph = _empty_graph(self._dim, self._graph.get_max_elements())
        self._inner_of, self._label_of, self._next_inner = {}, {}, 0
        for label, vector in zip(labels, vectors, strict=True):
            self.put(label, np.asarray(vector, np.float32))


def _empty_graph(dim: int, capacity: int) -> hnswlib.Index:
    graph = hnswlib.Index(space="ip", dim=dim)
    graph.init_index(capacity, M=_M, ef_construction=_EF_CONSTRUCTION, random_seed=_SEED)
    return graph
