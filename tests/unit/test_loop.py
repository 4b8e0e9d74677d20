"""The loop and its shards over a scripted source: crashes, aborts and rebalances as values."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.loop import FIRST_TAKE, QUICK_S, SLOW_S, Appetite, FixedShards, Log, Loop, NoLog, Pace
from engine.cluster import id_for
from engine.commands import (
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    SplitCluster,
    UndoCommand,
)
from engine.lineage import Event
from engine.sight import Prepared
from engine.types import Correction, Message, Origin, Photo, Rejection
from tests.builders import prepared
from tests.fakes import MemoryStore
from tests.scripts import (
    TOPIC,
    FailingLog,
    Kill,
    Killed,
    Rebalance,
    RecoveringShards,
    ScriptedSource,
    Step,
    recovered,
)


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


def command(offset: int, name: str, order: Order) -> Correction:
    return Correction(name, "site", Origin(TOPIC, 0, offset), order)


def cluster(number: int) -> str:
    """The cluster that a photo founds where it founds one."""
    return id_for("site", f"image-{number}#0")


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """About photos and clusters that are there, or not yet, or no more."""
    one, other = draw(st.tuples(st.integers(0, 14), st.integers(0, 14)))
    items = (f"image-{one}#0", f"image-{other}#0")
    made: list[Order] = [
        MergeClusters((cluster(one), cluster(other))),
        SplitCluster(cluster(one), items[1:]),
        MoveItems(items, cluster(other)),
        LinkItems(items, together=one % 2 == 0),
        NameCluster(cluster(one), f"name {other % 3}"),
        ForgetImage(f"image-{one}"),
        UndoCommand(f"command-{other}"),
    ]
    return draw(st.sampled_from(made))


@st.composite
def deliveries(draw: st.DrawFn) -> list[Message]:
    """A log with redeliveries, conflicting ids, torn images and people's commands in it."""
    numbers = draw(st.lists(st.integers(0, 14), min_size=1, max_size=30))
    contents = st.sampled_from(["", "", "", "", "edited", "torn"])
    log: list[Message] = []
    for offset, number in enumerate(numbers):
        if draw(st.booleans()):
            log.append(photo(offset, number, number % 4, draw(contents)))
        else:
            log.append(command(offset, f"command-{number}", draw(orders())))
    return log


@settings(max_examples=60, deadline=None)
@given(
    log=deliveries(),
    kills=st.lists(st.integers(0, 30), max_size=4),
    aborts=st.lists(st.integers(1, 8), max_size=3),
    moves=st.lists(st.integers(0, 30), max_size=3),
    batch_size=st.integers(1, 7),
)
def test_nothing_is_lost_or_doubled_whatever_happens(
    log: list[Message], kills: list[int], aborts: list[int], moves: list[int], batch_size: int
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
    assert [o.cause for o in stormy.outcomes()] == [o.cause for o in calm.outcomes()]
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


def test_a_command_is_carried_out_once() -> None:
    """Seen again it changes nothing but the position; another one under its id is refused."""
    store = MemoryStore()
    name = NameCluster(cluster(1), "door")
    log = [photo(0, 1, 1), command(1, "c", name), command(2, "c", name)]
    run(log, store, batch_size=2)
    run([*log, command(3, "c", NameCluster(cluster(1), "gate"))], store)
    assert len(list(store.outcomes())) == 2
    [rejection] = store.rejections()
    assert (rejection.of, rejection.image_id, rejection.reason) == ("command", "c", "id_conflict")
    assert store.position(TOPIC, 0) == 3


def test_a_command_that_cannot_be_is_a_dead_letter() -> None:
    """With its reason, in its place; photos go on."""
    store = MemoryStore()
    run([command(0, "c", NameCluster("nobody", "x")), photo(1, 1, 1)], store)
    [rejection] = store.rejections()
    assert (rejection.of, rejection.image_id, rejection.reason) == ("command", "c", "unknown_scope")
    assert len(list(store.outcomes())) == 1


def test_a_forgotten_photo_stays_away() -> None:
    """Sent again it is no new one."""
    store = MemoryStore()
    forget = command(1, "c", ForgetImage("image-1"))
    run([photo(0, 1, 1), forget, photo(2, 1, 1)], store, batch_size=1)
    assert len(list(store.outcomes())) == 2
    assert recovered(store).book.scope("site").clusters == {}


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


class MovingSource(ScriptedSource):
    """The group moves the partitions while a batch is waited for."""

    def keep_alive(self) -> None:
        self.epoch += 1
        self.rewind()


def test_a_batch_that_became_void_is_not_waited_for() -> None:
    """What it waits for is let go, and its messages are read again; so with the batch behind it."""
    store, waiting = MemoryStore(), list[Future[list[Prepared | Rejection]]]()

    def slow_at_first(photos: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
        if len(waiting) == 2:
            return look(photos)
        waiting.append(Future())
        return waiting[-1]

    source = MovingSource([photo(0, 1, 1), photo(1, 2, 2)], store)
    shards, pace = RecoveringShards(store), Pace(batch_size=1, poll_s=0.0)
    Loop(source, slow_at_first, shards, NoLog(), pace=pace).run(lambda: False)
    assert [one.cancelled() for one in waiting] == [True, True]
    assert [o.cause.origin.offset for o in store.outcomes()] == [0, 1]


def test_appetite_grows_with_what_waits_and_shrinks_with_what_it_costs() -> None:
    """Twice as many where all that was asked for came and was quickly done; half where it took
    long; neither beyond the limit nor below what a first batch takes."""
    appetite = Appetite(100)
    seen = [appetite.now]
    for seconds in (0.0, 0.0, 0.0, 0.0, SLOW_S + 1, SLOW_S + 1, SLOW_S + 1, SLOW_S + 1):
        appetite.learn(appetite.now, seconds)
        seen.append(appetite.now)
    assert seen == [16, 32, 64, 100, 100, 50, 25, 16, 16]


@pytest.mark.parametrize(("taken", "seconds"), [(FIRST_TAKE - 1, 0.0), (FIRST_TAKE, QUICK_S)])
def test_appetite_stays_where_nothing_waits_or_nothing_would_be_gained(
    taken: int, seconds: float
) -> None:
    """A stream that is slower than the worker, or a batch that is neither quick nor slow."""
    appetite = Appetite(128)
    appetite.learn(taken, seconds)
    assert appetite.now == FIRST_TAKE


def test_a_small_limit_is_kept_from_the_start() -> None:
    """An operator who asks for three at most never gets sixteen."""
    appetite = Appetite(3)
    appetite.learn(3, 0.0)
    assert appetite.now == 3
    appetite.learn(3, SLOW_S + 1)
    assert appetite.now == 3
