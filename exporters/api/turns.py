"""Heavy work, so much of it at once: whoever comes too many waits a little, then comes again."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from starlette.concurrency import run_in_threadpool

from engine.errors import Transient

PATIENCE_S: Final = 5.0
POLL_S: Final = 0.02
ARRIVALS: Final = 8
"""Photos that may be on their way here at once; they are in memory until they are looked at."""

T = TypeVar("T")


class Turns:
    """So many places; a turn lasts as long as its work."""

    def __init__(self, places: int, patience_s: float = PATIENCE_S) -> None:
        # Not one of asyncio, which belongs to the loop that it was first waited for in.
        self._free = threading.BoundedSemaphore(places)
        self._patience_s = patience_s

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold a place; raises Transient where none gets free within the patience."""
        waited_s = 0.0
        while not self._free.acquire(blocking=False):
            if waited_s >= self._patience_s:
                raise Transient("more is asked for at once than can be worked on")
            await asyncio.sleep(POLL_S)
            waited_s += POLL_S
        try:
            yield
        finally:
            self._free.release()

    async def run(self, work: Callable[[], T]) -> T:
        """Do it on a thread, in turn; raises as `taken` does."""
        async with self.taken():
            return await run_in_threadpool(work)


def one_a_processor() -> Turns:
    """For work that keeps a processor busy."""
    return Turns(os.cpu_count() or 1)


def few_arrivals() -> Turns:
    """For photos that are sent or read, which may take its time."""
    return Turns(ARRIVALS)
