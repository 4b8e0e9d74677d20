"""Commands into changes: what people know better, through the same book and journal.

1. Clusters are named by id, retired ids included; items by item id. What is unknown, what
   contradicts, and what would leave nothing is refused before anything changes.
2. What people put together must lie together from then on, and split and moved items apart from
   what they left. A later merge, split or move overrides that; an explicit link only gives way
   when the command that made it is undone.
3. Items leave a lobe by being carved out of it; a lobe that leaves whole keeps its exemplar.
4. Nothing that people merge is fused, so that it can be taken apart again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol, assert_never

from engine.book import Book, ScopeBook
from engine.calibration import Calibration
from engine.cluster import UNKNOWN
from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    RegroupCluster,
    SplitCluster,
    UndoCommand,
)
from engine.constraints import tied
from engine.draft import Draft
from engine.errors import BadCommand
from engine.lineage import Assigned, Change, Event, Inheritance, Merged
from engine.maintain import merge_order
from engine.ports import MemberMemory, Past
from engine.types import Correction, Item, Outcome
from engine.undo import undo


class Engine(Protocol):
    """What commands need of the clusterer; it asks for a change once the last one holds."""

    def regroup(self, scope: str, cluster_id: str) -> Iterable[Change]:
        """What a second look at a cluster changes."""
        ...

    def relearn(self, scope: str, earlier: Calibration) -> Iterable[Change]:
        """What a scope knows of its material without what was forgotten; `earlier`: before."""
        ...


class Corrector:
    """Carries out commands on the book of a shard, as the clusterer does photos."""

    def __init__(self, book: Book, members: MemberMemory, engine: Engine) -> None:
        self._book = book
        self._members = members
        self._engine = engine

    def correct(self, correction: Correction, past: Past) -> Outcome:
        """Carry out a command; raises BadCommand, with the book as it was.

        past: what was decided before, the running batch included.
        """
        if correction.scope not in self._book.scopes():
            raise BadCommand("unknown_scope", f"there is no scope {correction.scope!r}")
        scope = self._book.scope(correction.scope)
        _check_unchanged(correction, scope)
        draft = Draft(correction.scope, scope, self._members, correction.command_id)
        plan(correction, draft, scope, past)
        known = replace(scope.calibration)
        events = list(self._apply(correction.scope, draft.changes, draft.items))
        events += self._apply(correction.scope, self._consequences(correction, draft, known), {})
        return Outcome(correction, tuple(draft.items.values()), tuple(events))

    def _consequences(
        self, correction: Correction, draft: Draft, known: Calibration
    ) -> Iterator[Change]:
        """What the engine makes of it, one change at a time; `known`: what it knew before."""
        match correction.order:
            case RegroupCluster(cluster_id=cluster_id):
                scope = self._book.scope(correction.scope)
                for change in self._engine.regroup(correction.scope, draft.find(cluster_id)):
                    yield _remembered(change, scope)
            case ForgetImage() if draft.changes:
                yield from self._engine.relearn(correction.scope, known)

    def _apply(
        self, name: str, changes: Iterable[Change], items: Mapping[str, Item]
    ) -> Iterator[Event]:
        scope = self._book.scope(name)
        for change in changes:
            event = Event(name, scope.seq + 1, change)
            scope.apply(event, items, UNKNOWN)
            self._members.remember(event, items)
            yield event


def _check_unchanged(correction: Correction, scope: ScopeBook) -> None:
    """Refuse what was asked of clusters as they are no more: somebody else was there first."""
    for cluster_id, revision in correction.expects:
        cluster = scope.clusters.get(cluster_id)
        if cluster is None or cluster.revision != revision:
            now = "gone" if cluster is None else f"at revision {cluster.revision}"
            detail = f"cluster {cluster_id} was seen at revision {revision} and is {now}"
            raise BadCommand("conflict", f"{detail}: look again")


def _remembered(change: Change, scope: ScopeBook) -> Change:
    """A merger with what it takes to undo it."""
    if not isinstance(change, Merged):
        return change
    retired, heir = scope.clusters[change.retired_id], scope.clusters[change.cluster_id]
    lobes = tuple(sorted(retired.prototypes))
    return replace(change, inheritance=Inheritance(lobes, retired.standing, heir.standing))


def plan(correction: Correction, draft: Draft, scope: ScopeBook, past: Past) -> None:
    """Put the changes of an order into the draft; raises BadCommand. Re-grouping is not planned."""
    match correction.order:
        case MergeClusters(cluster_ids=cluster_ids):
            _merge(cluster_ids, draft)
        case SplitCluster() as order:
            _split(order, draft)
        case MoveItems() as order:
            _move(order, draft)
        case LinkItems() as order:
            _link(order, draft, scope)
        case ForgetImage(image_id=image_id):
            _forget(past.image_outcome(correction.scope, image_id), image_id, draft)
        case UndoCommand(undone_id=command_id):
            _undo(past.command_outcome(correction.scope, command_id), command_id, draft)
        case order:
            _judge(order, draft)


def _judge(order: ConfirmCluster | NameCluster | RegroupCluster, draft: Draft) -> None:
    """What is said of one cluster."""
    cluster_id = draft.find(order.cluster_id)
    match order:
        case ConfirmCluster():
            draft.vouch(cluster_id, confirmed=True, pinned=True)
        case NameCluster(name=name):
            draft.name(cluster_id, name)
        case RegroupCluster():
            pass
        case _:
            assert_never(order)


def _merge(cluster_ids: Iterable[str], draft: Draft) -> None:
    kept, *others = dict.fromkeys(draft.find(cluster_id) for cluster_id in cluster_ids)
    for other in others:
        _join(kept, other, draft)


def _split(order: SplitCluster, draft: Draft) -> None:
    source = draft.find(order.cluster_id)
    for item_id in order.item_ids:
        if draft.owner(draft.locate(item_id)[1]) != source:
            raise BadCommand("unknown_item", f"{item_id!r} does not lie on cluster {source}")
    _found(source, set(draft.carve(order.item_ids).values()), draft, confirmed=_many(order))


def _move(order: MoveItems, draft: Draft) -> None:
    target = None if order.cluster_id is None else draft.find(order.cluster_id)
    moving = [i for i in order.item_ids if draft.owner(draft.locate(i)[1]) != target]
    groups = draft.by_cluster(draft.carve(moving).values())
    if target is None:
        source = next((c for c, leaving in groups.items() if draft.lobes(c) != leaving), None)
        if source is None:
            raise BadCommand("nothing_left", "these are whole clusters as they are: merge them")
        target = _found(source, groups.pop(source), draft, confirmed=_many(order))
    for source, leaving in groups.items():
        _send(source, target, leaving, draft)


def _link(order: LinkItems, draft: Draft, scope: ScopeBook) -> None:
    if len(set(order.item_ids)) < 2:
        raise BadCommand("bad_command", "a link is between two items")
    lobe_of = draft.carve(order.item_ids, singly=True)
    one, other = (lobe_of[item_id] for item_id in order.item_ids)
    owners = sorted(draft.by_cluster([one, other]))
    if order.together and len(owners) == 2:
        kept, retired = merge_order(*(scope.clusters[owner] for owner in owners))
        _join(kept.cluster_id, retired.cluster_id, draft)
    elif not order.together and len(owners) == 1:
        lobes = draft.lobes(owners[0])
        leaving = tied(other, lobes, draft.constraints, explicitly=True)
        draft.split(owners[0], {other} if one in leaving else leaving)
    draft.link([(one, other)], together=order.together, explicit=True)


def _forget(past: Outcome | None, image_id: str, draft: Draft) -> None:
    if past is None:
        raise BadCommand("unknown_image", f"there is no image {image_id!r}")
    for event in past.events:
        if isinstance(event.change, Assigned):
            draft.forget(event.change.item_id)


def _undo(past: Outcome | None, command_id: str, draft: Draft) -> None:
    if past is None:
        raise BadCommand("unknown_command", f"there was no command {command_id!r}")
    undo(past, draft)


def _join(kept: str, other: str, draft: Draft) -> None:
    """Merge, and let all of both lie together from now on."""
    draft.merge(kept, other)
    _tie(draft.lobes(kept), draft)
    draft.confirm(kept)


def _found(source: str, leaving: set[int], draft: Draft, *, confirmed: bool) -> str:
    """Let lobes become a cluster of their own, apart from what they leave."""
    staying = draft.lobes(source) - leaving
    child = draft.split(source, leaving)
    draft.link(_star(leaving, staying), together=False)
    _tie(leaving, draft)
    if confirmed:
        draft.confirm(child)
    return child


def _send(source: str, target: str, leaving: set[int], draft: Draft) -> None:
    """Let lobes go over to another cluster, together with it and apart from what they leave."""
    staying = draft.lobes(source) - leaving
    if not staying:
        _join(target, source, draft)
        return
    anchor = min(draft.lobes(target))
    draft.move(source, target, leaving)
    draft.link(_star(leaving, staying), together=False)
    _tie({anchor, *leaving}, draft)
    draft.confirm(target)


def _tie(lobes: set[int], draft: Draft) -> None:
    """Let lobes lie together from now on, each with the oldest."""
    oldest = min(lobes)
    draft.link(((oldest, lobe) for lobe in lobes if lobe != oldest), together=True)


def _star(ones: set[int], others: set[int]) -> list[tuple[int, int]]:
    """Pairs that tie every lobe of either side to the oldest of the other."""
    return [(min(ones), other) for other in others] + [(one, min(others)) for one in ones]


def _many(order: SplitCluster | MoveItems) -> bool:
    """Whether a person put several items together, which makes a cluster of them."""
    return len(set(order.item_ids)) > 1
