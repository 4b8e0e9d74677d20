"""Fold a journal into where everything lies now: the read side of lineage, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    Confirmed,
    Constrained,
    Created,
    Forgotten,
    Fusions,
    LobeChange,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Standing,
    Vouched,
)
from engine.types import Box, ImageRecord, Item, Outcome

ClusterKey: TypeAlias = tuple[str, str]
"""Scope and cluster id."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """One item and the cluster it lies on now. `confidence` is that of its assignment.

    called: the name a person gave the cluster, empty where nobody did.
    """

    image: ImageRecord
    item: Item
    cluster_id: str
    confirmed: bool
    confidence: float
    called: str = ""

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
    """One scope. lobe_of: the lobe an event put an item on; fused: where lobes went that are gone.

    owners, lobes: the cluster of each lobe and the lobes of each cluster.
    """

    joined: dict[str, Assigned] = field(default_factory=dict)
    lobe_of: dict[str, int] = field(default_factory=dict)
    fused: dict[int, int] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    lobes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    confirmed: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def add(self, change: Change) -> None:
        match change:
            case Assigned():
                self.joined[change.item_id] = change
                self.lobe_of[change.item_id] = change.prototype_id
                self._own(change.cluster_id, [change.prototype_id])
            case Merged() | Split() | Moved() | Carved():
                self._rearrange(change)
            case Confirmed():
                self.confirmed.add(change.cluster_id)
            case Created() | Calibrated() | Constrained() | Released():
                pass
            case _:
                self._correct(change)

    def _rearrange(self, change: LobeChange) -> None:
        match change:
            case Merged():
                self._merge(change)
            case Split():
                self._own(change.cluster_id, change.prototypes)
            case Moved():
                self._own(change.cluster_id, change.prototypes)
                self._fuse(change.fused)
            case Carved():
                self.lobe_of.update((item_id, change.prototype_id) for item_id, _ in change.taken)
                self._own(change.cluster_id, [change.prototype_id])
            case _:
                assert_never(change)

    def _correct(self, change: Revived | Named | Vouched | Forgotten) -> None:
        match change:
            case Revived(inheritance=left):
                self._own(change.cluster_id, left.prototypes)
                self._stand(change.cluster_id, left.standing)
                self._stand(change.parent_id, left.heir)
            case Named():
                self.names[change.cluster_id] = change.name
            case Vouched(confirmed=confirmed):
                (self.confirmed.add if confirmed else self.confirmed.discard)(change.cluster_id)
            case Forgotten():
                self.forgotten.add(change.item_id)
            case _:
                assert_never(change)

    def _stand(self, cluster_id: str, standing: Standing) -> None:
        self.names[cluster_id] = standing.name
        (self.confirmed.add if standing.confirmed else self.confirmed.discard)(cluster_id)

    def cluster_of(self, item_id: str) -> str:
        lobe = self.lobe_of[item_id]
        while lobe in self.fused:
            lobe = self.fused[lobe]
        return self.owners[lobe]

    def _merge(self, change: Merged) -> None:
        self._own(change.cluster_id, list(self.lobes[change.retired_id]))
        self._fuse(change.fused)
        heir, retired = change.cluster_id, change.retired_id
        if retired in self.confirmed:
            self.confirmed.add(heir)
        self.names[heir] = self.names.get(heir) or self.names.get(retired, "")

    def _fuse(self, fused: Fusions) -> None:
        self.fused.update((absorbed, kept) for kept, absorbed in fused)

    def _own(self, cluster_id: str, lobes: Iterable[int]) -> None:
        for lobe in lobes:
            self.lobes[self.owners.get(lobe, cluster_id)].discard(lobe)
            self.lobes[cluster_id].add(lobe)
            self.owners[lobe] = cluster_id


def placements(outcomes: Iterable[Outcome]) -> list[Placement]:
    """Every item that is left, in the order it arrived, on the cluster that lives now."""
    folds: dict[str, _Fold] = defaultdict(_Fold)
    arrived: list[tuple[ImageRecord, Item]] = []
    for outcome in outcomes:
        fold = folds[outcome.scope]
        if isinstance(outcome.cause, ImageRecord):
            new = (item for item in outcome.items if item.item_id not in fold.joined)
            arrived.extend((outcome.cause, item) for item in new)
        for event in outcome.events:
            fold.add(event.change)
    return [
        _placement(image, item, folds[image.scope])
        for image, item in arrived
        if item.item_id not in folds[image.scope].forgotten
    ]


def area(box: Box) -> float:
    """In square pixels: of several items of a photo the largest is what it shows."""
    return (box.right - box.left) * (box.bottom - box.top)


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
    cluster_id = fold.cluster_of(item.item_id)
    confidence = fold.joined[item.item_id].confidence
    called = fold.names.get(cluster_id, "")
    return Placement(image, item, cluster_id, cluster_id in fold.confirmed, confidence, called)
