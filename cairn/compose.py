"""The composition root: the one place where settings become parts and parts meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar

import cv2
from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from cairn.devices import threads_for
from cairn.eyes import Eyes, open_eyes
from cairn.sections import Guards, Settings, State, listed
from cairn.timing import TimedVerifier
from consumer.keeper import Keeper
from consumer.loop import Prepare
from consumer.replay import replayed
from consumer.shard import Shard
from engine.calibration import load_river
from engine.clusterer import Clusterer
from engine.corrections import Corrector
from engine.errors import Misconfigured
from engine.index.adaptive import AdaptiveIndex
from engine.members import Membership
from engine.pipeline import Pipeline, Pools, Senses, nothing_fetched
from engine.ports import Fetcher, Store
from engine.profile import PROFILES, Profile
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import Photo, Rejection
from engine.vision.decode import DecodeLimits, decode
from engine.vision.exif import read_metadata
from engine.vision.heif import accept_heif
from state.cache import ExemplarCache, FeatureMemory
from state.store import SqliteStore, open_store

T = TypeVar("T")

EXEMPLARS_IN_MEMORY = 2000
"""Exemplars whose features stay in memory: about 140 kB each."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a worker clusters with: made once, shared by its shards.

    snapshot_every: changes of the indexes between two snapshots.
    memory: of exemplars' features, for all of them together.
    """

    profile: Profile
    eyes: Eyes
    verifier: TimedVerifier
    snapshot_every: int = State().snapshot_every
    memory: FeatureMemory = field(default_factory=partial(FeatureMemory, EXEMPLARS_IN_MEMORY))

    @property
    def identity(self) -> str:
        """What existing state depends on, in words for a person."""
        return str(self.eyes.identity(self.profile.name))


def means_of(settings: Settings) -> Means:
    """Load the models and settle the profile; raises Misconfigured."""
    load_river()  # or the first photo would wait a second for it
    profile = profile_of(settings.engine.profile, settings.profiles)
    eyes = open_eyes(settings.engine.encoder, profile, settings.models.directory)
    verifier = TimedVerifier(eyes.verifier, time.thread_time)
    return Means(profile, eyes, verifier, settings.state.snapshot_every)


def profile_of(name: str, overrides: Mapping[str, Mapping[str, object]]) -> Profile:
    """A built-in profile under what the operator set."""
    if name not in PROFILES and name not in overrides:
        known = ", ".join(sorted({*PROFILES, *overrides}))
        raise Misconfigured(f"engine.profile = {name!r}: there is no such profile; known: {known}")
    base = asdict(PROFILES.get(name, PROFILES["place"]))
    chosen = overrides.get(name, {})
    if unknown := sorted(chosen.keys() - base.keys()):
        raise Misconfigured(f"profiles.{name}.{unknown[0]}: there is no such field of a profile")
    fields = {**base, **chosen, "name": name}
    return _checked({**fields, "classes": listed(fields["classes"])})


def _checked(fields: Mapping[str, object]) -> Profile:
    where = f"profiles.{fields['name']}"
    try:
        return TypeAdapter(Profile).validate_python(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise Misconfigured(f"{where}.{field}: {fault['msg']}") from error


@contextmanager
def preparing(
    settings: Settings, means: Means, fetch: Fetcher = nothing_fetched
) -> Iterator[Prepare]:
    """The pipeline and its threads.

    One thread per image and none inside the libraries: their own threads would fight these
    for the cores, and sums would depend on how they split the work. Two batches may be under
    way at once: the threads go on to the second while the last of the first is looked at.
    Images that have to be fetched wait in threads of their own, enough for both batches.
    """
    cv2.setNumThreads(1)
    if "HEIF" in settings.guards.formats:
        accept_heif()
    workers = threads_for(settings.engine, means.eyes)
    senses = Senses(
        decode=partial(decode, limits=limits_of(settings.guards)),
        read_metadata=read_metadata,
        framing=means.eyes.framing,
        encoder=means.eyes.encoder,
        extractor=means.eyes.extractor,
    )
    over = Event()
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(workers, "eyes") as eyes,
        ThreadPoolExecutor(2 * settings.engine.batch_size, "arrivals") as arrivals,
        ThreadPoolExecutor(2, "ahead") as ahead,  # no thread idles at the end of a batch
    ):
        pipeline = Pipeline(senses, Pools(eyes, arrivals), time.thread_time, fetch)

        def prepare(photos: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
            promise: Future[list[Prepared | Rejection]] = Future()
            work = ahead.submit(
                pipeline.prepare, photos, lambda: over.is_set() or promise.cancelled()
            )
            work.add_done_callback(partial(_hand_over, promise))
            return promise

        try:
            yield prepare
        finally:
            over.set()  # or leaving would wait for images as long as fetching is patient


def _hand_over(promise: Future[T], work: Future[T]) -> None:
    """Keep a promise that, unlike the work behind it, could be cancelled at any time."""
    if not promise.set_running_or_notify_cancel():
        return
    if (error := work.exception()) is not None:
        promise.set_exception(error)
    else:
        promise.set_result(work.result())


def limits_of(guards: Guards) -> DecodeLimits:
    """What an image may cost."""
    return DecodeLimits(
        max_bytes=guards.max_bytes,
        max_pixels=guards.max_pixels,
        max_side=guards.max_side,
        formats=frozenset(guards.formats),
    )


def shard_of(store: Store, means: Means, stop: Callable[[], bool]) -> Shard:
    """A shard with everything the store remembers replayed into its book.

    stop: asked now and then, which also tells whoever watches that the worker lives; raises
    Stopped where it says so.
    """
    book = replayed(store, partial(AdaptiveIndex, means.eyes.encoder.dim), stop)
    exemplars, members = ExemplarCache(store, means.memory), Membership(store)
    rule = RULES[means.profile.rule]
    clusterer = Clusterer(book, rule, means.profile, means.verifier, exemplars, members)
    corrector = Corrector(book, members, clusterer)
    keeper = Keeper(book, store, means.snapshot_every)
    return Shard(book, clusterer, corrector, exemplars, members, store, keeper=keeper)


def store_at(path: Path, means: Means) -> SqliteStore:
    """Open or create the state of a shard; raises StateMismatch, Misconfigured."""
    return open_store(path, means.identity)
