"""What listens to the loop: progress bar, shares of time, metrics, sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.progress import Progress, TaskID

from engine.book import Book
from engine.ports import EventSink
from engine.sight import Prepared
from engine.types import Batch, Rejection
from exporters.metrics import Metrics


class Quiet:
    """An observer that hears nothing; the others override what they listen to."""

    def prepared(self, result: Prepared | Rejection) -> None:
        """One photo went through the pipeline."""

    def committed(self, batch: Batch, seconds: float) -> None:
        """One shard's batch is durable."""

    def aborted(self) -> None:
        """A commit failed."""


@dataclass(frozen=True, slots=True)
class Bar(Quiet):
    """Moves a progress bar by what was committed."""

    progress: Progress
    task: TaskID

    def committed(self, batch: Batch, seconds: float) -> None:
        """Advance by every message of the batch."""
        self.progress.advance(self.task, len(batch.positions))


@dataclass(slots=True)
class Shares(Quiet):
    """Sums the processor seconds of every stage over a run."""

    seconds: dict[str, float] = field(default_factory=dict)
    photos: int = 0

    def prepared(self, result: Prepared | Rejection) -> None:
        """Take in one photo."""
        self.photos += 1
        if isinstance(result, Prepared):
            for stage, seconds in result.timings.items():
                self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


@dataclass(frozen=True, slots=True)
class Sink(Quiet):
    """Passes committed batches on to an event sink."""

    sink: EventSink

    def committed(self, batch: Batch, seconds: float) -> None:
        """Publish the batch."""
        self.sink.publish(batch)


@dataclass(frozen=True, slots=True)
class Gauges(Quiet):
    """Keeps the Prometheus metrics. `books`: those of the shards owned now."""

    metrics: Metrics
    books: Callable[[], Iterable[Book]]

    def prepared(self, result: Prepared | Rejection) -> None:
        """Take in the stage durations."""
        if isinstance(result, Prepared):
            self.metrics.photo_prepared(result.timings)

    def committed(self, batch: Batch, seconds: float) -> None:
        """Count what the batch holds."""
        self.metrics.committed(batch)
        for _ in batch.positions:
            self.metrics.photo_landed(seconds)
        self.count_clusters()

    def count_clusters(self) -> None:
        """Set the gauge of clusters; called as well when they have just been restored."""
        self.metrics.clusters(_states(self.books()))

    def aborted(self) -> None:
        """Count the failure."""
        self.metrics.commit_failed()


def _states(books: Iterable[Book]) -> dict[str, int]:
    scopes = [scope for book in books for scope in book.scopes().values()]
    confirmed = sum(scope.confirmed for scope in scopes)
    living = sum(len(scope.clusters) for scope in scopes)
    retired = sum(len(scope.redirects) for scope in scopes)
    return {"confirmed": confirmed, "pending": living - confirmed, "retired": retired}
