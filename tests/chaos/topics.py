"""All that the topics of a group hold in the end, read once and sorted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from consumer.connection import Broker
from consumer.journal import journal_batches
from engine.command_message import parse_command
from engine.dead_letter import DeadLetter, read_dead_letter
from engine.photo_message import parse_photo
from engine.types import Batch, Correction, Origin, Outcome, Photo
from engine.wire import Record
from tests.kafka.kit import committed_records


@dataclass(frozen=True)
class Topics:
    """photos, commands: messages by partition, in order. journal: (offset, record) by partition.

    events: by scope, in order. clusters: the last word on each. letters: every dead letter.
    """

    photos: dict[int, list[Photo]]
    commands: dict[int, list[Correction]]
    journal: dict[int, list[tuple[int, Record]]]
    events: dict[bytes, list[Record]]
    clusters: dict[bytes, bytes | None]
    letters: list[DeadLetter]

    @classmethod
    def read(cls, broker: Broker, prefix: str) -> Topics:
        """Read as a `read_committed` reader does."""

        def found(kind: str) -> Iterable[Any]:
            return committed_records(broker, f"{prefix}.{kind}")

        return cls(
            photos=_by_partition((r.partition, _photo(r)) for r in found("images")),
            commands=_by_partition((r.partition, _command(r)) for r in found("commands")),
            journal=_by_partition((r.partition, (r.offset, _record(r))) for r in found("journal")),
            events=_by_partition((r.key, _record(r)) for r in found("events")),
            clusters={r.key: r.value for r in found("clusters")},
            letters=[
                letter
                for r in found("dead-letters")
                if (letter := read_dead_letter(_record(r))) is not None
            ],
        )

    def journal_from(self, partition: int, start: int) -> Iterator[Batch]:
        """What a store is behind by."""
        tail = ((n, record) for n, record in self.journal.get(partition, []) if n >= start)
        return journal_batches(tail, partition)

    def outcomes(self, partition: int) -> list[Outcome]:
        """What the workers decided, in the order of their decisions."""
        return [one for batch in self.journal_from(partition, 0) for one in batch.outcomes]


def _by_partition(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    sorted_: defaultdict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        sorted_[key].append(value)
    return dict(sorted_)


def _record(message: Any) -> Record:
    return Record(message.key, message.value, tuple(message.headers))


def _photo(message: Any) -> Photo:
    return parse_photo(message.key, message.value, message.headers, _origin(message))


def _command(message: Any) -> Correction:
    return parse_command(message.key, message.value, _origin(message))


def _origin(message: Any) -> Origin:
    return Origin(message.topic, message.partition, message.offset)
