"""The space in which members of one pile lie close: what differences inside piles are made of.

Plain cosines weigh every direction alike. Directions in which members of one pile differ from
each other (light, angle, background) say nothing about which pile it is, so they are damped:
within-class covariance normalisation (Hatch, Kajarekar & Stolcke 2006), with piles for classes.
A covariance takes many pairs to tell from chance: in a small scope it would change with every
few photos, and the piles with it, so only large scopes use it, and there it is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AXES = 64
"""Principal axes kept."""
EVIDENCE = 128
"""Differences within piles that a sample must show to count."""
FLOOR = 0.1
"""Part of the mean variance that is added on every axis: none is damped to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """basis: (d, r) unit axes. within: (r, r) covariance of members about their pile."""

    basis: Floats
    within: Floats

    def projection(self) -> NDArray[np.float32]:
        """(r, d): onto the axes, damped by how much members of a pile differ along them."""
        size = len(self.within)
        floor = FLOOR * np.trace(self.within) / size * np.eye(size)
        values, vectors = np.linalg.eigh(self.within + floor)
        damped = self.basis @ (vectors / np.sqrt(values))
        return np.ascontiguousarray(damped.T, np.float32)


def learn(
    points: Floats, piles: NDArray[np.intp], known: Space | None, inertia: float
) -> Space | None:
    """What n centred points (n, d), each on its pile, add to what is known.

    The basis stays as it was first found: along other axes nothing could be averaged.
    """
    _, own, sizes = np.unique(piles, return_inverse=True, return_counts=True)
    freedom = len(points) - len(sizes)
    if freedom < EVIDENCE:
        return known
    basis = _principal(points, min(AXES, points.shape[1])) if known is None else known.basis
    projected = points @ basis
    sums = np.zeros((len(sizes), projected.shape[1]))
    np.add.at(sums, own, projected)
    residue = projected - (sums / sizes[:, None])[own]
    within = residue.T @ residue / freedom
    if known is not None:
        within += inertia * (known.within - within)
    return Space(basis, within)


def _principal(points: Floats, count: int) -> Floats:
    """Unit axes (d, count) of greatest variance, from the n x n products of the points."""
    values, vectors = np.linalg.eigh(points @ points.T)
    lengths = np.sqrt(np.maximum(values[-count:], 1e-12))
    return np.asarray(points.T @ (vectors[:, -count:] / lengths))
