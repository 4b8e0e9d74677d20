"""Keeping clusters right and bounded: calibration, re-agglomeration, who survives, what fuses.

Everything here runs by the count of items, never by the clock, and sees nothing but the book, so
a replayed or recovered worker does the same at the same item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import numpy as np

from engine.book import ScopeBook
from engine.calibration import Calibration
from engine.cluster import Cluster, Prototype, id_of_child
from engine.lineage import Change, Confirmed, Fusions, Merged, Moved, Split
from engine.linkage import fusions
from engine.ports import Members
from engine.profile import Profile
from engine.regroup import Transfer, lobes_of, regroup

REGION = 160
"""Lobes that are agglomerated at once on behalf of one item."""
WHOLE = 600
"""A scope of no more lobes is agglomerated as a whole after each calibration."""
NEIGHBOURS = 10
"""Clusters that a neighbourhood holds besides the one in its middle."""
PATROL = 2
"""Lobes a scope checks with every item, round and round, so that none is forgotten."""
SAMPLE, SEEDS, KIN = 600, 100, 4
"""Lobes that calibration looks at; in a larger scope, so many drawn, each with its nearest."""
REMEMBERED = 100_000
"""Neighbourhoods known to be in order: 8 bytes each, and as much again."""
SLACK = 0.25
"""How far below the threshold a neighbour still matters, as a part of the way to identity."""


class Maintenance:
    """What happens to a scope besides the arrival of items; yields changes, one at a time.

    Whoever iterates applies each change before asking for the next.
    """

    def __init__(self, profile: Profile, members: Members) -> None:
        self._profile = profile
        self._members = members
        self._settled: set[int] = set()

    def after(self, cluster_id: str, scope: ScopeBook, name: str) -> Iterator[Change]:
        """The work due after an item has joined this cluster of the scope called `name`."""
        if scope.calibration.due and scope.calibration.can_learn(sample := _sample(scope)):
            yield scope.calibration.look_again(sample)
            if len(scope.owners) <= WHOLE:
                yield from self._regroup(list(scope.clusters.values()), scope, name)
                return
        for around in (cluster_id, *_patrolled(scope)):
            if around in scope.clusters:
                yield from self.regroup(around, scope, name)

    def regroup(self, cluster_id: str, scope: ScopeBook, name: str) -> Iterator[Change]:
        """Re-agglomerate a cluster with its neighbours."""
        return self._regroup(self._neighbourhood(cluster_id, scope), scope, name)

    def relearn(self, scope: ScopeBook, earlier: Calibration) -> Iterator[Change]:
        """Calibrate a scope anew that was calibrated before something was forgotten."""
        sample = _sample(scope)
        if earlier.centre is not None and scope.calibration.can_learn(sample):
            yield scope.calibration.look_again(sample, earlier)

    def _threshold(self, scope: ScopeBook) -> float:
        learned, given = scope.calibration.threshold, self._profile.threshold
        return learned if given is None else given

    def _neighbourhood(self, cluster_id: str, scope: ScopeBook) -> list[Cluster]:
        """A cluster and those near enough to be part of it or to trade lobes with it."""
        centre = scope.clusters[cluster_id]
        total = centre.total()
        newest = max(centre.prototypes.values(), key=lambda lobe: lobe.prototype_id)
        middle = np.asarray(total / (np.linalg.norm(total) or 1.0), np.float32)
        probes = [middle, newest.direction()] if len(centre.prototypes) > 1 else [middle]
        near = [c for probe in probes for c, _ in scope.nearest(probe, self._profile.neighbours)]
        others = {c.cluster_id: c for c in near if c is not centre}.values()
        least = self._threshold(scope)
        least -= SLACK * (1.0 - least)
        towards = scope.calibration.middle(centre)
        linked = [(scope.calibration.average(other, towards), other) for other in others]
        linked = [pair for pair in linked if pair[0] >= least]
        linked.sort(key=lambda pair: (-pair[0], pair[1].founded))
        return _within_bounds(centre, [other for _, other in linked[:NEIGHBOURS]])

    def _regroup(
        self, clusters: Sequence[Cluster], scope: ScopeBook, name: str
    ) -> Iterator[Change]:
        lobes = lobes_of(clusters)
        threshold = self._threshold(scope)
        known = (name, threshold, scope.calibration.next_fit, scope.corrections)
        piles = ((c.cluster_id, p.prototype_id, p.count, p.total[0]) for c, p in lobes)
        state = hash((known, *piles))
        if len(lobes) > 1 and state not in self._settled:
            rows = scope.calibration.directions([lobe for _, lobe in lobes])
            transfers = regroup(clusters, rows, threshold, scope.constraints)
            if not transfers:
                self._remember(state)
            yield from self._carried_out(transfers, scope, name)
        for cluster in clusters:
            if scope.clusters.get(cluster.cluster_id) is cluster:
                yield from confirmation(cluster, self._profile.min_size)

    def _remember(self, state: int) -> None:
        """Note that nothing has to move there: to forget it costs time and changes nothing."""
        if len(self._settled) >= REMEMBERED:
            self._settled.clear()
        self._settled.add(state)

    def _carried_out(
        self, transfers: Sequence[Transfer], scope: ScopeBook, name: str
    ) -> Iterator[Change]:
        born: dict[int, str] = {}
        for done, transfer in enumerate(transfers, start=1):
            heir = transfer.heir or born.get(transfer.group)
            if heir is None:
                heir = born[transfer.group] = id_of_child(name, transfer.prototypes, scope.seq + 1)
                yield Split(heir, transfer.source, transfer.prototypes, self._who(transfer, name))
                yield from confirmation(scope.clusters[heir], self._profile.min_size)
            elif transfer.last:
                yield self.merger(heir, transfer.source, scope)
            else:
                leaving = {lobe for later in transfers[done:] for lobe in later.prototypes}
                yield self._move(heir, transfer, leaving, scope, name)

    def _move(
        self, heir: str, transfer: Transfer, leaving: Collection[int], scope: ScopeBook, name: str
    ) -> Moved:
        """A move that keeps what stays with the heir within its bound of lobes."""
        source, target = scope.clusters[transfer.source], scope.clusters[heir]
        staying = [lobe for number, lobe in target.prototypes.items() if number not in leaving]
        arriving = [source.prototypes[number] for number in transfer.prototypes]
        fused = self._fused([*staying, *arriving], scope)
        items = self._who(transfer, name)
        return Moved(heir, transfer.source, transfer.prototypes, items, fused)

    def _who(self, transfer: Transfer, name: str) -> tuple[str, ...]:
        return tuple(self._members.members(name, transfer.prototypes))

    def merger(self, survivor: str, retired: str, scope: ScopeBook) -> Merged:
        """A merger that keeps the survivor within its bound of lobes."""
        lobes = [
            lobe
            for name in (survivor, retired)
            for lobe in scope.clusters[name].prototypes.values()
        ]
        return Merged(survivor, retired, self._fused(lobes, scope))

    def _fused(self, lobes: Sequence[Prototype], scope: ScopeBook) -> Fusions:
        """What to fuse of a cluster's lobes; never what a person's links are about."""
        linked = scope.constraints.linked(lobe.prototype_id for lobe in lobes)
        free = [lobe for lobe in lobes if lobe.prototype_id not in linked]
        return plan_fusion(free, max(1, self.bound(scope) - len(linked)))

    def bound(self, scope: ScopeBook) -> int:
        """Lobes that a cluster may have now."""
        spare = self._profile.free_prototypes - len(scope.owners)
        return max(self._profile.max_prototypes, min(REGION, spare))


def confirmation(cluster: Cluster, needed: int) -> Iterator[Confirmed]:
    """The promise of an id, where a pending cluster has become large enough."""
    if not cluster.confirmed and cluster.count >= needed:
        yield Confirmed(cluster.cluster_id)


def _patrolled(scope: ScopeBook) -> Iterator[str]:
    """Owners of the next few lobes of the round, told by the number of items seen."""
    for step in range(PATROL):
        lobe = (scope.calibration.seen * PATROL + step) % max(scope.next_prototype, 1)
        if lobe in scope.owners:
            yield scope.owners[lobe]


def _sample(scope: ScopeBook) -> list[Prototype]:
    """All lobes of a small scope, patches of a large one.

    Single draws from many clusters would hardly ever meet a partner; so each brings the lobes
    nearest to it. Another draw each time: the threshold's inertia averages them.
    """
    if len(scope.owners) <= SAMPLE:
        return [lobe for _, lobe in lobes_of(list(scope.clusters.values()))]
    living = np.sort(np.fromiter(scope.owners, np.int64))
    first = min(int(np.searchsorted(living, scope.calibration.recent)), len(living) - SEEDS)
    chance = np.random.default_rng(scope.calibration.seen)
    found: dict[int, Prototype] = {}
    for seed in chance.choice(living[first:], SEEDS, replace=False).tolist():
        direction = scope.clusters[scope.owners[seed]].prototypes[seed].direction()
        found |= {lobe.prototype_id: lobe for _, lobe in scope.nearest(direction, KIN)}
    return [found[prototype_id] for prototype_id in sorted(found)]


def _within_bounds(centre: Cluster, others: Sequence[Cluster]) -> list[Cluster]:
    chosen, room = [centre], REGION - len(centre.prototypes)
    for other in others:
        if len(other.prototypes) <= room:
            chosen.append(other)
            room -= len(other.prototypes)
    return chosen


def merge_order(one: Cluster, other: Cluster) -> tuple[Cluster, Cluster]:
    """(survivor, retired): pinned outlives named, confirmed, pending; then size, then age."""

    def rank(cluster: Cluster) -> tuple[bool, bool, bool, int, int]:
        known = cluster.standing
        return not known.pinned, not known.name, not known.confirmed, -cluster.count, known.founded

    survivor, retired = sorted((one, other), key=rank)
    return survivor, retired


def plan_fusion(prototypes: list[Prototype], bound: int) -> Fusions:
    """Pairs (kept, absorbed) of prototype ids that bring the lobes down to `bound`, in order.

    A lobe goes into the larger one, of two equals into the older.
    """
    if len(prototypes) <= bound:
        return ()
    lobes = sorted(prototypes, key=lambda lobe: lobe.prototype_id)
    means = np.stack([lobe.total / lobe.count for lobe in lobes])
    counts = np.array([lobe.count for lobe in lobes], np.float64)
    pairs = islice(fusions(means, counts), len(lobes) - bound)
    numbers = [lobe.prototype_id for lobe in lobes]
    return tuple((numbers[kept], numbers[absorbed]) for kept, absorbed in pairs)
