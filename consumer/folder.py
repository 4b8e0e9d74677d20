"""Reads photos out of a folder: what is there, then, if it is watched, what is put there.

A watched folder is searched again and again rather than asked for notifications: that works on
network mounts and container volumes too, and a lost notification cannot lose a photo.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from engine.types import Message, Origin, Photo, Rejection

_SCAN_INTERVAL_S: Final = 0.5
_PAUSE_PER_SCAN: Final = 9  # searching a big folder takes a tenth of the time at most


class Found(Protocol):
    """A file as a folder finds it; origin and size change when its content does."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def origin(self) -> Origin:
        """Its path and the time of its last change."""
        ...


F = TypeVar("F", bound=Found)


class Folder(Protocol[F]):
    """What is needed of `producer.folder.PhotoFolder`."""

    def find(self) -> list[F]:
        """Every file; raises Misconfigured where there is no folder."""
        ...

    def in_order(self, files: Iterable[F]) -> list[F]:
        """Sort files into the order they shall be read in."""
        ...

    def read(self, file: F) -> Photo | Rejection | None:
        """Read the message in a file; None where it cannot be read now."""
        ...


class FolderSource(Generic[F]):
    """The Source port over a folder; a file's content is read when it is polled for.

    position: last committed offset of a source and partition; files committed as they are now
    are passed over.
    watch: go on with files that appear or change. Each is taken once its size and time of change
    have stood still for `settle_s` seconds, so that no half-written photo is read.
    """

    def __init__(
        self,
        folder: Folder[F],
        position: Callable[[str, int], int | None],
        *,
        watch: bool,
        settle_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._position = position
        self._watch = watch
        self._settle_s = settle_s
        self._clock = clock
        self._sleep = sleep
        self._queue: deque[F] = deque()
        self._known: set[Origin] = set()
        self._settling: dict[tuple[Origin, int], float] = {}
        self._next_scan: float | None = None

    def poll(self, limit: int, timeout_s: float) -> Sequence[Message]:
        """Read up to `limit` files, waiting up to `timeout_s` seconds for the first."""
        deadline = self._clock() + timeout_s
        while not (messages := self._read(limit)) and not self.exhausted:
            if not self._wait_for_scan(deadline):
                break
            self._scan()
        return messages

    @property
    def exhausted(self) -> bool:
        """True once every file was read and nobody waits for more."""
        return not self._watch and self._next_scan is not None and not self._queue

    def keep_alive(self) -> None:
        """Nobody takes a folder away from a slow reader."""

    @property
    def epoch(self) -> int:
        """Always the same: a folder has one owner."""
        return 0

    @property
    def partitions(self) -> frozenset[int]:
        """The one partition of a folder."""
        return frozenset({0})

    def rewind(self) -> None:
        """Search the folder again, as at the start."""
        self._queue.clear()
        self._known.clear()
        self._settling.clear()
        self._next_scan = None

    def close(self) -> None:
        """Forget what was not read yet."""
        self._queue.clear()

    def _read(self, limit: int) -> list[Message]:
        messages: list[Message] = []
        while self._queue and len(messages) < limit:
            file = self._queue.popleft()
            message = self._folder.read(file)
            if message is None:
                self._known.discard(file.origin)  # the next search may find it readable
            else:
                messages.append(message)
        return messages

    def _wait_for_scan(self, deadline: float) -> bool:
        """Sleep until the next scan is due; False where the deadline comes first."""
        if self._next_scan is None:
            return True
        pause = min(self._next_scan, deadline) - self._clock()
        if pause > 0:
            self._sleep(pause)
        return self._clock() >= self._next_scan

    def _scan(self) -> None:
        started = self._clock()
        files = self._folder.find()
        new = [file for file in files if self._is_new(file.origin)]
        if self._watch:
            new = self._settled(new, started)
        unsettled = {origin for origin, _ in self._settling}
        self._known = {file.origin for file in files} - unsettled
        ended = self._clock()
        self._next_scan = ended + max(_SCAN_INTERVAL_S, _PAUSE_PER_SCAN * (ended - started))
        self._queue.extend(self._folder.in_order(new))

    def _is_new(self, origin: Origin) -> bool:
        if origin in self._known:
            return False
        return self._position(origin.source, origin.partition) != origin.offset

    def _settled(self, files: Iterable[F], now: float) -> list[F]:
        since = {
            (file.origin, file.size): self._settling.get((file.origin, file.size), now)
            for file in files
        }
        self._settling = {key: at for key, at in since.items() if now - at < self._settle_s}
        return [file for file in files if (file.origin, file.size) not in self._settling]
