"""A worker whose clock jumps by days decides as any other, and the log keeps its own time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from consumer.connection import Broker
from tests.kafka import kit
from tests.kafka.jumping_clock import DAY_S
from tests.kafka.workers import (
    MARKS,
    SETTINGS,
    clustered,
    events,
    folder_events,
    tiny_records,
    wait_for,
)
from tests.recovery.kit import STOP_WITHIN_S

pytestmark = MARKS

PHOTOS = range(30)


def test_a_clock_that_jumps(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """A day ahead or back at every reading: nothing times out, nothing is decided
    otherwise, and what is written has the broker's time, by which topics are kept."""
    kit.send(broker, f"{prefix}.images", tiny_records(PHOTOS))
    command = [sys.executable, "-m", "tests.kafka.jumping_clock", "run"]
    options = ["--kafka", broker.bootstrap, "--state", str(tmp_path / "state")]
    environment = {**os.environ, **SETTINGS, "CAIRN_KAFKA__TOPIC_PREFIX": prefix}
    with (tmp_path / "said").open("wb") as said:
        life = subprocess.Popen([*command, *options], env=environment, stderr=said)
        try:
            wait_for(lambda: len(clustered(broker, prefix)) >= len(PHOTOS))
            life.send_signal(signal.SIGTERM)
            assert life.wait(STOP_WITHIN_S) == 0
        finally:
            life.kill()
            life.wait()
    assert events(broker, prefix) == folder_events(PHOTOS, tmp_path)
    entries = (tmp_path / "said").read_text()
    assert "recovering" not in entries
    assert time.strftime("%Y-%m-%d") not in entries, "its clock did not jump"
    for kind in ("journal", "events", "clusters"):
        for record in kit.committed_records(broker, f"{prefix}.{kind}"):
            assert abs(record.timestamp / 1000 - time.time()) < DAY_S / 2
