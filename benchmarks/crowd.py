"""A crowd of places, made up on the spot: photos of any of a million places, none of them kept.

A place is a point in a latent space of 64 dimensions with a falling spectrum, derived from its
number alone; a photo of it lies a little off. All lie to one side of the unit sphere, in 25
families, as embeddings of real networks do. Two photos of one place have a cosine of about .8,
of two places about .3. Geometry answers at once and is always right: it knows the place.
"""

from __future__ import annotations

import numpy as np

from engine.types import (
    Box,
    ImageRecord,
    Item,
    LocalFeatures,
    Origin,
    Prepared,
    Vector,
    Verdict,
)

SCOPE = "crowd"
_LATENT, _FAMILIES = 64, 25
_ASIDE, _SPREAD, _NOISE = 0.7, 0.7, 0.01


class Crowd:
    """Photos by number of their place; the same (place, view) is always the same photo."""

    def __init__(self, dim: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._seed = seed
        self._families = 0.5 * rng.normal(size=(_FAMILIES, _LATENT))
        self._spectrum = (1 + np.arange(_LATENT)) ** -0.3
        self._basis = np.linalg.qr(rng.normal(size=(dim, _LATENT)))[0].T
        self._aside = _ASIDE * _unit(rng.normal(size=_LATENT))

    def photo(self, place: int, view: int) -> Prepared:
        """A photo as it leaves the pipeline: one item, the whole image."""
        name = f"{place}-{view}"
        image = ImageRecord(name, SCOPE, Origin(name, 0, 0), name, width=0, height=0)
        item = Item(f"{name}#0", self.vector(place, view), Box(0, 0, 0, 0), features_of(place))
        return Prepared(image, (item,), {})

    def vector(self, place: int, view: int) -> Vector:
        """The embedding of one photo, a unit vector (dim,) float32."""
        own = np.random.default_rng((self._seed, place)).normal(size=_LATENT)
        rng = np.random.default_rng((self._seed, place, view))
        there = self._families[place % _FAMILIES] + 0.87 * own
        point = _unit((there + _SPREAD * rng.normal(size=_LATENT)) * self._spectrum) + self._aside
        row = point @ self._basis
        return np.asarray(_unit(row + _NOISE * rng.normal(size=len(row))), np.float32)


class Oracle:
    """Verifier and exemplars in one: features are the number of the place, verdicts the truth."""

    def __init__(self) -> None:
        self.calls = 0

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """Many inliers on the same place, none elsewhere."""
        self.calls += 1
        same = query.width == exemplar.width
        return Verdict(60, 1.0) if same else Verdict(0, 0.0)

    def features(self, scope: str, item_id: str) -> LocalFeatures:
        """The features of any photo follow from its name."""
        return features_of(place_of(item_id))

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        """Nothing needs to be kept."""


def place_of(item_id: str) -> int:
    """The number of the place that an item shows."""
    return int(item_id.partition("-")[0])


def features_of(place: int) -> LocalFeatures:
    """The place's number in the width, as `Oracle` reads it."""
    points, descriptors = np.zeros((1, 2), np.float32), np.zeros((1, 128), np.uint8)
    return LocalFeatures(points, descriptors, width=place, height=1)


def _unit(row: np.ndarray) -> np.ndarray:
    return row / np.linalg.norm(row)
