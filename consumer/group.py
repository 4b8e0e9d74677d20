"""A worker in a consumer group: its source, its shards and its log, as the loop wants them.

Ownership is taken in a fixed order: wait until the group's committed offset is settled, open
the local store, read the rest of the journal partition, read on from the committed offset,
and only then let messages in.

The group takes every partition away for a moment whenever somebody joins or leaves, and mostly
gives the same ones back. Their shards wait in memory; what the journal says then shows whether
anybody else has written meanwhile, and nobody has where nothing is new.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Event

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from consumer.journal import JOURNAL, journal_batches
from consumer.kafka import KafkaSource
from consumer.shard import Shard
from consumer.transaction import Extras, KafkaCommitter
from consumer.upserts import cluster_upserts
from engine.errors import CommitAborted, Transient
from engine.ports import Store
from engine.types import Batch, Message, Origin
from engine.wire import Record

LONGEST_WAIT_S = 10.0

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


class GroupShards:
    """The shards of the owned partitions, restored whenever ownership or certainty was lost.

    open_store: the local store of a partition. revive: a shard from its store.
    read_journal: (offset, record) of everything committed in a journal partition from an
    offset on. stop: set when waiting for Kafka shall end.
    """

    def __init__(
        self,
        member: KafkaSource,
        open_store: Callable[[int], Store],
        revive: Callable[[Store], Shard],
        read_journal: Callable[[int, int], Iterator[tuple[int, Record]]],
        committer: KafkaCommitter,
        stop: Event,
    ) -> None:
        self._member = member
        self._stop = stop
        self._open_store = open_store
        self._revive = revive
        self._read_journal = read_journal
        self._committer = committer
        self._shards: dict[int, Shard] = {}

    def __getitem__(self, partition: int) -> Shard:
        return self._shards[partition]

    def values(self) -> Iterable[Shard]:
        """The shards in memory."""
        return self._shards.values()

    def own(self, partitions: frozenset[int]) -> None:
        """Have exactly these ready, however long Kafka is away.

        Shards of others go, but for those of a member that owns nothing: it may only be waiting
        for its share. So do those whose memory is ahead of what is durable. Raises Transient
        where it was told to stop before that was done.
        """
        ahead = [one for one, shard in self._shards.items() if not shard.settled]
        self.drop([*ahead, *(self._shards.keys() - partitions if partitions else ())])
        for attempt in Retrying(
            retry=retry_if_exception_type(Transient),
            wait=wait_exponential(max=LONGEST_WAIT_S),
            sleep=sleep_using_event(self._stop),
            stop=stop_when_event_set(self._stop),
            before_sleep=_tell,
            reraise=True,
        ):
            with attempt:
                self._committer.ensure_started()
                for partition in sorted(partitions):
                    self._take(partition)

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget these shards and release their stores."""
        for partition in set(partitions) & self._shards.keys():
            self._shards.pop(partition).store.close()

    def close(self) -> None:
        """Release every store."""
        self.drop(list(self._shards))

    def _take(self, partition: int) -> None:
        """Bring a shard up to date and let its messages in."""
        self._member.committed(partition)
        kept = self._shards.pop(partition, None)
        self._shards[partition] = self._renewed(kept, partition)
        self._member.seek_to_committed(partition)
        self._member.resume([partition])

    def _renewed(self, kept: Shard | None, partition: int) -> Shard:
        """The shard with all that the journal knows: rebuilt, unless that is what it knew."""
        store = self._open_store(partition) if kept is None else kept.store
        try:
            news = self._catch_up(store, partition)
            return self._revive(store) if kept is None or news else kept
        except BaseException:
            store.close()
            raise

    def _catch_up(self, store: Store, partition: int) -> bool:
        """Read what the journal knows beyond the store; whether that was anything."""
        known = store.position(JOURNAL, partition)
        start = 0 if known is None else known + 1
        news = False
        for batch in journal_batches(self._read_journal(partition, start), partition):
            store.commit(batch)
            news = True
        return news


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


def _tell(state: RetryCallState) -> None:
    if state.outcome is not None:
        _log.warning("%s; trying again", state.outcome.exception())


def _remembering(batch: Batch, partition: int, offset: int | None) -> Batch:
    if offset is None:
        return batch
    return replace(batch, marks=(Origin(JOURNAL, partition, offset),))
