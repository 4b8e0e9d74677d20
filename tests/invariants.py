"""What must hold of every book, whatever happened, and how two books are compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.book import ScopeBook
from engine.cluster import Cluster, Prototype
from engine.lineage import Standing
from engine.ports import Members
from engine.types import Vector
from tests.builders import unit
from tests.snapshot import learned

PROBES = 3


def check(scope: ScopeBook, name: str, members: Members, vectors: Mapping[str, Vector]) -> None:
    """Everything a consistent scope owes; `vectors`: of all items that were not forgotten."""
    check_lobes(scope, name, members, vectors)
    check_ids(scope)
    check_constraints(scope)


def check_lobes(
    scope: ScopeBook, name: str, members: Members, vectors: Mapping[str, Vector]
) -> None:
    """Each item lies on one lobe, each lobe on one cluster, and the sums are exact."""
    owners = {p: c.cluster_id for c in scope.clusters.values() for p in c.prototypes}
    assert scope.owners == owners
    assert len(scope.index) == len(owners)
    assert all(lobe < scope.next_prototype for lobe in owners)
    on = {lobe: members.members(name, [lobe]) for lobe in owners}
    assert sorted(item for items in on.values() for item in items) == sorted(vectors)
    for cluster in scope.clusters.values():
        for lobe in cluster.prototypes.values():
            check_lobe(lobe, on[lobe.prototype_id], vectors)
    for item_id, vector in vectors.items():
        found = members.locate(name, item_id)
        assert found is not None
        assert item_id in on[found[1]]
        assert found[0].vector.tobytes() == vector.tobytes()


def check_lobe(lobe: Prototype, items: list[str], vectors: Mapping[str, Vector]) -> None:
    total = np.sum([vectors[item] for item in items], axis=0, dtype=np.float64)
    assert lobe.total.tobytes() == np.asarray(total).tobytes()
    assert lobe.count == len(items) > 0
    assert lobe.exemplar in {"", *items}


def check_ids(scope: ScopeBook) -> None:
    """Living ids have members, retired ones lead to a living one, or to nothing left."""
    assert all(c.prototypes and c.cluster_id == name for name, c in scope.clusters.items())
    assert scope.confirmed == sum(c.confirmed for c in scope.clusters.values())
    assert not scope.redirects.keys() & scope.clusters.keys()
    for retired in scope.redirects:
        seen = {retired}
        while (retired := scope.redirects.get(retired, "")) and retired not in scope.clusters:
            assert retired not in seen
            seen.add(retired)


def check_constraints(scope: ScopeBook) -> None:
    """Of living lobes, and kept."""
    for constraint in scope.constraints:
        assert constraint.one < constraint.other
        owners = scope.owners[constraint.one], scope.owners[constraint.other]
        assert (owners[0] == owners[1]) == constraint.together


def snapshot(scope: ScopeBook) -> object:
    """Everything a scope knows, comparable with ==."""
    return (lasting(scope), scope.redirects, scope.seq, scope.next_prototype)


def lasting(scope: ScopeBook) -> object:
    """What a scope knows but for its history: the counters, and where retired ids lead."""
    neighbours = [
        [label for label, _ in scope.index.search(unit(probe), 1000)] for probe in range(PROBES)
    ]
    return (
        {name: _inside(cluster) for name, cluster in scope.clusters.items()},
        list(scope.constraints),
        learned(scope.calibration),
        scope.owners,
        scope.confirmed,
        neighbours,
    )


def _inside(cluster: Cluster) -> object:
    lobes = {
        p.prototype_id: (p.exemplar, p.total.tobytes(), p.count, p.taken, p.indexed_at)
        for p in cluster.prototypes.values()
    }
    return cluster.standing, lobes


def view(scope: ScopeBook, name: str, members: Members) -> dict[str, tuple[Standing, list[str]]]:
    """What people see: who lies where, and what is said of it."""
    return {
        cluster.cluster_id: (cluster.standing, members.members(name, list(cluster.prototypes)))
        for cluster in scope.clusters.values()
    }
