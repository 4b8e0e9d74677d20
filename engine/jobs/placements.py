"""Fold a journal into where everything lies now: the read side of lineage, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.types import Assigned, Change, Confirmed, Created, ImageRecord, Item, Merged, Outcome

ClusterKey: TypeAlias = tuple[str, str]
"""Scope and cluster id."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """One item and the cluster it lies on now. `confidence` is that of its assignment."""

    image: ImageRecord
    item: Item
    cluster_id: str
    confirmed: bool
    confidence: float

    @property
    def key(self) -> ClusterKey:
        """Scope and cluster id."""
        return self.image.scope, self.cluster_id

    @property
    def name(self) -> str:
        """The photo's file name, its id where it came without one."""
        return self.image.attributes.get("filename", self.image.image_id)


@dataclass(slots=True)
class _Fold:
    joined: dict[tuple[str, str], Assigned] = field(default_factory=dict)
    redirects: dict[ClusterKey, str] = field(default_factory=dict)
    confirmed: set[ClusterKey] = field(default_factory=set)

    def add(self, scope: str, change: Change) -> None:
        match change:
            case Assigned():
                self.joined[scope, change.item_id] = change
            case Confirmed():
                self.confirmed.add((scope, change.cluster_id))
            case Merged():
                self.redirects[scope, change.retired_id] = change.cluster_id
                if (scope, change.retired_id) in self.confirmed:
                    self.confirmed.add((scope, change.cluster_id))
            case Created():
                pass

    def resolve(self, scope: str, cluster_id: str) -> str:
        while (scope, cluster_id) in self.redirects:
            cluster_id = self.redirects[scope, cluster_id]
        return cluster_id


def placements(outcomes: Iterable[Outcome]) -> list[Placement]:
    """Every item in the order it arrived, on the cluster that lives now."""
    fold = _Fold()
    arrived: list[tuple[ImageRecord, Item]] = []
    for outcome in outcomes:
        arrived.extend((outcome.image, item) for item in outcome.items)
        for event in outcome.events:
            fold.add(event.scope, event.change)
    return [_placement(image, item, fold) for image, item in arrived]


def piles(found: Iterable[Placement]) -> Mapping[ClusterKey, list[Placement]]:
    """The items of every cluster, both in order of arrival."""
    members: dict[ClusterKey, list[Placement]] = defaultdict(list)
    for placement in found:
        members[placement.key].append(placement)
    return members


def group_numbers(found: Iterable[Placement]) -> Mapping[ClusterKey, int]:
    """A number from 0 for every confirmed cluster, in order of its first item."""
    numbers: dict[ClusterKey, int] = {}
    for placement in found:
        if placement.confirmed:
            numbers.setdefault(placement.key, len(numbers))
    return numbers


def _placement(image: ImageRecord, item: Item, fold: _Fold) -> Placement:
    joined = fold.joined[image.scope, item.item_id]
    cluster_id = fold.resolve(image.scope, joined.cluster_id)
    confirmed = (image.scope, cluster_id) in fold.confirmed
    return Placement(image, item, cluster_id, confirmed, joined.confidence)
