"""The photos of the cluster benchmark: made up once, then looked up by number.

24 scopes, two a partition. In each come photos of many things; a tenth of the photos shows
something new. What the eyes would have made of a photo lies ready: its vector (512 dimensions,
benchmarks/crowd.py) and, where geometry decides, local features of the usual size, 1000 points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.crowd import FACES, PLACES, Crowd
from engine.sight import Prepared
from engine.types import Box, ImageRecord, Item, LocalFeatures, Origin, Photo

DIM = 512
NEW = 0.1
"""Share of the photos that show something new."""
SCOPES = 2
"""In each partition."""
POINTS = 1000
_KINDS_OF_FEATURES = 32


def scope_name(partition: int, number: int) -> str:
    """A scope of a partition."""
    return f"site-{partition:02}-{number}"


def photos(count: int, partitions: int) -> Iterator[tuple[int, Photo]]:
    """Partition and message of each photo, partitions in turn; the bytes are a word only."""
    for number in range(count):
        partition = number % partitions
        scope = scope_name(partition, number // partitions % SCOPES)
        yield partition, Photo(str(number), scope, Origin("", 0, 0), b"looked up", 1.7e9 + number)


def make_stream(directory: Path, count: int, partitions: int, *, places: bool) -> None:
    """Write what the eyes would make of so many photos."""
    crowd = Crowd(PLACES if places else FACES, DIM)
    rng = np.random.default_rng(7)
    seen = [0] * (partitions * SCOPES)
    things = np.empty(count, np.int64)
    vectors = np.empty((count, DIM), np.float32)
    for number in range(count):
        scope = number % len(seen)
        if rng.random() < NEW or not seen[scope]:
            seen[scope] += 1
            thing = seen[scope] - 1
        else:
            thing = int(rng.integers(seen[scope]))
        things[number] = scope * 1_000_000 + thing
        vectors[number] = crowd.vector(int(things[number]), number)
    np.save(directory / "things.npy", things)
    np.save(directory / "vectors.npy", vectors)


@dataclass(frozen=True, slots=True)
class Stream:
    """What the eyes made of each photo. features: drawn ones, None where none are compared."""

    vectors: NDArray[np.float32]
    things: NDArray[np.int64]
    features: tuple[LocalFeatures, ...] | None

    def prepared(self, photo: Photo) -> Prepared:
        """A photo as it would leave the pipeline."""
        number = int(photo.image_id)
        item = Item(
            f"{photo.image_id}#0",
            np.array(self.vectors[number]),
            Box(0.0, 0.0, 800.0, 600.0),
            self._features(number),
        )
        return Prepared(_record(photo), (item,), {})

    def _features(self, number: int) -> LocalFeatures | None:
        """Of the usual size; the width says the thing, as `Oracle` reads it."""
        if self.features is None:
            return None
        drawn = self.features[number % len(self.features)]
        return LocalFeatures(drawn.points, drawn.descriptors, int(self.things[number]), 1)


def load_stream(directory: Path, *, places: bool) -> Stream:
    """The stream that lies in a directory."""
    rng = np.random.default_rng(3)
    drawn = (
        LocalFeatures(
            rng.random((POINTS, 4), np.float32),
            rng.integers(0, 256, (POINTS, 128), np.uint8),
            *(0, 1),
        )
        for _ in range(_KINDS_OF_FEATURES)
    )
    return Stream(
        np.load(directory / "vectors.npy", mmap_mode="r"),
        np.load(directory / "things.npy"),
        tuple(drawn) if places else None,
    )


def _record(photo: Photo) -> ImageRecord:
    return ImageRecord(
        image_id=photo.image_id,
        scope=photo.scope,
        origin=photo.origin,
        content_hash=hashlib.sha256(photo.image_id.encode()).hexdigest(),
        width=800,
        height=600,
        captured_at=photo.captured_at,
        location=photo.location,
        attributes=photo.attributes,
    )
