"""A desk over Kafka keeps its connection for all threads, and gets another one after a failure."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Final

import pytest

from cairn.correction import BY_HAND
from cairn.desks import KafkaDesk
from engine.commands import ForgetImage
from engine.errors import Misconfigured, Transient
from engine.types import Correction
from engine.wire import Record

THREADS: Final = 8
ORDER: Final = ForgetImage("a")
CORRECTION: Final = Correction("c", "s", BY_HAND, ORDER, author="", asked_at=0.0)


class Line:
    """A connection that meets all threads on it before it does anything."""

    def __init__(self, users: int = 1) -> None:
        self._met = Barrier(users, timeout=60)
        self.sent: list[Record] = []
        self.error: Exception | None = None
        self.closed = 0

    def send(self, records: Iterable[Record]) -> None:
        self._met.wait()
        if self.error is not None:
            raise self.error
        self.sent += records

    def close(self) -> None:
        self.closed += 1


def test_one_connection_serves_all_threads() -> None:
    """At the same time; it is opened at the first correction and closed with the desk."""
    lines = [Line(THREADS)]
    with closing(KafkaDesk(lines.pop)) as desk, ThreadPoolExecutor(THREADS) as pool:
        (line,) = lines
        assert list(pool.map(desk.send, [CORRECTION] * THREADS)) == [None] * THREADS
        assert (len(line.sent), line.closed, lines) == (THREADS, 0, [])
    assert line.closed == 1


def test_after_a_failure_another_is_opened() -> None:
    """Once, whoever noticed it; the one that failed is closed."""
    good, bad = Line(), Line(2)
    bad.error = Transient("away")
    lines = [good, bad]
    with closing(KafkaDesk(lines.pop)) as desk, ThreadPoolExecutor(2) as pool:
        for failed in [pool.submit(desk.send, CORRECTION) for _ in range(2)]:
            with pytest.raises(Transient):
                failed.result()
        assert bad.closed == 1
        desk.send(CORRECTION)
        desk.send(CORRECTION)
        assert (len(good.sent), good.closed) == (2, 0)
    assert (good.closed, bad.closed) == (1, 1)


def test_who_was_reached_before_is_only_away() -> None:
    """An address is wrong only where nobody ever answered there."""
    answers: list[Line | Misconfigured] = [Misconfigured("nobody answers") for _ in range(2)]
    line = Line()
    line.error = Transient("away")
    answers.insert(1, line)

    def connect() -> Line:
        found = answers.pop()
        if isinstance(found, Misconfigured):
            raise found
        return found

    with closing(KafkaDesk(connect)) as desk:
        for kind in (Misconfigured, Transient, Transient):
            with pytest.raises(kind):
                desk.send(CORRECTION)


def test_a_refusal_is_no_failure_of_the_connection() -> None:
    """What is too large for the topic was heard all the same."""
    line = Line()
    line.error = Misconfigured("too large")
    with closing(KafkaDesk([line].pop)) as desk:
        for _ in range(2):
            with pytest.raises(Misconfigured):
                desk.send(CORRECTION)
        assert line.closed == 0
    assert line.closed == 1


def test_a_desk_that_nobody_used_has_nothing_to_close() -> None:
    """It never connected."""
    KafkaDesk([].pop).close()
