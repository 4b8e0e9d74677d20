"""A correction while it is planned: its changes so far, and the scope as they would leave it.

The book does not move before the plan is complete, so that a command which turns out to be
impossible has changed nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from engine.book import ScopeBook
from engine.cluster import Prototype, id_of_child, joined
from engine.errors import BadCommand
from engine.lineage import (
    Carved,
    Change,
    Constrained,
    Constraint,
    Forgotten,
    Inheritance,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Standing,
    Vouched,
)
from engine.ports import Members
from engine.types import Item


class Draft:
    """Plans one command on one scope. `cause`: the command's id.

    changes: what to apply, in order. items: those that are carved or forgotten, by id.
    """

    def __init__(self, name: str, scope: ScopeBook, members: Members, cause: str) -> None:
        self._name = name
        self._scope = scope
        self._members = members
        self._cause = cause
        self._lobes: dict[str, set[int]] = {}
        self._standing: dict[str, Standing] = {}
        self._owners: dict[int, str] = {}
        self._redirects: dict[str, str] = {}
        self._carved: dict[str, int] = {}
        self._next_lobe = scope.next_prototype
        self.constraints = scope.constraints.copy()
        self.changes: list[Change] = []
        self.items: dict[str, Item] = {}

    def find(self, cluster_id: str) -> str:
        """The living cluster that an id leads to; raises BadCommand where there is none."""
        living: str | None = cluster_id
        while living is not None and not self.lobes(living):
            living = self._redirects.get(living) or self._scope.redirects.get(living)
        if living is None:
            raise BadCommand("unknown_cluster", f"there is no cluster {cluster_id!r}")
        return living

    def lobes(self, cluster_id: str) -> set[int]:
        """The lobes of a cluster; none where it does not live."""
        if cluster_id not in self._lobes:
            cluster = self._scope.clusters.get(cluster_id)
            self._lobes[cluster_id] = set(cluster.prototypes) if cluster else set()
        return self._lobes[cluster_id]

    def standing(self, cluster_id: str) -> Standing:
        """What a living cluster is apart from its members."""
        return self._standing.get(cluster_id) or self._scope.clusters[cluster_id].standing

    def owner(self, lobe: int) -> str | None:
        """The cluster of a lobe; None where it is gone."""
        return self._owners.get(lobe) or self._scope.owners.get(lobe)

    def by_cluster(self, lobes: Iterable[int]) -> dict[str, set[int]]:
        """Living lobes by the cluster they belong to."""
        found: dict[str, set[int]] = defaultdict(set)
        for lobe in lobes:
            if (owner := self.owner(lobe)) is not None:
                found[owner].add(lobe)
        return found

    def fused_since(self, lobes: Collection[int], seq: int) -> bool:
        """Whether any of these lobes was absorbed, or absorbed another, after that event."""
        return self._members.fused_since(self._name, lobes, seq)

    def locate(self, item_id: str) -> tuple[Item, int]:
        """An item and its lobe; raises BadCommand where there is no such item."""
        found = self._members.locate(self._name, item_id)
        if found is None:
            raise BadCommand("unknown_item", f"there is no item {item_id!r}")
        return found

    def carve(self, item_ids: Iterable[str], *, singly: bool = False) -> dict[str, int]:
        """Give items lobes without anybody else, or each one of its own; the lobe of each."""
        found: dict[int, list[Item]] = defaultdict(list)
        for item_id in dict.fromkeys(item_ids):
            item, lobe = self.locate(item_id)
            found[lobe].append(item)
        lobe_of: dict[str, int] = {}
        for lobe, items in found.items():
            parts = [[item] for item in items] if singly else [items]
            if len(items) == self._prototype(lobe).count:
                lobe_of |= dict.fromkeys((item.item_id for item in parts.pop()), lobe)
            for part in parts:
                lobe_of |= dict.fromkeys((item.item_id for item in part), self._carve(lobe, part))
        return lobe_of

    def merge(self, kept: str, retired: str) -> None:
        """Let one cluster become part of another; raises BadCommand where that contradicts."""
        before, other = self.standing(kept), self.standing(retired)
        if before.name and other.name and before.name != other.name:
            raise BadCommand(
                "contradiction",
                f"{kept} is named {before.name!r} and {retired} {other.name!r}: "
                "give both the same name first",
            )
        self.free(self.lobes(kept), self.lobes(retired), together=False)
        lobes = self.lobes(retired)
        inheritance = Inheritance(tuple(sorted(lobes)), other, before)
        self.changes.append(Merged(kept, retired, (), inheritance))
        self._hand_over(retired, kept, set(lobes))
        self._redirects[retired] = kept
        self._standing[kept] = joined(before, other)

    def revive(self, retired: str, parent: str, leaving: set[int], was: Inheritance) -> None:
        """Undo a merge: the lobes that are left of the retired cluster leave its heir."""
        if self.lobes(retired) or not self.lobes(parent) - leaving:
            raise BadCommand("irreversible", f"{retired} cannot be taken out of {parent} again")
        self.free(leaving, self.lobes(parent) - leaving, together=True)
        now = self.standing(parent)
        heir = was.heir if now == joined(was.heir, was.standing) else now
        inheritance = Inheritance(tuple(sorted(leaving)), was.standing, heir)
        self.changes.append(Revived(retired, parent, inheritance, self._members_of(leaving)))
        self._hand_over(parent, retired, leaving)
        self._standing |= {retired: was.standing, parent: heir}

    def move(self, source: str, target: str, leaving: set[int]) -> None:
        """Take some lobes of a cluster, not all, to another; raises BadCommand."""
        staying = self.lobes(source) - leaving
        if not staying:
            raise BadCommand("nothing_left", f"nothing would be left of cluster {source}")
        self.free(leaving, staying, together=True)
        self.free(leaving, self.lobes(target), together=False)
        ids = self._members_of(leaving)
        self.changes.append(Moved(target, source, tuple(sorted(leaving)), ids))
        self._hand_over(source, target, leaving)

    def split(self, source: str, leaving: set[int]) -> str:
        """Found a new cluster of some lobes of another, not all; its id. Raises BadCommand."""
        staying = self.lobes(source) - leaving
        if not staying:
            raise BadCommand("nothing_left", f"nothing would be left of cluster {source}")
        self.free(leaving, staying, together=True)
        seq = self._scope.seq + len(self.changes) + 1
        child = id_of_child(self._name, leaving, seq)
        ids = self._members_of(leaving)
        self.changes.append(Split(child, source, tuple(sorted(leaving)), ids))
        self._hand_over(source, child, leaving)
        self._standing[child] = Standing(seq, confirmed=False, pinned=False, name="")
        return child

    def name(self, cluster_id: str, name: str) -> None:
        """Give a cluster a name, or none; nothing changes where it has it."""
        before = self.standing(cluster_id).name
        if name != before:
            self.changes.append(Named(cluster_id, name, before))
            self._standing[cluster_id] = replace(self.standing(cluster_id), name=name)

    def vouch(self, cluster_id: str, *, confirmed: bool, pinned: bool) -> None:
        """Say that a cluster is right, or take it back; nothing changes where that is said."""
        now = self.standing(cluster_id)
        if (now.confirmed, now.pinned) != (confirmed, pinned):
            change = Vouched(cluster_id, confirmed, pinned, now.confirmed, now.pinned)
            self.changes.append(change)
            self._standing[cluster_id] = replace(now, confirmed=confirmed, pinned=pinned)

    def confirm(self, cluster_id: str) -> None:
        """Confirm a cluster that a person put together; it may still be taken apart."""
        self.vouch(cluster_id, confirmed=True, pinned=self.standing(cluster_id).pinned)

    def forget(self, item_id: str) -> None:
        """Let an item be gone; nothing changes where it is."""
        found = self._members.locate(self._name, item_id)
        if found is not None:
            self.items[item_id], lobe = found
            self.changes.append(Forgotten(self._scope.owners[lobe], item_id, lobe))

    def free(self, ones: Collection[int], others: Collection[int], *, together: bool) -> None:
        """Release what stands against the next change; explicit links raise BadCommand."""
        found = self.constraints.between(ones, others, together=together)
        for constraint in found:
            if constraint.explicit:
                must = "must lie together" if together else "must not lie together"
                raise BadCommand(
                    "contradiction",
                    f"command {constraint.cause!r} says that some of these items {must}: "
                    "undo it first",
                )
        self.release(found)

    def release(self, constraints: Sequence[Constraint]) -> None:
        """Let constraints hold no more."""
        if constraints:
            owner = self.owner(constraints[0].one) or ""
            self.changes.append(Released(owner, tuple(constraints)))
            for constraint in constraints:
                self.constraints.discard(constraint)

    def link(
        self, pairs: Iterable[tuple[int, int]], *, together: bool, explicit: bool = False
    ) -> None:
        """Let pairs of lobes lie together for good, or apart."""
        found = {tuple(sorted(pair)) for pair in pairs}
        self.constrain(
            [Constraint(one, two, together, self._cause, explicit) for one, two in sorted(found)]
        )

    def constrain(self, constraints: Sequence[Constraint]) -> None:
        """Let constraints hold from now on."""
        if constraints:
            owner = self.owner(constraints[0].one) or ""
            self.changes.append(Constrained(owner, tuple(constraints)))
            for constraint in constraints:
                self.constraints.add(constraint)

    def _carve(self, lobe: int, items: Sequence[Item]) -> int:
        owner, new = self._scope.owners[lobe], self._next_lobe
        self._next_lobe += 1
        taken = tuple((item.item_id, lobe) for item in items)
        self.changes.append(Carved(owner, new, taken))
        if any(item.item_id == self._prototype(lobe).exemplar for item in items):
            self.constraints.hand_on(lobe, new)
        self.lobes(owner).add(new)
        self._owners[new] = owner
        for item in items:
            self.items[item.item_id], self._carved[item.item_id] = item, new
        return new

    def _prototype(self, lobe: int) -> Prototype:
        return self._scope.clusters[self._scope.owners[lobe]].prototypes[lobe]

    def _members_of(self, lobes: Collection[int]) -> tuple[str, ...]:
        whole = set(self._members.members(self._name, lobes)) - self._carved.keys()
        carved = {item_id for item_id, lobe in self._carved.items() if lobe in lobes}
        return tuple(sorted(whole | carved))

    def _hand_over(self, source: str, target: str, lobes: Collection[int]) -> None:
        self.lobes(target).update(lobes)
        self.lobes(source).difference_update(lobes)
        self._owners.update(dict.fromkeys(lobes, target))
