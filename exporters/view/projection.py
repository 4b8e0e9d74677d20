"""What outcomes change in the read model: pure, from the rows they touch to the rows they leave.

`rows.Wanted` says which rows a run of outcomes of one scope may touch, `Scope` holds those and
follows the events. Whatever an event moves, it names by cluster, lobe or item, so nothing else
is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from engine.cluster import joined
from engine.commands import ForgetImage
from engine.errors import Misconfigured
from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Confirmed,
    Constrained,
    Constraint,
    Created,
    Event,
    Forgotten,
    Fusions,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Standing,
    Vouched,
    clusters_of,
)
from engine.types import Correction, ImageRecord, Item, Outcome
from exporters.view.rows import Fresh, Lying, Pile
from exporters.view.tally import Member, Tally


@dataclass(slots=True, eq=False)
class Scope:
    """The rows of one scope that a run of outcomes touches, before and after it.

    seq: of the last event. items: what lies where; owners: the cluster of each of their lobes.
    apart: lobes that people said are not the same, as far as that concerns these outcomes.
    images, fresh: what came new and is still there. forgotten: ids of images to erase.
    events: in order, each with what it was a part of. gone: items that had been there before.
    commands: those carried out, with the places of their events.
    """

    name: str
    seq: int
    piles: dict[str, Pile]
    items: dict[str, Lying]
    owners: dict[int, str]
    apart: set[tuple[int, int]] = field(default_factory=set)
    images: dict[str, ImageRecord] = field(default_factory=dict)
    fresh: dict[str, Fresh] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    gone: list[int] = field(default_factory=list)
    events: list[tuple[Outcome, Event]] = field(default_factory=list)
    commands: list[tuple[Correction, range]] = field(default_factory=list)
    apart_before: frozenset[tuple[int, int]] = frozenset()
    _on: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.apart_before = frozenset(self.apart)
        for item_id, lying in self.items.items():
            self._on[lying.lobe].add(item_id)

    def add(self, outcome: Outcome) -> None:
        """Follow an outcome; nothing happens where its events are known already.

        Raises Misconfigured where events before them are missing.
        """
        if outcome.events and not self._follows(outcome):
            return
        start = len(self.events)
        if isinstance(outcome.cause, ImageRecord):
            self.images[outcome.cause.image_id] = outcome.cause
        items = {item.item_id: item for item in outcome.items}
        for event in outcome.events:
            self._apply(event, outcome.cause, items)
            self.events.append((outcome, event))
            self._note(event)
        if isinstance(outcome.cause, Correction):
            self._settle(outcome.cause, range(start, len(self.events)))

    def _follows(self, outcome: Outcome) -> bool:
        first, last = outcome.events[0].seq, outcome.events[-1].seq
        if last <= self.seq:
            return False
        if first != self.seq + 1:
            raise Misconfigured(
                f"the view knows {self.seq} events of scope {self.name!r}, and the next it is told "
                f"of is number {first}: it follows another state, or missed some; build it anew"
            )
        return True

    def _settle(self, command: Correction, events: range) -> None:
        self.commands.append((command, events))
        if isinstance(command.order, ForgetImage):
            self.images.pop(command.order.image_id, None)
            self.forgotten.add(command.order.image_id)

    def _note(self, event: Event) -> None:
        """What `engine.book` does: a cluster that only grew is the one that was looked at."""
        self.seq = event.seq
        for cluster_id in clusters_of(event.change):
            pile = self.piles[cluster_id]
            pile.changed = len(self.events) - 1
            if pile.living and not isinstance(event.change, Assigned | Confirmed):
                pile.revision = event.seq

    def _apply(
        self, event: Event, cause: ImageRecord | Correction, items: Mapping[str, Item]
    ) -> None:
        change = event.change
        match change:
            case Created(cluster_id=cluster_id):
                self._bear(cluster_id, event.seq)
            case Assigned(item_id=item_id):
                if isinstance(cause, ImageRecord):
                    self._join(cause, items[item_id], change)
            case Merged() | Split() | Moved() | Carved() | Revived():
                self._rearrange(event, change)
            case Forgotten():
                self._forget(change)
            case Confirmed() | Named() | Vouched():
                self._judge(change)
            case Constrained() | Released() | Calibrated():
                self._link(change)
            case _:
                assert_never(change)

    def _rearrange(self, event: Event, change: Merged | Split | Moved | Carved | Revived) -> None:
        match change:
            case Merged():
                self._merge(change)
            case Split(cluster_id=child, parent_id=parent, prototypes=prototypes):
                self._bear(child, event.seq)
                self._take_over(parent, child, prototypes)
            case Moved(cluster_id=target, source_id=source, prototypes=prototypes):
                self._take_over(source, target, prototypes)
                self._fuse(change.fused)
            case Carved():
                self._carve(change)
            case Revived():
                self._revive(change, event.seq)
            case _:
                assert_never(change)

    def _judge(self, change: Confirmed | Named | Vouched) -> None:
        pile = self.piles[change.cluster_id]
        match change:
            case Confirmed():
                pile.standing = replace(pile.standing, confirmed=True)
            case Named(name=name):
                pile.standing = replace(pile.standing, name=name)
            case Vouched(confirmed=confirmed, pinned=pinned):
                pile.standing = replace(pile.standing, confirmed=confirmed, pinned=pinned)
            case _:
                assert_never(change)

    def _link(self, change: Constrained | Released | Calibrated) -> None:
        match change:
            case Constrained(constraints=constraints):
                self.apart.update(_parted(constraints))
            case Released(constraints=constraints):
                self.apart.difference_update(_parted(constraints))

    def _bear(self, cluster_id: str, seq: int) -> None:
        """Begin a cluster, with the number of the one that had this id before, if any."""
        former = self.piles.get(cluster_id)
        standing = Standing(seq, confirmed=False, pinned=False, name="")
        self.piles[cluster_id] = Pile(standing, n=former.n if former else None)

    def _join(self, image: ImageRecord, item: Item, change: Assigned) -> None:
        member = Member(item.vector, image.captured_at, image.location)
        lying = Lying(change.prototype_id, change.founds, member)
        self.items[item.item_id] = lying
        self.fresh[item.item_id] = (image, item, change)
        self._on[change.prototype_id].add(item.item_id)
        self.owners[change.prototype_id] = change.cluster_id
        self.piles[change.cluster_id].tally.add(member)

    def _merge(self, change: Merged) -> None:
        heir, retired = self.piles[change.cluster_id], self.piles[change.retired_id]
        heir.standing = joined(heir.standing, retired.standing)
        heir.tally.absorb(retired.tally)
        retired.living, retired.heir, retired.tally = False, change.cluster_id, Tally()
        for lobe, owner in self.owners.items():
            if owner == change.retired_id:
                self._hand_over(lobe, change.cluster_id)
        self._fuse(change.fused)

    def _take_over(self, source_id: str, target_id: str, lobes: Iterable[int]) -> None:
        source, target = self.piles[source_id].tally, self.piles[target_id].tally
        for lobe in lobes:
            for item_id in self._on[lobe]:
                member = self.items[item_id].member
                if member is None:
                    raise ValueError(f"item {item_id} changes cluster but was not weighed")
                source.add(member, -1)
                target.add(member)
            self._hand_over(lobe, target_id)

    def _hand_over(self, lobe: int, cluster_id: str) -> None:
        self.owners[lobe] = cluster_id
        for item_id in self._on[lobe]:
            self.items[item_id].changed = True

    def _fuse(self, fused: Fusions) -> None:
        for kept, absorbed in fused:
            owner = self.owners.pop(absorbed, None)
            self.apart = {_renamed(pair, absorbed, kept) for pair in self.apart}
            for item_id in self._on.pop(absorbed, ()):
                self._lie(item_id, kept, exemplar=False)
            if owner is not None:
                self.owners[kept] = owner

    def _lie(self, item_id: str, lobe: int, *, exemplar: bool) -> None:
        lying = self.items[item_id]
        self._on[lying.lobe].discard(item_id)
        self._on[lobe].add(item_id)
        lying.lobe, lying.exemplar, lying.changed = lobe, exemplar, True

    def _carve(self, change: Carved) -> None:
        named = [item_id for item_id, _ in change.taken]
        founder = next((i for i in named if self.items[i].exemplar), named[0])
        for item_id in named:
            self._lie(item_id, change.prototype_id, exemplar=item_id == founder)
        self.owners[change.prototype_id] = change.cluster_id
        left = {lobe for _, lobe in change.taken}
        self.apart |= {
            _renamed(pair, lobe, change.prototype_id)
            for pair in self.apart
            for lobe in left.intersection(pair)
        }

    def _revive(self, change: Revived, seq: int) -> None:
        left = change.inheritance
        self._bear(change.cluster_id, seq)
        self._take_over(change.parent_id, change.cluster_id, left.prototypes)
        self.piles[change.cluster_id].standing = left.standing
        self.piles[change.parent_id].standing = left.heir

    def _forget(self, change: Forgotten) -> None:
        lying, pile = self.items.pop(change.item_id), self.piles[change.cluster_id]
        self._on[lying.lobe].discard(change.item_id)
        if lying.member is None:
            raise ValueError(f"item {change.item_id} is forgotten but was not weighed")
        pile.tally.add(lying.member, -1)
        if self.fresh.pop(change.item_id, None) is None and lying.n is not None:
            self.gone.append(lying.n)
        if not pile.tally.count:
            pile.living, pile.tally = False, Tally()
            pile.standing = replace(pile.standing, name="")


def _parted(constraints: Iterable[Constraint]) -> Iterator[tuple[int, int]]:
    return ((c.one, c.other) for c in constraints if c.cause and not c.together)


def _renamed(pair: tuple[int, int], former: int, now: int) -> tuple[int, int]:
    one, other = (now if lobe == former else lobe for lobe in pair)
    return min(one, other), max(one, other)
