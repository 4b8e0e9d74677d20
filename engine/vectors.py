"""Vectors on a fixed-point grid, so that their sums are exact.

Components are multiples of 2**-24: float32 holds them, and float64 holds sums of up to 2**28 of
them, without rounding. So members can be added to a prototype, moved and subtracted again in any
order, and what is left is bit for bit what was never touched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import CairnError, Misconfigured
from engine.types import Vector

STEPS = 2.0**24


class Directionless(CairnError):
    """A vector that is NaN, infinite or all zero: it says nothing about its image."""


def settle(vector: NDArray[np.floating], dim: int) -> Vector:
    """Scale to unit length and round to the grid; (dim,) float32.

    Raises Misconfigured for another shape, Directionless for NaN, infinity and all zeros.
    """
    if vector.shape != (dim,):
        raise Misconfigured(f"a vector of shape {vector.shape} where ({dim},) belongs")
    exact = vector.astype(np.float64)
    length = float(np.linalg.norm(exact))
    if not np.isfinite(length) or length == 0.0:
        raise Directionless("a vector without a direction (NaN, infinite or all zero)")
    steps = np.rint(exact / length * STEPS) + 0.0  # which makes -0.0 a zero like any other
    return np.asarray(steps / STEPS, np.float32)
