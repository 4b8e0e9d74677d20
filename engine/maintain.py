"""Keeping clusters right and bounded: who survives a merge, which lobes fuse."""

from __future__ import annotations

from dataclasses import replace

from engine.cluster import Cluster, Prototype, closest_pair


def merge_order(one: Cluster, other: Cluster) -> tuple[Cluster, Cluster]:
    """(survivor, retired): pinned outlives named, confirmed, pending; then size, then age."""

    def rank(cluster: Cluster) -> tuple[bool, bool, bool, int, int]:
        known = cluster.standing
        return not known.pinned, not known.name, not known.confirmed, -cluster.count, known.founded

    survivor, retired = sorted((one, other), key=rank)
    return survivor, retired


def plan_fusion(prototypes: list[Prototype], bound: int) -> tuple[tuple[int, int], ...]:
    """Pairs (kept, absorbed) of prototype ids that bring the lobes down to `bound`, in order."""
    lobes = [replace(prototype, total=prototype.total.copy()) for prototype in prototypes]
    plan = []
    while len(lobes) > bound:
        kept, absorbed = closest_pair(lobes)
        kept.absorb(absorbed)
        lobes = [lobe for lobe in lobes if lobe is not absorbed]
        plan.append((kept.prototype_id, absorbed.prototype_id))
    return tuple(plan)
