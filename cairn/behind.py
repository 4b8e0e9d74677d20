"""Tells a view now and then how far its feed is behind."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from engine.errors import Transient
from exporters.view.answers import Behind
from exporters.view.port import Feed

EVERY_S: Final = 1.0
ANYWAY_S: Final = 15.0
"""Also where nothing changed: who looks can tell that somebody still follows."""

_log = logging.getLogger(__name__)
Places = Mapping[tuple[str, int], int]
"""Records that are not read yet, by source and partition."""


class Telling:
    """Tells a view at most once a second; for one thread."""

    def __init__(self, view: Feed, look: Callable[[], Places]) -> None:
        self._view = view
        self._look = look
        self._looked_at = 0.0
        self._told_at = 0.0
        self._told: Places = {}

    def tell(self) -> None:
        """Look, where that is due, and tell what is found; another time, where that fails."""
        now = time.time()
        if abs(now - self._looked_at) < EVERY_S:
            return
        self._looked_at = now
        try:
            found = self._look()
            if found != self._told or abs(now - self._told_at) >= ANYWAY_S:
                self._view.tell_behind([Behind(*at, n, now) for at, n in sorted(found.items())])
                self._told, self._told_at = found, now
        except Transient as error:
            _log.debug("%s; telling later how far the view is behind", error)
