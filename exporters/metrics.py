"""What a running worker counts and measures, for Prometheus.

Labels come from small fixed sets, never from data: no scope, no cluster, no image. Base units
throughout. The registry is given, never the library's global one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from engine.evidence import agrees
from engine.lineage import Assigned, Calibrated, Change, Merged, Split
from engine.types import Batch, ImageRecord

Registry: TypeAlias = CollectorRegistry
"""Where a worker's metrics live: one a worker, made by whoever composes it."""

OUTCOMES = ("clustered", "empty", "duplicate", "rejected")
KINDS = ("assign", "spawn", "defer")
VERDICTS = ("agree", "differ")
STATES = ("pending", "confirmed", "retired")
DEVICES = ("cuda", "cpu")
OTHER = "other"
"""Label of whatever is not in its set."""

LATENCIES_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
STAGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """All metrics of one worker. Thread-safe.

    reasons: the slugs by which an image can be rejected; others are counted as `other`.
    """

    def __init__(self, registry: CollectorRegistry, version: str, reasons: Collection[str]) -> None:
        self._reasons = frozenset(reasons)
        self._images = _counter(registry, "images", "Images committed.", "outcome", OUTCOMES)
        self._latency = Histogram(
            "cairn_e2e_latency_seconds",
            "Seconds from the arrival of an image to the commit of its outcome.",
            registry=registry,
            buckets=LATENCIES_S,
        )
        self._stages = Histogram(
            "cairn_stage_duration_seconds",
            "Seconds one image spent in a stage.",
            ["stage"],
            registry=registry,
            buckets=STAGES_S,
        )
        self._batch_size = Histogram(
            "cairn_batch_size_images", "Images per commit.", registry=registry, buckets=BATCHES
        )
        gauge = partial(Gauge, registry=registry)
        self._lag = gauge(
            "cairn_consumer_lag_records",
            "Records not yet read of a partition.",
            ["topic", "partition"],
        )
        self._dead_letters = _counter(
            registry, "dead_letters", "Messages refused for good.", "reason", (*reasons, OTHER)
        )
        self._clusters = gauge("cairn_clusters", "Clusters.", ["state"])
        self._decisions = _counter(registry, "decisions", "Decisions on items.", "kind", KINDS)
        self._verifications = _counter(
            registry, "verifications", "Geometric verifications.", "verdict", VERDICTS
        )
        count = partial(Counter, registry=registry)
        self._merges = count("cairn_merges", "Clusters merged away.")
        self._splits = count("cairn_splits", "Clusters split off.")
        self._corrections = count("cairn_corrections", "Commands carried out.")
        self._calibrations = count("cairn_calibrations", "Thresholds a scope learned anew.")
        self._drifts = count("cairn_drifts", "Calibrations because a stream had changed.")
        self._fetched = count("cairn_fetched_images", "Claimed images fetched.")
        self._fetched_bytes = count("cairn_fetched_bytes", "Bytes of claimed images fetched.")
        self._fetch_retries = count("cairn_fetch_retries", "Attempts to fetch that came too early.")
        self._commit_failures = count("cairn_commit_failures", "Batches whose commit failed.")
        self._rebalances = count("cairn_rebalances", "Times the group moved partitions.")
        self._restore = gauge("cairn_restore_seconds", "Seconds the last restore of state took.")
        self._devices = gauge("cairn_model_device", "Models of a part.", ["part", "device"])
        build = Info("cairn_build", "What is running.", registry=registry)
        build.info({"version": version})

    def photo_prepared(self, timings: Mapping[str, float]) -> None:
        """Take in the seconds that one photo spent per stage."""
        for stage, seconds in timings.items():
            self._stages.labels(stage).observe(seconds)

    def photo_landed(self, seconds: float) -> None:
        """Take in the time from a photo's arrival to the commit of its outcome."""
        self._latency.observe(seconds)

    def committed(self, batch: Batch) -> None:
        """Count what a committed batch holds."""
        images = [o for o in batch.outcomes if isinstance(o.cause, ImageRecord)]
        empty = sum(not outcome.items for outcome in images)
        answered = len(batch.outcomes) + len(batch.rejections)
        self._images.labels("clustered").inc(len(images) - empty)
        self._images.labels("empty").inc(empty)
        self._images.labels("rejected").inc(sum(r.of == "image" for r in batch.rejections))
        self._corrections.inc(len(batch.outcomes) - len(images))
        self._images.labels("duplicate").inc(max(0, len(batch.positions) - answered))
        self._batch_size.observe(len(batch.positions))
        for rejection in batch.rejections:
            self._dead_letters.labels(_bounded(rejection.reason, self._reasons)).inc()
        for outcome in batch.outcomes:
            for event in outcome.events:
                self._changed(event.change)

    def clusters(self, counts: Mapping[str, int]) -> None:
        """Set how many clusters there are, by state."""
        for state in STATES:
            self._clusters.labels(state).set(counts.get(state, 0))

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Set how far reading is behind the end of a partition."""
        self._lag.labels(topic, str(partition)).set(records)

    def revoked(self, topic: str, partition: int) -> None:
        """Drop the lag of a partition that another worker reads now."""
        self._lag.remove(topic, str(partition))

    def fetched(self, size: int) -> None:
        """Count a claimed image of so many bytes."""
        self._fetched.inc()
        self._fetched_bytes.inc(size)

    def fetch_retried(self) -> None:
        """Count an attempt to fetch that has to be repeated."""
        self._fetch_retries.inc()

    def commit_failed(self) -> None:
        """Count a batch that was aborted."""
        self._commit_failures.inc()

    def rebalanced(self) -> None:
        """Count a change of the partitions this worker reads."""
        self._rebalances.inc()

    def restored(self, seconds: float) -> None:
        """Set how long the last restore took."""
        self._restore.set(seconds)

    def devices(self, part: str, counts: Mapping[str, int]) -> None:
        """Set how many models of a part of the eyes run on each device."""
        for device in DEVICES:
            self._devices.labels(part, device).set(counts.get(device, 0))

    def _changed(self, change: Change) -> None:
        if isinstance(change, Merged):
            self._merges.inc()
        if isinstance(change, Split):
            self._splits.inc()
        if isinstance(change, Calibrated):
            self._calibrations.inc()
            self._drifts.inc(change.drifted)
        if isinstance(change, Assigned):
            self._decisions.labels(_bounded(change.evidence.kind, KINDS)).inc()
            for trial in change.evidence.trials:
                self._verifications.labels("agree" if agrees(trial.verdict) else "differ").inc()


def _bounded(label: str, allowed: Collection[str]) -> str:
    return label if label in allowed else OTHER


def _counter(
    registry: CollectorRegistry, name: str, text: str, label: str, values: Collection[str]
) -> Counter:
    """Make a counter whose series all exist from the start: a rate needs the zero before."""
    counter = Counter(f"cairn_{name}", text, [label], registry=registry)
    for value in values:
        counter.labels(value)
    return counter
