"""Members come, go and stand still: of all who believe to own a partition, one can commit."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from consumer.connection import Broker
from consumer.kafka import KafkaSource, SourceSettings, open_source
from consumer.topics import TopicLayout, ensure_topics
from consumer.transaction import CommitSettings, Extras, KafkaCommitter
from engine.errors import CommitAborted
from engine.types import Batch
from tests.kafka import kit
from tests.kafka.test_transaction import CODECS
from tests.kafka.workers import LONG, MARKS, clustered

pytestmark = [*MARKS, pytest.mark.timeout(3600 if LONG else 300)]

PARTITIONS = frozenset(range(4))
CHANGES = 50 if LONG else 6
MOST = 4
"""Members at a time."""
SESSION_MS = 3000
"""Who stands still for longer is given up; more than a round of commits takes."""


@dataclass
class Member:
    """One worker without a shard: it reads, and commits what it read as whoever it was then.

    held: by partition what it read last, and the generation that it read it in.
    """

    source: KafkaSource
    committer: KafkaCommitter
    held: dict[int, tuple[Batch, Any]] = field(default_factory=dict)

    def live(self) -> None:
        """Do what a worker does in a turn: take over what is new, and read on."""
        for message in self.source.poll(100, 0.02):
            batch = Batch((kit.outcome(message.image_id, message.origin),), (), (message.origin,))
            self.held[message.origin.partition] = batch, self.source.group_metadata()
        if self.source.changes():
            self.held.clear()
            for partition in self.source.assigned():
                self.source.seek_to_committed(partition)
            self.source.resume(self.source.assigned())

    def commits(self, held: tuple[Batch, Any]) -> bool:
        try:
            self.committer.commit(*held, Extras())
        except CommitAborted:
            return False
        return True

    def close(self) -> None:
        self.source.close()
        self.committer.close()


Claim = tuple[Member, int, tuple[Batch, Any]]
"""Who believes to own a partition, which, and what it would commit there."""


class Group:
    """All members there are, driven a turn at a time, in a seeded order."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self._broker = broker
        self._prefix = prefix
        self._chance = random.Random(5)
        self._born = 0
        self._sent = 0
        self.members: list[Member] = []
        self.expected: dict[int, list[str]] = {partition: [] for partition in PARTITIONS}

    def join(self) -> None:
        self._born += 1
        settings = SourceSettings(
            *(f"{self._prefix}.images", f"{self._prefix}.commands"),
            group=self._prefix,
            session_timeout_ms=SESSION_MS,
            max_poll_interval_ms=SESSION_MS,
        )
        commits = CommitSettings(f"{self._prefix}-{self._born}", self._prefix)
        member = Member(
            open_source(self._broker, settings), KafkaCommitter(self._broker, commits, CODECS)
        )
        member.committer.start()
        self.members.append(member)

    def send(self) -> None:
        """One photo for every partition."""
        self._sent += 1
        for partition in PARTITIONS:
            name = f"{partition}-{self._sent}"
            kit.send_photos(self._broker, f"{self._prefix}.images", name, partition=partition)
            self.expected[partition].append(name)

    def settle(self, members: Sequence[Member]) -> None:
        """Drive these until each partition's photo was read anew, by exactly one of them."""
        for member in members:
            member.held.clear()

        def settled() -> bool:
            for member in members:
                member.live()
            held = [partition for member in members for partition in member.held]
            return sorted(held) == sorted(PARTITIONS)

        kit.until(settled)

    def claims(self) -> list[Claim]:
        return [(m, partition, held) for m in self.members for partition, held in m.held.items()]

    def change(self) -> tuple[list[Member], list[Member]]:
        """Somebody joins, leaves, or stands still; who is gone, and who stands still."""
        kinds = ["join"] * (len(self.members) < MOST) + ["leave", "stall"] * (len(self.members) > 1)
        kind = self._chance.choice(kinds)
        if kind == "join":
            self.join()
            return [], []
        one = self._chance.choice(self.members)
        if kind == "leave":
            one.source.close()
            self.members.remove(one)
            return [one], []
        return [], [one]

    def contest(self, claims: list[Claim]) -> dict[int, list[bool]]:
        """Let everybody who believes to own a partition commit; who could, in seeded order."""
        self._chance.shuffle(claims)
        could: dict[int, list[bool]] = {partition: [] for partition in PARTITIONS}
        for member, partition, held in claims:
            could[partition].append(member.commits(held))
        return could


@pytest.fixture
def group(broker: Broker, prefix: str) -> Iterator[Group]:
    wide = f"{prefix}w"
    ensure_topics(broker, TopicLayout(wide, partitions=len(PARTITIONS)))
    group = Group(broker, wide)
    group.join()
    yield group
    for member in group.members:
        member.close()


def test_one_of_all_believers_commits(broker: Broker, group: Group) -> None:
    """Each partition's photo is held by who owned it before a change and by who owns it after:
    of these, whatever the order in which they try, exactly one succeeds."""
    for _ in range(CHANGES):
        group.send()
        group.settle(group.members)
        before = group.claims()
        gone, still = group.change()
        group.settle([member for member in group.members if member not in still])
        after = [claim for claim in group.claims() if claim[0] not in still]
        could = group.contest(before + after)
        assert all(sorted(tries) == [False, True] for tries in could.values()), could
        for member in gone:
            member.committer.close()
    told = clustered(broker, group._prefix)
    for partition, names in group.expected.items():
        assert [name for name in told if name.startswith(f"{partition}-")] == names
