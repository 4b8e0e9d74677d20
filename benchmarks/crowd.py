"""A crowd of things, made up on the spot: photos of any of a million, none of them kept.

A thing is a point in a latent space with a falling spectrum, derived from its number alone; a
photo of it lies a little off. All lie to one side of the unit sphere, in 25 families, as
embeddings of real networks do. Geometry answers at once and is always right: it knows the thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.clusterer import NOTHING
from engine.sight import Prepared
from engine.types import Box, ImageRecord, Item, LocalFeatures, Origin, Vector
from engine.vectors import settle
from engine.verdict import Verdict

SCOPE = "crowd"
_FAMILIES = 25
_ASIDE, _NOISE = 0.7, 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Material:
    """How alike things are: dimensions of the latent space, and how far off photos lie."""

    latent: int
    spread: float


PLACES = Material(latent=64, spread=0.7)
"""Intrinsic dimension 27 (Levina & Bickel 2004, 454 things), as of MobileNetV2 on the places of
the development data; seen from the centre, two photos of one have a cosine of about .7, and the
nearest other of 100,000 is as near: the embedding alone would not do."""
FACES = Material(latent=200, spread=0.5)
"""Two photos of one about .8, the nearest other of 100,000 about .4: the embedding will do."""


class Crowd:
    """Photos by number of what they show; the same (thing, view) is always the same photo."""

    def __init__(self, material: Material, dim: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._seed = seed
        self._material = material
        self._families = 0.5 * rng.normal(size=(_FAMILIES, material.latent))
        self._spectrum = (1 + np.arange(material.latent)) ** -0.3
        self._basis = np.linalg.qr(rng.normal(size=(dim, material.latent)))[0].T
        self._aside = _ASIDE * _unit(rng.normal(size=material.latent))

    def photo(self, thing: int, view: int) -> Prepared:
        """A photo as it leaves the pipeline: one item, the whole image."""
        name = f"{thing}-{view}"
        image = ImageRecord(name, SCOPE, Origin(name, 0, 0), name, width=0, height=0)
        item = Item(f"{name}#0", self.vector(thing, view), Box(0, 0, 0, 0), features_of(thing))
        return Prepared(image, (item,), {})

    def vector(self, thing: int, view: int) -> Vector:
        """The embedding of one photo, a unit vector (dim,) float32."""
        there = self._families[thing % _FAMILIES] + 0.87 * self._drawn(thing, 0)
        off = self._material.spread * self._drawn(thing, view + 1)
        row = (_unit((there + off) * self._spectrum) + self._aside) @ self._basis
        noise = np.random.default_rng((self._seed, thing, view)).normal(size=len(row))
        return settle(_unit(row) + _NOISE * noise, len(row))

    def _drawn(self, *key: int) -> Floats:
        rng = np.random.default_rng((self._seed, *key, 1))
        return rng.normal(size=self._material.latent)


class Oracle:
    """Verifier and exemplars in one: features are the number of the thing, verdicts the truth."""

    def __init__(self) -> None:
        self.calls = 0

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """Many inliers on the same thing, none elsewhere."""
        self.calls += 1
        same = query.width == exemplar.width
        return Verdict(60, 60, 30.0, 1.0, 12.0) if same else NOTHING

    def features(self, scope: str, item_id: str) -> LocalFeatures:
        """The features of any photo follow from its name."""
        return features_of(thing_of(item_id))

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        """Nothing needs to be kept."""


def thing_of(item_id: str) -> int:
    """The number of what an item shows."""
    return int(item_id.partition("-")[0])


def features_of(thing: int) -> LocalFeatures:
    """The thing's number in the width, as `Oracle` reads it."""
    points, descriptors = np.zeros((1, 2), np.float32), np.zeros((1, 128), np.uint8)
    return LocalFeatures(points, descriptors, width=thing, height=1)


def _unit(row: Floats) -> Floats:
    return np.asarray(row / np.linalg.norm(row))
