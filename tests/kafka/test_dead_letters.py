"""`cairn dead-letters` and `cairn topics` against a real broker."""

from __future__ import annotations

import orjson
import pytest

from consumer.connection import Broker
from consumer.topics import topic_name
from engine.dead_letter import dead_letter_record
from engine.photo_message import photo_record
from engine.types import Origin, Rejection
from tests.commands import cairn, complaint
from tests.kafka import kit

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _settings(broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_KAFKA__TOPIC_PREFIX", prefix)
    monkeypatch.setenv("CAIRN_KAFKA__BOOTSTRAP", broker.bootstrap)


def bury(broker: Broker, prefix: str, *image_ids: str, limit: int = 1000) -> None:
    """Dead letters of photos, told to be corrupt; those over `limit` bytes are not kept."""
    letters = [
        dead_letter_record(
            Rejection(name, "site", Origin(f"{prefix}.images", 0, n), "corrupt", "torn"),
            photo_record(kit.photo(name), "image/jpeg"),
            limit,
        )
        for n, name in enumerate(image_ids)
    ]
    kit.send(broker, topic_name(prefix, "dead-letters"), letters)


def sent(broker: Broker, prefix: str) -> list[tuple[str, str]]:
    """Id and attempt of every message in the topic of images."""
    found = [dict(r.headers) for r in kit.committed_records(broker, f"{prefix}.images")]
    return [(h["ce_id"].decode(), h["dead-letter-attempt"].decode()) for h in found]


def test_dead_letters_are_listed(broker: Broker, prefix: str) -> None:
    """For people, and as JSON for programs; a reason chooses."""
    bury(broker, prefix, "a.jpg", "b.jpg")
    assert "2 dead letters: 2 corrupt" in cairn("dead-letters", "list").stdout
    lines = cairn("dead-letters", "list", "--json").stdout.splitlines()
    rows = [orjson.loads(line) for line in lines]
    assert [(row["id"], row["reason"], row["kept"]) for row in rows] == [
        ("a.jpg", "corrupt", True),
        ("b.jpg", "corrupt", True),
    ]
    assert "0 dead letters" in cairn("dead-letters", "list", "--reason", "empty").stdout


def test_each_is_sent_again_once(broker: Broker, prefix: str) -> None:
    """The second time only those that came since; asked for, all of them."""
    bury(broker, prefix, "a.jpg", "b.jpg")
    assert "2 messages sent again" in cairn("dead-letters", "replay").stderr
    assert sorted(sent(broker, prefix)) == [("a.jpg", "2"), ("b.jpg", "2")]
    bury(broker, prefix, "c.jpg")
    assert "1 messages sent again" in cairn("dead-letters", "replay").stderr
    assert "0 messages sent again" in cairn("dead-letters", "replay").stderr
    assert "3 messages sent again" in cairn("dead-letters", "replay", "--again").stderr
    assert "3 messages sent again" in cairn("dead-letters", "replay", "--reason", "corrupt").stderr


def test_what_was_not_kept_is_named(broker: Broker, prefix: str) -> None:
    """It has to be produced anew; nothing pretends otherwise."""
    bury(broker, prefix, "a.jpg", limit=3)
    told = " ".join(cairn("dead-letters", "replay").stderr.split())
    assert f"produce it anew: a.jpg ({prefix}.images 0:0)" in told
    assert "0 messages sent again, 1 were not kept" in told


def test_a_topic_of_others_is_not_written_to(broker: Broker, prefix: str) -> None:
    """Where a message came from is a header, and anybody can write headers."""
    letter = dead_letter_record(
        Rejection("a", "s", Origin(f"{prefix}.events", 0, 1), "corrupt", ""),
        photo_record(kit.photo("a"), "image/jpeg"),
        1000,
    )
    kit.send(broker, topic_name(prefix, "dead-letters"), [letter])
    assert "0 messages sent again" in cairn("dead-letters", "replay").stderr
    assert kit.committed_records(broker, f"{prefix}.events") == []


def test_topics_are_created_as_asked(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And shown; those that are there stay as they are."""
    monkeypatch.setenv("CAIRN_KAFKA__TOPIC_PREFIX", f"{prefix}x")
    shown = cairn("topics", "create", "--partitions", "3", "--replication", "1").stdout
    rows = [line.split() for line in shown.splitlines() if f"{prefix}x." in line]
    assert len(rows) == 6
    assert all(row[3] == "3" for row in rows)
    again = cairn("topics", "create", "--partitions", "5").stdout
    assert shown == again


def test_without_a_broker_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of these commands as of all others."""
    monkeypatch.delenv("CAIRN_KAFKA__BOOTSTRAP")
    assert "give --kafka HOST:PORT" in complaint("dead-letters", "list")
    assert "give --kafka HOST:PORT" in complaint("topics", "create")
