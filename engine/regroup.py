"""Re-agglomeration of a neighbourhood: what online decisions put wrong is put right.

The lobes of a few neighbouring clusters are agglomerated from scratch by average linkage, as an
offline method would do it with everything known by now. Whatever differs from where the lobes
lie becomes splits, moves and mergers. Ids go to the groups that overlap them most, so a cluster
keeps its name while it loses or wins a few photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from engine.cluster import Cluster, Prototype
from engine.constraints import Constraints, bound_together, may_join
from engine.linkage import groups, mergers


@dataclass(frozen=True, slots=True)
class Transfer:
    """Lobes leave a cluster for a group.

    group: number of the group; heir: the cluster whose id it keeps, None where it is to be born.
    last: nothing of the source is left behind.
    """

    source: str
    group: int
    heir: str | None
    prototypes: tuple[int, ...]
    last: bool


def regroup(
    clusters: Sequence[Cluster],
    directions: NDArray[np.float64],
    threshold: float,
    constraints: Constraints,
) -> list[Transfer]:
    """What has to move so that average linkage at `threshold` agrees; nothing where it does.

    directions: (m, d), a row for every lobe of these clusters in the order of `lobes_of`.
    Constraints are stronger than any similarity.
    """
    rows = {
        lobe.prototype_id: row
        for (_, lobe), row in zip(lobes_of(clusters), directions, strict=True)
    }
    units = _units(clusters, constraints)
    counts = np.array([unit.count for unit in units], np.float64)
    means = np.stack([unit.mean(rows) for unit in units])
    links = means @ means.T
    for one, other in _kept_apart(units, constraints):
        links[one, other] = links[other, one] = -np.inf
    found: dict[int, dict[str, list[Prototype]]] = {}
    tree = list(mergers(links, counts, threshold))
    for unit, group in zip(units, groups(len(units), tree).tolist(), strict=True):
        found.setdefault(group, {}).setdefault(unit.cluster.cluster_id, []).extend(unit.lobes)
    heirs = _inherit(found, {cluster.cluster_id: cluster for cluster in clusters})
    return sorted(_transfers(found, heirs), key=lambda t: (t.last, t.heir is not None))


def lobes_of(clusters: Sequence[Cluster]) -> list[tuple[Cluster, Prototype]]:
    """Every lobe with its cluster, oldest first, so that ties fall the same way every time."""
    lobes = [(cluster, lobe) for cluster in clusters for lobe in cluster.prototypes.values()]
    return sorted(lobes, key=lambda pair: pair[1].prototype_id)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Lobes of a cluster that evidence alone may not take apart: mostly a single one."""

    cluster: Cluster
    lobes: tuple[Prototype, ...]

    @property
    def count(self) -> int:
        return sum(lobe.count for lobe in self.lobes)

    def mean(self, rows: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
        first, *others = self.lobes
        if not others:
            return rows[first.prototype_id]
        total = np.stack([lobe.count * rows[lobe.prototype_id] for lobe in self.lobes]).sum(axis=0)
        return np.asarray(total / self.count)


def _units(clusters: Sequence[Cluster], constraints: Constraints) -> list[_Unit]:
    """The lobes of these clusters in units, oldest first."""
    units = [
        _Unit(cluster, tuple(cluster.prototypes[number] for number in sorted(bound)))
        for cluster in clusters
        for bound in bound_together(cluster, constraints)
    ]
    return sorted(units, key=lambda unit: unit.lobes[0].prototype_id)


def _kept_apart(units: Sequence[_Unit], constraints: Constraints) -> Iterator[tuple[int, int]]:
    """Pairs of units that may not come to lie on one cluster."""
    settled = [
        number
        for number, unit in enumerate(units)
        if unit.cluster.name
        or unit.cluster.pinned
        or any(constraints.holds_for(lobe.prototype_id) for lobe in unit.lobes)
    ]
    for one, other in combinations(settled, 2):
        first, second = units[one], units[other]
        if first.cluster is not second.cluster:
            numbers = [[lobe.prototype_id for lobe in unit.lobes] for unit in (first, second)]
            if not may_join(first.cluster, second.cluster) or constraints.between(
                *numbers, together=False
            ):
                yield one, other


def _inherit(
    found: dict[int, dict[str, list[Prototype]]], clusters: Mapping[str, Cluster]
) -> dict[int, str]:
    """The id that each group keeps: greedily by members in common, older clusters first.

    What people vouched for or named comes before everything else.
    """
    overlaps = [
        (*_claim(clusters[source]), -sum(lobe.count for lobe in lobes), founded, source, group)
        for group, parts in found.items()
        for source, lobes in parts.items()
        for founded in [clusters[source].founded]
    ]
    heirs: dict[int, str] = {}
    taken: set[str] = set()
    for *_, source, group in sorted(overlaps):
        if group not in heirs and source not in taken:
            heirs[group] = source
            taken.add(source)
    return heirs


def _claim(cluster: Cluster) -> tuple[bool, bool]:
    return not cluster.pinned, not cluster.name


def _transfers(
    found: dict[int, dict[str, list[Prototype]]], heirs: dict[int, str]
) -> Iterator[Transfer]:
    """One transfer for every part of a cluster that lies in a group of another id.

    A cluster without a group of its own leaves with its largest part, and that comes last.
    """
    largest: dict[str, tuple[int, int]] = {}
    for group, parts in found.items():
        for source, lobes in parts.items():
            size = sum(lobe.count for lobe in lobes)
            largest[source] = max(largest.get(source, (0, 0)), (size, -group))
    keepers = set(heirs.values())
    for group, parts in found.items():
        biggest_first = sorted(parts.items(), key=lambda part: -sum(p.count for p in part[1]))
        for source, lobes in biggest_first:
            if heirs.get(group) != source:
                last = source not in keepers and largest[source][1] == -group
                numbers = tuple(lobe.prototype_id for lobe in lobes)
                yield Transfer(source, group, heirs.get(group), numbers, last)
