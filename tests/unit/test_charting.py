"""Maps are drawn of what changed, and later where the database is busy."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread

import pytest

from cairn.charting import Charts
from engine.errors import Transient
from tests.recovery.kit import until


@dataclass
class Easel:
    """A view that remembers what was drawn.

    busy: scopes that cannot be just now. odd: those whose vectors nobody can lay out. last: the
    scope after which somebody says stop.
    """

    drawn: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    last: str = ""
    stop: Event = field(default_factory=Event)

    def refresh(self, scope: str) -> None:
        if scope in self.busy:
            raise Transient("busy")
        if scope in self.odd:
            raise ValueError("array must not contain infs or NaNs")
        self.drawn.append(scope)
        if scope == self.last:
            self.stop.set()

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def test_only_what_changed_is_drawn() -> None:
    """Each once; what could not be is drawn the next time."""
    easel = Easel(busy={"b"})
    charts = Charts(easel)
    charts.changed(["a", "b", "c"])
    charts.changed(["c"])
    charts.draw(Event())
    easel.busy.clear()
    charts.draw(Event())
    charts.draw(Event())
    assert sorted(easel.drawn) == ["a", "b", "c"]


def test_a_stop_is_heeded_between_maps() -> None:
    """The rest is drawn the next time."""
    easel = Easel(last="b")
    charts = Charts(easel)
    charts.changed(["a", "b", "c", "d"])
    charts.draw(easel.stop)
    assert easel.drawn == ["a", "b"]
    charts.draw(easel.stop)
    assert easel.drawn == ["a", "b"]
    charts.draw(Event())
    assert easel.drawn == ["a", "b", "c", "d"]


def test_a_round_ends_when_its_time_is_up() -> None:
    """So that a pause comes before the rest, and what changed last waits longest."""
    easel = Easel()
    charts = Charts(easel)
    charts.changed(["b", "a"])
    charts.draw(Event(), within_s=0)
    assert easel.drawn == []
    charts.changed(["c", "b"])
    charts.draw(Event())
    assert easel.drawn == ["b", "a", "c"]


def test_a_map_that_cannot_be_drawn_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The others are; the log has the trace; it is tried again only once its scope changed."""
    easel = Easel(odd={"a"})
    charts = Charts(easel)
    charts.changed(["a", "b"])
    charts.draw(Event())
    charts.draw(Event())
    assert easel.drawn == ["b"]
    (told,) = caplog.records
    assert "the map of scope 'a' cannot be drawn" in told.message
    assert told.exc_info is not None
    easel.odd.clear()
    charts.changed(["a"])
    charts.draw(Event())
    assert easel.drawn == ["b", "a"]


def test_a_thread_draws_until_told_to_stop() -> None:
    """Soon after the first change."""
    easel, stop = Easel(), Event()
    charts = Charts(easel)
    thread = Thread(target=charts.run, args=(stop,))
    thread.start()
    charts.changed(["a"])
    until(lambda: easel.drawn == ["a"])
    stop.set()
    thread.join()
