"""Made-up piles of unit vectors whose truth is known, and clusterings compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.book import ScopeBook
from engine.cluster import Cluster, Prototype
from engine.types import Vector
from engine.vectors import settle

DIM = 16


def blobs(
    sizes: Iterable[int], spread: float = 0.3, seed: int = 0, dim: int = DIM
) -> tuple[list[Vector], list[int]]:
    """Shuffled unit vectors about random directions, and the pile of each."""
    rng = np.random.default_rng(seed)
    sizes = list(sizes)
    truth = rng.permutation(np.arange(len(sizes)).repeat(sizes))
    rows = rng.normal(size=(len(sizes), dim))[truth]
    rows += spread * rng.normal(size=rows.shape)
    return [settle(row, dim) for row in rows], truth.tolist()


def centred(vectors: Iterable[Vector]) -> NDArray[np.float64]:
    """Unit rows seen from their own mean, as calibration makes them."""
    rows = np.stack(list(vectors)).astype(np.float64)
    rows -= rows.mean(axis=0)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def partition(labels: Iterable[object]) -> set[frozenset[int]]:
    """Groups of positions: clusterings are equal up to the names of their groups."""
    found: dict[object, set[int]] = {}
    for position, label in enumerate(labels):
        found.setdefault(label, set()).add(position)
    return {frozenset(group) for group in found.values()}


def pile(cluster_id: str, founded: int, members: Mapping[int, Iterable[Vector]]) -> Cluster:
    """A cluster with one lobe for every number, made of these vectors."""
    cluster = Cluster(cluster_id, founded)
    for number, vectors in members.items():
        rows = np.stack(list(vectors)).astype(np.float64)
        lobe = Prototype(number, f"{number}", rows.sum(axis=0), len(rows))
        cluster.prototypes[number] = lobe
    return cluster


def sizes_in(scope: ScopeBook) -> list[int]:
    """Members of each living cluster, largest first."""
    return sorted((cluster.count for cluster in scope.clusters.values()), reverse=True)
