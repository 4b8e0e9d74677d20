"""Cluster a folder once: stream it through the engine, keep nothing but the result."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cairn.compose import Means, store_at
from cairn.folder_run import FolderJob, photo_folder, run_folder
from cairn.observers import Bar, Shares
from cairn.report import disagreement, printable
from cairn.sections import Settings
from cairn.sheet import Shown
from engine.errors import Misconfigured
from engine.jobs.evaluate import NOISE, Scores, evaluate, subjects
from engine.jobs.placements import Placement, area, group_numbers, placements
from engine.types import Rejection


@dataclass(frozen=True, slots=True)
class Finished:
    """A folder's result, and what it cost.

    wall_s: seconds on the clock. cpu_s: processor seconds in all; stages: of them, by stage.
    scores: how right it is, None where no photo has a label.
    """

    placements: Sequence[Placement]
    rejections: Sequence[Rejection]
    wall_s: float
    cpu_s: float
    stages: Mapping[str, float]
    verifications: int
    scores: Scores | None

    @property
    def shown(self) -> Shown:
        """What a contact sheet tells of it."""
        bcubed = None if self.scores is None else self.scores.bcubed.f1
        return Shown(self.placements, self.rejections, self.wall_s, bcubed)

    @property
    def photos(self) -> int:
        """Photos read, rejected ones included."""
        return len({p.image.image_id for p in self.placements}) + len(self.rejections)


def cluster_folder(settings: Settings, means: Means, job: FolderJob, console: Console) -> Finished:
    """Cluster every photo of a folder; raises Misconfigured where there is none."""
    names = {file.name for file in photo_folder(job, settings.guards.max_bytes).find()}
    if not names:
        raise Misconfigured(f"{job.directory} holds no photos (JPEG, PNG, WebP)")
    if job.labels and names.isdisjoint(job.labels):
        console.print(
            printable(f"no photo has a label: {disagreement(names, job.labels)}"), style="yellow"
        )
    shares = Shares()
    started, started_cpu = time.monotonic(), time.process_time()
    with (
        tempfile.TemporaryDirectory(prefix="cairn-") as scratch,
        closing(store_at(Path(scratch) / "state.sqlite", means)) as store,
        progress_bar(console) as progress,
    ):
        bar = Bar(progress, progress.add_task("clustering", total=len(names)))
        run_folder(settings, means, job, store, lambda _: [bar, shares], lambda: False)
        cpu = time.process_time() - started_cpu
        found = placements(store.outcomes())
        return Finished(
            placements=found,
            rejections=list(store.rejections()),
            wall_s=time.monotonic() - started,
            cpu_s=cpu,
            stages={**shares.seconds, "verification": means.verifier.seconds},
            verifications=means.verifier.calls,
            scores=_scores(found),
        )


def _scores(found: Sequence[Placement]) -> Scores | None:
    groups = group_numbers(found)
    photos = [placement.image.image_id for placement in found]
    chosen = subjects(photos, [area(placement.item.box) for placement in found])
    judged = [
        (label, groups.get(placement.key, NOISE))
        for placement in (found[k] for k in chosen)
        if (label := placement.image.attributes.get("label")) is not None
    ]
    if not judged:
        return None
    return evaluate([label for label, _ in judged], [group for _, group in judged])


def progress_bar(console: Console) -> Progress:
    """A bar that counts photos."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("photos"),
        TimeRemainingColumn(),
        console=console,
    )
