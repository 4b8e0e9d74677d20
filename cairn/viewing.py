"""Keeps a read model up to date: what a state or a journal tells is written to a database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final, TypeAlias

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from cairn.folder_run import STATE_FILE
from cairn.kafka_run import broker_of
from cairn.sections import Kafka
from consumer.connection import Broker
from consumer.journal import JOURNAL
from consumer.restore import journal_identity
from consumer.tail import DEAD_LETTERS, DeadLetterFollower, JournalFollower, Tail, open_tail
from consumer.topics import topic_name
from engine.dead_letter import DeadLetter
from engine.errors import Misconfigured, Transient
from engine.types import Origin, Outcome, Rejection
from exporters.view.database import Database
from exporters.view.opening import open_view
from state.survey import open_state

Told: TypeAlias = tuple[Origin, Outcome | Rejection]
Poll: TypeAlias = Callable[[float], Sequence[Told]]

AT_ONCE: Final = 200
"""What is told in one transaction of the view."""
OUTCOMES: Final = "state"
REJECTIONS: Final = "state rejections"
"""Sources of a state's outcomes and rejections, numbered from 0."""
POLL_S: Final = 0.5
QUIET_S: Final = 2.0
"""Nothing new for so long means that all there was has been read."""
LONGEST_WAIT_S: Final = 10.0
REFRESH_S: Final = 60.0
"""Between two looks at what is only computed now and then, the map for one."""

_log = logging.getLogger(__name__)


def view_state(directory: Path, url: str, *, anew: bool) -> int:
    """Tell a view all that a stopped worker's state holds; how much of it was new.

    Raises Misconfigured where there is no state, StateInUse where a worker has it, StateMismatch
    where the view follows another state.
    """
    with ExitStack() as opened:
        state = opened.enter_context(closing(open_state(directory / STATE_FILE)))
        view = opened.enter_context(closing(open_view(url, state.identity, anew=anew)))
        outcomes = _numbered(OUTCOMES, state.store.outcomes(), view)
        rejections = _numbered(REJECTIONS, state.store.rejections(), view)
        told = tell(view, outcomes) + tell(view, rejections)
        for scope in view.scopes() if told else ():
            view.refresh(scope)
        return told


def tell(view: Database, told: Iterator[Told]) -> int:
    """Write everything, so much at a time; how much that was."""
    count = 0
    while part := list(islice(told, AT_ONCE)):
        view.apply(part)
        count += len(part)
    return count


def _numbered(source: str, told: Iterable[Outcome | Rejection], view: Database) -> Iterator[Told]:
    """Everything behind what a view has of a source, with its number as the place."""
    last = view.position(source, 0)
    start = 0 if last is None else last + 1
    for number, one in enumerate(islice(told, start, None), start):
        yield Origin(source, 0, number), one


def view_kafka(kafka: Kafka, url: str, stop: Event, *, anew: bool, once: bool) -> int:
    """Follow journal and dead letters until told to stop; how much was new.

    once: end where nothing new comes. Raises Misconfigured, StateMismatch.
    """
    broker = broker_of(kafka)
    journal = topic_name(kafka.topic_prefix, "journal")
    identity = journal_identity(broker, journal)
    if identity is None:
        raise Misconfigured(f"{journal} is empty: there is nothing to look at yet")
    with closing(open_view(url, identity, anew=anew)) as view:
        return _Following(broker, kafka.topic_prefix, view).run(stop, once=once)


class _Following:
    """A view beside the topics that it is told of."""

    def __init__(self, broker: Broker, prefix: str, view: Database) -> None:
        self._broker = broker
        self._prefix = prefix
        self._view = view
        self._changed: set[str] = set()
        self._refreshed = monotonic()

    def run(self, stop: Event, *, once: bool) -> int:
        with ExitStack() as opened:
            journal, letters = (
                opened.enter_context(closing(self._tail(*names)))
                for names in (("journal", JOURNAL), ("dead-letters", DEAD_LETTERS))
            )
            polls = JournalFollower(journal).poll, self._rejections(DeadLetterFollower(letters))
            return self._follow(polls, stop, once=once)

    def _tail(self, kind: str, source: str) -> Tail:
        topic = topic_name(self._prefix, kind)
        return open_tail(self._broker, topic, source, self._view.position)

    def _follow(self, polls: Sequence[Poll], stop: Event, *, once: bool) -> int:
        count, quiet_s = 0, 0.0
        while not stop.is_set() and not (once and quiet_s >= QUIET_S):
            told = sum(self._step(poll, stop) for poll in polls)
            count += told
            quiet_s = 0.0 if told else quiet_s + POLL_S * len(polls)
            if monotonic() - self._refreshed >= REFRESH_S or (once and quiet_s >= QUIET_S):
                self._refresh()
        return count

    def _refresh(self) -> None:
        """Compute anew what depends on all of a scope; later, where the database is busy."""
        self._refreshed = monotonic()
        try:
            for scope in sorted(self._changed):
                self._view.refresh(scope)
                self._changed.discard(scope)
        except Transient as error:
            _log.warning("%s; computing the map later", error)

    def _step(self, poll: Poll, stop: Event) -> int:
        """Write what has come; wait a little where Kafka is away."""
        try:
            told = poll(POLL_S)
        except Transient as error:
            _log.warning("%s; waiting", error)
            stop.wait(POLL_S)
            return 0
        try:
            return self._write(told, stop)
        except Transient:
            if stop.is_set():
                return 0  # nothing of it was written; it is read again
            raise

    def _write(self, told: Sequence[Told], stop: Event) -> int:
        """Write, however long the database is away: what was read does not come again."""
        for attempt in Retrying(
            retry=retry_if_exception_type(Transient),
            wait=wait_exponential(max=LONGEST_WAIT_S),
            sleep=sleep_using_event(stop),
            stop=stop_when_event_set(stop),
            before_sleep=_tell,
            reraise=True,
        ):
            with attempt:
                count = tell(self._view, iter(told))
                self._changed |= {one.scope for _, one in told if isinstance(one, Outcome)}
                return count
        raise AssertionError("tenacity raises what it gives up on")

    def _rejections(self, letters: DeadLetterFollower) -> Poll:
        commands = topic_name(self._prefix, "commands")

        def poll(timeout_s: float) -> Sequence[Told]:
            return [(place, _rejection(one, commands)) for place, one in letters.poll(timeout_s)]

        return poll


def _rejection(letter: DeadLetter, commands: str) -> Rejection:
    of = "command" if letter.origin.source == commands else "image"
    return Rejection(letter.name, letter.scope, letter.origin, letter.reason, letter.detail, of=of)


def _tell(state: RetryCallState) -> None:
    if state.outcome is not None:
        _log.warning("%s; trying again", state.outcome.exception())
