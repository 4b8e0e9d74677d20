"""Small well-formed values for tests that care about something else."""

from __future__ import annotations

import numpy as np

from engine.types import (
    Assigned,
    Box,
    Change,
    Created,
    Event,
    Evidence,
    ImageRecord,
    Item,
    LocalFeatures,
    Origin,
    Outcome,
    Rejection,
)


def make_features(seed: int = 0, n: int = 3) -> LocalFeatures:
    rng = np.random.default_rng(seed)
    points = rng.random((n, 2), dtype=np.float32)
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
    vector = rng.standard_normal(8, dtype=np.float32)
    item = Item(item_id, vector / np.linalg.norm(vector), Box(0, 0, 64, 48), features)
    image = ImageRecord(image_id, scope, Origin("topic", 0, 0), f"hash of {image_id}", 64, 48)
    changes: tuple[Change, ...] = (
        Created(f"c-{image_id}", item_id),
        Assigned(f"c-{image_id}", item_id, 0, founds, 1.0, Evidence("spawn")),
    )
    events = tuple(Event(scope, seq, change) for seq, change in enumerate(changes, start=1))
    return Outcome(image, (item,), events)


def make_rejection(image_id: str, *, scope: str = "site") -> Rejection:
    return Rejection(image_id, scope, Origin("topic", 0, 0), "too_large", "90 MB")
