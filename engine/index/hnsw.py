"""Approximate search by hnswlib: about a millisecond where brute force needs many.

A graph only grows: what is removed is marked deleted and still walked through, what is replaced
is removed and inserted anew (writing over it in place takes ten times as long as an insert).
Once a third of a graph is dead the index starts another and copies the living over, a few with
every `put`; the old graph answers too until all are there. So no photo waits for a rebuild,
and which vector moves when depends on the puts and removes alone.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from engine.index.graph import Graph
from engine.neighbours import BadDump, Dump, array_of, part, parts
from engine.types import Vector

_COPIED = 4  # vectors that a put brings over from an old graph


class HnswIndex:
    """Navigable small-world graphs over unit vectors (Malkov & Yashunin 2018).

    capacity: nodes a graph first has room for, and the dead ones below which it is kept.
    """

    def __init__(self, dim: int, capacity: int = 1024) -> None:
        self._dim = dim
        self._capacity = capacity
        self._count = 0
        self._graph = Graph(dim, capacity)
        self._old: Graph | None = None
        self._to_copy: list[int] = []
        self.changes = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, label: int) -> bool:
        return label in self._graph.nodes or (self._old is not None and label in self._old.nodes)

    def put(self, label: int, vector: Vector) -> None:
        """Add or replace a unit vector of shape (dim,)."""
        if label in self:
            self.remove(label)
        self._graph.put(label, vector)
        self._count += 1
        self.changes += 1
        if self._old is not None:
            self._copy(self._old)
        elif self._graph.dead >= max(self._capacity, self._count // 2):
            self._start_afresh()

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        if label not in self:
            raise KeyError(label)
        for graph in (self._graph, self._old):
            if graph is not None and label in graph.nodes:
                graph.remove(label)
        self._count -= 1
        self.changes += 1

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        found = self._graph.search(vector, k)
        if self._old is not None:
            found |= self._old.search(vector, k)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:k]

    def labels(self) -> AbstractSet[int]:
        """Every label that is there."""
        return self._graph.nodes.keys() | (self._old.nodes.keys() if self._old else set())

    def dump(self, *, scrub: bool = False) -> Dump:
        """Both graphs as arrays, and what is still to be copied from the old one."""
        arrays = parts("graph", self._graph.dump(scrub=scrub))
        if self._old is not None:
            arrays |= parts("old", self._old.dump(scrub=scrub))
        arrays["to_copy"] = np.array(self._to_copy, np.int64)
        return Dump(self._count, self._dim, arrays)

    def load(self, dump: Dump) -> None:
        """Become the index that was dumped; raises BadDump."""
        self._graph, self._old = self._loaded(part("graph", dump)), None
        if (old := part("old", dump)) is not None:
            self._old = self._loaded(old)
        self._to_copy = array_of(dump, "to_copy", np.int64).tolist()
        self._count = len(self.labels())

    def _loaded(self, dump: Dump | None) -> Graph:
        if dump is None:
            raise BadDump("there is no graph")
        room = self._capacity
        while room < len(array_of(dump, "levels", np.int32)):
            room *= 2
        graph = Graph(self._dim, room)
        graph.load(dump)
        return graph

    def _start_afresh(self) -> None:
        self._old, self._graph = self._graph, Graph(self._dim, self._capacity)
        self._to_copy = sorted(self._old.nodes, reverse=True)

    def _copy(self, old: Graph) -> None:
        """Bring a few labels over, and give the old graph up after the last."""
        for label in self._to_copy[-_COPIED:]:
            if label in old.nodes:
                self._graph.put(label, old.vector(label))
        del self._to_copy[-_COPIED:]
        if not self._to_copy:
            self._old = None
