"""SIGTERM ends a member in good order whatever it is at: status 0 within 20 s, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaProducer

from consumer.connection import Broker
from tests.kafka import kit, proxy
from tests.kafka.proxy import Proxy, proxy_to
from tests.kafka.workers import MARKS, clustered, long_form, name_of, tiny_records, wait_for, worker

pytestmark = MARKS

PHOTOS = range(60)


def test_with_much_to_do(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """The batch in hand is finished, the rest is the next worker's, who has it without delay:
    the group did not have to miss the first one."""
    sent = tiny_records(PHOTOS)
    kit.send(broker, f"{prefix}.images", sent)
    slow = {"KAFKA__SESSION_TIMEOUT_S": "60"}
    with worker(broker.bootstrap, prefix, tmp_path / "a", **slow) as first:
        wait_for(lambda: len(clustered(broker, prefix)) > 5, first)
        assert first.stop() == 0, first.message()
    assert len(clustered(broker, prefix)) < len(PHOTOS), "there was not much to do"
    with worker(broker.bootstrap, prefix, tmp_path / "b", **slow) as second:
        wait_for(lambda: len(clustered(broker, prefix)) >= len(PHOTOS), second)
        assert second.stop() == 0, second.message()
    assert clustered(broker, prefix) == [name_of(number) for number in PHOTOS]


def test_while_it_waits_for_the_group(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """Another member stands still, which the group waits for; the newcomer owns nothing yet."""
    group = replace(kit.settings_of(prefix), group=prefix)
    with (
        closing(kit.open_ready(broker, group)),
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path) as life,
    ):
        wait_for(lambda: proxy.JOIN_GROUP in line.asked, life)
        assert life.stop() == 0, life.message()


@pytest.mark.parametrize("known", [0, pytest.param(8, marks=long_form)])
def test_while_it_reads_the_journal(
    broker: Broker, prefix: str, tmp_path: Path, known: int
) -> None:
    """Somebody's transaction is open in it, at its start or later: nothing is read for long."""
    kit.send(broker, f"{prefix}.images", tiny_records(range(known)))
    with worker(broker.bootstrap, prefix, tmp_path / "a") as life:
        wait_for(lambda: len(clustered(broker, prefix)) >= known, life)
    with closing(KafkaProducer(**broker.options(), transactional_id=f"{prefix}-other")) as other:
        other.init_transactions()
        other.begin_transaction()
        other.send(f"{prefix}.journal", b"x", b"outcome/site/lost", partition=0).get(10)
        with (
            proxy_to(broker.bootstrap) as line,
            worker(line.bootstrap, prefix, tmp_path / "b") as life,
        ):
            wait_for(lambda: proxy.FETCH in line.asked, life)
            assert life.stop() == 0, life.message()


def leave(line: Proxy) -> None:
    line.leave()


def fall_silent(line: Proxy) -> None:
    line.silent = True


@pytest.mark.parametrize("fail", [pytest.param(leave, marks=long_form), fall_silent])
def test_while_the_broker_is_away(
    broker: Broker, prefix: str, tmp_path: Path, fail: Callable[[Proxy], None]
) -> None:
    """Turned away or left without an answer, in the midst of work."""
    kit.send(broker, f"{prefix}.images", tiny_records(PHOTOS))
    impatient = {"KAFKA__TRANSACTION_TIMEOUT_S": "2"}
    with (
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path / "a", **impatient) as life,
    ):
        wait_for(lambda: len(clustered(broker, prefix)) > 5, life)
        fail(line)
        assert life.stop() == 0, life.message()
    with worker(broker.bootstrap, prefix, tmp_path / "a") as life:
        wait_for(lambda: len(clustered(broker, prefix)) >= len(PHOTOS), life)
    assert clustered(broker, prefix) == [name_of(number) for number in PHOTOS]
