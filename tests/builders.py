"""Plain builders of the nouns, for tests that care about one field and not the rest."""

from __future__ import annotations

import numpy as np

from engine.lineage import Assigned, Change, Created, Event
from engine.sight import Prepared
from engine.types import (
    Box,
    GeoPoint,
    ImageRecord,
    Item,
    LocalFeatures,
    Origin,
    Outcome,
    Rejection,
    Vector,
)
from engine.vectors import settle
from engine.verdict import Evidence, Verdict
from engine.vision import worths
from state.records import encode_image, encode_item, encode_outcome

DIM = 8


def unit(seed: int, dim: int = DIM) -> Vector:
    """A random unit vector."""
    return settle(np.random.default_rng(seed).normal(size=dim), dim)


def agreeing(inliers: int) -> Verdict:
    """A verdict on views that have so many matches, all of them inliers and half distinctive."""
    support = inliers / 2
    belief = worths.SIFT.belief(support, inliers)
    return Verdict(inliers, inliers, support, 0.5 if inliers else 0.0, belief)


def features_of(place: int, view: int = 0) -> LocalFeatures:
    """Local features that `SamePlaceVerifier` can read: the place number in the width."""
    points = np.full((1, 4), view, np.float32)
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


def make_features(seed: int = 0, n: int = 3) -> LocalFeatures:
    rng = np.random.default_rng(seed)
    points = rng.random((n, 4), dtype=np.float32)
    return LocalFeatures(points, rng.integers(0, 256, (n, 128), dtype=np.uint8), 640, 480)


def make_outcome(
    image_id: str,
    *,
    scope: str = "site",
    founds: bool = True,
    features: LocalFeatures | None = None,
) -> Outcome:
    """One photo with one item that was assigned to one cluster."""
    item_id = f"{image_id}#0"
    rng = np.random.default_rng(list(image_id.encode()))
    vector = settle(rng.standard_normal(8, dtype=np.float32), 8)
    item = Item(item_id, vector, Box(0, 0, 64, 48), features)
    image = ImageRecord(image_id, scope, Origin("topic", 0, 0), f"hash of {image_id}", 64, 48)
    changes: tuple[Change, ...] = (
        Created(f"c-{image_id}", item_id),
        Assigned(f"c-{image_id}", item_id, 0, founds, 1.0, Evidence("spawn")),
    )
    events = tuple(Event(scope, seq, change) for seq, change in enumerate(changes, start=1))
    return Outcome(image, (item,), events)


def written(outcome: Outcome) -> list[bytes]:
    """All that is kept of an outcome but local features, to compare by."""
    image = [encode_image(outcome.cause)] if isinstance(outcome.cause, ImageRecord) else []
    return [encode_outcome(outcome), *image, *map(encode_item, outcome.items)]


def make_rejection(image_id: str, *, scope: str = "site") -> Rejection:
    return Rejection(image_id, scope, Origin("topic", 0, 0), "too_large", "90 MB")
