"""Which points of two images may show the same: mutual nearest neighbours by descriptor.

How near is near enough depends on the kind of features, so each kind brings its own matcher.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.types import LocalFeatures

Rows = NDArray[np.intp]
Rates = NDArray[np.float32]


class Matches(NamedTuple):
    """Pairs of points: rows (m, 2) in the first and the second image.

    ratios: (m,), the larger of the two ratios of distances to the best and the second-best
    descriptor (Lowe); the less, the more distinctive.
    """

    rows: Rows
    ratios: Rates


class Matcher(Protocol):
    """Pairs the points of two images, no point with two. Deterministic; thread-safe."""

    def match(self, first: LocalFeatures, second: LocalFeatures) -> Matches:
        """Pairs that may show the same."""
        ...


@dataclass(frozen=True, slots=True)
class RatioMatcher:
    """Mutual nearest neighbours that pass the ratio test both ways, for SIFT.

    ratio: Lowe's, of the distances to the best and the second-best descriptor.
    """

    ratio: float = 0.87

    def match(self, first: LocalFeatures, second: LocalFeatures) -> Matches:
        """One match per location at most: SIFT puts several orientations on one point."""
        likeness = _unit_rows(first.descriptors) @ _unit_rows(second.descriptors).T
        rows, ratios = _mutual(likeness, ratio=self.ratio)
        kept = _one_to_one(first.points[rows[:, 0]], second.points[rows[:, 1]])
        return Matches(rows[kept], ratios[kept])


@dataclass(frozen=True, slots=True)
class CosineMatcher:
    """Mutual nearest neighbours that are alike enough, for learned descriptors.

    least: cosine from which on two descriptors may be of one point.
    middle: the byte that stands for zero.
    """

    least: float = 0.82
    middle: int = 128

    def match(self, first: LocalFeatures, second: LocalFeatures) -> Matches:
        """Points of learned features have a pixel each: nothing is paired twice."""
        one, other = (_unit_rows(f.descriptors, self.middle) for f in (first, second))
        return _mutual(one @ other.T, least=self.least)


def _mutual(likeness: NDArray[np.float32], ratio: float = 1.0, least: float = -1.0) -> Matches:
    """Mutual nearest neighbours, alike enough, that pass the ratio test both ways.

    likeness: (n, m) cosines.
    """
    if min(likeness.shape) < 2:
        return Matches(np.empty((0, 2), np.intp), np.empty(0, np.float32))
    nearest, there = _nearest(likeness)
    alike = likeness[np.arange(len(likeness)), nearest] >= least
    rows = np.flatnonzero(alike & (there <= ratio))
    # Few rows are left, so the way back costs little: copied, their columns lie in memory as rows.
    back, here = _nearest(np.ascontiguousarray(likeness[:, nearest[rows]].T))
    mutual = (back == rows) & (here <= ratio)
    rows, here = rows[mutual], here[mutual]
    return Matches(np.stack([rows, nearest[rows]], axis=1), np.maximum(there[rows], here))


def _nearest(likeness: NDArray[np.float32]) -> tuple[Rows, Rates]:
    """Column of the best match of each row, and its distance as a part of the second best's."""
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    best = likeness[rows, nearest]
    likeness[rows, nearest] = -1  # two maxima cost a third of sorting out the two largest
    second = likeness.max(axis=1)
    likeness[rows, nearest] = best
    # Squared distance between unit vectors is 2 - 2 cos.
    squared = np.maximum(1 - best, 0) / np.maximum(1 - second, 1e-6)
    return nearest, np.sqrt(squared)


def _unit_rows(descriptors: NDArray[np.uint8], middle: int = 0) -> NDArray[np.float32]:
    rows = descriptors.astype(np.float32) - np.float32(middle)
    lengths: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(lengths, 1e-6)[:, None], np.float32)


def _one_to_one(left: NDArray[np.float32], right: NDArray[np.float32]) -> Rows:
    """Rows of one match per location in either image."""
    rows = np.arange(len(left))
    for points in (left, right):
        places = np.rint(points[rows, :2]).astype(np.int64)
        _, kept = np.unique(places, axis=0, return_index=True)
        rows = rows[np.sort(kept)]
    return rows
