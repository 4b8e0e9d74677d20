"""One Kafka transaction per batch: what it changed and what it read, both or neither.

The journal, the events, the clusters' latest states, the dead letters and the consumed
offsets become visible together. Only then may the local store advance (Kafka Streams works
the same way; KIP-447 fences a member whose partitions have moved on).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, TypeAlias, TypeVar

from kafka import KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from consumer.connection import OPERATOR_ERRORS, Broker, connecting
from consumer.topics import HEADROOM_BYTES, topic_name
from engine.dead_letter import dead_letter_record
from engine.errors import CommitAborted, Misconfigured, Transient
from engine.lineage import Assigned
from engine.types import Batch, Correction, ImageRecord, Item, LocalFeatures, Origin, Outcome
from engine.wire import (
    IDENTITY,
    Record,
    encode_headers,
    event_records,
    journal_key,
)
from state.store import exemplar_features, forgotten_image

T = TypeVar("T")
_Sent: TypeAlias = tuple[Sequence[Any], Sequence[Any]]
"""What the producer promised: of the journal, and of the rest."""
CLOSE_TIMEOUT_S = 1.0
MAX_DEAD_BYTES = 1024 * 1024
"""A batch of dead letters must fit into a transaction's time; larger originals stay behind."""
BATCH_BYTES = 300_000
"""Of one partition go to the broker at once: two exemplars' features, well under any limit of a
topic. The client does not get over one that is refused for its size: it would split it in vain."""
LINGER_MS = 1000
"""Longer than it takes to hand over a batch: it leaves in one request, when it is complete."""
RETRY_MS = 10
"""The broker turns down a transaction that follows closely until the last one is settled."""


@dataclass(frozen=True, slots=True)
class CommitSettings:
    """Where to write and under which name.

    transactional_id: unique to this worker and stable over its restarts; a second producer of
    the same name fences the first.
    timeout_s: a transaction that takes longer is given up; a dead worker's open transaction
    holds up readers for as long.
    """

    transactional_id: str
    prefix: str = "cairn"
    max_message_bytes: int = 8 * 1024 * 1024
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Codecs:
    """How the journal writes what it keeps; the inverse lies with whoever restores.

    identity: what all of it was made with; every record says so.
    """

    outcome: Callable[[Outcome], bytes]
    image: Callable[[ImageRecord], bytes]
    item: Callable[[Item], bytes]
    features: Callable[[LocalFeatures], bytes]
    identity: str


@dataclass(frozen=True, slots=True, eq=False)
class Extras:
    """What a batch writes beyond itself.

    upserts: latest states for the compacted topic `clusters`, keyed by `wire.cluster_key`.
    originals: messages behind the batch's rejections, for their dead letters.
    """

    upserts: Sequence[Record] = ()
    originals: Mapping[Origin, Record] = field(default_factory=dict)


class KafkaCommitter:
    """The only writer of a worker; `start` it before the journal is read for recovery."""

    def __init__(self, broker: Broker, settings: CommitSettings, codecs: Codecs) -> None:
        self._broker = broker
        self._settings = settings
        self._codecs = codecs
        self._producer: Any = None

    def start(self) -> None:
        """Connect, and settle what an earlier life under this name left open.

        Raises Misconfigured where no broker answers.
        """
        with connecting(self._broker):
            self._open()

    def ensure_started(self) -> None:
        """Connect again where the last attempt to failed; raises Transient where it still does."""
        if self._producer is None:
            self._reopen()

    def commit(self, batch: Batch, group_metadata: Any, extras: Extras) -> dict[int, int]:
        """Make a batch durable and return the last journal offset written, by partition.

        A partition of which the batch only had duplicates or rejections is not in the answer.
        Raises CommitAborted where the batch did not become durable or where that is unknown,
        Misconfigured where a topic refuses it, Transient where Kafka is out of reach. What a
        failure left open is settled when the next commit, or `ensure_started`, connects again.
        """
        self.ensure_started()
        producer = self._producer  # a step that is given up must never reach its successor
        try:
            return _within(
                self._settings.timeout_s,
                lambda: self._write(producer, batch, group_metadata, extras),
            )
        except (KafkaError, TimeoutError) as error:
            self.close()  # to connect again here would hold up who wants to stop
            raise self._verdict(error) from error

    def close(self) -> None:
        """Release the connection; an open transaction is aborted by the broker."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=CLOSE_TIMEOUT_S)
        except KafkaError:
            # It could not flush, and gave up before it ended the thread that would go on trying.
            producer._sender.force_close()  # noqa: SLF001

    def _open(self) -> None:
        self._producer = KafkaProducer(**self._producer_options())
        self._producer.init_transactions()

    def _producer_options(self) -> dict[str, object]:
        timeout_ms = int(self._settings.timeout_s * 1000)
        return self._broker.options() | {
            "transactional_id": self._settings.transactional_id,
            "transaction_timeout_ms": timeout_ms,
            "max_block_ms": timeout_ms,
            "request_timeout_ms": timeout_ms,
            "delivery_timeout_ms": 2 * timeout_ms,  # the commit's own limit comes first
            "retry_backoff_ms": RETRY_MS,
            "batch_size": min(BATCH_BYTES, self._settings.max_message_bytes),
            "linger_ms": LINGER_MS,
            "metrics_enabled": False,  # nobody reads the client's own
            "max_request_size": self._settings.max_message_bytes + HEADROOM_BYTES,
            "allow_auto_create_topics": False,
        }

    def _reopen(self) -> None:
        """Take the name again, which aborts what it left open, so that readers can go on."""
        self.close()
        try:
            self._open()
        except KafkaError as error:
            raise Transient(f"Kafka at {self._broker.bootstrap} is gone: {error}") from error

    def _write(
        self, producer: Any, batch: Batch, group_metadata: Any, extras: Extras
    ) -> dict[int, int]:
        producer.begin_transaction()
        sent = self._send_all(producer, batch, extras)
        producer.send_offsets_to_transaction(next_offsets(batch.positions), group_metadata)
        producer.flush(self._settings.timeout_s)
        last = self._confirmed(sent)
        producer.commit_transaction()
        return last

    def _send_all(self, producer: Any, batch: Batch, extras: Extras) -> _Sent:
        journal = [
            self._send(producer, "journal", record, partition)
            for partition, record in self._journal_records(batch)
        ]
        others = [
            self._send(producer, kind, record) for kind, record in self._others(batch, extras)
        ]
        return journal, others

    def _confirmed(self, sent: _Sent) -> dict[int, int]:
        """Wait until the broker has everything; the last journal offset by partition."""
        journal, others = sent
        written = [future.get(self._settings.timeout_s) for future in journal]
        for future in others:
            future.get(self._settings.timeout_s)
        return {one.partition: one.offset for one in written}  # later ones win

    def _journal_records(self, batch: Batch) -> Iterator[tuple[int, Record]]:
        """What an image showed goes before its outcome; of a forgotten one, tombstones."""
        made_with = encode_headers({IDENTITY: self._codecs.identity})
        for outcome in batch.outcomes:
            partition, scope = outcome.cause.origin.partition, outcome.scope
            for kind, name, value in (*self._shown(outcome), *_erased(outcome)):
                yield partition, Record(journal_key(kind, scope, name), value, made_with)
            kind, name = _named(outcome.cause)
            key = journal_key(kind, scope, name)
            yield partition, Record(key, self._codecs.outcome(outcome), made_with)

    def _shown(self, outcome: Outcome) -> Iterator[tuple[str, str, bytes]]:
        """Kind, name and value of what is apart from the outcome, to be erased one day."""
        if not isinstance(outcome.cause, ImageRecord):
            return
        own = {e.change.item_id for e in outcome.events if isinstance(e.change, Assigned)}
        for item_id, features in exemplar_features(outcome):
            yield "features", item_id, self._codecs.features(features)
        for item in outcome.items:
            if item.item_id in own:
                yield "item", item.item_id, self._codecs.item(item)
        yield "image", outcome.cause.image_id, self._codecs.image(outcome.cause)

    def _others(self, batch: Batch, extras: Extras) -> Iterator[tuple[str, Record]]:
        for outcome in batch.outcomes:
            for record in event_records(outcome):
                yield "events", record
        for record in extras.upserts:
            yield "clusters", record
        for rejection in batch.rejections:
            original = extras.originals.get(rejection.origin)
            limit = min(self._settings.max_message_bytes, MAX_DEAD_BYTES)
            yield "dead-letters", dead_letter_record(rejection, original, limit)

    def _send(self, producer: Any, kind: str, record: Record, partition: int | None = None) -> Any:
        return producer.send(
            topic_name(self._settings.prefix, kind),
            key=record.key,
            value=record.value,
            headers=list(record.headers),
            partition=partition,
        )

    def _verdict(self, error: Exception) -> Misconfigured | CommitAborted:
        if isinstance(error, OPERATOR_ERRORS):
            return Misconfigured(f"Kafka at {self._broker.bootstrap} refuses: {error}")
        remedy = "another worker uses the same transactional id"
        if isinstance(error, TimeoutError | KafkaTimeoutError):
            remedy = f"give it more than {self._settings.timeout_s:g} s"
        return CommitAborted(
            f"the transaction of {self._settings.transactional_id!r} came to nothing: {error!r}. "
            f"Where this repeats, {remedy}."
        )


def _named(cause: ImageRecord | Correction) -> tuple[str, str]:
    """Kind and name of an outcome's record."""
    if isinstance(cause, ImageRecord):
        return "outcome", cause.image_id
    return "command", cause.command_id


def _erased(outcome: Outcome) -> Iterator[tuple[str, str, None]]:
    """Kind and name of what an outcome forgets."""
    if (image_id := forgotten_image(outcome)) is None:
        return
    for item in outcome.items:
        yield "features", item.item_id, None
        yield "item", item.item_id, None
    yield "image", image_id, None


def next_offsets(positions: Sequence[Origin]) -> dict[TopicPartition, OffsetAndMetadata]:
    """Where reading resumes: after the last message of each partition."""
    last: dict[TopicPartition, int] = {}
    for origin in positions:
        where = TopicPartition(origin.source, origin.partition)
        last[where] = max(origin.offset, last.get(where, -1))
    return {where: OffsetAndMetadata(offset + 1, "", -1) for where, offset in last.items()}


def _within(seconds: float, step: Callable[[], T]) -> T:
    """Run a step that may wait for ever: kafka-python's commit has no timeout of its own.

    Raises TimeoutError. The thread that is left behind ends with its producer or the process.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(step())
        except BaseException as error:  # noqa: BLE001  it is raised again in the caller's thread
            outcome.set_exception(error)

    Thread(target=run, name="kafka-commit", daemon=True).start()
    return outcome.result(seconds)
