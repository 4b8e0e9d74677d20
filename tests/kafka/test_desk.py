"""Corrections of a server on their way to a real broker: over one connection, and after outages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from cairn.correction import BY_HAND, correction_of
from cairn.desks import open_desk
from cairn.sections import Kafka, Settings
from consumer.connection import Broker
from engine.command_message import parse_command
from engine.commands import NameCluster
from engine.errors import Transient
from exporters.api.port import Desk
from tests.kafka import kit
from tests.kafka.proxy import proxy_to

pytestmark = pytest.mark.kafka


def name(desk: Desk, number: int) -> None:
    desk.send(correction_of(NameCluster("c", "x"), "s", f"n{number}", ""))


def arrived(broker: Broker, prefix: str) -> list[str]:
    """Ids of the commands in the topic."""
    records = kit.committed_records(broker, f"{prefix}.commands")
    return sorted(parse_command(one.key, one.value, BY_HAND).command_id for one in records)


def test_corrections_share_one_connection(broker: Broker, prefix: str) -> None:
    """Nobody can connect any more after the first, and all from many threads arrive.

    Where the line is cut one fails, and the next ones arrive when it is back.
    """
    with proxy_to(broker.bootstrap) as line:
        kafka = Kafka(bootstrap=line.bootstrap, topic_prefix=prefix, create_topics=True)
        with open_desk(Settings(kafka=kafka), folder=False, kafka=True) as desk:
            assert desk is not None
            name(desk, 0)
            line.away = True
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(partial(name, desk), range(1, 9)))
            assert arrived(broker, prefix) == [f"n{number}" for number in range(9)]
            line.cut()
            with pytest.raises(Transient, match="not delivered"):
                name(desk, 9)
            line.away = False
            name(desk, 9)
    assert arrived(broker, prefix).count("n9") == 1
