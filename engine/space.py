"""The space in which members of one pile lie close: what differences inside piles are made of.

Plain cosines weigh every direction alike. Directions in which members of one pile differ from
each other (light, angle, background) say nothing about which pile it is, so they are damped:
within-class covariance normalisation (Hatch, Kajarekar & Stolcke 2006), with the piles found so
far for classes. The same step keeps only the principal axes, which makes everything faster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AXES = 64
"""Principal axes kept."""
EVIDENCE = 64
"""Differences within piles that it takes to tell their covariance from chance."""
FLOOR = 0.1
"""Part of the mean variance that is added on every axis: none is damped to nothing."""


def whitening(points: Floats, piles: NDArray[np.intp]) -> Floats | None:
    """Fit the projection (d, AXES) to n centred points (n, d), each on its pile.

    None where the piles have too few members to tell what they differ in.
    """
    _, own, sizes = np.unique(piles, return_inverse=True, return_counts=True)
    freedom = len(points) - len(sizes)
    if freedom < EVIDENCE:
        return None
    axes = _principal(points, min(AXES, len(points) // 4, points.shape[1]))
    projected = points @ axes
    sums = np.zeros((len(sizes), projected.shape[1]))
    np.add.at(sums, own, projected)
    residue = projected - (sums / sizes[:, None])[own]
    within = residue.T @ residue / freedom
    values, vectors = np.linalg.eigh(
        within + FLOOR * np.trace(within) / len(within) * np.eye(len(within))
    )
    return np.asarray(axes @ (vectors / np.sqrt(values)))


def _principal(points: Floats, count: int) -> Floats:
    """Unit axes (d, count) of greatest variance, from the n x n products of the points."""
    values, vectors = np.linalg.eigh(points @ points.T)
    return np.asarray(
        points.T @ (vectors[:, -count:] / np.sqrt(np.maximum(values[-count:], 1e-12)))
    )
