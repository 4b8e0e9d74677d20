"""All the way: photos produced, clustered and told, equal to a folder run, kill -9 included."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from consumer.connection import Broker
from engine.lineage import Created, Forgotten, Merged, Named, Revived
from engine.wire import EVENT_TYPES
from producer.synthetic import make_samples
from tests.kafka import kit
from tests.onnx_model import flatten_model
from tests.probes import Samples, ask, free_port, scrape
from tests.state.kit import with_card

CAIRN = [sys.executable, "-c", "from cairn.cli import main; main()"]
KILLS = 5
PATIENCE_S = 90.0
PARTITIONS = (0, 1)
LAG = "cairn_consumer_lag_records"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sample photos with two files that are none."""
    directory = tmp_path_factory.mktemp("photos")
    make_samples(directory, sites=5, singles=3)
    (directory / "IMG_9001.jpg").write_bytes(b"\xff\xd8\xff torn")
    (directory / "IMG_9002.png").write_bytes(b"no image at all")
    return directory


def cairn(*arguments: str, **environment: str) -> None:
    """Run a command to its end."""
    subprocess.run(
        [*CAIRN, *arguments], env=surroundings(environment), check=True, timeout=PATIENCE_S
    )


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    settings = {"CAIRN_METRICS__PORT": "0", "CAIRN_ENGINE__BATCH_SIZE": "3"}
    return {**os.environ, **settings, **environment}


@contextmanager
def worker(
    broker: Broker, prefix: str, state: Path, port: int = 0, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is killed with -9 at the end, if it still lives then.

    port: where it tells how it fares; 0 for nowhere. environment: settings on top of these.
    """
    settings = {
        "CAIRN_KAFKA__TOPIC_PREFIX": prefix,
        "CAIRN_KAFKA__INSTANCE_ID": "one",
        "CAIRN_KAFKA__SESSION_TIMEOUT_S": "6",
        "CAIRN_METRICS__PORT": str(port),
        **environment,
    }
    command = [*CAIRN, "run", "--kafka", broker.bootstrap, "--state", str(state)]
    process = subprocess.Popen(command, env=surroundings(settings))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def produced(broker: Broker, prefix: str, photos: Path, record: Path) -> int:
    """Send the folder; how many messages it makes."""
    cairn(
        *("produce", str(photos), "--kafka", broker.bootstrap, "--record", str(record)),
        CAIRN_KAFKA__TOPIC_PREFIX=prefix,
    )
    return len(kit.committed_records(broker, f"{prefix}.images"))


def events(broker: Broker, prefix: str) -> list[dict[str, object]]:
    """Every committed event in order, by the bodies alone."""
    records = kit.committed_records(broker, f"{prefix}.events")
    return [orjson.loads(record.value) for record in records]


def settled(broker: Broker, prefix: str) -> int:
    """Messages that are answered: clustered or dead."""
    clustered = {event["image_id"] for event in events(broker, prefix) if "image_id" in event}
    return len(clustered) + len(kit.committed_records(broker, f"{prefix}.dead-letters"))


def dead_letters(broker: Broker, prefix: str) -> list[tuple[bytes, bytes | None, bytes]]:
    """Key, value and reason of each."""
    letters = kit.committed_records(broker, f"{prefix}.dead-letters")
    return [(r.key, r.value, dict(r.headers)["dead-letter-reason"]) for r in letters]


def wait_until_settled(broker: Broker, prefix: str, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while settled(broker, prefix) < wanted:
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(0.2)


def folder_events(photos: Path, state: Path) -> list[dict[str, object]]:
    cairn("run", "--source", str(photos), "--once", "--state", str(state))
    lines = (state / "events.jsonl").read_bytes().splitlines()
    return [orjson.loads(line) for line in lines]


def test_kafka_and_folder_tell_the_same_story(
    broker: Broker, prefix: str, photos: Path, tmp_path: Path
) -> None:
    """Producer, topic, worker, events: the lineage of the folder run, through five kill -9.

    A seeded moment for each kill: after so many answered messages, plus a part of a batch. Book,
    local copies and journal agree in the end.
    """
    expected = folder_events(photos, tmp_path / "folder")
    sent = produced(broker, prefix, photos, tmp_path / "record")
    chance = random.Random(7)
    for kill in range(KILLS):
        with worker(broker, prefix, tmp_path / "kafka"):
            wait_until_settled(broker, prefix, (kill + 1) * sent // (KILLS + 1))
            time.sleep(chance.uniform(0.0, 0.4))
    with worker(broker, prefix, tmp_path / "kafka"):
        wait_until_settled(broker, prefix, sent)
    assert events(broker, prefix) == expected
    reasons = [reason for _, _, reason in dead_letters(broker, prefix)]
    assert sorted(reasons) == [b"corrupt", b"unsupported_format"]
    cairn(
        *("state", "verify", str(tmp_path / "kafka"), "--kafka", broker.bootstrap),
        CAIRN_KAFKA__TOPIC_PREFIX=prefix,
    )


def test_commands_reach_the_worker_and_survive_it(
    broker: Broker, prefix: str, photos: Path, tmp_path: Path
) -> None:
    """Sent like photos, carried out once, told with their author; a new worker knows them."""
    sent = produced(broker, prefix, photos, tmp_path / "record")
    with worker(broker, prefix, tmp_path / "first"):
        wait_until_settled(broker, prefix, sent)
    born = [e["cluster_id"] for e in events(broker, prefix) if e["type"] == EVENT_TYPES[Created]]
    retired = {e["retired_id"] for e in events(broker, prefix) if e["type"] == EVENT_TYPES[Merged]}
    one, other, *_ = [cluster for cluster in born if cluster not in retired]
    image = next(e["image_id"] for e in events(broker, prefix) if "item_id" in e)
    for number, command in enumerate(
        [("merge", one, other), ("forget", str(image)), ("confirm", "nobody"), ("undo", "c0")]
    ):
        cairn(
            *("correct", "--kafka", broker.bootstrap, "--id", f"c{number}", "--author", "me"),
            *map(str, command),
            CAIRN_KAFKA__TOPIC_PREFIX=prefix,
        )
    with worker(broker, prefix, tmp_path / "second"):
        wait_until_refused(broker, prefix, b"unknown_cluster")
        wait_until_told(broker, prefix, EVENT_TYPES[Revived])
    told = [event for event in events(broker, prefix) if "command_id" in event]
    assert {event["author"] for event in told} == {"me"}
    assert [event["seq"] for event in events(broker, prefix)] == list(
        range(1, len(events(broker, prefix)) + 1)
    )
    assert [e["cluster_id"] for e in told if e["type"] == EVENT_TYPES[Revived]] == [other]
    assert [e["type"] for e in told if e["command_id"] == "c1"] == [EVENT_TYPES[Forgotten]]
    erased = [r for r in kit.committed_records(broker, f"{prefix}.journal") if r.value is None]
    assert f"image/default/{image}".encode() in [record.key for record in erased]
    before = events(broker, prefix)
    cairn(
        *("correct", "--kafka", broker.bootstrap, "--id", "c0", "merge", str(one), str(other)),
        CAIRN_KAFKA__TOPIC_PREFIX=prefix,
    )
    cairn(
        *("correct", "--kafka", broker.bootstrap, "--id", "c4", "name", str(one), "gate"),
        CAIRN_KAFKA__TOPIC_PREFIX=prefix,
    )
    with worker(broker, prefix, tmp_path / "third"):
        wait_until_told(broker, prefix, EVENT_TYPES[Named])
    assert len(events(broker, prefix)) == len(before) + 1


def wait_until_told(broker: Broker, prefix: str, kind: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while kind not in {event["type"] for event in events(broker, prefix)}:
        assert time.monotonic() < deadline, f"no {kind}"
        time.sleep(0.2)


def wait_until_refused(broker: Broker, prefix: str, reason: bytes) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while reason not in {why for _, _, why in dead_letters(broker, prefix)}:
        assert time.monotonic() < deadline, f"no {reason!r}"
        time.sleep(0.2)


def test_a_new_worker_restores_from_the_journal_alone(
    broker: Broker, prefix: str, photos: Path, tmp_path: Path
) -> None:
    """A worker without a local store goes on where the lost one stopped, and stops when told.

    What no client can parse is in its way, becomes dead letters, and changes nothing else.
    """
    expected = folder_events(photos, tmp_path / "folder")
    sent = produced(broker, prefix, photos, tmp_path / "record")
    with worker(broker, prefix, tmp_path / "first"):
        wait_until_settled(broker, prefix, sent // 2)
    for partition in PARTITIONS:
        kit.send(broker, f"{prefix}.images", [kit.unreadable("x")], partition)
    port = free_port()
    with worker(broker, prefix, tmp_path / "second", port) as second:
        wait_until_settled(broker, prefix, sent + len(PARTITIONS))
        metrics = wait_until_caught_up(f"http://127.0.0.1:{port}")
        second.terminate()
        assert second.wait(20) == 0
    assert events(broker, prefix) == expected
    nameless = [(k, v, r) for k, v, r in dead_letters(broker, prefix) if not k]
    assert nameless == [(b"", None, b"bad_message")] * len(PARTITIONS)
    told = Counter(event["type"] for event in expected)
    assert metrics["cairn_rebalances_total", ""] == 1
    assert metrics["cairn_dead_letters_total", "bad_message"] == len(PARTITIONS)
    assert metrics["cairn_clusters", "retired"] == told[EVENT_TYPES[Merged]]
    assert (
        metrics["cairn_clusters", "confirmed"] + metrics["cairn_clusters", "pending"]
        == told[EVENT_TYPES[Created]] - told[EVENT_TYPES[Merged]]
    )


def test_a_worker_with_another_encoder_refuses(
    broker: Broker, prefix: str, photos: Path, tmp_path: Path
) -> None:
    """Before it joins or writes, and without a local store too: the journal says what it is of."""
    sent = produced(broker, prefix, photos, tmp_path / "record")
    with worker(broker, prefix, tmp_path / "first"):
        wait_until_settled(broker, prefix, sent // 2)
    told = len(kit.committed_records(broker, f"{prefix}.events"))
    encoder = str(with_card(tmp_path / "tiny.onnx", flatten_model()))
    with worker(broker, prefix, tmp_path / "second", CAIRN_ENGINE__ENCODER=encoder) as other:
        assert other.wait(PATIENCE_S) == 1
    assert len(kit.committed_records(broker, f"{prefix}.events")) == told
    assert not (tmp_path / "second").exists()


def wait_until_caught_up(site: str) -> Samples:
    """The metrics once no photo and no command is left to read; a ready worker has them."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        samples = scrape(site)
        lags = {name: value for name, value in samples.items() if name[0] == LAG}
        if len(lags) == 2 * len(PARTITIONS) and not any(lags.values()):
            assert ask(f"{site}/readyz") == (200, "ready\n")
            return samples
        assert time.monotonic() < deadline, lags
        time.sleep(0.2)
