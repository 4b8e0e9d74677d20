"""Approximate search by hnswlib: about a millisecond where brute force needs many.

A graph only grows: what is removed is marked deleted and still walked through, what is replaced
is removed and inserted anew (writing over it in place takes ten times as long as an insert).
Once a third of a graph is dead the index starts another and copies the living over, a few with
every `put`; the old graph answers too until all are there. So no photo waits for a rebuild,
and which vector moves when depends on the puts and removes alone. Growing moves no vector:
the C library's realloc remaps pages.

Equal vectors share a node. Hundreds of copies would link to nothing but each other, and a
search that enters among them would not get out (a covered lens is enough for that).
"""

from __future__ import annotations

import hashlib

import hnswlib
import numpy as np

from engine.types import Vector

_LINKS = 32
_EF_CONSTRUCTION = 60
_LEAST_EF, _EF_PER_K = 64, 6
_SEED = 7
_COPIED = 4  # vectors that a put brings over from an old graph


class HnswIndex:
    """Navigable small-world graphs over unit vectors (Malkov & Yashunin 2018).

    capacity: nodes a graph first has room for, and the dead ones below which it is kept.
    """

    def __init__(self, dim: int, capacity: int = 1024) -> None:
        self._dim = dim
        self._capacity = capacity
        self._count = 0
        self._graph = _Graph(dim, capacity)
        self._old: _Graph | None = None
        self._to_copy: list[int] = []

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

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        found = self._graph.search(vector, k)
        if self._old is not None:
            found |= self._old.search(vector, k)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:k]

    def _start_afresh(self) -> None:
        self._old, self._graph = self._graph, _Graph(self._dim, self._capacity)
        self._to_copy = sorted(self._old.nodes, reverse=True)

    def _copy(self, old: _Graph) -> None:
        """Bring a few labels over, and give the old graph up after the last."""
        for label in self._to_copy[-_COPIED:]:
            if label in old.nodes:
                self._graph.put(label, old.vector(label))
        del self._to_copy[-_COPIED:]
        if not self._to_copy:
            self._old = None


class _Graph:
    """One graph, its nodes numbered as they came; each holds the labels of one vector.

    nodes: the node of every label. dead: nodes without labels.
    """

    def __init__(self, dim: int, capacity: int) -> None:
        self.nodes: dict[int, int] = {}
        self.dead = 0
        self._labels: list[tuple[int, ...]] = []
        self._node_with: dict[bytes, int] = {}
        self._hnsw = hnswlib.Index(space="ip", dim=dim)
        self._hnsw.init_index(
            capacity, M=_LINKS, ef_construction=_EF_CONSTRUCTION, random_seed=_SEED
        )

    def put(self, label: int, vector: Vector) -> None:
        """Add a vector under a label that is not there."""
        digest = _digest(vector)
        node = self._node_with.get(digest)
        if node is None:
            node = self._node_with[digest] = self._add(vector)
        self._labels[node] += (label,)
        self.nodes[label] = node

    def remove(self, label: int) -> None:
        """Take a label off its node; without labels the node is dead."""
        node = self.nodes.pop(label)
        left = tuple(other for other in self._labels[node] if other != label)
        self._labels[node] = left
        if not left:
            del self._node_with[_digest(self._vector(node))]
            self._hnsw.mark_deleted(node)
            self.dead += 1

    def vector(self, label: int) -> Vector:
        """The vector of a label, (dim,) float32."""
        return self._vector(self.nodes[label])

    def search(self, vector: Vector, k: int) -> dict[int, float]:
        """Cosines by label, of at least the k nearest labels, fewer if there are fewer."""
        nodes, distances = self._query(vector, min(k, len(self._node_with)))
        return {
            label: 1.0 - distance
            for node, distance in zip(nodes, distances, strict=True)
            for label in self._labels[node]
        }

    def _query(self, vector: Vector, k: int) -> tuple[list[int], list[float]]:
        """Ask for k; hnswlib raises where it reaches fewer, as deletions may bring about."""
        self._hnsw.set_ef(max(_LEAST_EF, _EF_PER_K * k))
        while k > 0:
            try:
                nodes, distances = self._hnsw.knn_query(vector[None], k=k, num_threads=1)
            except RuntimeError:
                k //= 2
            else:
                return nodes[0].tolist(), distances[0].tolist()
        return [], []

    def _add(self, vector: Vector) -> int:
        node = len(self._labels)
        if node == self._hnsw.get_max_elements():
            self._hnsw.resize_index(2 * node)
        self._hnsw.add_items(vector[None], np.array([node]), num_threads=1)
        self._labels.append(())
        return node

    def _vector(self, node: int) -> Vector:
        return np.asarray(self._hnsw.get_items([node])[0], np.float32)


def _digest(vector: Vector) -> bytes:
    return hashlib.blake2b(vector.tobytes(), digest_size=12).digest()
