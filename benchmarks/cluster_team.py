"""Rounds of the cluster benchmark: topics, photos in them, workers that start together."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from uuid import uuid4

import orjson
from kafka import KafkaProducer, TopicPartition

from benchmarks.cluster_stream import photos
from benchmarks.cluster_worker import TRANSACTIONS, Job, Tally, run
from consumer.connection import Broker, open_reader
from consumer.topics import TopicLayout, ensure_topics
from engine.lineage import Assigned
from engine.photo_message import photo_record
from engine.types import Photo
from engine.wire import EVENT_TYPES

PARTITIONS = 12
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where rounds take place. stream: directory of what the eyes make of the photos."""

    bootstrap: str
    directory: Path
    profile: str
    stream: Path

    @contextmanager
    def team(self, workers: int, delivery: str) -> Iterator[Team]:
        """So many workers on fresh topics."""
        prefix = f"b{uuid4().hex[:8]}"
        ensure_topics(Broker(self.bootstrap), TopicLayout(prefix, partitions=PARTITIONS))
        cores = sorted(os.sched_getaffinity(0))
        team = Team(Broker(self.bootstrap), prefix)
        for number in range(workers):
            core = cores[number] if workers <= len(cores) else None
            state = self.directory / f"{prefix}-{number}"
            team.start(
                Job(self.bootstrap, prefix, self.profile, delivery, self.stream, state, core)
            )
        try:
            yield team
        finally:
            team.end()


class Team:
    """Worker processes that wait for each other."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self.broker = broker
        self.prefix = prefix
        self._context = multiprocessing.get_context("spawn")
        self._go: Event = self._context.Event()
        self._stop: Event = self._context.Event()
        self._workers: list[tuple[BaseProcess, Connection]] = []

    def start(self, job: Job) -> None:
        """Start one more."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=run, args=(job, self._go, self._stop, theirs))
        process.start()
        theirs.close()
        self._workers.append((process, ours))

    def ready(self) -> None:
        """Wait until each owns its share, and let them begin."""
        share = -(PARTITIONS // len(self._workers))
        owned = dict.fromkeys(self._reports(), 0)
        for where, told in self._told():
            owned[where] = told
            if all(one == share for one in owned.values()):
                break
        self._go.set()

    def settle(self, count: int) -> None:
        """Wait until so many photos are committed."""
        done = 0
        for _, told in self._told():
            done += max(0, told)
            if done >= count:
                return

    def tallies(self) -> tuple[Tally, ...]:
        """Stop all; what each did."""
        self._stop.set()
        return tuple(_last(report) for report in self._reports())

    def end(self) -> None:
        """Stop what still runs."""
        self._stop.set()
        self._go.set()
        for process, _ in self._workers:
            process.join(30)
            process.kill()

    def _reports(self) -> list[Connection]:
        return [report for _, report in self._workers]

    def _told(self) -> Iterator[tuple[Connection, int]]:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            ready = wait(self._reports(), timeout=1.0)
            for report in self._reports():
                if report in ready:
                    yield report, report.recv()
        raise TimeoutError("the workers do not get on")


def _last(report: Connection) -> Tally:
    while not isinstance(told := report.recv(), Tally):
        pass
    return told


@dataclass(frozen=True, slots=True)
class Round:
    """What so many workers did with so many photos."""

    workers: int
    delivery: str
    photos: int
    tallies: tuple[Tally, ...]

    @property
    def seconds(self) -> float:
        """From the moment that they may begin to the last commit."""
        return max(t.ended for t in self.tallies) - min(t.began for t in self.tallies)

    @property
    def rate(self) -> float:
        """Photos a second, of all workers."""
        return self.photos / self.seconds

    @property
    def cpu(self) -> float:
        """Processor milliseconds of the workers for one photo."""
        return 1000 * sum(t.cpu for t in self.tallies) / self.photos

    def commits(self, column: int) -> list[float]:
        """Of every commit its moment, seconds or images."""
        return [commit[column] for tally in self.tallies for commit in tally.commits]


def play(place: Place, workers: int, delivery: str, count: int) -> Round:
    """One round."""
    with place.team(workers, delivery) as team:
        with closing(KafkaProducer(**team.broker.options(), linger_ms=50)) as producer:
            for partition, photo in photos(count, PARTITIONS):
                send(producer, team.prefix, partition, photo)
            producer.flush()
        team.ready()
        team.settle(count)
        return Round(workers, delivery, count, team.tallies())


def send(producer: KafkaProducer, prefix: str, partition: int, photo: Photo) -> None:
    """Send one photo."""
    record, topic = photo_record(photo, "image/jpeg"), f"{prefix}.images"
    producer.send(topic, record.value, record.key, list(record.headers), partition=partition)


def visible_after(place: Place, workers: int, count: int, rate: float) -> list[float]:
    """Seconds from sending each photo, so many a second, until a reader is told its cluster."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    with place.team(workers, TRANSACTIONS) as team:
        team.ready()
        reader = threading.Thread(target=_watch, args=(team, seen, count))
        reader.start()
        with closing(KafkaProducer(**team.broker.options())) as producer:
            started = time.monotonic()
            for number, (partition, photo) in enumerate(photos(count, PARTITIONS)):
                time.sleep(max(0.0, started + number / rate - time.monotonic()))
                sent[photo.image_id] = time.monotonic()
                send(producer, team.prefix, partition, photo)
        reader.join()
        team.tallies()
    return [seen[image] - moment for image, moment in sent.items()]


def _watch(team: Team, seen: dict[str, float], count: int) -> None:
    """Note when each photo is told of, as a reader of committed events sees it."""
    told = EVENT_TYPES[Assigned].encode()
    with closing(open_reader(team.broker)) as reader:
        reader.assign([TopicPartition(f"{team.prefix}.events", n) for n in range(PARTITIONS)])
        deadline = time.monotonic() + PATIENCE_S
        while len(seen) < count and time.monotonic() < deadline:
            for records in reader.poll(timeout_ms=500).values():
                for record in records:
                    if dict(record.headers)["ce_type"] == told:
                        seen[orjson.loads(record.value)["image_id"]] = time.monotonic()
