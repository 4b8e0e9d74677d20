"""`cairn view` beside a real journal: what workers tell and refuse is in the tables, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from cairn.sections import Kafka, Settings
from cairn.viewing import view_kafka
from consumer.connection import Broker
from engine.dead_letter import dead_letter_record
from engine.types import Origin, Rejection
from exporters.view.opening import open_view
from tests.builders import make_outcome
from tests.commands import cairn, complaint
from tests.kafka import kit
from tests.unit.test_journal import journal_of

pytestmark = pytest.mark.kafka
MADE_WITH = "tests"
"""What `journal_of` says."""


def write(broker: Broker, prefix: str, partition: int, *names: str) -> None:
    outcomes = [make_outcome(name, scope=name) for name in names]
    kit.send(broker, f"{prefix}.journal", [r for _, r in journal_of(outcomes)], partition)


def refuse(broker: Broker, prefix: str, kind: str, name: str) -> None:
    rejection = Rejection(name, "s", Origin(f"{prefix}.{kind}", 0, 3), "id_conflict", "…")
    kit.send(broker, f"{prefix}.dead-letters", [dead_letter_record(rejection, None, 100)])


def test_a_journal_is_followed(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """What comes is told and drawn until somebody says stop."""
    url, stop = f"sqlite:///{tmp_path}/view.db", Event()
    settings = Settings(kafka=Kafka(bootstrap=broker.bootstrap, topic_prefix=prefix))
    write(broker, prefix, 0, "a")
    follow = partial(view_kafka, settings, url, stop, anew=False, once=False)
    with ThreadPoolExecutor() as pool, closing(open_view(url, MADE_WITH)) as view:
        told = pool.submit(follow)
        try:
            kit.until(lambda: view.counts().images == 1)
            write(broker, prefix, 1, "b")
            kit.until(lambda: [len(view.points(name)) for name in "ab"] == [1, 1])
            kit.until(lambda: not view.wanting())
        finally:
            stop.set()
    assert told.result() == 2


def test_a_journal_is_told_once(
    broker: Broker, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every partition, with what was refused; a second look adds what is new."""
    monkeypatch.setenv("CAIRN_KAFKA__TOPIC_PREFIX", prefix)
    url = f"sqlite:///{tmp_path}/view.db"
    command = ("view", "--kafka", broker.bootstrap, "--to", url, "--once")
    assert "is empty" in complaint(*command)
    write(broker, prefix, 0, "a", "b")
    write(broker, prefix, 1, "c")
    refuse(broker, prefix, "commands", "c1")
    assert "4 outcomes and refusals told" in cairn(*command).stderr
    write(broker, prefix, 1, "d")
    refuse(broker, prefix, "images", "x")
    assert "2 outcomes and refusals told" in cairn(*command).stderr
    with closing(open_view(url, MADE_WITH)) as view:
        assert view.scopes() == ["a", "b", "c", "d"]
        assert view.counts().images == 4
        assert view.points("d").items == ("d#0",)
        told = view.command("s", "c1")
        assert told is not None
        assert (told.applied, told.body["reason"]) == (False, "id_conflict")
