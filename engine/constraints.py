"""What must lie together and what must not: kept lobe by lobe, asked before clusters change.

Constraints follow lobes through merges, splits, moves and fusions; where an item is carved out
that was its lobe's exemplar, they go with it. Two invariants hold after every outcome: lobes
that must lie together are on one cluster, lobes that must not are on two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from engine.cluster import Cluster
from engine.lineage import Constraint


class Constraints:
    """The constraints of a scope, found by either of their lobes."""

    def __init__(self) -> None:
        self._of: defaultdict[int, set[Constraint]] = defaultdict(set)

    def copy(self) -> Constraints:
        """The same constraints, to go a way of their own."""
        twin = Constraints()
        twin._of.update((lobe, set(held)) for lobe, held in self._of.items())
        return twin

    def __iter__(self) -> Iterator[Constraint]:
        """Every constraint once, sorted."""
        return iter(sorted(set().union(*self._of.values())))

    def holds_for(self, lobe: int) -> bool:
        """Whether anything holds for a lobe."""
        return lobe in self._of

    def add(self, constraint: Constraint) -> None:
        """Let it hold; nothing happens where it does."""
        self._of[constraint.one].add(constraint)
        self._of[constraint.other].add(constraint)

    def discard(self, constraint: Constraint) -> None:
        """Let it hold no more; nothing happens where it does not."""
        for lobe in (constraint.one, constraint.other):
            self._of[lobe].discard(constraint)
            if not self._of[lobe]:
                del self._of[lobe]

    def replace(self, old: int, new: int) -> None:
        """Let all that holds for one lobe hold for another; a lobe is always with itself.

        Raises ValueError where the two must not lie together: our bug.
        """
        self._replace(self._of.get(old, set()), old, new)

    def hand_on(self, old: int, new: int) -> None:
        """Follow an exemplar that was carved out of its lobe: what is explicit goes with it.

        Who links two items means the items, not what else has joined their lobes.
        """
        explicit = {constraint for constraint in self._of.get(old, ()) if constraint.explicit}
        self._replace(explicit, old, new)

    def _replace(self, held: Collection[Constraint], old: int, new: int) -> None:
        for constraint in sorted(held):
            self.discard(constraint)
            rest = constraint.other if constraint.one == old else constraint.one
            if rest != new:
                self.add(replace(constraint, one=min(rest, new), other=max(rest, new)))
            elif not constraint.together:
                raise ValueError(f"lobes {old} and {new} must not lie together")

    def drop(self, lobe: int, *, explicit: bool = False) -> None:
        """Forget all that held for a lobe that is gone, or what was explicit of one that lives."""
        for constraint in list(self._of.get(lobe, ())):
            if constraint.explicit or not explicit:
                self.discard(constraint)

    def linked(self, lobes: Iterable[int]) -> set[int]:
        """Those of the lobes that a person's links are about: they are not fused into others.

        Else nobody could tell any more which of a lobe's items was meant.
        """
        return {lobe for lobe in lobes if any(c.explicit for c in self._of.get(lobe, ()))}

    def between(
        self, ones: Collection[int], others: Collection[int], *, together: bool
    ) -> list[Constraint]:
        """The constraints of one kind between lobes of two groups, sorted."""
        fewer, more = sorted((ones, others), key=len)
        found = {
            constraint
            for lobe in fewer
            for constraint in self._of.get(lobe, ())
            if constraint.together == together
            and (constraint.other if constraint.one == lobe else constraint.one) in more
        }
        return sorted(found)

    def caused_by(self, command_id: str) -> list[Constraint]:
        """What a command brought about, as it stands now, sorted."""
        held = set().union(*self._of.values())
        return sorted(constraint for constraint in held if constraint.cause == command_id)


def may_merge(one: Cluster, other: Cluster, constraints: Constraints) -> bool:
    """Whether evidence alone may make one cluster of two.

    Not where lobes of them must not lie together, where people gave them different names, or
    where people vouched for both.
    """
    return may_join(one, other) and not constraints.between(
        one.prototypes, other.prototypes, together=False
    )


def may_join(one: Cluster, other: Cluster) -> bool:
    """Whether what people said of two clusters as a whole lets them become one."""
    named_differently = bool(one.name and other.name) and one.name != other.name
    return not named_differently and not (one.pinned and other.pinned)


def bound_together(cluster: Cluster, constraints: Constraints) -> list[set[int]]:
    """The lobes of a cluster in groups that evidence alone may not take apart, by lowest id."""
    if cluster.pinned:
        return [set(cluster.prototypes)]
    groups: list[set[int]] = []
    waiting = set(cluster.prototypes)
    while waiting:
        groups.append(tied(min(waiting), waiting, constraints))
        waiting -= groups[-1]
    return groups


def tied(
    lobe: int, among: Collection[int], constraints: Constraints, *, explicitly: bool = False
) -> set[int]:
    """A lobe with all that must lie together with it, directly or through others among these."""
    group, fresh = {lobe}, {lobe}
    while fresh:
        ties = constraints.between(fresh, among, together=True)
        partners = {p for c in ties if c.explicit or not explicitly for p in (c.one, c.other)}
        fresh = partners - group
        group |= fresh
    return group
