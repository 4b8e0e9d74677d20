"""Five-point alignment: turn, scale and shift a face so that its points lie where they belong."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb

_SIDE = 112
_MEAN_FACE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    np.float64,
)
"""Where the points of a face belong on 112 x 112 pixels (ArcFace, Deng et al., CVPR 2019)."""

Similarity = NDArray[np.float64]
"""(2, 3): turn and scale, then shift, of image pixels to canvas pixels."""


def similarity(points: NDArray[np.float32], side: int) -> Similarity | None:
    """The turn, scale and shift that best lay five points (5, 2) onto a canvas of `side` pixels.

    Least squares, no mirroring. None where the points coincide or are not finite.
    """
    if not np.isfinite(points).all():
        return None
    source = points.astype(np.float64) @ np.array([1, 1j])
    target = canvas_points(side) @ np.array([1, 1j])
    centred = source - source.mean()
    spread = np.vdot(centred, centred).real
    if spread < 1e-6:
        return None
    turn = np.vdot(centred, target - target.mean()) / spread
    shift = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def canvas_points(side: int) -> NDArray[np.float64]:
    """Where the five points of a face belong on a canvas of `side` pixels, (5, 2)."""
    return np.asarray(_MEAN_FACE * (side / _SIDE), np.float64)


def scale_of(onto: Similarity) -> float:
    """Canvas pixels per image pixel."""
    return float(np.hypot(onto[0, 0], onto[1, 0]))


def warped(image: Rgb, onto: Similarity, side: int) -> Rgb:
    """The canvas, `side` pixels a side; black where the image has nothing."""
    scale = scale_of(onto)
    if scale < 0.5:  # a warp looks at four pixels only: what it would skip is averaged first
        image, onto = _reduced(image, onto, 2 * scale)
    return np.asarray(cv2.warpAffine(image, onto, (side, side), flags=cv2.INTER_LINEAR), np.uint8)


def _reduced(image: Rgb, onto: Similarity, scale: float) -> tuple[Rgb, Similarity]:
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    again = np.diag([width / size[0], height / size[1]])
    return small, np.concatenate([onto[:, :2] @ again, onto[:, 2:]], axis=1)
