"""Claimed images, fetched: what is not there yet is waited for, patiently and not for ever.

Requests run on the event loop of one thread, so that each has one deadline for everything from
the name to the last byte, and can be let go at any moment. Who asked waits in a thread of its
own and looks up several times a second whether that is still worth it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from asyncio import Semaphore, timeout
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from os import fsdecode
from pathlib import Path
from typing import Protocol

from anyio import to_thread
from anyio.from_thread import BlockingPortal, start_blocking_portal
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from consumer.allow import NOT_ALLOWED, AllowList, Location, path_of, shown
from consumer.fetch_file import read_file
from consumer.fetch_http import HttpReader, open_client
from engine.errors import BadImage, Stopped, Transient
from engine.types import Claim, Fetched

REASONS = (NOT_ALLOWED, "unreachable", "hash_mismatch", "too_large")
"""Slugs of the BadImages that fetching raises."""
LOOK_S = 0.2
AT_ONCE = 32
"""Images being read at one moment; those that wait for another attempt take no place."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
LONGEST_RETRY_AFTER_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be fetched, and what that may cost.

    allow: prefixes of URIs. timeout_s: for one attempt. patience_s: for all attempts.
    cafile: certificates (PEM) that servers are trusted by; None for the usual ones.
    """

    allow: tuple[str, ...]
    timeout_s: float
    patience_s: float
    max_bytes: int
    cafile: Path | None = None


class OtherBytes(Transient):
    """What was read is not what was claimed; it may be so once, while a file grows."""


class Meter(Protocol):
    """Told what was fetched, from any thread; must not fail and must not block."""

    def fetched(self, size: int) -> None:
        """An image of so many bytes was fetched."""
        ...

    def fetch_retried(self) -> None:
        """An image could not be read yet and will be tried again."""
        ...


@contextmanager
def open_fetcher(terms: Terms, meter: Meter, stop: Callable[[], bool]) -> Iterator[UriFetcher]:
    """The fetcher and its thread; raises Misconfigured.

    stop: asked several times a second while anything is waited for, from the waiting threads.
    """
    allowed = AllowList(terms.allow)
    client = open_client(terms.cafile, terms.timeout_s)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(client):
        reader = Reader(HttpReader(client, allowed, terms.max_bytes), terms)
        yield UriFetcher(allowed, Patience(reader, terms.patience_s, meter), portal, meter, stop)


class UriFetcher:
    """The Fetcher port over http(s) and files."""

    def __init__(
        self,
        allowed: AllowList,
        patience: Patience,
        portal: BlockingPortal,
        meter: Meter,
        stop: Callable[[], bool],
    ) -> None:
        self._allowed = allowed
        self._patience = patience
        self._portal = portal
        self._meter = meter
        self._stop = stop

    def __call__(self, claim: Claim, ended: Callable[[], bool]) -> Fetched:
        """The claimed bytes; raises BadImage with one of `REASONS`, Stopped."""
        started = time.monotonic()
        location = self._allowed.check(claim.uri)
        task = self._portal.start_task_soon(self._patience.fetch, location, claim)
        while not wait([task], LOOK_S).done:
            if self._stop() or ended():
                task.cancel()
                raise Stopped(f"{shown(claim.uri)}: told to stop while it was being fetched")
        data = task.result()
        self._meter.fetched(len(data))
        return Fetched(data, time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Reader:
    """One attempt to read, by scheme, within its time."""

    web: HttpReader
    terms: Terms
    places: Semaphore = field(default_factory=lambda: Semaphore(AT_ONCE))

    async def read(self, location: Location) -> bytes:
        """Raises Transient where that may succeed later, BadImage where it will not."""
        try:
            async with self.places, timeout(self.terms.timeout_s):
                if location.scheme == "file":
                    return await self._file(location)
                return await self.web.read(location)
        except TimeoutError as error:
            raise Transient(f"no answer within {self.terms.timeout_s:g} s") from error

    async def _file(self, location: Location) -> bytes:
        path = Path(fsdecode(path_of(location)))
        directories = [Path(fsdecode(one)) for one in self.web.allowed.directories]
        read = partial(read_file, path, directories, self.terms.max_bytes)
        return await to_thread.run_sync(read, abandon_on_cancel=True)


@dataclass(frozen=True, slots=True)
class Patience:
    """Attempts until an image is there as claimed, with growing pauses in between."""

    reader: Reader
    patience_s: float
    meter: Meter

    async def fetch(self, location: Location, claim: Claim) -> bytes:
        """Raises BadImage."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            wait=self._pause,
            stop=stop_after_delay(self.patience_s),
            before_sleep=partial(self._tell, claim.uri),
            retry_error_callback=partial(_give_up, claim.uri),
        )
        data: bytes = await attempts(self._attempt, location, claim, set())
        return data

    async def _attempt(self, location: Location, claim: Claim, seen: set[str]) -> bytes:
        """Other bytes than claimed are believed when they come twice: a file may be growing."""
        data = await self.reader.read(location)
        digest = hashlib.sha256(data).hexdigest()
        if digest == claim.sha256:
            return data
        told = f"{shown(claim.uri)} has SHA-256 {digest}, the message claims {claim.sha256}"
        if digest in seen:
            raise BadImage("hash_mismatch", told)
        seen.add(digest)
        raise OtherBytes(told)

    def _pause(self, state: RetryCallState) -> float:
        """Seconds: as the server asked within limits, and no longer than patience lasts."""
        error = state.outcome.exception() if state.outcome else None
        asked = min(getattr(error, "after_s", 0.0), LONGEST_RETRY_AFTER_S)
        left = self.patience_s - (state.seconds_since_start or 0.0)
        return max(0.0, min(max(_backoff(state), asked), left))

    def _tell(self, uri: str, state: RetryCallState) -> None:
        self.meter.fetch_retried()
        if state.attempt_number == 1 and state.outcome is not None:
            _log.warning("%s: %s; trying again", shown(uri), state.outcome.exception())


_backoff = wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S, min=FIRST_PAUSE_S)


def _give_up(uri: str, state: RetryCallState) -> bytes:
    error = state.outcome.exception() if state.outcome else None
    raise BadImage(
        "hash_mismatch" if isinstance(error, OtherBytes) else "unreachable",
        f"{shown(uri)}: tried {state.attempt_number} times in {state.seconds_since_start:.0f} s; "
        f"at last: {error}",
    )
