"""A cluster and its prototypes: sums that events add to, and what can be read off them.

A prototype keeps the *sum* of its members' unit vectors and their count, never an averaged
unit vector: sums add exactly in any order of merges, averages drift. From sums alone follow
the mean cosine between an item and a cluster.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.types import GeoPoint, Vector


@dataclass(slots=True)
class Prototype:
    """One lobe of a cluster. `exemplar` is the item that founded it; it can be verified against.

    total: (d,) float64 sum of the members' unit vectors.
    indexed_at: the count when the index last saw this prototype.
    """

    prototype_id: int
    exemplar: str
    total: NDArray[np.float64]
    count: int = 1
    location: GeoPoint | None = None
    indexed_at: int = 1

    def direction(self) -> Vector:
        """Unit vector of the lobe, (d,) float32: what the index holds."""
        return np.asarray(self.total / np.linalg.norm(self.total), np.float32)

    def add(self, vector: Vector) -> None:
        """Count one more member."""
        self.total += vector
        self.count += 1

    def absorb(self, other: Prototype) -> None:
        """Take over another lobe's members; its exemplar is given up."""
        self.total += other.total
        self.count += other.count


@dataclass(slots=True)
class Cluster:
    """A pile: pending until confirmed. `founded` is the sequence number of its birth."""

    cluster_id: str
    founded: int
    confirmed: bool = False
    prototypes: dict[int, Prototype] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Members."""
        return sum(prototype.count for prototype in self.prototypes.values())

    def total(self) -> NDArray[np.float64]:
        """(d,) float64 sum of the members' unit vectors."""
        totals = [prototype.total for prototype in self.prototypes.values()]
        return np.asarray(np.sum(totals, axis=0), np.float64)

    def mean(self) -> NDArray[np.float64]:
        """(d,) float64 mean of the members' vectors; a product of two is their mean cosine."""
        return self.total() / self.count

    def average_similarity(self, vector: Vector) -> float:
        """Mean cosine between a unit vector and the members (average linkage, exact)."""
        return float(self.total() @ vector) / self.count


def id_for(scope: str, item_id: str) -> str:
    """The id of the cluster that this item founds; the same on every replay."""
    digest = hashlib.blake2b(f"{scope}\0{item_id}".encode(), digest_size=10)
    return digest.hexdigest()


def closest_pair(prototypes: list[Prototype]) -> tuple[Prototype, Prototype]:
    """The two lobes that lose least when fused (Ward 1963); larger first, ties by id."""
    means = np.stack([p.total / p.count for p in prototypes])
    counts = np.array([p.count for p in prototypes], np.float64)
    squared = ((means[:, None] - means[None]) ** 2).sum(axis=2)
    cost = squared * (counts[:, None] * counts[None]) / (counts[:, None] + counts[None])
    np.fill_diagonal(cost, np.inf)
    one, other = divmod(int(cost.argmin()), len(prototypes))
    pair = sorted((prototypes[one], prototypes[other]), key=lambda p: (-p.count, p.prototype_id))
    return pair[0], pair[1]
