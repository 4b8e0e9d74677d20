"""Slow answers, cut connections: exactly once, and on again by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.connection import Broker
from tests.kafka import kit, proxy
from tests.kafka.proxy import Gone, proxy_to
from tests.kafka.workers import (
    LONG,
    MARKS,
    Told,
    clustered,
    events,
    folder_events,
    long_form,
    tiny_records,
    wait_for,
    worker,
)

pytestmark = MARKS

PHOTOS = range(28 if LONG else 16)
TIMEOUT_S = 2.0
IMPATIENT = {"KAFKA__TRANSACTION_TIMEOUT_S": str(TIMEOUT_S), "ENGINE__BATCH_SIZE": "4"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    return folder_events(PHOTOS, tmp_path_factory.mktemp("undisturbed"))


def all_told(broker: Broker, prefix: str) -> bool:
    return len(clustered(broker, prefix)) >= len(PHOTOS)


def test_answers_slower_than_a_transaction_may_be(
    broker: Broker, prefix: str, tmp_path: Path, undisturbed: list[Told]
) -> None:
    """While they are nothing is told, nor half; when they are not any more it goes on."""
    first, *others = tiny_records(PHOTOS)
    kit.send(broker, f"{prefix}.images", [first])
    with (
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path, **IMPATIENT) as life,
    ):
        wait_for(lambda: bool(clustered(broker, prefix)), life)
        line.delay_s = 1.5 * TIMEOUT_S
        kit.send(broker, f"{prefix}.images", others)
        wait_for(lambda: "recovering" in life.message(), life)
        line.delay_s = 0.0
        wait_for(lambda: all_told(broker, prefix), life)
        assert events(broker, prefix) == undisturbed


@long_form
def test_answers_just_quick_enough(
    broker: Broker, prefix: str, tmp_path: Path, undisturbed: list[Told]
) -> None:
    """A transaction waits for ten answers, one after another: slow, and nothing else."""
    first, *others = tiny_records(PHOTOS)
    kit.send(broker, f"{prefix}.images", [first])
    with (
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path, **IMPATIENT) as life,
    ):
        wait_for(lambda: bool(clustered(broker, prefix)), life)
        line.delay_s = TIMEOUT_S / 25
        kit.send(broker, f"{prefix}.images", others)
        wait_for(lambda: all_told(broker, prefix), life)
        assert "recovering" not in life.message()
        assert events(broker, prefix) == undisturbed


CUTS: list[tuple[int, Gone]] = [
    (proxy.PRODUCE, "answer"),
    (proxy.COMMIT_OFFSETS, "answer"),
    (proxy.END_TRANSACTION, "request"),
    (proxy.END_TRANSACTION, "answer"),
]
if LONG:
    CUTS += [
        (proxy.PRODUCE, "request"),
        (proxy.ADD_OFFSETS, "answer"),
        (proxy.COMMIT_OFFSETS, "request"),
    ]


def test_cut_in_the_midst_of_a_transaction(
    broker: Broker, prefix: str, tmp_path: Path, undisturbed: list[Told]
) -> None:
    """Wherever in it, before or after the broker heard: even where it had ended already."""
    sent = tiny_records(PHOTOS)
    part = len(sent) // len(CUTS)
    with (
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path, **IMPATIENT) as life,
    ):
        for number, (kind, gone) in enumerate(CUTS):
            line.lose(kind, gone)
            last = len(sent) if number == len(CUTS) - 1 else (number + 1) * part
            kit.send(broker, f"{prefix}.images", sent[number * part : last])
            wait_for(lambda last=last: len(clustered(broker, prefix)) >= last, life)
            assert line.cuts == number + 1, (kind, gone)
        assert events(broker, prefix) == undisturbed, life.message()


@long_form
def test_all_lines_cut_again_and_again(
    broker: Broker, prefix: str, tmp_path: Path, undisturbed: list[Told]
) -> None:
    """At moments that nobody chose."""
    kit.send(broker, f"{prefix}.images", tiny_records(PHOTOS))
    with (
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path, **IMPATIENT) as life,
    ):
        for told in range(0, len(PHOTOS), 4):
            wait_for(lambda told=told: len(clustered(broker, prefix)) > told, life)
            line.cut()
        wait_for(lambda: all_told(broker, prefix), life)
        assert events(broker, prefix) == undisturbed
