"""One batch of photos: decode -> detect -> local features -> embed. No order, no state.

Work on single photos runs in the given pool; embedding runs in the batches that the encoder
likes best. The result of a photo never depends on the batch it came in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from engine.errors import BadImage
from engine.ports import Decoder, Detector, Encoder, FeatureExtractor, MetadataReader
from engine.sight import Decoded
from engine.types import (
    Box,
    ImageRecord,
    Item,
    LocalFeatures,
    Photo,
    Prepared,
    Rejection,
    Rgb,
    Vector,
)
from engine.vectors import UnfitVector, settle

Clock: TypeAlias = Callable[[], float]
"""Seconds from any origin; the CPU time of the calling thread makes honest shares of stages."""


@dataclass(frozen=True, slots=True)
class Senses:
    """The models and algorithms that look at one image. No extractor: nothing to verify with."""

    decode: Decoder
    read_metadata: MetadataReader
    detect: Detector
    extractor: FeatureExtractor | None


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A photo that lacks only its vectors."""

    record: ImageRecord
    crops: tuple[Rgb, ...]
    boxes: tuple[Box, ...]
    features: tuple[LocalFeatures | None, ...]
    timings: dict[str, float]


@dataclass(slots=True)
class _Stopwatch:
    """Seconds per stage: each lap names the stage that just ended."""

    clock: Clock
    started: float
    timings: dict[str, float] = field(default_factory=dict)

    def lap(self, stage: str) -> None:
        now = self.clock()
        self.timings[stage] = self.timings.get(stage, 0.0) + now - self.started
        self.started = now


class Pipeline:
    """Prepares photos for the clusterer."""

    def __init__(self, senses: Senses, encoder: Encoder, pool: Executor, clock: Clock) -> None:
        self._senses = senses
        self._encoder = encoder
        self._pool = pool
        self._clock = clock

    def prepare(self, photos: Sequence[Photo]) -> list[Prepared | Rejection]:
        """Look at every photo; what cannot be decoded comes back as a rejection, in its place.

        Raises UnfitVector where the encoder gives what is no vector of its own length.
        """
        drafts = list(self._pool.map(self._look, photos))
        crops = [crop for draft in drafts if isinstance(draft, _Draft) for crop in draft.crops]
        vectors = self._embed(crops)
        return [
            draft if isinstance(draft, Rejection) else self._prepared(draft, vectors)
            for draft in drafts
        ]

    def _prepared(self, draft: _Draft, vectors: Iterator[tuple[Vector, float]]) -> Prepared:
        embedded = list(islice(vectors, len(draft.boxes)))
        parts = zip(draft.boxes, draft.features, embedded, strict=True)
        image_id = draft.record.image_id
        items = tuple(
            Item(f"{image_id}#{k}", self._settled(vector, image_id), box, features)
            for k, (box, features, (vector, _)) in enumerate(parts)
        )
        seconds = sum(seconds for _, seconds in embedded)
        return Prepared(draft.record, items, {**draft.timings, "embed": seconds})

    def _settled(self, vector: Vector, image_id: str) -> Vector:
        try:
            return settle(vector, self._encoder.dim)
        except UnfitVector as error:
            raise UnfitVector(
                f"{image_id}: encoder {self._encoder.identity} gave {error}"
            ) from error

    def _look(self, photo: Photo) -> _Draft | Rejection:
        watch = _Stopwatch(self._clock, self._clock())
        try:
            decoded = self._senses.decode(photo.data)
        except BadImage as error:
            return Rejection(photo.image_id, photo.scope, photo.origin, error.reason, error.detail)
        record = self._record(photo, decoded)
        watch.lap("decode")
        boxes = tuple(self._senses.detect(decoded.image))
        crops = tuple(_crop(decoded.image, box) for box in boxes)
        watch.lap("detect")
        features = tuple(self._extract(crop) for crop in crops)
        watch.lap("local_features")
        upright = tuple(_in_original(box, decoded) for box in boxes)
        return _Draft(record, crops, upright, features, watch.timings)

    def _record(self, photo: Photo, decoded: Decoded) -> ImageRecord:
        """Message metadata first; what the camera wrote fills the gaps."""
        written = self._senses.read_metadata(photo.data)
        return ImageRecord(
            image_id=photo.image_id,
            scope=photo.scope,
            origin=photo.origin,
            content_hash=content_hash(photo.data),
            width=decoded.width,
            height=decoded.height,
            captured_at=written.captured_at if photo.captured_at is None else photo.captured_at,
            location=written.location if photo.location is None else photo.location,
            attributes=photo.attributes,
        )

    def _extract(self, crop: Rgb) -> LocalFeatures | None:
        return None if self._senses.extractor is None else self._senses.extractor.extract(crop)

    def _embed(self, crops: Sequence[Rgb]) -> Iterator[tuple[Vector, float]]:
        """(vector, seconds) of every crop, in order."""
        size = self._encoder.batch_size
        chunks = [crops[start : start + size] for start in range(0, len(crops), size)]
        for rows in list(self._pool.map(self._embed_chunk, chunks)):
            yield from rows

    def _embed_chunk(self, crops: Sequence[Rgb]) -> list[tuple[Vector, float]]:
        started = self._clock()
        rows = self._encoder.embed(crops)
        seconds = (self._clock() - started) / len(crops)
        return [(row, seconds) for row in rows]


def whole_image(image: Rgb) -> Sequence[Box]:
    """The detector of `place`: the image is the item."""
    height, width = image.shape[:2]
    return (Box(0.0, 0.0, float(width), float(height)),)


def content_hash(data: bytes) -> str:
    """SHA-256 of the image bytes, in hex: what makes two messages the same image."""
    return hashlib.sha256(data).hexdigest()


def _crop(image: Rgb, box: Box) -> Rgb:
    return image[round(box.top) : round(box.bottom), round(box.left) : round(box.right)]


def _in_original(box: Box, decoded: Decoded) -> Box:
    """A box of the working image in pixels of the original: rounding gives each axis its scale."""
    height, width = decoded.image.shape[:2]
    across, down = decoded.width / width, decoded.height / height
    return Box(box.left * across, box.top * down, box.right * across, box.bottom * down)
