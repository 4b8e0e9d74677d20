"""Where photos lie that were clustered: the folder they came from, or the topic of images."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Final

from cairn.kafka_run import broker_of, terms_of
from cairn.sections import Settings
from consumer.connection import Broker
from consumer.fetch import open_fetcher
from consumer.fetch_file import read_file
from consumer.originals import KafkaOriginals, open_originals
from consumer.topics import topic_name
from engine.errors import BadImage, Misconfigured, Transient
from engine.photo_message import parse_photo
from engine.ports import Fetcher
from engine.types import Claim, Origin
from engine.wire import Record
from exporters.view.answers import ImageRow
from exporters.view.port import View

PATIENCE_S: Final = 10.0
"""For an image that lies elsewhere; somebody may be waiting for it."""
_OURS: Final = frozenset({errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""What failed by these says nothing of the photo."""


@dataclass(frozen=True, slots=True)
class FolderOriginals:
    """Photos of a folder, whose ids are their paths in it. Thread-safe.

    max_bytes: larger ones are not read.
    """

    directory: Path
    max_bytes: int

    def read(self, scope: str, image_id: str) -> bytes | None:
        """What lies there now under that name, nothing from outside.

        None where it cannot be read, while others might. Raises Transient.
        """
        try:
            return read_file(self.directory / image_id, [self.directory], self.max_bytes)
        except BadImage:
            return None
        except Transient as error:
            # Path.is_dir() raises where a disk fails.
            if os.path.isdir(self.directory) and _is_gone(error):  # noqa: PTH112
                return None
            raise

    def read_all(self, images: Sequence[ImageRow]) -> Sequence[bytes | None]:
        """The bytes of each; raises Transient."""
        return [self.read(image.scope, image.image_id) for image in images]


def _is_gone(error: Transient) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno not in _OURS


class TopicOriginals:
    """Photos whose messages are kept in a topic, or that these name. Thread-safe.

    view: knows where the message of a photo lay. fetch: gets what a message only names.
    """

    def __init__(self, broker: Broker, topic: str, view: View, fetch: Fetcher) -> None:
        self._broker = broker
        self._topic = topic
        self._view = view
        self._fetch = fetch
        self._lock = Lock()
        self._messages: KafkaOriginals | None = None

    def read(self, scope: str, image_id: str) -> bytes | None:
        """The bytes of a photo that the view knows; raises Transient, Misconfigured."""
        image = self._view.image(scope, image_id)
        return None if image is None else self.read_all([image])[0]

    def read_all(self, images: Sequence[ImageRow]) -> Sequence[bytes | None]:
        """The bytes of each; raises Transient, Misconfigured."""
        wanted = {one.origin for one in images if one.origin and one.origin.source == self._topic}
        found = self._records(wanted) if wanted else {}
        return [self._bytes(found, image.origin) for image in images]

    def close(self) -> None:
        """Release the connection."""
        if self._messages is not None:
            self._messages.close()

    def _records(self, wanted: set[Origin]) -> Mapping[Origin, Record]:
        with self._lock:
            if self._messages is None:
                self._messages = self._connected()
            return self._messages.read(wanted)

    def _connected(self) -> KafkaOriginals:
        try:
            return open_originals(self._broker)
        except Misconfigured as error:  # others have reached it before
            raise Transient(str(error)) from error

    def _bytes(self, found: Mapping[Origin, Record], origin: Origin | None) -> bytes | None:
        if origin is None or origin not in found:
            return None
        record = found[origin]
        try:
            photo = parse_photo(record.key, record.value, record.headers, origin)
            if isinstance(photo.data, Claim):
                return self._fetch(photo.data, lambda: False).data
        except BadImage:
            return None
        return photo.data


@contextmanager
def open_topic_originals(
    settings: Settings, view: View, stop: Callable[[], bool]
) -> Iterator[TopicOriginals]:
    """The photos of the topic of images; raises Misconfigured. Kafka is asked when one is read.

    stop: asked while an image is being fetched from elsewhere.
    """
    terms = terms_of(settings)
    terms = replace(terms, patience_s=min(terms.patience_s, PATIENCE_S))
    topic = topic_name(settings.kafka.topic_prefix, "images")
    with open_fetcher(terms, _Unmetered(), stop) as fetch:
        originals = TopicOriginals(broker_of(settings.kafka), topic, view, fetch)
        try:
            yield originals
        finally:
            originals.close()


class _Unmetered:
    """The Meter port: nobody counts what is only looked at."""

    def fetched(self, size: int) -> None:
        """Nothing is counted."""

    def fetch_retried(self) -> None:
        """Nothing is counted."""
