"""What senders do wrong: messages doubled, shuffled, of impossible times; poison among them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consumer.connection import Broker
from engine.wire import Record
from tests.images import lying_png
from tests.kafka import kit
from tests.kafka.workers import (
    LONG,
    MARKS,
    clustered,
    dead,
    events,
    folder_events,
    long_form,
    message_of,
    name_of,
    tiny,
    tiny_records,
    wait_for,
    worker,
)

pytestmark = [*MARKS, pytest.mark.timeout(3600 if LONG else 300)]

DAY_S = 86_400.0


def test_three_times_and_in_any_order(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """The first of each counts: all is as in a folder with these; a known id with other bytes is
    refused every time it comes."""
    photos = range(30)
    shuffled = [number for number in photos for _ in range(3)]
    random.Random(3).shuffle(shuffled)
    rank = {number: place for place, number in enumerate(dict.fromkeys(shuffled))}
    sent = tiny_records(rank[number] for number in shuffled)
    forged = [message_of(name_of(0), tiny(100 + copy)) for copy in (1, 1, 2)]
    kit.send(broker, f"{prefix}.images", [*sent, *forged])
    with worker(broker.bootstrap, prefix, tmp_path / "state") as life:
        wait_for(lambda: len(dead(broker, prefix)) >= len(forged), life)
        assert life.stop() == 0, life.message()
    assert events(broker, prefix) == folder_events(photos, tmp_path)
    letters = dead(broker, prefix)
    assert [(letter.name, letter.reason) for letter in letters] == [
        (name_of(0), "id_conflict")
    ] * len(forged)


@long_form
def test_impossible_times_change_nothing(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """Cameras whose clocks jump by days: neither the order nor the decisions are theirs."""
    photos = range(30)
    start = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
    moments = [start + random.Random(n).choice((-1, 0, 1)) * DAY_S for n in photos]
    kit.send(
        broker,
        f"{prefix}.images",
        [
            with_time(record, moment)
            for record, moment in zip(tiny_records(photos), moments, strict=True)
        ],
    )
    with worker(broker.bootstrap, prefix, tmp_path / "state") as life:
        wait_for(lambda: len(clustered(broker, prefix)) >= len(photos), life)
    told = [{**event, "captured_at": None} for event in events(broker, prefix)]
    assert told == [{**event, "captured_at": None} for event in folder_events(photos, tmp_path)]


def with_time(record: Record, moment: float) -> Record:
    stamp = datetime.fromtimestamp(moment, UTC).isoformat().encode()
    return replace(record, headers=(*record.headers, ("captured-at", stamp)))


def torn(name: str) -> Record:
    return message_of(name, tiny(0)[:300])


def no_image(name: str) -> Record:
    return message_of(name, b"no image at all")


def empty(name: str) -> Record:
    return message_of(name, b"")


def huge(name: str) -> Record:
    return message_of(name, lying_png(60_000, 60_000))


def keyless(name: str) -> Record:
    return replace(message_of(name, tiny(0)), key=b"")


def nameless(name: str) -> Record:
    return without(message_of(name, tiny(0)), "ce_id")


def wrong_type(name: str) -> Record:
    record = without(message_of(name, tiny(0)), "content-type")
    return replace(record, headers=(*record.headers, ("content-type", b"text/html")))


def untimely(name: str) -> Record:
    record = message_of(name, tiny(0))
    return replace(record, headers=(*record.headers, ("captured-at", b"yesterday")))


def overlong(name: str) -> Record:
    record = message_of(name, tiny(0))
    return replace(record, headers=(*record.headers, ("attr-note", b"x" * 40_000)))


def unreadable(name: str) -> Record:
    return kit.unreadable(name)


def claim(name: str) -> Record:
    record = without(message_of(name, b'{"uri": "s3://bucket/a.jpg"}'), "content-type")
    return replace(record, headers=(*record.headers, ("content-type", b"application/json")))


def without(record: Record, header: str) -> Record:
    return replace(record, headers=tuple(pair for pair in record.headers if pair[0] != header))


POISONS: dict[Callable[[str], Record], str] = {
    torn: "corrupt",
    no_image: "unsupported_format",
    empty: "bad_message",
    huge: "too_many_pixels",
    keyless: "bad_message",
    nameless: "bad_message",
    wrong_type: "bad_message",
    untimely: "bad_message",
    overlong: "bad_message",
    claim: "bad_message",
    unreadable: "bad_message",
}
MESSAGES = 10_000 if LONG else 220
POISON_EVERY = 100 if LONG else 20


def test_poison(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """Each is one dead letter with its place and its reason; all others are as without them."""
    kinds = list(POISONS.items())
    bad = {n: kinds[n // POISON_EVERY % len(kinds)] for n in range(7, MESSAGES, POISON_EVERY)}
    good = [n for n in range(MESSAGES) if n not in bad]
    sent = [bad[n][0](name_of(n)) if n in bad else tiny_records([n])[0] for n in range(MESSAGES)]
    kit.send(broker, f"{prefix}.images", sent)
    commands = [Record(b"default", body) for body in (b"{}", b"\xff", b'{"command": "rm -rf"}')]
    kit.send(broker, f"{prefix}.commands", commands)
    with worker(broker.bootstrap, prefix, tmp_path / "state", ENGINE__BATCH_SIZE="64") as life:
        wait_for(lambda: len(dead(broker, prefix)) >= len(bad) + len(commands), life)
        wait_for(lambda: len(clustered(broker, prefix)) >= len(good), life)
        assert life.stop() == 0, life.message()
    assert events(broker, prefix) == folder_events(good, tmp_path)
    letters = dead(broker, prefix)
    assert len(letters) == len(bad) + len(commands)
    images = [letter for letter in letters if letter.origin.source == f"{prefix}.images"]
    assert {letter.origin.offset: letter.reason for letter in images} == {
        offset: reason for offset, (_, reason) in bad.items()
    }
    assert {letter.reason for letter in letters if letter not in images} == {"bad_command"}
