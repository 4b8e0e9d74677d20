"""Photos into Kafka: in order, each acknowledged, and resumable after a stop.

A photo is sent again only where its acknowledgement was not noted in time; Cairn takes a
repeated photo for the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import orjson
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from engine.errors import BadImage, Misconfigured, Transient
from engine.photo_message import content_type_of, photo_record
from engine.types import Photo
from engine.wire import Record

MAX_UNDER_WAY_BYTES = 64 * 1024 * 1024
"""kafka-python buffers without limit; this is ours."""

TITLE = b"photos sent by Cairn, version 1\n"


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """Where photos go.

    bootstrap: `host:port`, several separated by commas.
    security: kafka-python's own options, such as `security_protocol` and `sasl_mechanism`.
    max_message_bytes: largest message sent; the topic must allow as much.
    delivery_timeout_s: how long a message may take to get there.
    """

    bootstrap: str
    topic: str = "cairn.images"
    security: Mapping[str, object] = field(default_factory=dict, repr=False)
    max_message_bytes: int = 8 * 1024 * 1024
    connect_timeout_s: float = 10.0
    delivery_timeout_s: float = 30.0


class Acknowledged:
    """What earlier runs and this one got acknowledged: a file that only grows, a line each."""

    def __init__(self, file: BinaryIO, known: set[tuple[str, str, str]]) -> None:
        self._file = file
        self._known = known

    def __contains__(self, entry: tuple[str, str, str]) -> bool:
        return entry in self._known

    def add(self, entry: tuple[str, str, str]) -> None:
        """Note (servers and topic, scope, image id); raises Misconfigured on a full disk."""
        self._known.add(entry)
        try:
            self._file.write(orjson.dumps(entry) + b"\n")
            self._file.flush()
        except OSError as error:
            raise Misconfigured(
                f"{self._file.name}: cannot note what was sent: {error.strerror}; "
                "make room and start again"
            ) from error

    def close(self) -> None:
        """Release the file; what it could not take, `add` has complained about."""
        with suppress(OSError):
            self._file.close()


class Unrecorded:
    """The record of a live camera: it never sends a frame twice, and never ends."""

    def __contains__(self, entry: tuple[str, str, str]) -> bool:
        return False

    def add(self, entry: tuple[str, str, str]) -> None:
        """Note nothing."""

    def close(self) -> None:
        """Release nothing."""


Sent: TypeAlias = Acknowledged | Unrecorded


def record_of(path: Path, *, live: bool) -> Sent:
    """The record that a source needs; raises Misconfigured where the file is something else."""
    return Unrecorded() if live else open_acknowledged(path)


def open_acknowledged(path: Path) -> Acknowledged:
    """Open or create the record of a run; raises Misconfigured where it is something else."""
    try:
        file = path.open("a+b")
    except OSError as error:
        raise Misconfigured(f"{path}: cannot keep a record of what was sent: {error}") from error
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]  # a line torn by a crash was never written
    if not content.startswith(TITLE[: len(content)]):
        file.close()
        raise Misconfigured(f"{path} is no record of sent photos; name another file")
    known = {_entry(line) for line in whole.splitlines()[1:]}
    file.truncate(len(whole))
    if not whole:
        file.write(TITLE)
    return Acknowledged(file, known)


def _entry(line: bytes) -> tuple[str, str, str]:
    topic, scope, image_id = orjson.loads(line)
    return topic, scope, image_id


def send_records(settings: PublishSettings, records: Iterable[Record]) -> None:
    """Send messages and wait until all are there; raises Misconfigured or Transient."""
    with closing(open_sender(settings)) as sender:
        sender.send(records)


class RecordSender:
    """Sends messages of any kind to one topic, from many threads."""

    def __init__(self, producer: KafkaProducer, settings: PublishSettings) -> None:
        self._producer = producer
        self._settings = settings

    def send(self, records: Iterable[Record]) -> None:
        """Send messages and wait until all are there; raises Misconfigured or Transient."""
        topic = self._settings.topic
        try:
            under_way = [
                self._producer.send(topic, record.value, record.key, list(record.headers))
                for record in records
            ]
            for delivery in under_way:
                delivery.get(2 * self._settings.delivery_timeout_s)
        except MessageSizeTooLargeError as error:
            raise Misconfigured(f"{topic} refuses a message of that size") from error
        except KafkaError as error:
            raise Transient(f"not delivered to {topic}: {error}; try again") from error

    def close(self) -> None:
        """Release the connection, when what others send is there or has failed."""
        with suppress(KafkaError):
            self._producer.close(timeout=self._settings.delivery_timeout_s)


def open_sender(settings: PublishSettings) -> RecordSender:
    """Connect. Raises Misconfigured where no broker answers or the topic is missing."""
    return RecordSender(_open(settings), settings)


def open_publisher(settings: PublishSettings, acknowledged: Sent) -> KafkaPublisher:
    """Connect. Raises Misconfigured where no broker answers or the topic is missing."""
    return KafkaPublisher(_open(settings), settings, acknowledged)


def _open(settings: PublishSettings) -> KafkaProducer:
    try:
        producer = KafkaProducer(**_producer_options(settings))
    except KafkaError as error:
        raise Misconfigured(
            f"Kafka does not answer at {settings.bootstrap}: {error}. "
            "Check that the broker runs and that the address and the login are right."
        ) from error
    try:
        producer.partitions_for(settings.topic)
    except KafkaError as error:
        producer.close()
        raise Misconfigured(
            f"there is no topic {settings.topic} at {settings.bootstrap}; create it ({error})"
        ) from error
    return producer


def _producer_options(settings: PublishSettings) -> dict[str, object]:
    timeout_ms = int(settings.connect_timeout_s * 1000)
    delivery_ms = int(settings.delivery_timeout_s * 1000)
    return {
        "bootstrap_servers": settings.bootstrap,
        "bootstrap_timeout_ms": timeout_ms,
        "max_block_ms": timeout_ms,
        "enable_idempotence": True,
        "compression_type": None,  # images are compressed already
        "max_request_size": settings.max_message_bytes,
        "delivery_timeout_ms": delivery_ms,
        "request_timeout_ms": delivery_ms // 2,
        "allow_auto_create_topics": False,
        **settings.security,
    }


@dataclass(frozen=True, slots=True)
class _UnderWay:
    entry: tuple[str, str, str]
    size: int
    delivery: Any


class KafkaPublisher:
    """Sends photos in order; those of one scope go to one partition and stay in order there."""

    def __init__(
        self,
        producer: KafkaProducer,
        settings: PublishSettings,
        acknowledged: Sent,
    ) -> None:
        self._producer = producer
        self._settings = settings
        self._acknowledged = acknowledged
        self._under_way: deque[_UnderWay] = deque()
        self._bytes = 0

    def send(self, photo: Photo) -> bool:
        """Send a photo; False where it was acknowledged before.

        Waits while too much is under way. Raises BadImage for a photo that is too large, which
        leaves the others unharmed, and Misconfigured or Transient where delivery failed.
        """
        where = f"{self._settings.bootstrap}/{self._settings.topic}"
        entry = (where, photo.scope, photo.image_id)
        if entry in self._acknowledged:
            return False
        record = photo_record(photo, content_type_of(photo.data))
        size = len(record.value or b"")
        try:
            with self._failures(entry):
                delivery = self._producer.send(
                    self._settings.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                )
        except MessageSizeTooLargeError:
            limit = self._settings.max_message_bytes
            detail = (
                f"{photo.image_id} has {size} bytes, a message may have {limit}: "
                "send it with --by-reference"
            )
            raise BadImage("too_large", detail) from None
        self._under_way.append(_UnderWay(entry, size, delivery))
        self._bytes += size
        self._settle(MAX_UNDER_WAY_BYTES)
        return True

    def flush(self) -> None:
        """Wait until everything sent is acknowledged; raises Misconfigured or Transient."""
        self._settle(0)

    def close(self) -> None:
        """Release the connection; what is not flushed may be sent again by the next run."""
        self._producer.close(timeout=self._settings.delivery_timeout_s)

    def _settle(self, allowance: int) -> None:
        """Note what arrived, waiting for the oldest while more is under way than allowed."""
        while self._under_way and (
            self._bytes > allowance or allowance == 0 or self._under_way[0].delivery.is_done
        ):
            oldest = self._under_way[0]
            with self._refusals(oldest.entry), self._failures(oldest.entry):
                oldest.delivery.get(timeout=2 * self._settings.delivery_timeout_s)
            self._under_way.popleft()
            self._bytes -= oldest.size
            self._acknowledged.add(oldest.entry)

    @contextmanager
    def _refusals(self, entry: tuple[str, str, str]) -> Iterator[None]:
        try:
            yield
        except MessageSizeTooLargeError as error:
            raise Misconfigured(
                f"{entry[0]} refuses {entry[2]} as too large: raise the topic's max.message.bytes "
                f"to the {self._settings.max_message_bytes} bytes a message may have, "
                "or send with --by-reference"
            ) from error

    @contextmanager
    def _failures(self, entry: tuple[str, str, str]) -> Iterator[None]:
        try:
            yield
        except MessageSizeTooLargeError:
            raise
        except KafkaError as error:
            raise Transient(
                f"{entry[2]} was not delivered to {entry[0]}: {error}; start again to go on"
            ) from error
