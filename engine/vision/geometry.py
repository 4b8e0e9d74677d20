"""Geometric verification: whether two sets of local features agree with one camera motion.

Mutual nearest neighbours that pass Lowe's ratio test in both directions, made one-to-one; of
these the largest group that is turned and scaled alike (weak geometric consistency, Jegou et al.,
ECCV 2008); then a fundamental matrix by MAGSAC++ (Barath et al., CVPR 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import LocalFeatures, Verdict

Points = NDArray[np.float32]
Rows = NDArray[np.intp]

_MIN_MATCHES = 8
_CELLS = 8
_ANCHORS = 256


@dataclass(frozen=True, slots=True)
class EpipolarVerifier:
    """Counts the matches that agree with one epipolar geometry; implements `Verifier`.

    ratio: Lowe's ratio of distances to the best and the second-best descriptor.
    turn, zoom: degrees and octaves by which matches of one group may differ from its centre.
    tolerance: distance in pixels of the working images within which a match agrees.
    max_iterations, certainty: when MAGSAC stops looking for a better geometry.
    """

    ratio: float = 0.87
    turn: float = 30.0
    zoom: float = 1.0
    tolerance: float = 1.5
    max_iterations: int = 2000
    certainty: float = 0.999

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """What two views have in common; depends on the two alone, and not on their order.

        Overlap: each image is laid out in 8 x 8 cells; it is the share of the cells that hold
        inliers among the cells that hold points, in the image where that share is larger
        (the view that shows less, as a wide shot may contain a close one).
        """
        first, second = sorted((query, exemplar), key=_rank)
        pairs, ratios = match(first.descriptors, second.descriptors, self.ratio)
        left, right = first.points[pairs[:, 0]], second.points[pairs[:, 1]]
        kept = _one_to_one(left, right)
        agree = kept[self._agreeing(left[kept], right[kept])]
        return Verdict(
            inliers=len(agree),
            matches=len(kept),
            support=float((1 - ratios[agree] ** 2).sum()),
            overlap=max(_coverage(left[agree], first), _coverage(right[agree], second)),
        )

    def _agreeing(self, left: Points, right: Points) -> Rows:
        """Rows of the matches, given as (m, 4) points, that agree with one geometry."""
        alike = self._alike(left, right)
        if len(alike) < _MIN_MATCHES:
            return alike[:0]
        return alike[self._epipolar_inliers(left[alike, :2], right[alike, :2])]

    def _alike(self, left: Points, right: Points) -> Rows:
        """Rows of the largest group of matches that are turned and scaled alike.

        The centres tried are the matches of the strongest points, at most 256.
        """
        if not len(left):
            return np.empty(0, np.intp)
        turns = right[:, 3] - left[:, 3]
        zooms = np.log2(_sizes(right) / _sizes(left))
        apart = np.abs((turns[:_ANCHORS, None] - turns + 180) % 360 - 180)
        scaled = np.abs(zooms[:_ANCHORS, None] - zooms)
        groups = (apart <= self.turn) & (scaled <= self.zoom)
        return np.flatnonzero(groups[groups.sum(axis=1).argmax()])

    def _epipolar_inliers(self, left: Points, right: Points) -> NDArray[np.bool_]:
        none = np.zeros(len(left), np.bool_)
        try:
            # OpenCV's USAC starts from a fixed seed at every call: the same pair, the same answer.
            _, mask = cv2.findFundamentalMat(
                left, right, cv2.USAC_MAGSAC, self.tolerance, self.certainty, self.max_iterations
            )
        except cv2.error:
            return none  # degenerate samples make USAC raise instead of finding nothing
        return none if mask is None else mask.ravel().astype(np.bool_)


def match(
    left: NDArray[np.uint8], right: NDArray[np.uint8], ratio: float
) -> tuple[Rows, NDArray[np.float32]]:
    """Mutual nearest neighbours that pass the ratio test both ways.

    left, right: (n, k) uint8 descriptors of about equal length; distances are Euclidean.
    Returns row indices (m, 2), and (m,) the larger of the two ratios.
    """
    if len(left) < 2 or len(right) < 2:
        return np.empty((0, 2), np.intp), np.empty(0, np.float32)
    likeness = _unit_rows(left) @ _unit_rows(right).T
    nearest, there = _nearest(likeness)
    rows = np.flatnonzero(there <= ratio)
    # Few rows are left, so the way back costs little: copied, their columns lie in memory as rows.
    back, here = _nearest(np.ascontiguousarray(likeness[:, nearest[rows]].T))
    mutual = (back == rows) & (here <= ratio)
    rows, here = rows[mutual], here[mutual]
    return np.stack([rows, nearest[rows]], axis=1), np.maximum(there[rows], here)


def _unit_rows(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows = descriptors.astype(np.float32)
    lengths: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(lengths, 1e-6)[:, None], np.float32)


def _nearest(likeness: NDArray[np.float32]) -> tuple[Rows, NDArray[np.float32]]:
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


def _one_to_one(left: Points, right: Points) -> Rows:
    """Rows of one match per location: SIFT puts several orientations on one point."""
    rows = np.arange(len(left))
    for points in (left, right):
        places = np.rint(points[rows, :2]).astype(np.int64)
        _, kept = np.unique(places, axis=0, return_index=True)
        rows = rows[np.sort(kept)]
    return rows


def _sizes(points: Points) -> Points:
    return np.maximum(points[:, 2], 1e-3)


def _coverage(inliers: Points, view: LocalFeatures) -> float:
    covered = np.unique(_cells(inliers, view)).size
    return covered / max(1, np.unique(_cells(view.points, view)).size)


def _cells(points: Points, view: LocalFeatures) -> NDArray[np.int64]:
    size = np.array([view.width, view.height], np.float32)
    cell = np.clip(points[:, :2] * _CELLS / size, 0, _CELLS - 1).astype(np.int64)
    codes: NDArray[np.int64] = cell[:, 1] * _CELLS + cell[:, 0]
    return codes


def _rank(view: LocalFeatures) -> tuple[int, int, int, bytes, bytes]:
    """Order views totally: a pair is judged the same way round whichever comes first."""
    points, descriptors = view.points.tobytes(), view.descriptors.tobytes()
    return (len(view.points), view.width, view.height, points, descriptors)
