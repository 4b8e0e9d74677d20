"""Feeds a view from the state that a worker of the same process has open.

The state can be read by the worker's thread alone, and the view may be slow or away: so the
worker hands over what is new where there is room for it, never waits, and another thread writes.
Whatever there was no room for lies in the state until there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from queue import Empty, Queue
from threading import Event
from typing import Final

from cairn.behind import Places, Telling
from cairn.charting import Charts
from cairn.patience import hopefully, patiently
from engine.errors import StateMismatch
from engine.types import Correction, Origin, Outcome, Rejection
from exporters.view.database import Database
from exporters.view.writing import Told
from state.store import SqliteStore

AT_ONCE: Final = 200
"""Outcomes in one transaction of the view."""
ROOM: Final = 4
"""Portions of so many that wait for the view at most."""
OUTCOMES: Final = "state"
REJECTIONS: Final = "state rejections"
"""Sources of a state's outcomes and rejections, numbered from 0."""
SOURCES: Final = (OUTCOMES, REJECTIONS)
POLL_S: Final = 0.2

_log = logging.getLogger(__name__)


def reached(view: Database, source: str) -> int:
    """How much of a state's outcomes or rejections a view has."""
    last = view.position(source, 0)
    return 0 if last is None else last + 1


def numbered(source: str, told: Iterable[Outcome | Rejection], start: int) -> Iterator[Told]:
    """Each with its number as the place."""
    return ((Origin(source, 0, number), one) for number, one in enumerate(told, start))


def check_kind(view: Database, sources: Collection[str]) -> None:
    """Raise StateMismatch where a view was told of other sources than these."""
    if others := view.sources() - set(sources):
        raise StateMismatch(
            f"the view was told of {_named(others)}, and not of {_named(sources)}: name another "
            "view, or build it anew"
        )


def check_same(view: Database, store: SqliteStore) -> None:
    """Raise StateMismatch where a view has followed another state than this one, or a journal."""
    check_kind(view, SOURCES)
    told, refused = (reached(view, source) for source in SOURCES)
    if (told and not _knows(view, next(store.outcomes(told - 1), None))) or (
        refused and not _refused(view, next(store.rejections(refused - 1), None))
    ):
        raise StateMismatch("the view follows another state: name another view, or build it anew")


def _named(sources: Collection[str]) -> str:
    return " and ".join(repr(source) for source in sorted(sources))


def _knows(view: Database, outcome: Outcome | None) -> bool:
    if outcome is None:
        return False
    cause = outcome.cause
    if isinstance(cause, Correction):
        command = view.command(cause.scope, cause.command_id)
        return command is not None and command.applied
    image = view.image(cause.scope, cause.image_id)
    return image is not None and image.content_hash == cause.content_hash


def _refused(view: Database, rejection: Rejection | None) -> bool:
    row = None if rejection is None else view.rejection(rejection.origin)
    return (
        row is not None
        and rejection is not None
        and (row.scope, row.of, row.id) == (rejection.scope, rejection.of, rejection.image_id)
        and (row.reason, row.detail) == (rejection.reason, rejection.detail)
    )


class StateFeed:
    """What is new in a state, on its way to a view. handed: how much of each source it has."""

    def __init__(
        self, store: SqliteStore, view: Database, charts: Charts, handed: dict[str, int]
    ) -> None:
        self._store = store
        self._view = view
        self._charts = charts
        self._handed = handed
        self._written = dict(handed)
        self._there = dict(handed)
        self._portions: Queue[Sequence[Told]] = Queue(ROOM)

    def hand_over(self) -> None:
        """Let the other thread have what is new, as far as there is room for it; never wait.

        Belongs to the thread that works on the state.
        """
        self._there = dict(zip(SOURCES, self._store.counted(), strict=True))
        while self._handed != self._there and not self._portions.full():
            outcomes = self._new(OUTCOMES, self._store.outcomes)
            self._portions.put_nowait([*outcomes, *self._new(REJECTIONS, self._store.rejections)])

    def write(self, stop: Event) -> None:
        """Write what is handed over, however long the database is away, until told to stop."""
        telling, busy = Telling(self._view, self._behind), True
        while not stop.is_set():
            try:
                portion = self._portions.get(timeout=POLL_S)
            except Empty:
                portion = []
            if portion:
                patiently(partial(self._view.apply, portion), stop)
                self._charts.changed(one.scope for _, one in portion if isinstance(one, Outcome))
                self._written.update((place.source, place.offset + 1) for place, _ in portion)
            elif busy:  # before, an index would only be in the way
                hopefully(self._view.index)
            busy = bool(portion)
            telling.tell()

    def _new(
        self, source: str, read: Callable[[int], Iterable[Outcome | Rejection]]
    ) -> Sequence[Told]:
        start = self._handed[source]
        found = list(numbered(source, islice(read(start), AT_ONCE), start))
        self._handed[source] += len(found)
        return found

    def _behind(self) -> Places:
        there = self._there
        return {(source, 0): there[source] - self._written[source] for source in SOURCES}


def feed_of(store: SqliteStore, view: Database, charts: Charts) -> StateFeed:
    """Begin behind what the view has; raises StateMismatch where that is of another state."""
    check_same(view, store)
    return StateFeed(store, view, charts, {source: reached(view, source) for source in SOURCES})
