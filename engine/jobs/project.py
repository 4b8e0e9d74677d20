"""Lay embeddings out in three dimensions for a person to look at.

Principal component analysis: the three directions of greatest variance, after Pearson, "On
lines and planes of closest fit to systems of points in space", Philosophical Magazine 2, 1901.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

AXES = 3
_BLOCK = 4096
"""Vectors that are held in float64 at a time."""


def project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map n finite vectors (n, d) to points (n, 3), float32, within [-1, 1] and never NaN.

    One scale for all axes, so distances keep their proportions. The same vectors in the same
    order always give the same points: each axis points where its largest coordinate is
    positive. Directions that do not exist (few or equal vectors) are zero.
    """
    points = np.zeros((len(vectors), AXES), dtype=np.float64)
    if not vectors.size:
        return points.astype(np.float32)
    axes = _axes(vectors)
    for start, centred in _centred(vectors):
        points[start : start + len(centred), : len(axes)] = centred @ axes.T
    points = _signed(points)
    reach = float(np.abs(points).max())
    scale = max(float(vectors.max()), -float(vectors.min()))
    # Equal vectors differ by rounding alone; blown up to full scale it would look like structure.
    if reach <= scale * np.finfo(np.float32).eps:
        return np.zeros_like(points, dtype=np.float32)
    return (points / reach).astype(np.float32)


def _axes(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Directions of greatest variance (3, d), greatest first; fewer where there are fewer."""
    count, dim = vectors.shape
    if count <= dim:
        _, spread = next(_centred(vectors, count))
    else:  # the same directions, of a matrix that does not grow with the number of vectors
        spread = np.zeros((dim, dim))
        for _, centred in _centred(vectors):
            spread += centred.T @ centred
    return np.asarray(np.linalg.svd(spread, full_matrices=False)[2][:AXES])


def _centred(
    vectors: NDArray[np.float32], block: int = _BLOCK
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    centre = vectors.mean(axis=0, dtype=np.float64)
    for start in range(0, len(vectors), block):
        yield start, vectors[start : start + block].astype(np.float64) - centre


def _signed(points: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(points).argmax(axis=0)
    signs = np.sign(points[largest, np.arange(points.shape[1])])
    return np.asarray(points * np.where(signs == 0, 1.0, signs))
