"""A view beside a worker: told everything once, however slow it is, and never waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from cairn.charting import Charts
from cairn.following import open_feed, tell
from cairn.sections import Kafka
from cairn.state_feed import (
    AT_ONCE,
    OUTCOMES,
    REJECTIONS,
    ROOM,
    StateFeed,
    check_same,
    feed_of,
    numbered,
)
from consumer.journal import JOURNAL
from engine.errors import StateMismatch, Transient
from engine.types import Batch
from exporters.view.database import Database
from exporters.view.opening import open_view
from exporters.view.writing import Told
from state.store import SqliteStore, open_store
from tests.builders import make_outcome, make_rejection
from tests.recovery.kit import until

IDENTITY = "fake/1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(open_store(tmp_path / "state.sqlite", IDENTITY)) as opened:
        yield opened


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Database]:
    with closing(open_view(f"sqlite:///{tmp_path}/view.sqlite", IDENTITY)) as opened:
        yield opened


def keep(store: SqliteStore, *names: str) -> None:
    store.commit(Batch(tuple(make_outcome(name, scope=name) for name in names)))


@contextmanager
def writing(feed: StateFeed) -> Iterator[None]:
    """The other thread."""
    stop = Event()
    thread = Thread(target=partial(feed.write, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Reluctant:
    """A view that is away until it is let."""

    def __init__(self, view: Database) -> None:
        self._view = view
        self.let = Event()
        self.tried = threading.Event()

    def apply(self, told: Sequence[Told]) -> None:
        self.tried.set()
        if not self.let.is_set():
            raise Transient("the database is away")
        self._view.apply(told)

    def __getattr__(self, name: str) -> object:
        return getattr(self._view, name)


def images(view: Database) -> Callable[[int], bool]:
    return lambda count: view.counts().images == count


def test_what_was_there_and_what_comes_is_told(store: SqliteStore, view: Database) -> None:
    """Outcomes and refusals, and how far the view is behind: not at all."""
    keep(store, "a", "b")
    charts = Charts(view)
    feed = feed_of(store, view, charts)
    with writing(feed):
        feed.hand_over()
        until(lambda: images(view)(2))
        keep(store, "c")
        store.commit(Batch((), (make_rejection("x"),)))
        feed.hand_over()
        until(lambda: images(view)(3) and sum(view.counts().rejections.values()) == 1)
        until(lambda: [one.behind for one in view.behind()] == [0, 0])
    charts.draw(Event())
    assert len(view.points("c")) == 1


def test_a_view_goes_on_where_it_was(store: SqliteStore, view: Database) -> None:
    """Another life of the worker tells only what is new."""
    keep(store, "a")
    for name in ("b", "c"):
        feed = feed_of(store, view, Charts(view))
        keep(store, name)
        with writing(feed):
            feed.hand_over()
            until(lambda wanted=name: wanted in view.scopes())
    assert view.counts().images == 3
    assert view.position("state", 0) == 2


def test_nobody_waits_for_a_view_that_is_away(store: SqliteStore, view: Database) -> None:
    """As much as there is room for is handed over; the rest lies in the state until there is."""
    names = [f"s{n}" for n in range(AT_ONCE * (ROOM + 2))]
    keep(store, *names)
    away = Reluctant(view)
    feed = StateFeed(store, away, Charts(view), {"state": 0, "state rejections": 0})
    with writing(feed):
        feed.hand_over()
        away.tried.wait()
        for _ in range(3):
            feed.hand_over()
        assert view.counts().images == 0
        away.let.set()

        def all_told() -> bool:
            feed.hand_over()
            return view.counts().images == len(names)

        until(all_told, pause_s=0.05)


class Unindexed:
    """A view whose index cannot be built until it is let."""

    def __init__(self, view: Database) -> None:
        self._view = view
        self.tries = 0
        self.let = Event()
        self.built = Event()

    def index(self) -> None:
        self.tries += 1
        if not self.let.is_set():
            raise Transient("the disk is full")
        self.built.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._view, name)


def test_an_index_that_cannot_be_built_stops_nothing(store: SqliteStore, view: Database) -> None:
    """What comes is told all the same; it is tried again after something came."""
    full = Unindexed(view)
    feed = StateFeed(store, full, Charts(view), {"state": 0, "state rejections": 0})
    with writing(feed):
        until(lambda: full.tries == 1)
        for number, name in enumerate("ab", 1):
            keep(store, name)
            feed.hand_over()
            until(lambda told=number: images(view)(told))
            until(lambda told=number: full.tries == 1 + told)
        full.let.set()
        keep(store, "c")
        feed.hand_over()
        assert full.built.wait(60)


def test_a_view_of_another_state_is_told_apart(
    store: SqliteStore, view: Database, tmp_path: Path
) -> None:
    """By what it knows of the last thing it was told of, be the state shorter or longer."""
    check_same(view, store)
    keep(store, "a", "b")
    feed = feed_of(store, view, Charts(view))
    with writing(feed):
        feed.hand_over()
        until(lambda: images(view)(2))
    check_same(view, store)
    for number, names in enumerate((["a"], ["a", "x", "y"])):
        with closing(open_store(tmp_path / f"other{number}.sqlite", IDENTITY)) as other:
            keep(other, *names)
            with pytest.raises(StateMismatch, match="another state"):
                check_same(view, other)


def test_a_state_that_refused_others_is_told_apart(
    store: SqliteStore, view: Database, tmp_path: Path
) -> None:
    """Though nothing else ever came of either, or the same."""
    store.commit(Batch((), (make_rejection("x"), make_rejection("y"))))
    check_same(view, store)
    tell(view, numbered(REJECTIONS, store.rejections(), 0), Event())
    check_same(view, store)
    others = (make_rejection("x"),), (make_rejection("y"), make_rejection("x"))
    for number, refused in enumerate(others):
        with closing(open_store(tmp_path / f"other{number}.sqlite", IDENTITY)) as other:
            other.commit(Batch((), refused))
            with pytest.raises(StateMismatch, match="another state"):
                feed_of(other, view, Charts(view))


def test_a_view_of_a_journal_is_not_told_of_a_state(store: SqliteStore, view: Database) -> None:
    """It may hold the same scopes, whose events have the same numbers."""
    keep(store, "a")
    tell(view, numbered(JOURNAL, store.outcomes(), 0), Event())
    with pytest.raises(StateMismatch, match="told of 'journal', and not of 'state'"):
        feed_of(store, view, Charts(view))
    view.reset()
    feed_of(store, view, Charts(view))


@pytest.mark.parametrize("source", [OUTCOMES, REJECTIONS])
def test_a_view_of_a_state_is_not_told_of_a_journal(view: Database, source: str) -> None:
    """Before any broker is asked."""
    tell(view, numbered(source, [make_rejection("x")], 0), Event())
    nowhere = Kafka(bootstrap="localhost:1")
    with (
        pytest.raises(StateMismatch, match=f"told of '{source}', and not of 'dead-letters'"),
        open_feed(nowhere, view, Charts(view)),
    ):
        pass
