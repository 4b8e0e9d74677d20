"""Run a folder through the engine: the same loop for a one-shot result and for a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cairn.compose import Means, preparing, shard_of
from cairn.sections import Settings
from consumer.folder import FolderSource
from consumer.loop import FixedShards, Loop, NoLog, Observer, Pace
from consumer.shard import Shard
from consumer.spool import CommandedSource, Spool
from engine.ports import Source, Store
from engine.vision.exif import read_metadata_from
from engine.wire import event_body
from exporters.jsonl import JsonLines, JsonLinesSink
from producer.folder import PhotoFolder
from producer.labels import LabelRow

ONE_SCOPE = "default"
STATE_FILE = "state.sqlite"
"""The state of a folder within its state directory."""
VIEW_FILE = "view.sqlite"
"""The view that a worker which serves a page keeps beside its state; no state itself."""


@dataclass(frozen=True, slots=True)
class FolderJob:
    """What to read and how.

    scope: the scope of every photo; None makes one scope of each first sub-folder.
    watch: go on when everything that lies there has been read.
    commands: directory in which commands may be left meanwhile.
    """

    directory: Path
    scope: str | None = ONE_SCOPE
    watch: bool = False
    shuffle_seed: int | None = None
    labels: Mapping[str, LabelRow] = field(default_factory=dict)
    commands: Path | None = None


def photo_folder(job: FolderJob, max_bytes: int) -> PhotoFolder:
    """The folder of a job, ready to be searched."""
    return PhotoFolder(
        job.directory,
        read_metadata_from,
        _scope_by_folder if job.scope is None else _always(job.scope),
        max_bytes=max_bytes,
        labels=job.labels,
        shuffle_seed=job.shuffle_seed,
    )


def run_folder(
    settings: Settings,
    means: Means,
    job: FolderJob,
    store: Store,
    observe: Callable[[Shard], Sequence[Observer]],
    stop: Callable[[], bool],
) -> None:
    """Recover, then read until the end or until told to stop. Raises Stopped while recovering.

    observe: makes the observers, given the recovered shard.
    """
    folder = photo_folder(job, settings.guards.max_bytes)
    source: Source = FolderSource(
        folder, store.position, watch=job.watch, settle_s=settings.folder.settle_s
    )
    if job.commands is not None:
        source = CommandedSource(source, Spool(job.commands), store.position)
    shard = shard_of(store, means, stop)
    observers = observe(shard)
    pace = Pace(settings.engine.batch_size)
    with preparing(settings, means) as prepare:
        shards = FixedShards({0: shard})
        Loop(source, prepare, shards, NoLog(), observers, pace).run(stop)


def lines_in(directory: Path) -> JsonLinesSink:
    """The files of events and refusals in a state directory."""
    return JsonLinesSink(
        JsonLines(directory / "events.jsonl"), JsonLines(directory / "rejected.jsonl"), event_body
    )


def _always(scope: str) -> Callable[[str], str]:
    return lambda _: scope


def _scope_by_folder(name: str) -> str:
    head, separator, _ = name.partition("/")
    return head if separator else ONE_SCOPE
