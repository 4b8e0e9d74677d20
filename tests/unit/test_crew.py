"""Threads beside the main one end together, and no failure goes unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

from cairn.crew import crew
from cairn.patience import patiently
from engine.errors import Misconfigured, Stopped, Transient


def test_leaving_ends_all() -> None:
    """Whoever watches `stop` is waited for."""
    stop, ended = Event(), []

    def watch() -> None:
        stop.wait()
        ended.append("watched")

    with crew(stop) as hire:
        hire(watch)
        hire(watch)
        assert ended == []
    assert ended == ["watched", "watched"]


def test_a_failure_ends_all_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """At once in the log; as an error when the rest has ended."""
    stop = Event()

    def fail() -> None:
        raise Misconfigured("the port is taken")

    def work() -> None:
        with crew(stop) as hire:
            hire(stop.wait)
            hire(fail)
            assert stop.wait(60)

    with pytest.raises(Misconfigured, match="the port is taken"):
        work()
    assert "the port is taken" in caplog.text


def test_a_failure_is_told_also_where_who_hired_is_stopped_by_it() -> None:
    """Whoever restores a state ends by Stopped, which alone would pass for a wish to stop."""
    stop = Event()

    def fail() -> None:
        raise Misconfigured("the port is taken")

    def restore(*works: Callable[[], object]) -> None:
        with crew(stop) as hire:
            for work in works:
                hire(work)
            assert stop.wait(60)
            raise Stopped("told to stop while the state was being restored")

    with pytest.raises(Misconfigured, match="the port is taken"):
        restore(fail)
    with pytest.raises(Stopped):
        restore(stop.wait)


def test_a_part_that_ends_by_itself_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, and does not pass for a wish to stop."""
    stop = Event()

    def ends() -> None: ...

    def work() -> None:
        with crew(stop) as hire:
            hire(ends)
            assert stop.wait(60)

    with pytest.raises(RuntimeError, match="ended before it was told to"):
        work()
    assert "ends" in caplog.text
    assert [one.levelname for one in caplog.records] == ["CRITICAL"]


def test_what_is_transient_is_tried_again() -> None:
    """Until it works, or nobody waits for it."""
    stop, tries = Event(), []

    def work() -> str:
        tries.append("try")
        if len(tries) < 2:
            raise Transient("away")
        return "done"

    def never() -> str:
        stop.set()
        raise Transient("away")

    assert patiently(work, stop) == "done"
    assert patiently(never, stop) is None
