"""What the Kafka tests share: small photos and outcomes, readers of topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from consumer.assignment import Change
from consumer.connection import Broker
from consumer.kafka import KafkaSource, SourceSettings, open_source
from engine.lineage import Assigned, Event
from engine.photo_message import photo_record
from engine.types import Box, ImageRecord, Item, LocalFeatures, Message, Origin, Outcome, Photo
from engine.verdict import Evidence
from engine.wire import Record

PATIENCE_S = 30.0
JPEG = b"\xff\xd8\xff\xe0 not really"


def settings_of(prefix: str) -> SourceSettings:
    """A member of the group of a set of topics."""
    topics = (f"{prefix}.images", f"{prefix}.commands")
    return SourceSettings(*topics, group=f"{prefix}-group", session_timeout_ms=6000)


def committed(source: KafkaSource, partition: int) -> dict[str, int | None]:
    """What the group has committed of a partition, by the kind of topic."""
    found = source.committed(partition)
    return {where.topic.partition(".")[2]: offset for where, offset in found.items()}


def photo(image_id: str, scope: str = "site", data: bytes = JPEG) -> Photo:
    return Photo(image_id, scope, Origin("memory", 0, 0), data)


def outcome(image_id: str, origin: Origin, features: LocalFeatures | None = None) -> Outcome:
    image = ImageRecord(image_id, "site", origin, "ff", 4, 3)
    item = Item(f"{image_id}#0", np.ones(2, np.float32), Box(0, 0, 4, 3), features)
    founding = Assigned(
        "c1", item.item_id, 0, founds=True, confidence=1.0, evidence=Evidence("spawn")
    )
    return Outcome(image, (item,), (Event("site", 1, founding),))


def send(broker: Broker, topic: str, records: Sequence[Record], partition: int = 0) -> None:
    with closing(KafkaProducer(**broker.options())) as producer:
        for record in records:
            key, headers = record.key, list(record.headers)
            producer.send(topic, record.value, key, headers, partition=partition).get(10)


def send_photos(broker: Broker, topic: str, *image_ids: str, partition: int = 0) -> None:
    send(broker, topic, [photo_record(photo(i), "image/jpeg") for i in image_ids], partition)


def committed_records(broker: Broker, topic: str) -> list[Any]:
    """All that a read_committed reader sees in a topic, aborted and open writes being invisible."""
    options = {"group_id": None, "isolation_level": "read_committed"}
    with closing(KafkaConsumer(**broker.options(), **options)) as consumer:
        where = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(where)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(where)
        found: list[Any] = []
        while any(consumer.position(tp) < ends[tp] for tp in where):
            for records in consumer.poll(timeout_ms=200).values():
                found += records
        return found


def open_ready(broker: Broker, settings: SourceSettings) -> KafkaSource:
    """A source that owns every partition of its topic and reads them."""
    source = open_source(broker, settings)
    until(lambda: [c.kind for c in stay(source)] == ["assigned"])
    source.resume(source.assigned())
    return source


def stay(source: KafkaSource) -> list[Change]:
    """What happened to the assignment while the source was merely kept alive."""
    source.keep_alive()
    return source.changes()


def read(source: KafkaSource, count: int) -> list[Message]:
    found: list[Message] = []

    def enough() -> bool:
        found.extend(source.poll(100, 0.2))
        return len(found) >= count

    until(enough)
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"


def delete_topic(broker: Broker, topic: str) -> None:
    with closing(KafkaAdminClient(**broker.options())) as admin:
        admin.delete_topics([topic])
        until(lambda: topic not in admin.list_topics())


def rebalanced(first: KafkaSource, second: KafkaSource) -> bool:
    """Keep both members alive; true once the second one has a share."""
    stay(first)
    stay(second)
    return bool(second.assigned())


class Unreadable(str):
    """A header name that is no UTF-8, as a sender of another kind may write it."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff" * len(self)


def unreadable(image_id: str, name_length: int = 1) -> Record:
    """A photo's message with such a header: no client in Python can parse it."""
    record = photo_record(photo(image_id), "image/jpeg")
    return replace(record, headers=(*record.headers, (Unreadable("n" * name_length), b"")))
