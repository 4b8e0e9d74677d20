"""Streams and journals small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import KnownVerdicts, Sample
from benchmarks.streams import Stream
from engine.lineage import Assigned, Change, Event
from engine.profile import PROFILES
from engine.types import Outcome
from engine.verdict import Evidence
from tests.builders import features_of, prepared
from tests.fakes import SamePlaceVerifier


def blobs(per: int = 6, groups: int = 3, dim: int = 8) -> tuple[NDArray[np.float32], list[int]]:
    """Tight bundles of unit vectors around the axes, dealt in turn."""
    rng = np.random.default_rng(5)
    truth = [n % groups for n in range(per * groups)]
    rows = np.eye(dim)[truth] + 0.05 * rng.normal(size=(len(truth), dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


def stream_of(profile: str = "object") -> Stream:
    vectors, truth = blobs()
    samples = [
        Sample(f"{n}", f"{label}", vector, features=features_of(label, n))
        for n, (vector, label) in enumerate(zip(vectors, truth, strict=True))
    ]
    return Stream("toy", PROFILES[profile], samples, {})


def verdicts_in(folder: Path) -> tuple[KnownVerdicts, SamePlaceVerifier]:
    verifier = SamePlaceVerifier()
    return KnownVerdicts(verifier, folder / "verdicts.npz"), verifier


def outcome(number: int, *changes: Change) -> Outcome:
    one = prepared(number)
    events = [Event("site", n, change) for n, change in enumerate(changes, start=1)]
    return Outcome(one.image, one.items, tuple(events))


def joined(number: int, cluster_id: str) -> Assigned:
    return Assigned(cluster_id, f"image-{number}#0", 0, True, 1.0, Evidence("assign"))
