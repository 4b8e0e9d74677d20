"""The shards of a worker in a group: taken over, kept, given up, and restored from the journal.

Ownership is taken in a fixed order: wait until the group's committed offset is settled, open
the local store, read the rest of the journal partition, read on from the committed offset,
and only then let messages in.

The group takes every partition away for a moment whenever somebody joins or leaves, and mostly
gives the same ones back. Their shards wait in memory; what the journal says then shows whether
anybody else has written meanwhile, and nobody has where nothing is new.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import Protocol

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
from consumer.shard import Result, Shard
from consumer.transaction import KafkaCommitter
from engine.errors import CommitAborted, Stopped, Transient, UnusableState
from engine.ports import Store
from engine.types import Batch
from engine.wire import Record

LONGEST_WAIT_S = 10.0

_log = logging.getLogger(__name__)


class Copies(Protocol):
    """The local stores of this worker: copies of the journal."""

    def open(self, partition: int) -> Store:
        """Open or create one; raises UnusableState where it is no copy of this partition."""
        ...

    def set_aside(self, partition: int) -> object:
        """Put one away that nobody has open, so that the next is new; says where it is."""
        ...


class GroupShards:
    """The shards of the owned partitions, restored whenever ownership or certainty was lost.

    copies: their local stores; one that is damaged is made anew. revive: a shard from its store.
    read_journal: (offset, record) of everything committed in a journal partition from an
    offset on. stop: set when waiting for Kafka shall end.
    """

    def __init__(
        self,
        member: KafkaSource,
        copies: Copies,
        revive: Callable[[Store], Shard],
        read_journal: Callable[[int, int], Iterator[tuple[int, Record]]],
        committer: KafkaCommitter,
        stop: Event,
    ) -> None:
        self._member = member
        self._stop = stop
        self._copies = copies
        self._revive = revive
        self._read_journal = read_journal
        self._committer = committer
        self._shards: dict[int, Shard] = {}
        self._unusable: dict[int, UnusableState] = {}

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
                if self._stop.is_set():
                    raise Stopped("told to stop while the shards were to be restored")
                self._committer.ensure_started()
                for partition in sorted(partitions):
                    self._take(partition)

    def decide(self, partition: int, results: Sequence[Result]) -> Batch:
        """What a shard makes of its messages; raises CommitAborted where its copy is damaged."""
        with self._giving_up(partition):
            return self._shards[partition].decide(results)

    def commit(self, partition: int, batch: Batch) -> None:
        """Let the copy follow what the journal holds; raises CommitAborted where it cannot.

        Rejections are not for it: they lie in the topic of the dead letters.
        """
        with self._giving_up(partition):
            self._shards[partition].commit(replace(batch, rejections=()))

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
        self._put_away(partition)
        kept = self._shards.pop(partition, None)
        try:
            self._shards[partition] = self._renewed(kept, partition)
        except UnusableState as error:
            self._unusable[partition] = error
            self._put_away(partition)
            self._shards[partition] = self._renewed(None, partition)
        self._member.seek_to_committed(partition)
        self._member.resume([partition])

    def _put_away(self, partition: int) -> None:
        """Set a copy aside that is known to be no good; the next one is new."""
        if partition in self._unusable:
            aside = self._copies.set_aside(partition)
            fault = self._unusable.pop(partition)
            _log.warning("%s; it is now %s, and made anew from the journal", fault, aside)

    def _renewed(self, kept: Shard | None, partition: int) -> Shard:
        """The shard with all that the journal knows: rebuilt, unless that is what it knew."""
        store = self._copies.open(partition) if kept is None else kept.store
        try:
            news = self._catch_up(store, partition)
            return self._revive(store) if kept is None or news else kept
        except BaseException:
            store.close()
            raise

    @contextmanager
    def _giving_up(self, partition: int) -> Iterator[None]:
        """Give a shard up whose copy fails, to be restored from the journal.

        It cannot go on without: memory would be ahead, or answers would be wrong.
        """
        try:
            yield
        except (Transient, UnusableState) as error:
            _log.warning("%s; recovering", error)
            self.drop([partition])
            if isinstance(error, UnusableState):
                self._unusable[partition] = error
            raise CommitAborted(str(error)) from error

    def _catch_up(self, store: Store, partition: int) -> bool:
        """Read what the journal knows beyond the store; whether that was anything."""
        known = store.position(JOURNAL, partition)
        start = 0 if known is None else known + 1
        news = False
        for batch in journal_batches(self._read_journal(partition, start), partition):
            store.commit(batch)
            news = True
        return news


def _tell(state: RetryCallState) -> None:
    if state.outcome is not None:
        _log.warning("%s; trying again", state.outcome.exception())
