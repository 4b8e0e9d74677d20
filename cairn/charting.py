"""Draws the maps of a view and finds its clusters that look alike, now and then."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from math import inf
from threading import Event, Lock
from time import monotonic
from typing import Final

from engine.errors import Transient
from exporters.view.port import Feed

LOOK_S: Final = 0.5
LEAST_S: Final = 3.0
SHARE: Final = 20
"""Drawing takes this part of the time at most: small maps are drawn often, large ones seldom."""
ROUND_S: Final = 10.0
"""A round ends with the map that is drawn by then; a pause as its share demands comes first."""

_log = logging.getLogger(__name__)


class Charts:
    """The maps of a view. What changed may be told by any thread; one draws."""

    def __init__(self, view: Feed) -> None:
        self._view = view
        self._changed: dict[str, None] = {}
        self._lock = Lock()

    def changed(self, scopes: Iterable[str]) -> None:
        """Note that these have to be drawn anew."""
        with self._lock:
            self._changed.update(dict.fromkeys(scopes))

    def draw(self, stop: Event, within_s: float = inf) -> None:
        """Draw what changed, what has waited longest first, until told to stop or time is up.

        The rest waits for the next time; so does all where the database is busy or away.
        """
        started = monotonic()
        while not stop.is_set() and monotonic() - started < within_s:
            scope = self._next()
            if scope is None or not self._drawn(scope):
                return

    def _next(self) -> str | None:
        with self._lock:
            scope = next(iter(self._changed), None)
            if scope is not None:
                del self._changed[scope]
            return scope

    def _drawn(self, scope: str) -> bool:
        """Draw a map; False where that has to wait.

        A map that cannot be drawn is left as it is until its scope changes: nobody decides
        anything by maps, and they are no reason to end the worker beside which they are drawn.
        """
        try:
            self._view.refresh(scope)
        except Transient as error:
            _log.warning("%s; drawing the map later", error)
            self.changed([scope])
            return False
        except Exception:  # noqa: BLE001  a named boundary, see above
            _log.exception("the map of scope %r cannot be drawn; again when it changes", scope)
        return True

    def run(self, stop: Event) -> None:
        """Draw soon after something changed, until told to stop."""
        pause_s = LOOK_S
        while not stop.wait(pause_s):
            started = monotonic()
            drawing = bool(self._changed)
            self.draw(stop, ROUND_S)
            took_s = monotonic() - started
            pause_s = max(LEAST_S, SHARE * took_s) if drawing else LOOK_S
