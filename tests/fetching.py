"""What tests of fetching share: terms, a meter that remembers, claims on bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from consumer.fetch import Terms, UriFetcher, open_fetcher
from engine.errors import BadImage
from engine.types import Claim, Fetched

PATIENCE_S = 60.0
"""Longer than any test waits where all is well."""
MAX_BYTES = 100_000


@dataclass
class Tally:
    """The Meter port, remembered."""

    sizes: list[int] = field(default_factory=list)
    retries: int = 0

    def fetched(self, size: int) -> None:
        self.sizes.append(size)

    def fetch_retried(self) -> None:
        self.retries += 1


def claim_on(data: bytes, uri: str) -> Claim:
    return Claim(uri, hashlib.sha256(data).hexdigest())


def never() -> bool:
    return False


@contextmanager
def fetcher(
    *allow: str,
    patience_s: float = PATIENCE_S,
    timeout_s: float = PATIENCE_S,
    meter: Tally | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[UriFetcher]:
    """The real one."""
    terms = Terms(allow, timeout_s, patience_s, MAX_BYTES)
    with open_fetcher(terms, meter or Tally(), stop) as opened:
        yield opened


@dataclass
class KeptImages:
    """The Fetcher port over a dictionary of bytes by URI."""

    images: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, claim: Claim, ended: Callable[[], bool], /) -> Fetched:
        data = self.images.get(claim.uri)
        if data is None:
            raise BadImage("unreachable", f"{claim.uri}: never heard of it")
        if claim_on(data, claim.uri) != claim:
            raise BadImage("hash_mismatch", f"{claim.uri} has other bytes")
        return Fetched(data, 0.5)
