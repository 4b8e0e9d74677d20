"""How well a face can be seen: large, sharp and from the front, each from 0 to 1."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb

_SIDE = 112
"""Pixels a side that face encoders look at: more of a face brings nothing."""
_MIDDLE = slice(_SIDE // 4, -_SIDE // 4)  # free of hair, background and what lies off the photo
_SHARP = 0.2
"""Strength of the edges by the contrast, from which on a face is sharp."""


_FLAT = 10.0
"""Contrast below which noise is all there is."""


def quality(crop: Rgb, points: NDArray[np.float32], seen: float) -> float:
    """Quality of an aligned face, 0 to 1: as good as the worst of size, sharpness and pose.

    points: the five of the face, (5, 2), turned as you like. seen: pixels of the image across
    the crop.
    """
    return min(1.0, seen / _SIDE, sharpness(crop) / _SHARP, pose(points))


def sharpness(crop: Rgb) -> float:
    """Standard deviation of the Laplacian by that of the brightness, amid the face."""
    small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)[_MIDDLE, _MIDDLE]
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(float(grey.std()), _FLAT))


def pose(points: NDArray[np.float32]) -> float:
    """1 while the nose lies in the middle third between the eyes and between eyes and mouth.

    It falls to 0 where the nose reaches an eye, the line of the eyes or that of the mouth.
    """
    left, right, nose, *corners = points.astype(np.float64)
    eyes, mouth = (left + right) / 2, np.mean(corners, axis=0)
    shares = (_share(nose, left, right), _share(nose, eyes, mouth))
    return min(1.0, *(max(0.0, 3 * min(share, 1 - share)) for share in shares))


def _share(
    point: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> float:
    """How far along from start (0) to end (1) a point lies; 0 where these are one."""
    along = end - start
    return float((point - start) @ along / max(float(along @ along), 1e-9))
