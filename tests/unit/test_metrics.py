"""Metrics follow from committed batches, and their labels stay bounded whatever arrives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from engine.commands import MergeClusters
from engine.lineage import Assigned, Calibrated, Change, Confirmed, Created, Event, Merged, Split
from engine.types import Batch, Box, Correction, ImageRecord, Item, Origin, Outcome, Rejection
from engine.verdict import Evidence, Trial
from exporters.metrics import Metrics
from tests.builders import agreeing


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry, version="1.2.3", reasons=("too_large",))


def origin(offset: int) -> Origin:
    return Origin("images", 0, offset)


def outcome(offset: int, *changes: Change, items: int = 1) -> Outcome:
    record = ImageRecord(f"i{offset}", "s", origin(offset), "00", 4, 3)
    item = Item(f"i{offset}#0", np.ones(1, dtype=np.float32), Box(0, 0, 4, 3))
    events = tuple(Event("s", seq, change) for seq, change in enumerate(changes, start=1))
    return Outcome(record, (item,) * items, events)


def assigned(kind: str, *inliers: int) -> Assigned:
    trials = tuple(Trial("c", "i#0", 0.5, agreeing(count)) for count in inliers)
    evidence = Evidence(kind, trials=trials)
    return Assigned("c", "i#0", 1, founds=False, confidence=1, evidence=evidence)


def rejection(offset: int, reason: str) -> Rejection:
    return Rejection(f"i{offset}", "s", origin(offset), reason, "details")


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"cairn_{name}", labels)


def test_images_are_counted_by_what_became_of_them(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    """A message that is neither clustered nor refused was seen before."""
    metrics.committed(
        Batch(
            (outcome(0), outcome(1), outcome(2, items=0)),
            (rejection(3, "too_large"),),
            tuple(origin(offset) for offset in range(6)),
        )
    )
    found = {
        name: value(registry, "images_total", outcome=name)
        for name in ("clustered", "empty", "rejected", "duplicate")
    }
    assert found == {"clustered": 2, "empty": 1, "rejected": 1, "duplicate": 2}
    assert value(registry, "batch_size_images_sum") == 6


def test_decisions_and_verifications_come_from_the_evidence(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    """Every assignment tells its kind and what each verification said."""
    changes = (assigned("assign", 40, 15, 6), assigned("spawn", 0), Merged("c", "d"))
    changes = (*changes, Split("e", "c", (1,), ()))
    metrics.committed(Batch((outcome(0, Created("c", "i#0"), *changes, Confirmed("c")),)))
    assert value(registry, "decisions_total", kind="assign") == 1
    assert value(registry, "decisions_total", kind="spawn") == 1
    assert value(registry, "verifications_total", verdict="agree") == 2
    assert value(registry, "verifications_total", verdict="differ") == 2
    assert value(registry, "merges_total") == 1
    assert value(registry, "splits_total") == 1


def test_calibrations_and_drifts_are_counted(registry: CollectorRegistry, metrics: Metrics) -> None:
    """Every calibration counts, and again those that came because the stream had changed."""
    grown, changed = (Calibrated(0.4, 0.3, 1.0, 8, drifted, ()) for drifted in (False, True))
    metrics.committed(Batch((outcome(0, grown), outcome(1, grown, changed))))
    assert value(registry, "calibrations_total") == 3
    assert value(registry, "drifts_total") == 1


def test_commands_are_no_images(registry: CollectorRegistry, metrics: Metrics) -> None:
    """What they change is counted as what it is, and their refusals by their reasons."""
    command = Correction("c", "s", origin(1), MergeClusters(("a", "b")))
    merging = Outcome(command, (), (Event("s", 1, Merged("a", "b")),))
    refused = replace(rejection(2, "too_large"), of="command")
    metrics.committed(Batch((merging,), (refused,), (origin(1), origin(2))))
    assert value(registry, "corrections_total") == 1
    assert value(registry, "merges_total") == 1
    assert value(registry, "dead_letters_total", reason="too_large") == 1
    for kind in ("clustered", "empty", "rejected", "duplicate"):
        assert value(registry, "images_total", outcome=kind) == 0


def test_unknown_labels_become_other(registry: CollectorRegistry, metrics: Metrics) -> None:
    """Hostile or new reasons and kinds cannot grow the number of series."""
    refused = tuple(rejection(n, reason) for n, reason in enumerate(("too_large", "x", "y")))
    metrics.committed(Batch((outcome(3, assigned("novel")),), refused))
    assert value(registry, "dead_letters_total", reason="too_large") == 1
    assert value(registry, "dead_letters_total", reason="other") == 2
    assert value(registry, "decisions_total", kind="other") == 1
    assert b'"x"' not in generate_latest(registry)


def test_the_loop_reports_its_own_course(registry: CollectorRegistry, metrics: Metrics) -> None:
    """Durations, lag, states and mishaps have a method each."""
    metrics.photo_prepared({"decode": 0.02, "embed": 0.04})
    metrics.photo_landed(1.5)
    metrics.lag("cairn.images", 2, 77)
    metrics.clusters({"pending": 3, "confirmed": 2})
    metrics.commit_failed()
    metrics.rebalanced()
    metrics.restored(0.25)
    assert value(registry, "stage_duration_seconds_sum", stage="decode") == 0.02
    assert value(registry, "e2e_latency_seconds_count") == 1
    assert value(registry, "consumer_lag_records", topic="cairn.images", partition="2") == 77
    assert value(registry, "clusters", state="confirmed") == 2
    assert value(registry, "clusters", state="retired") == 0
    assert value(registry, "commit_failures_total") == value(registry, "rebalances_total") == 1
    assert value(registry, "restore_seconds") == 0.25
    assert value(registry, "build_info", version="1.2.3") == 1


def test_a_revoked_partition_has_no_lag(registry: CollectorRegistry, metrics: Metrics) -> None:
    """A partition that moved away leaves no stale figure, and leaving twice does no harm."""
    metrics.lag("cairn.images", 0, 5)
    metrics.revoked("cairn.images", 0)
    metrics.revoked("cairn.images", 0)
    assert value(registry, "consumer_lag_records", topic="cairn.images", partition="0") is None


def test_series_exist_before_anything_happens(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    """A rate over the first event needs a zero to start from."""
    metrics.committed(Batch())
    assert value(registry, "dead_letters_total", reason="too_large") == 0
    assert value(registry, "decisions_total", kind="defer") == 0
