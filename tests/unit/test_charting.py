"""Maps are drawn of what changed, and later where the database is busy."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread

from cairn.charting import Charts
from engine.errors import Transient
from tests.recovery.kit import until


@dataclass
class Easel:
    """A view that remembers what was drawn. busy: scopes that cannot be just now."""

    drawn: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)

    def refresh(self, scope: str) -> None:
        if scope in self.busy:
            raise Transient("busy")
        self.drawn.append(scope)

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def test_only_what_changed_is_drawn() -> None:
    """Each once; what could not be is drawn the next time."""
    easel = Easel(busy={"b"})
    charts = Charts(easel)
    charts.changed(["a", "b", "c"])
    charts.changed(["c"])
    charts.draw()
    easel.busy.clear()
    charts.draw()
    charts.draw()
    assert sorted(easel.drawn) == ["a", "b", "c"]


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
