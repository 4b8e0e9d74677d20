"""The nouns of Cairn: inert, frozen, without behaviour beyond what their fields imply.

A **photo** arrives; the pipeline turns it into **items** (the image, one crop, one face); each is
put on a **cluster**, told in **events**. A **correction** changes what a person knows better. An
**outcome** is all that one photo or one correction changed: the unit of the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.commands import Order
from engine.lineage import Event

Vector: TypeAlias = NDArray[np.float32]
"""Shape (d,), float32, unit length unless the docstring says otherwise; `engine.vectors`."""
Rgb: TypeAlias = NDArray[np.uint8]
"""Shape (height, width, 3), red-green-blue, upright."""
Mask: TypeAlias = NDArray[np.bool_]
"""Shape (height, width) of the image it belongs to."""


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """WGS 84 position in degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to resume: topic, partition, offset; or `file:` + path, 0, mtime in nanoseconds."""

    source: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Claim:
    """An image that lies elsewhere: where, and the SHA-256 (hex, lower case) of its bytes.

    known: it was clustered before under the same id, so nobody needs to fetch it.
    """

    uri: str
    sha256: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes that a claim stands for. seconds: how long it took to get them."""

    data: bytes = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Photo:
    """One image message, not yet decoded. `captured_at` is in seconds since the Unix epoch."""

    image_id: str
    scope: str
    origin: Origin
    data: bytes | Claim
    captured_at: float | None = None
    location: GeoPoint | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What is kept of a photo once its pixels are gone. Width and height are upright, in pixels."""

    image_id: str
    scope: str
    origin: Origin
    content_hash: str
    width: int
    height: int
    captured_at: float | None = None
    location: GeoPoint | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright original."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, eq=False)
class LocalFeatures:
    """Key points of one item in a working image of `width` x `height` pixels.

    points: (n, 4) float32: x, y, diameter, degrees. descriptors: (n, k) uint8. more: other kind.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    width: int
    height: int
    more: LocalFeatures | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """What is clustered. `item_id` is `image_id#k`; `features` is None where nobody asked.

    label, score: what a detector took it for, and how surely. quality: how well it can be seen.
    """

    item_id: str
    vector: Vector
    box: Box
    features: LocalFeatures | None = None
    label: str = ""
    score: float = 1.0
    quality: float = 1.0


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that changes nothing, and why; `image_id` is a command's id where `of` says so."""

    image_id: str
    scope: str
    origin: Origin
    reason: str
    detail: str
    of: str = "image"


@dataclass(frozen=True, slots=True)
class Correction:
    """An order somebody gave. `asked_at` is in seconds since the Unix epoch.

    expects: clusters with the revision they were seen in; the order is only meant for that.
    """

    command_id: str
    scope: str
    origin: Origin
    order: Order
    author: str = ""
    asked_at: float | None = None
    expects: tuple[tuple[str, int], ...] = ()


Message: TypeAlias = Photo | Correction | Rejection


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """All that one photo or correction changed: the unit of the journal and of replay.

    items: those of the photo, and, without local features, those that were carved or forgotten.
    """

    cause: ImageRecord | Correction
    items: tuple[Item, ...]
    events: tuple[Event, ...]

    @property
    def scope(self) -> str:
        """Of its cause."""
        return self.cause.scope


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one commit makes durable, as one.

    positions: the origins of every message seen, duplicates and rejected ones included; after
    the last one per (source, partition) reading resumes. marks: further ones, of no messages.
    """

    outcomes: tuple[Outcome, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    positions: tuple[Origin, ...] = ()
    marks: tuple[Origin, ...] = ()
