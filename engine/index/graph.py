"""One graph of hnswlib, and how it is written down and read again.

Equal vectors share a node. Hundreds of copies would link to nothing but each other, and a
search that enters among them would not get out (a covered lens is enough for that). Growing
moves no vector: the C library's realloc remaps pages.

A dump goes on as the original would: hnswlib's memory is all in it but the state of its level
generator, which follows from the number of nodes (see `_seed_after`).
"""

from __future__ import annotations

import hashlib
from itertools import chain, islice
from typing import Any

import hnswlib
import numpy as np
from numpy.typing import NDArray

from engine.index.layout import blank_dead, bottom_of, check_graph, upper_of
from engine.neighbours import BadDump, Dump, array_of
from engine.types import Vector

_LINKS = 32
_EF_CONSTRUCTION = 60
_LEAST_EF, _EF_PER_K = 64, 6
_SEED = 7


class Graph:
    """A graph, its nodes numbered as they came; each holds the labels of one vector.

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

    def dump(self, *, scrub: bool) -> Dump:
        """Copies of hnswlib's memory, and the labels of every node."""
        (memory,) = self._hnsw.__getstate__()
        bottom = memory["data_level0"].view(np.uint8)
        if scrub:
            blank_dead(bottom.view(bottom_of(self._hnsw.dim, _LINKS)))
        arrays = {
            "bottom": bottom,
            "upper": memory["link_lists"].view(np.uint8),
            "levels": memory["element_levels"][: len(self._labels)],
            "entry": np.array([memory["enterpoint_node"]], np.int64),
            "labels": np.fromiter(chain.from_iterable(self._labels), np.int64),
            "copies": np.fromiter(map(len, self._labels), np.int64),
        }
        return Dump(len(self.nodes), self._hnsw.dim, arrays)

    def load(self, dump: Dump) -> None:
        """Become the graph that was dumped, being empty; raises BadDump.

        Nothing reaches hnswlib unless it is plausible to the last link.
        """
        levels = array_of(dump, "levels", np.int32)
        if not len(levels):
            return
        bottom = _viewed(array_of(dump, "bottom", np.uint8), bottom_of(self._hnsw.dim, _LINKS))
        upper = _viewed(array_of(dump, "upper", np.uint8), upper_of(_LINKS))
        entry = array_of(dump, "entry", np.int64)
        check_graph(bottom, upper, levels, int(entry.sum()))
        self._label(array_of(dump, "labels", np.int64), array_of(dump, "copies", np.int64))
        self._number(bottom)
        self._hnsw = _with_memory(self._hnsw, bottom, upper, levels, int(entry.sum()))

    def _label(self, labels: NDArray[np.int64], copies: NDArray[np.int64]) -> None:
        """Give the nodes their labels, so many each."""
        ends = np.cumsum(copies)
        if copies.min() < 0 or ends[-1] != len(labels):
            raise BadDump(f"{len(labels)} labels where {ends[-1]} belong")
        rest = iter(labels.tolist())
        self._labels = [tuple(islice(rest, count)) for count in copies.tolist()]
        self.nodes = {label: node for node, own in enumerate(self._labels) for label in own}
        if len(self.nodes) < len(labels):
            raise BadDump("a label is there twice")

    def _number(self, bottom: NDArray[Any]) -> None:
        """Note which node has which vector; those without labels are the dead ones."""
        living = [node for node, own in enumerate(self._labels) if own]
        if not np.array_equal(living, np.flatnonzero(bottom["dead"] == 0)):
            raise BadDump("a node is alive without labels, or dead with some")
        self._node_with = {_digest(bottom["vector"][node]): node for node in living}
        self.dead = len(self._labels) - len(living)

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


def _viewed(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if array.ndim != 1 or array.size % dtype.itemsize:
        raise BadDump(f"{array.size} bytes are no rows of {dtype.itemsize}")
    return array.view(dtype)


def _with_memory(
    empty: hnswlib.Index,
    bottom: NDArray[Any],
    upper: NDArray[Any],
    levels: NDArray[np.int32],
    entry: int,
) -> hnswlib.Index:
    """A graph like an empty one, with this in it; every other number is the empty one's."""
    (memory,) = empty.__getstate__()
    numbers = np.arange(len(levels))
    memory |= {
        "ep_added": True,
        "seed": _seed_after(len(levels)),
        "cur_element_count": len(levels),
        "has_deletions": True,
        "max_level": int(levels.max()),
        "enterpoint_node": entry,
        "label_lookup_external": numbers.astype(np.uint64),
        "label_lookup_internal": numbers.astype(np.uint32),
        "element_levels": levels,
        "data_level0": bottom.view(np.int8),
        "link_lists": upper.view(np.int8),
    }
    return hnswlib.Index(memory)


def _seed_after(nodes: int) -> int:
    """What a level generator has to be seeded with to go on behind so many nodes.

    libstdc++'s default engine is `minstd_rand0`, x -> 16807 x mod 2^31 - 1 (Park & Miller 1988),
    whose state is its seed; a level takes two numbers of it. With another C++ library nodes get
    other levels after a load than without, no worse ones.
    """
    prime = 2**31 - 1
    return _SEED * pow(16807, 2 * nodes, prime) % prime


def _digest(vector: Vector) -> bytes:
    return hashlib.blake2b(vector.tobytes(), digest_size=12).digest()
