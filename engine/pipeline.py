"""One batch of photos: fetch -> decode -> frame -> local features -> embed. No order, no state.

Each photo goes its whole way in one task of the pool, so that none waits for another; a model
that likes batches gathers them itself from the calls that come in at once. Photos that have to
be fetched first wait in a pool of their own: eyes never idle while the network is slow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.errors import BadImage
from engine.ports import Decoder, Encoder, FeatureExtractor, Fetcher, Framing, MetadataReader
from engine.sight import Decoded, Prepared, View
from engine.types import (
    Box,
    Claim,
    Fetched,
    ImageRecord,
    Item,
    LocalFeatures,
    Photo,
    Rejection,
    Vector,
)
from engine.vectors import Directionless, settle

NO_VECTOR = "no_vector"
"""Slug of the BadImage that an encoder can make nothing of."""

Clock: TypeAlias = Callable[[], float]
"""Seconds from any origin; the CPU time of the calling thread makes honest shares of stages."""
Ended: TypeAlias = Callable[[], bool]
"""Whether nobody waits for a batch any more."""


@dataclass(frozen=True, slots=True)
class Senses:
    """The models and algorithms that look at one image. No extractor: nothing to verify with."""

    decode: Decoder
    read_metadata: MetadataReader
    framing: Framing
    encoder: Encoder
    extractor: FeatureExtractor | None


def nothing_fetched(claim: Claim, _ended: Ended) -> Fetched:
    """A Fetcher for runs whose photos all bring their bytes."""
    raise BadImage("uri_not_allowed", f"{claim.uri}: no image is fetched here")


@dataclass(frozen=True, slots=True)
class Pools:
    """Threads. eyes: those that look at photos. arrivals: those that wait for claimed ones."""

    eyes: Executor
    arrivals: Executor


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
    """Prepares photos for the clusterer, each in one task of the pool."""

    def __init__(
        self, senses: Senses, pools: Pools, clock: Clock, fetch: Fetcher = nothing_fetched
    ) -> None:
        self._senses = senses
        self._pools = pools
        self._clock = clock
        self._fetch = fetch

    def prepare(
        self, photos: Sequence[Photo], ended: Ended = lambda: False
    ) -> list[Prepared | Rejection]:
        """Look at every photo; what cannot be clustered comes back as a rejection, in its place.

        Raises Misconfigured where the encoder gives vectors of another length than it says,
        Stopped where `ended` says that nobody waits for what is being fetched.
        """
        looking = [self._start(photo, ended) for photo in photos]
        try:
            return [look.result() for look in looking]
        finally:
            for look in looking:
                look.cancel()

    def _start(self, photo: Photo, ended: Ended) -> Future[Prepared | Rejection]:
        match photo.data:
            case Claim(known=True, sha256=sha256):
                return _settled(Prepared(_repeated(photo, sha256), (), {}))
            case Claim() as claim:
                return self._pools.arrivals.submit(self._fetch_and_look, photo, claim, ended)
            case data:
                return self._pools.eyes.submit(self._look, photo, data, {})

    def _fetch_and_look(self, photo: Photo, claim: Claim, ended: Ended) -> Prepared | Rejection:
        """Holds its thread until the photo is looked at: so many images at most are in memory."""
        try:
            fetched = self._fetch(claim, ended)
        except BadImage as error:
            return _rejection(photo, error)
        timings = {"fetch": fetched.seconds}
        return self._pools.eyes.submit(self._look, photo, fetched.data, timings).result()

    def _look(self, photo: Photo, data: bytes, timings: dict[str, float]) -> Prepared | Rejection:
        try:
            return self._prepared(photo, data, timings)
        except BadImage as error:
            return _rejection(photo, error)

    def _prepared(self, photo: Photo, data: bytes, timings: dict[str, float]) -> Prepared:
        watch = _Stopwatch(self._clock, self._clock(), timings)
        decoded = self._senses.decode(data)
        record = self._record(photo, data, decoded)
        watch.lap("decode")
        views = self._senses.framing(decoded.image)
        watch.lap("detect")
        features = [self._extract(view) for view in views]
        watch.lap("local_features")
        vectors = self._embed(views)
        watch.lap("embed")
        items = tuple(
            _item(f"{photo.image_id}#{k}", view, vector, found, decoded)
            for k, (view, vector, found) in enumerate(zip(views, vectors, features, strict=True))
        )
        return Prepared(record, items, watch.timings)

    def _record(self, photo: Photo, data: bytes, decoded: Decoded) -> ImageRecord:
        """Message metadata first; what the camera wrote fills the gaps."""
        written = self._senses.read_metadata(data)
        return ImageRecord(
            image_id=photo.image_id,
            scope=photo.scope,
            origin=photo.origin,
            content_hash=content_hash(data),
            width=decoded.width,
            height=decoded.height,
            captured_at=written.captured_at if photo.captured_at is None else photo.captured_at,
            location=written.location if photo.location is None else photo.location,
            attributes=photo.attributes,
        )

    def _extract(self, view: View) -> LocalFeatures | None:
        extractor = self._senses.extractor
        return None if extractor is None else extractor.extract(view.pixels, view.hidden)

    def _embed(self, views: Sequence[View]) -> list[Vector]:
        encoder = self._senses.encoder
        rows = encoder.embed([view.pixels for view in views]) if views else ()
        try:
            return [settle(row, encoder.dim) for row in rows]
        except Directionless as error:
            raise BadImage(NO_VECTOR, f"encoder {encoder.identity} gave {error}") from error


def _settled(result: Prepared) -> Future[Prepared | Rejection]:
    future: Future[Prepared | Rejection] = Future()
    future.set_result(result)
    return future


def _repeated(photo: Photo, sha256: str) -> ImageRecord:
    """Enough to be told as a duplicate, of which nothing is kept."""
    return ImageRecord(photo.image_id, photo.scope, photo.origin, sha256, width=0, height=0)


def _rejection(photo: Photo, error: BadImage) -> Rejection:
    return Rejection(photo.image_id, photo.scope, photo.origin, error.reason, error.detail)


def _item(
    item_id: str, view: View, vector: Vector, features: LocalFeatures | None, decoded: Decoded
) -> Item:
    return Item(
        item_id,
        vector,
        in_original(view.box, decoded),
        features,
        label=view.label,
        score=view.score,
        quality=view.quality,
    )


def content_hash(data: bytes) -> str:
    """SHA-256 of the image bytes, in hex: what makes two messages the same image."""
    return hashlib.sha256(data).hexdigest()


def in_original(box: Box, decoded: Decoded) -> Box:
    """A box of the working image in pixels of the original: rounding gives each axis its scale."""
    height, width = decoded.image.shape[:2]
    across, down = decoded.width / width, decoded.height / height
    return Box(box.left * across, box.top * down, box.right * across, box.bottom * down)
