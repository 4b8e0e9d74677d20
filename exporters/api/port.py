"""What the API needs besides the view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from engine.types import Correction


class Desk(Protocol):
    """Where corrections are handed in."""

    def send(self, correction: Correction) -> None:
        """Hand a correction to the workers, durable before it returns.

        Safe from many threads. Raises Transient where they cannot be reached just now,
        Misconfigured where they never can.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What an application can do besides asking the view; None: it cannot, and says so.

    desk: takes corrections.
    """

    desk: Desk | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How the API meets strangers.

    token: what every request but /health has to bear; None answers only who asks this machine by
    one of its own names. max_body_bytes: largest command. origins: pages of other sites that may
    read answers.
    """

    token: str | None = field(default=None, repr=False)
    max_body_bytes: int = 1024 * 1024
    origins: tuple[str, ...] = ()
