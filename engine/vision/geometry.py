"""Geometric verification: whether two sets of local features agree with one camera motion.

Of the points that may show the same (`engine.vision.matching`) the largest group that is turned
and scaled alike (weak geometric consistency, Jegou et al., ECCV 2008); then a fundamental matrix
by MAGSAC++ (Barath et al., CVPR 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.evidence import Worth
from engine.types import LocalFeatures
from engine.verdict import Verdict
from engine.vision.matching import Matcher, Matches

Points = NDArray[np.float32]
Rows = NDArray[np.intp]

_MIN_MATCHES = 8
_CELLS = 8
_ANCHORS = 256


@dataclass(frozen=True, slots=True)
class EpipolarVerifier:
    """Counts the matches that agree with one epipolar geometry; implements `Verifier`.

    matcher, worth: what pairs the points of one kind of features, and what agreement of them is
    worth as evidence; both were chosen for these features.
    turn, zoom: degrees and octaves by which matches of one group may differ from its centre.
    tolerance: distance in pixels of the working images within which a match agrees.
    best_first: whether the most distinctive matches are tried first (PROSAC, Chum and Matas, CVPR
        2005), which pays where most matches are wrong.
    max_iterations, certainty: when MAGSAC stops looking for a better geometry.
    """

    matcher: Matcher
    worth: Worth
    turn: float = 30.0
    zoom: float = 1.0
    tolerance: float = 1.5
    best_first: bool = False
    max_iterations: int = 2000
    certainty: float = 0.999

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """What two views have in common; depends on the two alone, and not on their order.

        Overlap: each image is laid out in 8 x 8 cells; it is the share of the cells that hold
        inliers among the cells that hold points, in the image where that share is larger
        (the view that shows less, as a wide shot may contain a close one).
        """
        first, second = sorted((query, exemplar), key=_rank)
        left, right, ratios = self._matched(first, second)
        agree = self._agreeing(left, right)
        support = float((1 - ratios[agree] ** 2).sum())
        return Verdict(
            inliers=len(agree),
            matches=len(left),
            support=support,
            belief=self.worth.belief(support, len(left)),
            overlap=max(_coverage(left[agree], first), _coverage(right[agree], second)),
        )

    def agreement(self, query: LocalFeatures, exemplar: LocalFeatures) -> Points:
        """The inliers, (n, 4): x and y in each view, as shares of its width and height."""
        first, second = sorted((query, exemplar), key=_rank)
        left, right, _ = self._matched(first, second)
        agree = self._agreeing(left, right)
        pair = (left, right) if first is query else (right, left)
        sizes = np.array([query.width, query.height, exemplar.width, exemplar.height], np.float32)
        shown = np.concatenate([points[agree, :2] for points in pair], axis=1)
        return np.asarray(shown / sizes, np.float32)

    def _matched(
        self, first: LocalFeatures, second: LocalFeatures
    ) -> tuple[Points, Points, NDArray[np.float32]]:
        """Points (m, 4) of either image that may show the same, with their ratios (m,)."""
        rows, ratios = self._matches(first, second)
        return first.points[rows[:, 0]], second.points[rows[:, 1]], ratios

    def _matches(self, first: LocalFeatures, second: LocalFeatures) -> Matches:
        rows, ratios = self.matcher.match(first, second)
        if not self.best_first:
            return Matches(rows, ratios)
        order = np.argsort(ratios, kind="stable")
        return Matches(rows[order], ratios[order])

    def _agreeing(self, left: Points, right: Points) -> Rows:
        """Rows of the matches, given as (m, 4) points, that agree with one geometry."""
        alike = self._alike(left, right)
        if len(alike) < _MIN_MATCHES:
            return alike[:0]
        return alike[self._epipolar_inliers(left[alike, :2], right[alike, :2])]

    def _alike(self, left: Points, right: Points) -> Rows:
        """Rows of the largest group of matches that are turned and scaled alike.

        The centres tried are the first matches, at most 256: those of the strongest points, or
        the most distinctive ones.
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
            mask = self._guided(left, right) if self.best_first else self._uniform(left, right)
        except cv2.error:
            return none  # degenerate samples make USAC raise instead of finding nothing
        return none if mask is None else mask.ravel().astype(np.bool_)

    def _uniform(self, left: Points, right: Points) -> NDArray[np.generic] | None:
        # OpenCV's USAC starts from a fixed seed at every call: the same pair, the same answer.
        _, mask = cv2.findFundamentalMat(
            left, right, cv2.USAC_MAGSAC, self.tolerance, self.certainty, self.max_iterations
        )
        return mask

    def _guided(self, left: Points, right: Points) -> NDArray[np.generic] | None:
        search = cv2.UsacParams()
        search.sampler = cv2.SAMPLING_PROSAC
        search.score = cv2.SCORE_METHOD_MAGSAC
        search.loMethod = cv2.LOCAL_OPTIM_SIGMA
        search.loIterations, search.loSampleSize = 10, 20
        search.final_polisher = cv2.MAGSAC
        search.threshold = self.tolerance
        search.confidence, search.maxIterations = self.certainty, self.max_iterations
        search.isParallel = False
        search.randomGeneratorState = 0
        _, mask = cv2.findFundamentalMat(left, right, search)
        return mask


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
