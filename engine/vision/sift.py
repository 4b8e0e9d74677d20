"""Local features by SIFT (Lowe 2004) with RootSIFT descriptors (Arandjelovic, Zisserman 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import LocalFeatures, Mask, Rgb

_METHOD = "sift-1"  # change it whenever any image gets other features


@dataclass(frozen=True, slots=True)
class SiftExtractor:
    """Finds the strongest SIFT points of an image; implements `FeatureExtractor`.

    max_points: at most so many points are kept, strongest response first.
    long_side: pixels of the longer side of the working image; smaller images stay as they are.
    contrast: SIFT's contrast threshold; below OpenCV's 0.04 so that plain walls give points too.
    """

    max_points: int = 1500
    long_side: int = 640
    contrast: float = 0.01

    @property
    def identity(self) -> str:
        """Method and parameters: features of another identity do not match these."""
        return f"{_METHOD}-{self.max_points}-{self.long_side}-{self.contrast}"

    def extract(self, image: Rgb, hidden: Mask | None = None) -> LocalFeatures:
        """Features of an upright image, ordered by falling response; n = 0 where it is flat."""
        grey = _working_image(image, self.long_side)
        # A detector per call: OpenCV's feature objects may not be shared between threads.
        detector = cv2.SIFT.create(nfeatures=self.max_points, contrastThreshold=self.contrast)
        found, raw = detector.detectAndCompute(grey, _seen(hidden, grey))
        height, width = grey.shape
        if not found:
            return _no_features(width, height)
        order = _strongest(found, self.max_points)
        points = np.array(
            [(*found[i].pt, found[i].size, found[i].angle) for i in order], np.float32
        )
        return LocalFeatures(points, _root_sift(np.asarray(raw, np.float32)[order]), width, height)


def _working_image(image: Rgb, long_side: int) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = long_side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def _seen(hidden: Mask | None, grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """OpenCV's mask: where points may lie, at the size of the working image."""
    if hidden is None:
        return None
    size = (grey.shape[1], grey.shape[0])
    seen = np.where(hidden, np.uint8(0), np.uint8(255))
    return np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _strongest(found: Sequence[cv2.KeyPoint], limit: int) -> list[int]:
    """Rank by falling response; ties by position and angle, so that the order is total."""

    def rank(i: int) -> tuple[float, float, float, float, float]:
        point = found[i]
        x, y = point.pt
        return (-point.response, y, x, point.size, point.angle)

    return sorted(range(len(found)), key=rank)[:limit]


def _root_sift(raw: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Square root of the L1-normalised histograms, times 512, as bytes of (n, 128)."""
    totals = np.maximum(raw.sum(axis=1, keepdims=True), 1e-6)
    root = np.rint(np.sqrt(raw / totals) * 512)
    return np.asarray(np.minimum(root, 255), np.uint8)


def _no_features(width: int, height: int) -> LocalFeatures:
    return LocalFeatures(np.empty((0, 4), np.float32), np.empty((0, 128), np.uint8), width, height)
