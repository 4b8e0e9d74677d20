"""One thread that writes down what may also be lost: the loop does not wait for the disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Saver:
    """Does one thing at a time for all shards of a process; for the loop's thread to call."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, "saver")
        self._last: Future[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._last is None or self._last.done()

    def start(self, work: Callable[[], None]) -> Future[None]:
        """Begin some work."""
        self._last = self._threads.submit(work)
        return self._last
