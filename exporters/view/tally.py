"""What a cluster's members add up to: sums that can be added to and taken from, exactly.

Vectors lie on the grid of `engine.vectors` and places are whole numbers, so that any order of
additions and subtractions, in any batching, ends at the same sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import GeoPoint, Vector

STEPS = 10**8
"""A place is a direction from the centre of the Earth in these parts of its radius: 6 cm."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """What counts of one item. `at`: seconds since the Unix epoch."""

    vector: Vector
    at: float | None = None
    location: GeoPoint | None = None


@dataclass(slots=True, eq=False)
class Tally:
    """Sums over members. first, last: capture times, once members left those of the former.

    x, y, z: sum of the directions of the `located` members, in whole steps.
    shrunk: members left, so that `first` and `last` have to be read anew.
    """

    count: int = 0
    total: NDArray[np.float64] | None = None
    first: float | None = None
    last: float | None = None
    x: int = 0
    y: int = 0
    z: int = 0
    located: int = 0
    shrunk: bool = False

    def add(self, member: Member, sign: int = 1) -> None:
        """Count a member, or with sign -1 no more."""
        self.count += sign
        weighed = sign * member.vector.astype(np.float64)
        self.total = weighed if self.total is None else self.total + weighed
        if member.location is not None:
            x, y, z = _direction(member.location)
            self.x, self.y, self.z = self.x + sign * x, self.y + sign * y, self.z + sign * z
            self.located += sign
        if sign < 0:
            self.shrunk = True
        else:
            self._see(member.at, member.at)

    def absorb(self, other: Tally) -> None:
        """Take over all members of another."""
        self.count += other.count
        if other.total is not None:
            self.total = other.total if self.total is None else self.total + other.total
        self.x, self.y, self.z = self.x + other.x, self.y + other.y, self.z + other.z
        self.located += other.located
        self.shrunk |= other.shrunk
        self._see(other.first, other.last)

    def mean(self) -> Vector | None:
        """Direction of the mean vector, None where there is none."""
        length = 0.0 if self.total is None else float(np.linalg.norm(self.total))
        if self.total is None or not self.count or length == 0.0:
            return None
        return np.asarray(self.total / length, np.float32)

    def spread(self) -> float:
        """One minus the mean cosine over all pairs, as `engine.jobs.quality.spread`."""
        if self.count < 2 or self.total is None:
            return 0.0
        pairs = self.count * (self.count - 1)
        return 1.0 - (float(self.total @ self.total) - self.count) / pairs

    def _see(self, first: float | None, last: float | None) -> None:
        if first is not None:
            self.first = first if self.first is None else min(self.first, first)
        if last is not None:
            self.last = last if self.last is None else max(self.last, last)


def mean_place(x: int, y: int, z: int, located: int) -> GeoPoint | None:
    """Where a sum of directions points; None for nowhere, and where members are all around."""
    length = math.sqrt(x * x + y * y + z * z)
    if not located or length < located:
        return None
    lat = math.degrees(math.asin(max(-1.0, min(1.0, z / length))))
    return GeoPoint(round(lat, 6), round(math.degrees(math.atan2(y, x)), 6))


def _direction(place: GeoPoint) -> tuple[int, int, int]:
    lat, lon = math.radians(place.lat), math.radians(place.lon)
    level = math.cos(lat)
    x, y, z = level * math.cos(lon), level * math.sin(lon), math.sin(lat)
    return round(x * STEPS), round(y * STEPS), round(z * STEPS)
