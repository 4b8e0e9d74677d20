"""What the API needs besides the view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.errors import Misconfigured
from engine.types import Box, Correction, Vector


class Desk(Protocol):
    """Where corrections are handed in."""

    def send(self, correction: Correction) -> None:
        """Hand a correction to the workers, durable before it returns.

        Safe from many threads. Raises Transient where they cannot be reached just now,
        Misconfigured where they never can.
        """
        ...


class NoTextModel(Misconfigured):
    """Words cannot be searched by here; the text says what to do about it."""


class Searcher(Protocol):
    """Turns what somebody searches by into vectors of the view. Thread-safe.

    Both raise Misconfigured where the view has come to follow a state of another encoder.
    """

    def of_image(self, data: bytes) -> Sequence[tuple[Box, Vector]]:
        """The items of a photo, most prominent first, at least one; boxes as those of items.

        Raises BadImage, also where there is nothing in it to search by.
        """
        ...

    def of_words(self, words: str) -> Vector:
        """Where photos of this would lie; raises NoTextModel."""
        ...


class Originals(Protocol):
    """Photos as they came. Thread-safe."""

    def read(self, scope: str, image_id: str) -> bytes | None:
        """The bytes of a photo, None where they are not at hand; raises Transient.

        Whoever asks compares them with the photo's hash: they may have changed meanwhile.
        """
        ...


class Renderer(Protocol):
    """Makes pictures for people of hostile bytes. Thread-safe."""

    def render(self, data: bytes) -> bytes:
        """Upright JPEG of a bounded size, without metadata; raises BadImage."""
        ...


class Matcher(Protocol):
    """Shows what two items have in common. Thread-safe."""

    def matches(self, one: bytes, other: bytes, box_one: Box, box_other: Box) -> bytes:
        """JPEG of two items side by side, with lines between the points that agree.

        one, other: the photos that they are on. Raises BadImage.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What an application can do besides asking the view; None: it cannot, and says so.

    desk: takes corrections. The others look at photos.
    """

    desk: Desk | None = None
    searcher: Searcher | None = None
    originals: Originals | None = None
    renderer: Renderer | None = None
    matcher: Matcher | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How the API meets strangers.

    token: what every request but /health has to bear; None answers only who asks this machine by
    one of its own names. max_body_bytes: largest command. origins: pages of other sites that may
    read answers. max_image_bytes: largest photo to search by.
    """

    token: str | None = field(default=None, repr=False)
    max_body_bytes: int = 1024 * 1024
    origins: tuple[str, ...] = ()
    max_image_bytes: int = 25 * 1024 * 1024
