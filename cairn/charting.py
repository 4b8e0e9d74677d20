"""Draws the maps of a view and finds its clusters that look alike, now and then."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from threading import Event, Lock
from time import monotonic
from typing import Final

from engine.errors import Transient
from exporters.view.port import Feed

LOOK_S: Final = 0.5
LEAST_S: Final = 3.0
MOST_S: Final = 60.0
SHARE: Final = 20
"""Drawing takes this part of the time at most: small maps are drawn often, large ones seldom."""

_log = logging.getLogger(__name__)


class Charts:
    """The maps of a view. What changed may be told by any thread; one draws."""

    def __init__(self, view: Feed) -> None:
        self._view = view
        self._changed: set[str] = set()
        self._lock = Lock()

    def changed(self, scopes: Iterable[str]) -> None:
        """Note that these have to be drawn anew."""
        with self._lock:
            self._changed.update(scopes)

    def draw(self) -> None:
        """Draw what changed; later, where the database is busy or away."""
        with self._lock:
            waiting, self._changed = sorted(self._changed), set()
        while waiting:
            try:
                self._view.refresh(waiting[-1])
            except Transient as error:
                _log.warning("%s; drawing the map later", error)
                self.changed(waiting)
                return
            waiting.pop()

    def run(self, stop: Event) -> None:
        """Draw soon after something changed, until told to stop."""
        pause_s = LOOK_S
        while not stop.wait(pause_s):
            started = monotonic()
            drawing = bool(self._changed)
            self.draw()
            took_s = monotonic() - started
            pause_s = min(max(LEAST_S, SHARE * took_s), MOST_S) if drawing else LOOK_S
