"""A worker in a consumer group: its source and its log, as the loop wants them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from consumer.group_shards import GroupShards
from consumer.journal import JOURNAL
from consumer.kafka import KafkaSource
from consumer.transaction import Extras, KafkaCommitter
from consumer.upserts import cluster_upserts
from engine.errors import CommitAborted, Transient
from engine.types import Batch, Message, Origin

_log = logging.getLogger(__name__)


class GroupSource:
    """The Source port over a group member; a rebalance starts a new epoch.

    lost: told which partitions are someone else's already.
    """

    def __init__(self, member: KafkaSource, lost: Callable[[Iterable[int]], None]) -> None:
        self._member = member
        self._lost = lost
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """How many times the group has changed this member's partitions."""
        return self._epoch

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions owned now."""
        return self._member.assigned()

    @property
    def exhausted(self) -> bool:
        """Never: a topic has no end."""
        return False

    def poll(self, limit: int, timeout_s: float) -> Sequence[Message]:
        """Messages of owned partitions; none while the broker is away."""
        try:
            messages = self._member.poll(limit, timeout_s)
        except Transient as error:
            _log.warning("%s; waiting", error)
            messages = []
        # What came with a change was read under an assignment that is void: it comes again.
        return [] if self._note_changes() else messages

    def keep_alive(self) -> None:
        """Stay in the group without reading."""
        try:
            self._member.keep_alive()
        except Transient as error:
            _log.warning("%s; waiting", error)
        self._note_changes()

    def rewind(self) -> None:
        """Nothing to do: owning a partition anew reads on from what is committed."""

    def close(self) -> None:
        """Leave the group."""
        self._member.close()

    def _note_changes(self) -> bool:
        changes = self._member.changes()
        for change in changes:
            _log.info("partitions %s: %s", change.kind, list(change.partitions))
            if change.kind == "lost":
                self._lost(change.partitions)
        self._epoch += bool(changes)
        return bool(changes)


class GroupLog:
    """The Log of the loop: one Kafka transaction for all shards of a batch."""

    def __init__(self, member: KafkaSource, committer: KafkaCommitter, shards: GroupShards) -> None:
        self._member = member
        self._committer = committer
        self._shards = shards

    def commit(self, batches: Mapping[int, Batch]) -> Mapping[int, Batch]:
        """Commit; the returned batches carry the journal offset their store shall remember."""
        whole = Batch(
            outcomes=tuple(o for batch in batches.values() for o in batch.outcomes),
            rejections=tuple(r for batch in batches.values() for r in batch.rejections),
            positions=tuple(p for batch in batches.values() for p in batch.positions),
        )
        try:
            written = self._committer.commit(
                whole, self._member.group_metadata(), self._extras(whole)
            )
        except Transient as error:
            _log.warning("%s; recovering", error)
            raise CommitAborted(str(error)) from error
        self._member.release(whole.positions)
        return {
            partition: _remembering(batch, partition, written.get(partition))
            for partition, batch in batches.items()
        }

    def _extras(self, batch: Batch) -> Extras:
        originals = {
            rejection.origin: original
            for rejection in batch.rejections
            if (original := self._member.original(rejection.origin)) is not None
        }
        upserts = [
            record
            for outcome in batch.outcomes
            for record in cluster_upserts(
                outcome, self._shards[outcome.cause.origin.partition].book
            )
        ]
        return Extras(upserts, originals)


def _remembering(batch: Batch, partition: int, offset: int | None) -> Batch:
    if offset is None:
        return batch
    return replace(batch, marks=(Origin(JOURNAL, partition, offset),))
