"""The loop and its shards over a scripted source: crashes, aborts and rebalances as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.loop import FixedShards, Log, Loop, NoLog, Pace
from consumer.shard import Shard
from engine.book import Book
from engine.clusterer import Clusterer
from engine.corrections import Corrector
from engine.decide import RULES
from engine.errors import CommitAborted
from engine.index.exact import ExactIndex
from engine.members import Membership
from engine.profile import PROFILES
from engine.types import Batch, Event, Origin, Photo, Prepared, Rejection
from state.cache import ExemplarCache
from tests.builders import DIM, prepared
from tests.fakes import MemoryStore, SamePlaceVerifier

TOPIC = "images"


class Killed(BaseException):
    """kill -9, as a value: nothing in the code under test may catch it."""


@dataclass(frozen=True)
class Kill:
    """The process dies while reading here."""


@dataclass(frozen=True)
class Rebalance:
    """The group moves partitions: whatever is in flight is void."""


Step = Photo | Rejection | Kill | Rebalance


class ScriptedSource:
    """A partition of a log: reads on from its position, rewinds to what the store committed."""

    def __init__(self, script: Sequence[Step], store: MemoryStore) -> None:
        self._script = list(script)
        self._store = store
        self._next = 0
        self.epoch = 0
        self.partitions = frozenset({0})
        self.rewind()

    @property
    def exhausted(self) -> bool:
        return self._next >= len(self._script)

    def poll(self, limit: int, timeout_s: float) -> Sequence[Photo | Rejection]:
        messages: list[Photo | Rejection] = []
        while len(messages) < limit and not self.exhausted:
            step = self._script[self._next]
            if isinstance(step, Photo | Rejection):
                messages.append(step)
                self._next += 1
            elif messages:
                break
            else:
                self._happen(step)
        return messages

    def _happen(self, step: Kill | Rebalance) -> None:
        if isinstance(step, Kill):
            raise Killed
        self._script.remove(step)
        self.epoch += 1
        self.rewind()

    def keep_alive(self) -> None: ...

    def rewind(self) -> None:
        done = self._store.position(TOPIC, 0)
        steps = [
            n
            for n, step in enumerate(self._script)
            if isinstance(step, Photo | Rejection) and (done is None or step.origin.offset > done)
        ]
        self._next = steps[0] if steps else len(self._script)

    def close(self) -> None: ...


@dataclass
class RecoveringShards:
    """One shard that is rebuilt from its store whenever it is owned anew."""

    store: MemoryStore
    shard: Shard = field(init=False)

    def __post_init__(self) -> None:
        self.shard = recovered(self.store)

    def __getitem__(self, partition: int) -> Shard:
        return self.shard

    def own(self, partitions: frozenset[int]) -> None:
        self.shard = recovered(self.store)


class FailingLog:
    """Aborts the commits whose number is in the list."""

    def __init__(self, failures: Sequence[int]) -> None:
        self._failures = set(failures)
        self._commits = 0

    def commit(self, batches: Mapping[int, Batch]) -> Mapping[int, Batch]:
        self._commits += 1
        if self._commits in self._failures:
            raise CommitAborted("fenced")
        return batches


def recovered(store: MemoryStore) -> Shard:
    book = Book(lambda: ExactIndex(DIM))
    for outcome in store.outcomes():
        book.apply(outcome)
    exemplars, members = ExemplarCache(store, entries=3), Membership(store)
    place = PROFILES["place"]
    clusterer = Clusterer(book, RULES["place"], place, SamePlaceVerifier(), exemplars, members)
    corrector = Corrector(book, members, clusterer.regroup)
    return Shard(book, clusterer, corrector, exemplars, members, store)


def photo(offset: int, number: int, place: int, content: str = "") -> Photo:
    """A message whose bytes say what the pipeline would find."""
    data = f"{number} {place} {content}".encode()
    return Photo(f"image-{number}", "site", Origin(TOPIC, 0, offset), data)


def look(photos: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
    """A pipeline that reads the place off the bytes; `0 0 torn` cannot be decoded."""
    results: list[Prepared | Rejection] = []
    for message in photos:
        number, place, *content = message.data.decode().split()
        if content == ["torn"]:
            rejection = Rejection(message.image_id, "site", message.origin, "corrupt", "torn")
            results.append(rejection)
            continue
        made = prepared(int(number), place=int(place), content=message.data.decode())
        image = replace(made.image, origin=message.origin)
        results.append(replace(made, image=image))
    future: Future[list[Prepared | Rejection]] = Future()
    future.set_result(results)
    return future


def run(
    script: Sequence[Step], store: MemoryStore, log: Log | None = None, batch_size: int = 4
) -> None:
    source = ScriptedSource(script, store)
    pace = Pace(batch_size=batch_size, poll_s=0.0)
    Loop(source, look, RecoveringShards(store), log or NoLog(), pace=pace).run(lambda: False)


def lineage(store: MemoryStore) -> list[Event]:
    return [event for outcome in store.outcomes() for event in outcome.events]


@st.composite
def deliveries(draw: st.DrawFn) -> list[Photo]:
    """A log with redeliveries, conflicting ids and torn images in it."""
    numbers = draw(st.lists(st.integers(0, 14), min_size=1, max_size=30))
    contents = st.sampled_from(["", "", "", "", "edited", "torn"])
    return [photo(n, number, number % 4, draw(contents)) for n, number in enumerate(numbers)]


@settings(max_examples=60, deadline=None)
@given(
    log=deliveries(),
    kills=st.lists(st.integers(0, 30), max_size=4),
    aborts=st.lists(st.integers(1, 8), max_size=3),
    moves=st.lists(st.integers(0, 30), max_size=3),
    batch_size=st.integers(1, 7),
)
def test_nothing_is_lost_or_doubled_whatever_happens(
    log: list[Photo], kills: list[int], aborts: list[int], moves: list[int], batch_size: int
) -> None:
    """Kills, aborted commits, rebalances and batch sizes leave no trace in the lineage."""
    calm = MemoryStore()
    run(log, calm, batch_size=5)
    script: list[Step] = list(log)
    for place in moves:
        script.insert(min(place, len(script)), Rebalance())
    for place in kills:
        script.insert(min(place, len(script)), Kill())
    stormy, failing = MemoryStore(), FailingLog(aborts)
    for _ in range(len(kills) + 1):
        try:
            run(script, stormy, failing, batch_size)
        except Killed:
            script.remove(Kill())
    assert lineage(stormy) == lineage(calm)
    assert list(stormy.rejections()) == list(calm.rejections())
    assert stormy.position(TOPIC, 0) == log[-1].origin.offset


def test_a_redelivered_photo_changes_nothing_but_the_position() -> None:
    """The same id with the same bytes is the same photo, in one batch or in two."""
    store = MemoryStore()
    run([photo(0, 1, 1), photo(1, 1, 1)], store, batch_size=2)
    run([photo(0, 1, 1), photo(1, 1, 1), photo(2, 1, 1)], store)
    assert len(list(store.outcomes())) == 1
    assert store.position(TOPIC, 0) == 2


def test_another_image_under_a_known_id_is_a_dead_letter() -> None:
    """Ids are final: the first image stays, the second is refused with a reason."""
    store = MemoryStore()
    run([photo(0, 1, 1), photo(1, 1, 1, "edited")], store)
    [rejection] = store.rejections()
    assert (rejection.reason, rejection.origin.offset) == ("id_conflict", 1)
    [outcome] = store.outcomes()
    assert outcome.cause.origin.offset == 0


def test_a_stop_finishes_what_was_read() -> None:
    """Told to stop, the loop commits the batch in flight and reads no more."""
    store = MemoryStore()
    log = [photo(n, n, n) for n in range(10)]
    stops = iter([False, True])
    source = ScriptedSource(log, store)
    loop = Loop(source, look, RecoveringShards(store), NoLog(), pace=Pace(batch_size=3, poll_s=0))
    loop.run(lambda: next(stops))
    assert store.position(TOPIC, 0) == 2


def test_a_bug_in_the_pipeline_crashes_the_loop() -> None:
    """What is our fault must be loud: the batch is not committed, and the error comes out."""

    def broken(_: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
        future: Future[list[Prepared | Rejection]] = Future()
        future.set_exception(ZeroDivisionError())
        return future

    store = MemoryStore()
    source = ScriptedSource([photo(0, 1, 1)], store)
    with pytest.raises(ZeroDivisionError):
        Loop(source, broken, FixedShards({0: recovered(store)}), NoLog()).run(lambda: False)
    assert store.position(TOPIC, 0) is None
