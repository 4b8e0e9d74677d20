"""What the same stream comes to where nobody dies: one worker, one partition after the other.

Photos are decided on in the order they were sent. When a command is carried out depends on the
workers' pace: it comes where the journal has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cairn.compose import Means, shard_of, store_at
from consumer.loop import Prepare
from engine.book import Book
from engine.types import Correction, Origin, Outcome, Photo, Rejection
from tests.chaos.topics import Topics

BATCH = 16


@dataclass(frozen=True)
class Calm:
    """A partition's outcomes and rejections, and the state they leave in memory."""

    outcomes: list[Outcome]
    rejections: list[Rejection]
    book: Book


def calm_run(
    topics: Topics, partition: int, means: Means, prepare: Prepare, directory: Path
) -> Calm:
    """Decide once more on all that was sent to a partition."""
    outcomes: list[Outcome] = []
    rejections: list[Rejection] = []
    with closing(store_at(directory / f"calm-{partition}.sqlite", means)) as store:
        shard = shard_of(store, means, lambda: False)
        for messages in _batches(list(_in_order(topics, partition))):
            photos = [message for message in messages if isinstance(message, Photo)]
            prepared = iter(prepare(photos).result())
            batch = shard.decide(
                next(prepared) if isinstance(message, Photo) else message for message in messages
            )
            shard.commit(batch)
            outcomes += batch.outcomes
            rejections += batch.rejections
        return Calm(outcomes, rejections, shard.book)


def _in_order(topics: Topics, partition: int) -> Iterator[Photo | Correction]:
    photos = iter(topics.photos.get(partition, []))
    commands = {command.origin: command for command in topics.commands.get(partition, [])}
    for outcome in topics.outcomes(partition):
        origin = outcome.cause.origin
        if origin in commands:
            yield commands[origin]
        else:
            yield from _up_to(photos, origin)
    yield from photos


def _up_to(photos: Iterator[Photo], origin: Origin) -> Iterator[Photo]:
    for photo in photos:
        yield photo
        if photo.origin == origin:
            return


def _batches(messages: Sequence[Photo | Correction]) -> Iterable[Sequence[Photo | Correction]]:
    return (messages[start : start + BATCH] for start in range(0, len(messages), BATCH))
