"""Plain builders of the nouns, for tests that care about one field and not the rest."""

from __future__ import annotations

import numpy as np

from engine.types import (
    Box,
    GeoPoint,
    ImageRecord,
    Item,
    LocalFeatures,
    Origin,
    Prepared,
    Vector,
    Verdict,
)

DIM = 8


def unit(seed: int, dim: int = DIM) -> Vector:
    """A random unit vector."""
    vector = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    return vector / np.linalg.norm(vector)


def features_of(place: int, view: int = 0) -> LocalFeatures:
    """Local features that `SamePlaceVerifier` can read: the place number in the width."""
    points = np.full((1, 2), view, np.float32)
    return LocalFeatures(points, np.zeros((1, 4), np.uint8), width=place, height=1)


def prepared(
    number: int,
    vector: Vector | None = None,
    place: int | None = None,
    location: GeoPoint | None = None,
    content: str | None = None,
) -> Prepared:
    """A photo out of the pipeline: one item, by default all its own."""
    image = ImageRecord(
        image_id=f"image-{number}",
        scope="site",
        origin=Origin(f"file:image-{number}", 0, 1),
        content_hash=content or f"hash-{number}",
        width=640,
        height=480,
        location=location,
    )
    item = Item(
        item_id=f"image-{number}#0",
        vector=unit(number) if vector is None else vector,
        box=Box(0, 0, 640, 480),
        features=features_of(number if place is None else place, number),
    )
    return Prepared(image, (item,), {})


class SamePlaceVerifier:
    """Agrees exactly where both features carry the same place number."""

    def __init__(self, inliers: int = 20) -> None:
        self.inliers = inliers
        self.calls = 0

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        self.calls += 1
        same = query.width == exemplar.width
        return Verdict(self.inliers if same else 0, 1.0 if same else 0.0)


class KeptFeatures:
    """Exemplar features in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], LocalFeatures] = {}

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return self.kept.get((scope, item_id))

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        self.kept[scope, item_id] = features
