"""Re-agglomeration of a neighbourhood: what online decisions put wrong is put right.

The lobes of a few neighbouring clusters are agglomerated from scratch by average linkage, as an
offline method would do it with everything known by now. Whatever differs from where the lobes
lie becomes splits, moves and mergers. Ids go to the groups that overlap them most, so a cluster
keeps its name while it loses or wins a few photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cluster import Cluster, Prototype
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
    clusters: Sequence[Cluster], directions: NDArray[np.float64], threshold: float
) -> list[Transfer]:
    """What has to move so that average linkage at `threshold` agrees; nothing where it does.

    directions: (m, d), a row for every lobe of these clusters in the order of `lobes_of`.
    """
    lobes = lobes_of(clusters)
    counts = np.array([lobe.count for _, lobe in lobes], np.float64)
    tree = list(mergers(directions @ directions.T, counts, threshold))
    found: dict[int, dict[str, list[Prototype]]] = {}
    for (cluster, lobe), group in zip(lobes, groups(len(lobes), tree).tolist(), strict=True):
        found.setdefault(group, {}).setdefault(cluster.cluster_id, []).append(lobe)
    heirs = _inherit(found, {cluster.cluster_id: cluster.founded for cluster in clusters})
    return sorted(_transfers(found, heirs), key=lambda t: (t.last, t.heir is not None))


def lobes_of(clusters: Sequence[Cluster]) -> list[tuple[Cluster, Prototype]]:
    """Every lobe with its cluster, oldest first, so that ties fall the same way every time."""
    lobes = [(cluster, lobe) for cluster in clusters for lobe in cluster.prototypes.values()]
    return sorted(lobes, key=lambda pair: pair[1].prototype_id)


def _inherit(
    found: dict[int, dict[str, list[Prototype]]], founded: dict[str, int]
) -> dict[int, str]:
    """The id that each group keeps: greedily by members in common, older clusters first."""
    overlaps = [
        (-sum(lobe.count for lobe in lobes), founded[source], source, group)
        for group, parts in found.items()
        for source, lobes in parts.items()
    ]
    heirs: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, source, group in sorted(overlaps):
        if group not in heirs and source not in taken:
            heirs[group] = source
            taken.add(source)
    return heirs


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
