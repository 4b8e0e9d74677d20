"""Where items lie on the map: principal axes of a sample, on which all are laid out.

As `engine.jobs.project`, which looks at all vectors at once and takes too long for a live view.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AXES = 3
SAMPLE = 10_000


def lay_out(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Map n vectors (n, d) to points (n, 3) within [-1, 1]; the same ones always alike."""
    points = np.zeros((len(vectors), AXES))
    if not vectors.size:
        return points
    sample = vectors[:: -(-len(vectors) // SAMPLE)]
    centre = sample.mean(axis=0, dtype=np.float64)
    away = sample.astype(np.float64) - centre
    weights, directions = np.linalg.eigh(away.T @ away)
    axes = directions[:, np.argsort(-weights)[:AXES]]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    points[:, : axes.shape[1]] = vectors @ axes - centre @ axes
    reach = float(np.abs(points).max())
    if reach <= float(np.abs(vectors).max()) * np.finfo(np.float32).eps:
        return np.zeros_like(points)
    return points / reach


def alike(means: NDArray[np.float32], most: int) -> list[tuple[int, int, float]]:
    """The pairs of rows (n, d) of unit length with the highest cosine: places and cosine."""
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(means), _BLOCK):
        cosines = means[start : start + _BLOCK] @ means.T
        for place, row in enumerate(cosines, start):
            row[: place + 1] = -np.inf
        best = np.argpartition(-cosines.ravel(), min(most, cosines.size - 1))[:most]
        rows, columns = np.unravel_index(best, cosines.shape)
        found += [
            (float(cosines[r, c]), start + int(r), int(c))
            for r, c in zip(rows, columns, strict=True)
            if np.isfinite(cosines[r, c])
        ]
        found = sorted(found, key=lambda pair: (-pair[0], *pair[1:]))[:most]
    return [(one, other, cosine) for cosine, one, other in found]


_BLOCK = 512
