"""What a cosine means in this scope, learned from the stream itself.

Two photos drawn at random are almost always of different things, so the cosines of random pairs
tell what "different" looks like to this encoder on this material. They *contain* pairs of
the same thing, therefore median and median absolute deviation, never the mean or the upper tail.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Vector

SAMPLE = 256
"""Vectors kept of a scope: 32,640 pairs."""
FEWEST = 8
"""Items before anything is believed."""
GROWTH = 1.2
"""The band is fitted anew when the scope has grown by this factor."""
DEVIATIONS = 2.5
"""Where "different" ends, in robust standard deviations above the median random pair."""
NEARER = 0.6
"""Where "same" begins: this far from there to identity."""
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Band:
    """Cosines: an item joins from `same` on and never below `different`."""

    same: float
    different: float


COPIES_ONLY = Band(same=0.999, different=0.99)
"""Before there is anything to compare with, only a copy is the same."""


class Background:
    """A sample of a scope's vectors and the band that follows from it.

    The sample holds the items whose ids hash lowest (a bottom-k sketch, Cohen & Kaplan 2007):
    which they are depends on the items alone, not on their order or on chance.
    """

    def __init__(self) -> None:
        self.band = COPIES_ONLY
        self._sample: list[tuple[bytes, str, Vector]] = []
        self._seen = 0
        self._next_fit = FEWEST

    def forget(self, item_id: str) -> None:
        """Leave nothing of an item: what is then known could have been learned without it.

        Replay adds a zero vector in its place, which takes a place in the sample until here.
        """
        self._sample = [entry for entry in self._sample if entry[1] != item_id]
        known = self._next_fit > FEWEST and len(self._sample) > 1
        self.band = self._fitted() if known else COPIES_ONLY

    def add(self, item_id: str, vector: Vector) -> None:
        """Take in one item's unit vector, (d,) float32."""
        self._seen += 1
        digest = hashlib.blake2b(item_id.encode(), digest_size=8).digest()
        if len(self._sample) < SAMPLE or digest < self._sample[-1][0]:
            insort(self._sample, (digest, item_id, vector), key=lambda entry: entry[:2])
            del self._sample[SAMPLE:]
        if self._seen >= self._next_fit:
            self._next_fit = int(self._seen * GROWTH) + 1
            self.band = self._fitted()

    def _fitted(self) -> Band:
        return fit_band(np.stack([vector for _, _, vector in self._sample]))


def fit_band(vectors: NDArray[np.float32]) -> Band:
    """Fit the band to n unit vectors (n, d), n of 2 or more."""
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), k=1)]
    middle = float(np.median(cosines))
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(cosines - middle)))
    different = min(middle + DEVIATIONS * sigma, COPIES_ONLY.different)
    return Band(same=different + NEARER * (1.0 - different), different=different)
