"""A scope as a value, to compare what two workers know."""

from __future__ import annotations

from engine.book import ScopeBook
from engine.calibration import Calibration
from tests.builders import DIM, unit


def learned(calibration: Calibration) -> object:
    """Everything a calibration knows, comparable with ==."""
    centre, space = calibration.centre, calibration.space
    return (
        calibration.threshold,
        calibration.belief,
        None if centre is None else centre.tobytes(),
        None if space is None else (space.basis.tobytes(), space.within.tobytes()),
        (calibration.seen, calibration.next_fit, calibration.recent),
        (calibration.drifts, calibration.drifting, calibration.watch.drift_detected),
    )


def snapshot(scope: ScopeBook, dim: int = DIM) -> object:
    """Everything a scope knows, comparable with ==."""
    clusters = {
        cluster.cluster_id: (
            cluster.founded,
            cluster.revision,
            cluster.confirmed,
            {
                p.prototype_id: (p.exemplar, p.total.tobytes(), p.count, p.taken, p.indexed_at)
                for p in cluster.prototypes.values()
            },
        )
        for cluster in scope.clusters.values()
    }
    neighbours = [
        [label for label, _ in scope.index.search(unit(probe, dim), 1000)] for probe in range(3)
    ]
    return (
        clusters,
        learned(scope.calibration),
        scope.owners,
        scope.redirects,
        scope.seq,
        scope.next_prototype,
        neighbours,
    )
