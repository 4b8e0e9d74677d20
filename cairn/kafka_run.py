"""Run a worker of a consumer group: the same loop, with Kafka as source, journal and sink."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from cairn.compose import Means, means_of, preparing, shard_of
from cairn.devices import tell_devices
from cairn.observers import Gauges
from cairn.sections import Kafka, Settings
from cairn.tls import tls_context
from cairn.watch import Watch
from consumer.connection import Broker
from consumer.fetch import Terms, open_fetcher
from consumer.group import GroupLog, GroupSource
from consumer.group_shards import GroupShards
from consumer.kafka import KafkaSource, SourceSettings, open_source
from consumer.known import sparing
from consumer.loop import Loop, Pace, Prepare
from consumer.restore import check_journal, made_with, read_journal
from consumer.shard import Shard
from consumer.topics import TopicLayout, ensure_topics, topic_name
from consumer.transaction import Codecs, CommitSettings, KafkaCommitter
from engine.errors import Stopped, Transient
from engine.ports import Store
from engine.wire import Record
from exporters.metrics import Metrics
from producer.publish import PublishSettings
from state.copies import Copies
from state.records import encode_features, encode_image, encode_item, encode_outcome

LOOK_EVERY_S = 5.0


def nobody_looks(_: Means) -> AbstractContextManager[None]:
    """Nothing beside the worker."""
    return nullcontext()


def run_kafka(
    settings: Settings, watch: Watch, beside: Callable[[Means], AbstractContextManager[None]]
) -> None:
    """Join the group and work until told to stop.

    beside: what goes on meanwhile, once the topics are there.
    Raises Misconfigured, StateMismatch, and Stopped where it was told so before it could join.
    """
    kafka, broker = settings.kafka, broker_of(settings.kafka)
    means = means_of(settings)
    if kafka.create_topics:
        ensure_topics(broker, layout_of(kafka))
    journal = topic_name(kafka.topic_prefix, "journal")
    check_journal(broker, journal, means.identity, partial(_go_on, watch))
    with (
        beside(means),
        closing(open_source(broker, source_of(kafka))) as member,
        closing(KafkaCommitter(broker, commits_of(kafka), codecs_of(means))) as committer,
        open_fetcher(terms_of(settings), watch.metrics, watch.turn) as fetcher,
        preparing(settings, means, fetcher) as prepare,
    ):
        work(settings, means, member, committer, prepare, watch)


def work(
    settings: Settings,
    means: Means,
    member: KafkaSource,
    committer: KafkaCommitter,
    prepare: Prepare,
    watch: Watch,
) -> None:
    """Own what the group gives and work on it until told to stop."""
    kafka, metrics = settings.kafka, watch.metrics
    tell_devices(means.eyes, metrics)
    committer.start()
    recovering = Recovering(watch, member)
    journal = topic_name(kafka.topic_prefix, "journal")
    shards = GroupShards(
        member,
        Copies(settings.state.directory, topic_name(kafka.topic_prefix, "images"), means.identity),
        _revive(means, metrics, recovering),
        partial(_journal, broker_of(kafka), journal, means.identity, recovering),
        committer,
        watch.stop,
    )
    with closing(shards):
        gauges = Gauges(metrics, lambda: [shard.book for shard in shards.values()])
        log = GroupLog(member, committer, shards)
        pace = Pace(settings.engine.batch_size)
        source = GroupSource(member, shards.drop)
        turn = _Turn(watch, source, member, gauges)
        try:
            Loop(source, sparing(prepare, shards), shards, log, [gauges], pace).run(turn)
        except Transient:
            if not watch.stop.is_set():
                raise


def broker_of(kafka: Kafka) -> Broker:
    """Where the brokers are and how to log in; raises Misconfigured."""
    security: dict[str, object] = {"security_protocol": kafka.security_protocol}
    if "SSL" in kafka.security_protocol:
        security["ssl_context"] = tls_context(kafka)
    if kafka.security_protocol.startswith("SASL") and kafka.sasl_password is not None:
        security["sasl_mechanism"] = kafka.sasl_mechanism
        security["sasl_plain_username"] = kafka.sasl_username
        security["sasl_plain_password"] = kafka.sasl_password.get_secret_value()
    return Broker(kafka.bootstrap or "", security)


def layout_of(kafka: Kafka) -> TopicLayout:
    """The topics to create where they are missing."""
    return TopicLayout(
        kafka.topic_prefix, kafka.partitions, kafka.replication, kafka.max_request_bytes
    )


def publishing(kafka: Kafka, kind: str) -> PublishSettings:
    """How the topic of a kind is written to from outside."""
    broker = broker_of(kafka)
    return PublishSettings(
        bootstrap=broker.bootstrap,
        topic=topic_name(kafka.topic_prefix, kind),
        security=broker.security,
        max_message_bytes=kafka.max_request_bytes,
    )


def source_of(kafka: Kafka) -> SourceSettings:
    """Whose photos to read and as whom."""
    return SourceSettings(
        topic=topic_name(kafka.topic_prefix, "images"),
        commands=topic_name(kafka.topic_prefix, "commands"),
        group=kafka.topic_prefix,
        instance_id=kafka.instance_id,
        max_message_bytes=kafka.max_request_bytes,
        session_timeout_ms=int(kafka.session_timeout_s * 1000),
        max_poll_interval_ms=int(kafka.max_poll_interval_s * 1000),
    )


def commits_of(kafka: Kafka) -> CommitSettings:
    """Where to write and under which name.

    A name that outlives a restart lets the next life settle at once what the last one left
    open; without an instance id it is new each time, and the broker settles it in
    `transaction_timeout_s`. Fencing rests on the group's generation either way (KIP-447).
    """
    name = kafka.transactional_id or f"{kafka.topic_prefix}-{kafka.instance_id or uuid4().hex}"
    return CommitSettings(
        transactional_id=name,
        prefix=kafka.topic_prefix,
        max_message_bytes=kafka.max_request_bytes,
        timeout_s=kafka.transaction_timeout_s,
    )


def terms_of(settings: Settings) -> Terms:
    """Which claimed images are fetched, and what that may cost."""
    fetch = settings.fetch
    return Terms(
        allow=fetch.allow,
        timeout_s=fetch.timeout_s,
        patience_s=fetch.patience_s,
        max_bytes=settings.guards.max_bytes,
        cafile=fetch.ssl_cafile,
    )


def codecs_of(means: Means) -> Codecs:
    """How the journal is written."""
    return Codecs(encode_outcome, encode_image, encode_item, encode_features, means.identity)


def _go_on(watch: Watch) -> None:
    """Called while the journal is looked at; raises Stopped."""
    if watch.turn():
        raise Stopped("told to stop before joining the group")


def _revive(means: Means, metrics: Metrics, recovering: Recovering) -> Callable[[Store], Shard]:
    def revive(store: Store) -> Shard:
        started = time.monotonic()
        shard = shard_of(store, means, recovering)
        metrics.restored(time.monotonic() - started)
        return shard

    return revive


def _journal(
    broker: Broker, topic: str, identity: str, recovering: Recovering, partition: int, start: int
) -> Iterator[tuple[int, Record]]:
    def keep_alive() -> None:
        if recovering():
            raise Stopped("told to stop while the journal was being read")

    where = (topic, partition)
    return made_with(identity, read_journal(broker, where, start, keep_alive), where)


@dataclass(frozen=True, slots=True)
class Recovering:
    """Called now and then while state is restored: not ready, but alive, and still a member."""

    watch: Watch
    member: KafkaSource

    def __call__(self) -> bool:
        """Whether to stop."""
        self.watch.not_ready()
        self.member.keep_alive()
        return self.watch.turn()


class _Turn:
    """Called once a turn of the loop: beats, tells how the group fares, says when to stop."""

    def __init__(
        self, watch: Watch, source: GroupSource, member: KafkaSource, gauges: Gauges
    ) -> None:
        self._watch = watch
        self._source = source
        self._member = member
        self._gauges = gauges
        self._epoch = source.epoch
        self._lags: Mapping[tuple[str, int], int] = {}
        self._next_look = 0.0

    def __call__(self) -> bool:
        if self._member.joined:
            self._watch.ready()
        if self._source.epoch != self._epoch:
            self._epoch = self._source.epoch
            self._gauges.metrics.rebalanced()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY_S
            self._gauges.count_clusters()
            with suppress(Transient):  # the broker is away: polling says so
                self._tell(self._member.lag())
        return self._watch.turn()

    def _tell(self, lags: Mapping[tuple[str, int], int]) -> None:
        for where in self._lags.keys() - lags.keys():
            self._gauges.metrics.revoked(*where)
        for where, records in lags.items():
            self._gauges.metrics.lag(*where, records)
        self._lags = lags
