"""Threads beside the main one, all of which end together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Final, TypeAlias

from engine.errors import CairnError, Stopped

MOST: Final = 8
Hire: TypeAlias = Callable[[Callable[[], object]], None]
"""Starts work on a thread of its own, which has to go on until the crew's `stop` is set."""

_log = logging.getLogger(__name__)


@contextmanager
def crew(stop: Event) -> Iterator[Hire]:
    """Threads for as long as this lasts; leaving sets `stop` and waits for them.

    Where one ends too early `stop` is set, and what it failed by is raised when this is left, also
    where that is by Stopped.
    """
    hired: list[Future[None]] = []
    left_by: Stopped | None = None
    with ThreadPoolExecutor(MOST, "beside") as pool:

        def hire(work: Callable[[], object]) -> None:
            future = pool.submit(_lasting, work, stop)
            future.add_done_callback(partial(_ended, stop))
            hired.append(future)

        try:
            yield hire
        except Stopped as stopped:
            left_by = stopped  # perhaps by the failure of a thread, which is the one to tell
        finally:
            stop.set()
    for future in hired:
        future.result()
    if left_by is not None:
        raise left_by


def _lasting(work: Callable[[], object], stop: Event) -> None:
    work()
    if not stop.is_set():
        raise RuntimeError(f"{work} ended before it was told to")


def _ended(stop: Event, work: Future[None]) -> None:
    error = work.exception()
    if error is not None:
        bug = None if isinstance(error, CairnError) else error
        _log.critical("everything stops, for a part of it failed: %s", error, exc_info=bug)
    stop.set()
