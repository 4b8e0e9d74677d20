"""Members that poll briefly and seldom, as slow work makes them, join once and for all."""

from __future__ import annotations

import time
from contextlib import closing

from consumer.connection import Broker
from consumer.kafka import KafkaSource, open_source
from tests.kafka import kit
from tests.kafka.workers import MARKS

pytestmark = MARKS

PAUSE_S = 0.2
"""Between two signs of life of a member that restores its shards: a join may end in it."""
TURNS = 15


def test_a_join_that_ends_between_two_polls_counts(broker: Broker, prefix: str) -> None:
    """The client forgets it, and asks the whole group to join again, and again."""
    settings = kit.settings_of(prefix)
    with (
        closing(kit.open_ready(broker, settings)) as first,
        closing(open_source(broker, settings)) as second,
    ):
        kit.until(
            lambda: turn(first, second) == 0 and all(one.assigned() for one in (first, second))
        )
        assert sum(turn(first, second) for _ in range(TURNS)) == 0, "the group does not settle"


def turn(*members: KafkaSource) -> int:
    """A sign of life of each; how many changes came with it."""
    time.sleep(PAUSE_S)
    return sum(len(kit.stay(member)) for member in members)
