"""What the group does to a member's partitions, noted for the poll loop to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor

Kind: TypeAlias = Literal["assigned", "revoked", "lost"]


@dataclass(frozen=True, slots=True)
class Change:
    """What the group did to this member's partitions; `lost` ones are already someone else's."""

    kind: Kind
    partitions: tuple[int, ...]


class RangeAssignor(RangePartitionAssignor):  # type: ignore[misc]
    """Gives the partitions of a number to one member, and each member its share.

    kafka-python 3.0.12 forgets members with an instance id that are not listed side by side:
    they would get nothing, until somebody else joins or leaves.
    """

    @classmethod
    def assign(cls, cluster: Any, members: Sequence[Any]) -> Any:
        """Assign as the client's own, with the members in an order that it can bear."""
        return super().assign(
            cluster, sorted(members, key=lambda one: one.group_instance_id is None)
        )


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the client's I/O thread: takes notes, pauses what is new, returns.

    owned: none between a revocation and the next assignment, though the client still lists them.
    """

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self.notes: deque[Change] = deque()
        self.owned: frozenset[TopicPartition] = frozenset()
        self.joined = False

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Keep what is new silent until its shard is restored."""
        self._consumer.pause(*assigned)
        self.joined = True
        self.owned = frozenset(assigned)
        self._note("assigned", assigned)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Note that they are about to become someone else's."""
        self.owned = frozenset()
        self._note("revoked", revoked)

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        """Note that they are someone else's."""
        self.owned = frozenset()
        self._note("lost", lost)

    def _note(self, kind: Kind, touched: Collection[TopicPartition]) -> None:
        if touched:
            partitions = sorted({where.partition for where in touched})
            self.notes.append(Change(kind, tuple(partitions)))
