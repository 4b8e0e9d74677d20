"""Lay embeddings out in three dimensions for a person to look at.

Principal component analysis: the three directions of greatest variance, after Pearson, "On
lines and planes of closest fit to systems of points in space", Philosophical Magazine 2, 1901.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AXES = 3


def project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map n finite vectors (n, d) to points (n, 3), float32, within [-1, 1] and never NaN.

    One scale for all axes, so distances keep their proportions. The same vectors in the same
    order always give the same points: each axis points where its largest coordinate is
    positive. Directions that do not exist (few or equal vectors) are zero.
    """
    points = np.zeros((len(vectors), AXES), dtype=np.float64)
    if not vectors.size:
        return points.astype(np.float32)
    centred = np.asarray(vectors, dtype=np.float64)
    scale = float(np.abs(centred).max())
    centred = centred - centred.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    kept = min(AXES, len(singular))
    points[:, :kept] = _signed(left[:, :kept] * singular[:kept])
    reach = float(np.abs(points).max())
    # Equal vectors differ by rounding alone; blown up to full scale it would look like structure.
    if reach <= scale * np.finfo(np.float32).eps:
        return np.zeros_like(points, dtype=np.float32)
    return (points / reach).astype(np.float32)


def _signed(points: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(points).argmax(axis=0)
    signs = np.sign(points[largest, np.arange(points.shape[1])])
    return np.asarray(points * np.where(signs == 0, 1.0, signs))
