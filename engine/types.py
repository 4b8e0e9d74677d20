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
from engine.lineage import Calibrated, Inheritance, PersonalChange

Vector: TypeAlias = NDArray[np.float32]
"""Shape (d,), float32, unit length unless the docstring says otherwise; `engine.vectors`."""
Rgb: TypeAlias = NDArray[np.uint8]
"""Shape (height, width, 3), red-green-blue, upright."""
Mask: TypeAlias = NDArray[np.bool_]  # shape (height, width)
Fusions: TypeAlias = tuple[tuple[int, int], ...]


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
class Photo:
    """One image message, not yet decoded. `captured_at` is in seconds since the Unix epoch."""

    image_id: str
    scope: str
    origin: Origin
    data: bytes
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
class Verdict:
    """What geometry says of two images: of `matches`, `inliers` agree with one camera motion.

    support: sum over the inliers of how distinctive each is, 1 less its squared ratio (Lowe).
    belief: what that is worth as evidence of one place, in nats.
    overlap: share of the smaller covered area, 0 to 1, in which the two views agree.
    """

    inliers: int
    matches: int
    support: float
    overlap: float
    belief: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One verification spent on the way to a decision; `similarity` is the cosine.

    metres, seconds: between the photo and the cluster's nearest exemplar, None for unknown.
    """

    cluster_id: str
    exemplar: str
    similarity: float
    verdict: Verdict
    metres: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why it is `assign`, `spawn` or `defer` (`kind`); cosines to the two best clusters, if any."""

    kind: str
    similarity: float | None = None
    runner_up: float | None = None
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Created:
    """A pending cluster was born from its founding item."""

    cluster_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """An item joined a cluster through a prototype, which it became itself where it `founds`.

    confidence: probability, 0 to 1, that the item belongs here; 1 for a founder.
    """

    cluster_id: str
    item_id: str
    prototype_id: int
    founds: bool
    confidence: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A cluster reached its profile's minimum size, or two members that are certain."""

    cluster_id: str


@dataclass(frozen=True, slots=True)
class Merged:
    """`retired_id`, which redirects for ever, became part of `cluster_id`; `fused` as in Moved.

    inheritance: where a person merged, to undo it by.
    """

    cluster_id: str
    retired_id: str
    fused: Fusions = ()
    inheritance: Inheritance | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """`cluster_id` was born from some lobes of `parent_id`, which keeps at least one."""

    cluster_id: str
    parent_id: str
    prototypes: tuple[int, ...]
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """Some lobes of `source_id`, which keeps at least one, went over to `cluster_id`.

    fused: as pairs of prototype ids, in order, which lobes took in which, to stay within bounds.
    """

    cluster_id: str
    source_id: str
    prototypes: tuple[int, ...]
    item_ids: tuple[str, ...]
    fused: Fusions = ()


@dataclass(frozen=True, slots=True)
class Carved:
    """Items left their lobes and founded one together; `taken` are pairs (item id, lobe it left).

    The first item that was its lobe's exemplar becomes the new one's, else the first of all; a
    lobe that lost its exemplar has none, and one that lost every member is gone.
    """

    cluster_id: str
    prototype_id: int
    taken: tuple[tuple[str, int], ...]


LobeChange: TypeAlias = Merged | Split | Moved | Carved
ClusterChange: TypeAlias = Created | Assigned | Confirmed | LobeChange | PersonalChange
Change: TypeAlias = ClusterChange | Calibrated


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a scope's lineage. `seq` counts from 1 within the scope, without gaps."""

    scope: str
    seq: int
    change: Change


@dataclass(frozen=True, slots=True)
class Correction:
    """An order somebody gave. `asked_at` is in seconds since the Unix epoch."""

    command_id: str
    scope: str
    origin: Origin
    order: Order
    author: str = ""
    asked_at: float | None = None


Message: TypeAlias = Photo | Correction | Rejection


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """All that one photo or correction changed. items: its own, carved and forgotten ones."""

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
