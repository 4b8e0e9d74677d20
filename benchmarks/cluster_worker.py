"""A worker of the cluster benchmark: the product's own, but for eyes that look things up."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as SharedEvent
from pathlib import Path
from typing import Any

import river.drift  # noqa: F401  else the first photo would wait for it
from kafka import KafkaProducer
from threadpoolctl import threadpool_limits

from benchmarks.cluster_stream import DIM, Stream, load_stream
from benchmarks.crowd import Oracle
from benchmarks.growth import resident_bytes
from cairn.collector import spare_survivors
from cairn.compose import Means
from cairn.eyes import Eyes
from cairn.kafka_run import broker_of, codecs_of, commits_of, source_of, work
from cairn.sections import Engine, Kafka, Metrics, Settings, State
from cairn.timing import TimedVerifier
from cairn.watch import watching
from consumer.kafka import KafkaSource, open_source
from consumer.transaction import Extras, KafkaCommitter, next_offsets
from engine.profile import PROFILES
from engine.sight import Prepared
from engine.types import Batch, Photo, Rejection
from engine.wire import Record

TRANSACTIONS, AT_LEAST_ONCE = "transactions", "at least once"
LOOK_EVERY = 5000
"""Images between two looks at memory."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do. core: the one it is kept on, None for any."""

    bootstrap: str
    prefix: str
    profile: str
    delivery: str
    stream: Path
    state: Path
    core: int | None = None


@dataclass(slots=True)
class Tally:
    """What a worker did since it was let go.

    commits: moment, seconds and images of each. began, ended: moments of the monotonic clock,
    which all processes share. cpu: seconds of the process, from the one to the other. written:
    bytes by kind of record. resident: images committed, and bytes in memory then.
    """

    commits: list[tuple[float, float, int]] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    written: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    resident: list[tuple[int, int]] = field(default_factory=list)


class Measured(KafkaCommitter):
    """The product's commit, with a stopwatch."""

    def measure(self, tally: Tally, report: Connection) -> None:
        """Begin: what comes from now on counts."""
        self._tally, self._report, self._images = tally, report, 0
        self._cpu = time.process_time()
        tally.began = time.monotonic()

    def commit(self, batch: Batch, group_metadata: Any, extras: Extras) -> dict[int, int]:
        """Commit, and note what it took."""
        started = time.monotonic()
        written = super().commit(batch, group_metadata, extras)
        tally, tally.ended = self._tally, time.monotonic()
        tally.cpu = time.process_time() - self._cpu
        tally.commits.append((tally.ended, tally.ended - started, len(batch.positions)))
        self._images += len(batch.positions)
        if not tally.resident or self._images >= tally.resident[-1][0] + LOOK_EVERY:
            tally.resident.append((self._images, resident_bytes()))
        self._report.send(len(batch.positions))
        return written

    def _send(self, producer: Any, kind: str, record: Record, partition: int | None = None) -> Any:
        part = record.key.partition(b"/")[0].decode() if kind == "journal" else ""
        size = len(record.key) + len(record.value or b"")
        size += sum(len(name) + len(value) for name, value in record.headers)
        self._tally.written[f"{kind} {part}".strip()] += size
        return super()._send(producer, kind, record, partition)


class AtLeastOnce(Measured):
    """What would be without transactions: the same records, and the offsets after them.

    A crash between the two writes everything of the batch a second time.
    """

    def read_by(self, member: KafkaSource) -> None:
        """Whose offsets are committed."""
        self._consumer = member._consumer  # noqa: SLF001  the product has no use for this

    def _open(self) -> None:
        options = self._producer_options()
        for name in ("transactional_id", "transaction_timeout_ms"):
            del options[name]
        self._producer = KafkaProducer(**options)

    def _write(
        self, producer: Any, batch: Batch, group_metadata: Any, extras: Extras
    ) -> dict[int, int]:
        sent = self._send_all(producer, batch, extras)
        producer.flush()
        last = self._confirmed(sent)
        self._consumer.commit(next_offsets(batch.positions))
        return last


def run(job: Job, go: SharedEvent, stop: SharedEvent, report: Connection) -> None:
    """Join the group, say how many partitions are owned, work from `go` on until `stop`."""
    if job.core is not None:
        os.sched_setaffinity(0, {job.core})
    spare_survivors()
    settings = settings_of(job)
    means = means_of(job)
    broker = broker_of(settings.kafka)
    tally = Tally()
    kind = Measured if job.delivery == TRANSACTIONS else AtLeastOnce
    halt = threading.Event()
    with (
        threadpool_limits(1),
        closing(open_source(broker, source_of(settings.kafka))) as member,
        closing(kind(broker, commits_of(settings.kafka), codecs_of(means))) as committer,
        watching(settings.metrics, halt) as watch,
    ):
        if isinstance(committer, AtLeastOnce):
            committer.read_by(member)
        gate = Gate(load_stream(job.stream, places=_of_places(job)))

        def shepherd() -> None:
            while not go.wait(0.05):
                report.send(-len(member.assigned()) if watch.restored.is_set() else 0)
            committer.measure(tally, report)
            gate.open()
            stop.wait()
            halt.set()

        threading.Thread(target=shepherd, daemon=True).start()
        work(settings, means, member, committer, gate.prepare, watch)
    report.send(tally)


class Gate:
    """Prepares photos by looking them up, none before it is opened."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._waiting: list[tuple[Future[list[Prepared | Rejection]], Sequence[Photo]]] | None = []

    def prepare(self, photos: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
        """As the pipeline's."""
        future: Future[list[Prepared | Rejection]] = Future()
        with self._lock:
            if self._waiting is not None:
                self._waiting.append((future, photos))
                return future
        future.set_result([self._stream.prepared(photo) for photo in photos])
        return future

    def open(self) -> None:
        """Let through what waits, and all that comes."""
        with self._lock:
            waiting, self._waiting = self._waiting or [], None
        for future, photos in waiting:
            if future.set_running_or_notify_cancel():  # else the batch became void meanwhile
                future.set_result([self._stream.prepared(photo) for photo in photos])


@dataclass(frozen=True, slots=True)
class NoEyes:
    """Stands where models would be: only what the state depends on is asked of it."""

    identity: str = "benchmark"
    dim: int = DIM


def means_of(job: Job) -> Means:
    """The product's means, with eyes that see nothing and geometry that knows the truth."""
    blind: Any = NoEyes()
    eyes = Eyes(blind, blind, blind if _of_places(job) else None, Oracle())
    return Means(PROFILES[job.profile], eyes, TimedVerifier(eyes.verifier, time.thread_time))


def settings_of(job: Job) -> Settings:
    """As an operator would set them."""
    return Settings(
        engine=Engine(profile=job.profile),
        kafka=Kafka(bootstrap=job.bootstrap, topic_prefix=job.prefix, partitions=12),
        state=State(directory=job.state),
        metrics=Metrics(port=0),
    )


def _of_places(job: Job) -> bool:
    return PROFILES[job.profile].rule == "place"


def merged(tallies: Sequence[Tally]) -> Mapping[str, int]:
    """Bytes by kind of record, of all workers."""
    written: dict[str, int] = defaultdict(int)
    for tally in tallies:
        for kind, size in tally.written.items():
            written[kind] += size
    return written
