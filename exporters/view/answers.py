"""What the read model answers: inert rows for people, ready to become JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.jobs.quality import Quality
from engine.types import Box, GeoPoint, Origin

Row = TypeVar("Row")
State: TypeAlias = Literal["pending", "confirmed", "retired"]
ClusterOrder: TypeAlias = Literal["changed", "size", "name"]
MemberOrder: TypeAlias = Literal["arrival", "captured"]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A part of a list. cursor: where it goes on, None at its end."""

    rows: tuple[Row, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ClusterFilter:
    """Which clusters to list; None asks for nothing. Retired ones only where `state` says so.

    since, until: seconds since the Unix epoch that its capture times overlap.
    label: a detector's class, or the attribute `label` of a photo, of any member.
    text: a part of the name, whatever its case.
    """

    scope: str | None = None
    state: State | None = None
    min_size: int | None = None
    max_size: int | None = None
    quality: Quality | None = None
    since: float | None = None
    until: float | None = None
    label: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item where it lies now. number: grows with arrival, over all scopes.

    box: pixels of the upright original. label, score: what a detector took it for, how surely.
    tag: the attribute `label` of its photo. captured_at: seconds since the Unix epoch.
    confidence: of its assignment, 0 to 1. exemplar: stands for a lobe of its cluster.
    """

    number: int
    scope: str
    item_id: str
    image_id: str
    cluster_id: str
    box: Box
    label: str
    tag: str
    score: float
    quality: float
    captured_at: float | None
    location: GeoPoint | None
    confidence: float
    exemplar: bool


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster. revision: what a command that `expects` it unchanged has to name.

    heir: where a retired one redirects to, at the end of all redirects; None where nothing is
    left of it. first, last: capture times. place: mean of its members' places.
    changed: number of the last event about it. exemplars: a few items to show it by.
    """

    scope: str
    cluster_id: str
    state: State
    heir: str | None
    name: str
    pinned: bool
    revision: int
    size: int
    quality: Quality
    spread: float
    first: float | None
    last: float | None
    place: GeoPoint | None
    changed: int
    exemplars: tuple[ItemRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A photo and its items. origin: where its message came from, None where nobody knows."""

    scope: str
    image_id: str
    content_hash: str
    width: int
    height: int
    captured_at: float | None
    location: GeoPoint | None
    attributes: Mapping[str, str]
    items: tuple[ItemRow, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Cutout:
    """Where an item lies in the small picture of its photo.

    box, width and height: of item and photo, in pixels of the upright original.
    """

    jpeg: bytes
    box: Box
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Explained:
    """An item and why it came where it came.

    evidence: kind, similarity, runner_up, and trials with cluster_id, exemplar, similarity,
    verdict (inliers, matches, support, overlap, belief), metres and seconds.
    """

    item: ItemRow
    cluster: ClusterRow
    image: ImageRow
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """An event. number: grows over all scopes, also after a rebuild.

    body: `wire.event_body`, but without box, class and score: those are the item's.
    """

    number: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something a person might look at: one or two clusters, and the item that is in doubt.

    kind: `unsure` (an assignment of low confidence), `apart` (two clusters that look alike),
    `small` (a pending cluster of two). doubt: 0 to 1, most doubtful first. cosine: of two clusters.
    """

    kind: Literal["unsure", "apart", "small"]
    doubt: float
    clusters: tuple[ClusterRow, ...]
    item: ItemRow | None = None
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is. rejections: by what was rejected (`image`, `command`) and why.

    singles: pending clusters of one item.
    """

    images: int
    items: int
    clusters: Mapping[State, int]
    rejections: Mapping[tuple[str, str], int]
    singles: int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """The map, column by column: items, in order of arrival, each with its cluster and place.

    clusters: ids of those that are on it; names: theirs. cluster: of each item, as a place in
    `clusters`. x, y, z: within [-1, 1].
    """

    items: tuple[str, ...]
    clusters: tuple[str, ...]
    names: tuple[str, ...]
    cluster: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command and what became of it. body: the order, or reason and detail of its refusal.

    events: numbers of the first and last event it made, None for none.
    """

    scope: str
    command_id: str
    applied: bool
    body: Mapping[str, Any]
    author: str
    asked_at: float | None
    events: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class RejectionRow:
    """A message that changed nothing, and why."""

    scope: str
    of: str
    id: str
    source: str
    partition: int
    offset: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Behind:
    """How far something is behind what it follows: so many records, as was known at a time.

    told_at: seconds since the Unix epoch.
    """

    source: str
    partition: int
    behind: int
    told_at: float
