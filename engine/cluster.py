"""A cluster and its prototypes: sums that events add to, and what can be read off them.

A prototype keeps the *sum* of its members' unit vectors and their count, never an averaged
unit vector: sums on the grid of `engine.vectors` are exact whatever is added, merged and taken
out again, averages drift. From sums alone follow the mean cosine between an item and a cluster.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.lineage import Standing
from engine.types import GeoPoint, ImageRecord, Item, Vector


@dataclass(frozen=True, slots=True)
class Taken:
    """Where and when a photo was taken, in seconds since the Unix epoch; None for the unknown."""

    location: GeoPoint | None = None
    at: float | None = None


UNKNOWN = Taken()


def taken_of(image: ImageRecord) -> Taken:
    """Where and when, as far as the photo tells."""
    return Taken(image.location, image.captured_at)


@dataclass(slots=True)
class Prototype:
    """One lobe of a cluster. `exemplar` is the item that founded it; it can be verified against.

    exemplar: empty where the founder was carved out. taken: where and when the exemplar was.
    sums: (d,) sum of the members' unit vectors; float32 while there is but one, as most of a
        large scope have, for that is exact and half the size.
    indexed_at: the count when the index last saw this prototype.
    revision: how often the members have changed.
    """

    prototype_id: int
    exemplar: str
    sums: NDArray[np.float32] | NDArray[np.float64]
    count: int = 1
    taken: Taken = UNKNOWN
    indexed_at: int = 1
    revision: int = 0

    @property
    def total(self) -> NDArray[np.float64]:
        """(d,) float64 sum of the members' unit vectors."""
        return self.sums.astype(np.float64, copy=False)

    def direction(self) -> Vector:
        """Unit vector of the lobe, (d,) float32: what the index holds; zero for a zero sum."""
        total = self.total
        length = math.sqrt(total @ total)
        return np.asarray(total / (length or 1.0), np.float32)

    def add(self, vector: Vector) -> None:
        """Count one more member."""
        self.sums = self.total + vector
        self.count += 1
        self.revision += 1

    def subtract(self, item_id: str, vector: Vector) -> None:
        """Give up a member, and with it the exemplar where it was that."""
        self.sums = self.total - vector
        self.count -= 1
        self.revision += 1
        if self.exemplar == item_id:
            self.exemplar, self.taken = "", UNKNOWN

    def absorb(self, other: Prototype) -> None:
        """Take over another lobe's members; its exemplar is given up."""
        self.sums = self.total + other.total
        self.count += other.count
        self.revision += 1


@dataclass(slots=True)
class Cluster:
    """A pile: pending until confirmed. `founded` is the sequence number of its birth.

    pinned: a person vouched for it. name: what a person called it, empty where nobody did.
    revision: sequence number of the last event about it that did more than let it grow.
    """

    cluster_id: str
    founded: int
    confirmed: bool = False
    pinned: bool = False
    name: str = ""
    revision: int = 0
    prototypes: dict[int, Prototype] = field(default_factory=dict)

    @property
    def standing(self) -> Standing:
        """What it is apart from its members."""
        return Standing(self.founded, self.confirmed, self.pinned, self.name)

    @property
    def count(self) -> int:
        """Members."""
        return sum(prototype.count for prototype in self.prototypes.values())

    def total(self) -> NDArray[np.float64]:
        """(d,) float64 sum of the members' unit vectors."""
        first, *others = (prototype.total for prototype in self.prototypes.values())
        total = first.copy()
        for other in others:
            total += other
        return total

    def mean(self) -> NDArray[np.float64]:
        """(d,) float64 mean of the members' vectors; a product of two is their mean cosine."""
        return self.total() / self.count

    def average_similarity(self, vector: Vector) -> float:
        """Mean cosine between a unit vector and the members (average linkage, exact)."""
        return float(self.total() @ vector) / self.count


def joined(heir: Standing, retired: Standing) -> Standing:
    """The standing of a cluster that took in another."""
    return Standing(
        heir.founded,
        confirmed=heir.confirmed or retired.confirmed,
        pinned=heir.pinned or retired.pinned,
        name=heir.name or retired.name,
    )


def id_for(scope: str, item_id: str) -> str:
    """The id of the cluster that this item founds; the same on every replay."""
    digest = hashlib.blake2b(f"{scope}\0{item_id}".encode(), digest_size=10)
    return digest.hexdigest()


def id_of_child(scope: str, prototypes: Iterable[int], seq: int) -> str:
    """The id of the cluster that event `seq` splits off with these lobes; never used before."""
    return id_for(scope, f"{min(prototypes)}@{seq}")


def carve(
    cluster: Cluster, prototype_id: int, taken: Iterable[tuple[str, int]], items: Mapping[str, Item]
) -> Prototype:
    """Take items out of their lobes (pairs of item id and lobe) into a new lobe."""
    pairs = [(items[item_id], cluster.prototypes[lobe]) for item_id, lobe in taken]
    founder, left = next((p for p in pairs if p[1].exemplar == p[0].item_id), pairs[0])
    known = left.taken if left.exemplar == founder.item_id else UNKNOWN
    for item, lobe in pairs:
        lobe.subtract(item.item_id, item.vector)
    total = np.stack([item.vector for item, _ in pairs]).sum(axis=0, dtype=np.float64)
    return Prototype(prototype_id, founder.item_id, total, len(pairs), known, len(pairs))
