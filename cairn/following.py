"""Follows the topics of workers for a view: journal and dead letters, and how much waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from threading import Event
from typing import Final, TypeAlias

from cairn.behind import Places, Telling
from cairn.charting import Charts
from cairn.kafka_run import broker_of
from cairn.patience import hopefully, patiently
from cairn.sections import Kafka
from cairn.state_feed import AT_ONCE, check_kind
from consumer.journal import JOURNAL
from consumer.lag import GroupLag, open_group_lag
from consumer.tail import DEAD_LETTERS, DeadLetterFollower, JournalFollower, Tail, open_tail
from consumer.topics import topic_name
from engine.dead_letter import DeadLetter
from engine.errors import Misconfigured, Transient
from engine.types import Outcome, Rejection
from exporters.view.database import Database
from exporters.view.writing import Told

Poll: TypeAlias = Callable[[float], Sequence[Told]]

IMAGES: Final = "images"
"""Source of what workers have not decided yet, in what is told of feeds."""
POLL_S: Final = 0.25
QUIET_S: Final = 2.0
"""Nothing new for so long means that all there was has been read."""

_log = logging.getLogger(__name__)


def tell(view: Database, told: Iterator[Told], stop: Event) -> int:
    """Write everything, so much at a time, or be told to stop; how much that was."""
    count = 0
    while not stop.is_set() and (part := list(islice(told, AT_ONCE))):
        view.apply(part)
        count += len(part)
    return count


@contextmanager
def open_feed(kafka: Kafka, view: Database, charts: Charts) -> Iterator[TopicFeed]:
    """Topics behind what a view has of them; raises Misconfigured.

    Raises StateMismatch where it has anything of a state, or of topics that were made anew.
    """
    check_kind(view, (JOURNAL, DEAD_LETTERS))
    broker, prefix = broker_of(kafka), kafka.topic_prefix
    images, commands = topic_name(prefix, "images"), topic_name(prefix, "commands")
    with ExitStack() as opened:
        tails = {
            source: opened.enter_context(
                closing(open_tail(broker, topic_name(prefix, kind), source, view.position))
            )
            for kind, source in (("journal", JOURNAL), ("dead-letters", DEAD_LETTERS))
        }
        lag = opened.enter_context(closing(open_group_lag(broker, images, prefix)))
        letters = DeadLetterFollower(tails[DEAD_LETTERS])
        polls = JournalFollower(tails[JOURNAL]).poll, partial(_rejections, letters, commands)
        yield TopicFeed(polls, view, charts, Lags(tails, lag))


class TopicFeed:
    """A view beside the topics that it is told of; for one thread."""

    def __init__(self, polls: Sequence[Poll], view: Database, charts: Charts, lags: Lags) -> None:
        self._polls = polls
        self._view = view
        self._charts = charts
        self._lags = lags

    def follow(self, stop: Event, *, once: bool = False) -> int:
        """Write what comes until told to stop, `once` until all is read; how much that was.

        Raises Misconfigured, StateMismatch.
        """
        telling = Telling(self._view, self._lags)
        count, quiet_s, busy = 0, 0.0, True
        while not stop.is_set() and not (once and quiet_s >= QUIET_S and self._all_read()):
            steps = [self._step(poll, stop) for poll in self._polls]
            told = sum(step or 0 for step in steps)
            count += told
            quiet_s = 0.0 if told or None in steps else quiet_s + POLL_S * len(steps)
            if busy and not told:  # before, an index would only be in the way
                hopefully(self._view.index)
            busy = bool(told)
            telling.tell()
        return count

    def _all_read(self) -> bool:
        """Whether nothing is left in the topics: they are quiet also where Kafka is away."""
        try:
            return not any(self._lags.unread().values())
        except Transient as error:
            _log.warning("%s; waiting", error)
            return False

    def _step(self, poll: Poll, stop: Event) -> int | None:
        """Write what has come, and tell how much; None after a little while if Kafka is away."""
        try:
            told = poll(POLL_S)
        except Transient as error:
            _log.warning("%s; waiting", error)
            stop.wait(POLL_S)
            return None
        # What was read does not come again: it is written however long the database is away.
        count = patiently(lambda: tell(self._view, iter(told), stop), stop) if told else 0
        self._charts.changed(one.scope for _, one in told if isinstance(one, Outcome))
        return count or 0


@dataclass(slots=True)
class Lags:
    """How far the view is behind the workers, and these behind the photos."""

    tails: dict[str, Tail]
    group: GroupLag | None

    def __call__(self) -> Places:
        """Count. Raises Transient."""
        found = self.unread()
        for partition, records in self._waiting().items():
            found[IMAGES, partition] = records
        return found

    def unread(self) -> dict[tuple[str, int], int]:
        """What the view was not told yet. Raises Transient."""
        return {
            (source, partition): records
            for source, tail in self.tails.items()
            for partition, records in tail.behind().items()
        }

    def _waiting(self) -> dict[int, int]:
        if self.group is None:
            return {}
        try:
            return dict(self.group.behind())
        except Misconfigured as error:
            _log.warning("what waits for the workers will not be told: %s", error)
            self.group = None
            return {}


def _rejections(letters: DeadLetterFollower, commands: str, timeout_s: float) -> Sequence[Told]:
    return [(place, _rejection(one, commands)) for place, one in letters.poll(timeout_s)]


def _rejection(letter: DeadLetter, commands: str) -> Rejection:
    of = "command" if letter.origin.source == commands else "image"
    return Rejection(letter.name, letter.scope, letter.origin, letter.reason, letter.detail, of=of)
