"""The stream: small photos of many scopes, with what goes wrong in every stream among them.

Duplicates, torn files, other photos under known ids, and commands on whatever clusters exist.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from kafka import KafkaProducer

from engine.command_message import command_record
from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    SplitCluster,
    UndoCommand,
)
from engine.photo_message import photo_record
from engine.types import Correction, Origin, Photo
from engine.wire import Record
from tests.chaos.story import Story
from tests.images import PHOTOS, encoded, photo, seen_from_aside

PARTITIONS = 12
SCOPES = [(f"site-{number:02}", number % PARTITIONS) for number in range(2 * PARTITIONS)]
"""Two scopes in each partition: name and partition."""
VIEWS, WIDTH = 8, 112
NOWHERE = Origin("", 0, 0)


@cache
def pictures() -> list[bytes]:
    """Some views of some places, each a small JPEG."""
    rng = np.random.default_rng(5)
    small = [
        cv2.resize(photo(name), (WIDTH, WIDTH), interpolation=cv2.INTER_AREA) for name in PHOTOS
    ]
    return [
        encoded(seen_from_aside(np.asarray(picture, np.uint8), tilt), "JPEG", quality=85)
        for picture in small
        for tilt in rng.uniform(-0.15, 0.15, VIEWS)
    ]


class Load:
    """Sends messages of a seeded kind; what a command is about depends on what was told."""

    def __init__(self, producer: KafkaProducer, prefix: str, story: Story, seed: int) -> None:
        self._producer = producer
        self._prefix = prefix
        self._story = story
        self._chance = random.Random(seed)
        self._sent: defaultdict[str, list[Photo]] = defaultdict(list)
        self._commands: defaultdict[str, list[Correction]] = defaultdict(list)
        self._scopes = self._rounds()
        self.count = 0

    def send(self, count: int) -> None:
        """Send this many messages, to the scopes in turn."""
        for _ in range(count):
            scope, partition = next(self._scopes)
            kind, record = self._record(scope)
            self._producer.send(
                f"{self._prefix}.{kind}",
                record.value,
                record.key,
                list(record.headers),
                partition=partition,
            )
            self.count += 1

    def flush(self) -> None:
        """Wait until all of it has arrived."""
        self._producer.flush()

    def _rounds(self) -> Iterator[tuple[str, int]]:
        while True:
            yield from self._chance.sample(SCOPES, len(SCOPES))

    def _record(self, scope: str) -> tuple[str, Record]:
        dice = self._chance.random()
        if dice < 0.1 and (correction := self._correction(scope)):
            return "commands", command_record(correction)
        return "images", photo_record(self._photo(scope, dice), "image/jpeg")

    def _photo(self, scope: str, dice: float) -> Photo:
        earlier = self._sent[scope]
        data = self._chance.choice(pictures())
        if earlier and dice > 0.94:
            return self._chance.choice(earlier)  # a duplicate
        if earlier and dice > 0.92:
            return replace(self._chance.choice(earlier), data=data)  # mostly a conflict
        name = f"{scope}-{len(earlier):05}"
        if dice > 0.89:
            return Photo(f"torn-{name}-{self.count}", scope, NOWHERE, data[: len(data) // 2])
        earlier.append(Photo(name, scope, NOWHERE, data))
        return earlier[-1]

    def _correction(self, scope: str) -> Correction | None:
        given = self._commands[scope]
        if given and self._chance.random() < 0.2:
            return self._chance.choice(given)  # a duplicate
        order = self._order(scope)
        if order is None:
            return None
        given.append(Correction(f"{scope}-c{len(given)}", scope, NOWHERE, order, author="me"))
        return given[-1]

    def _order(self, scope: str) -> Order | None:
        """Something sensible, as far as one can know while the stream goes on."""
        clusters, images = self._story.clusters[scope], self._story.images[scope]
        if len(clusters) < 2 or len(images) < 2:
            return None
        one, other = self._chance.sample(clusters, 2)
        image, another = self._chance.sample(images, 2)
        item, another = f"{image}#0", f"{another}#0"
        orders: list[Order] = [
            *(NameCluster(one, f"name {self.count}"), ConfirmCluster(one)),
            *(MergeClusters((one, other)), SplitCluster(one, (item,))),
            *(MoveItems((item,), None), MoveItems((item,), one)),
            *(LinkItems((item, another), together=False), ForgetImage(image)),
        ]
        if given := self._commands[scope]:
            orders.append(UndoCommand(self._chance.choice(given).command_id))
        return self._chance.choice(orders)
