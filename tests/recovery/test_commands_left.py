"""Commands for a folder's worker while it runs: carried out once, kill -9 or not."""

from __future__ import annotations

from pathlib import Path

import orjson

from engine.lineage import Named
from engine.wire import EVENT_TYPES
from tests.commands import cairn
from tests.images import shot
from tests.recovery.kit import run_once, until, worker
from tests.recovery.photos import one_view


def events(state: Path) -> list[dict[str, object]]:
    lines = (state / "events.jsonl").read_bytes().splitlines(keepends=True)
    return [orjson.loads(line) for line in lines if line.endswith(b"\n")]


def named(state: Path) -> list[object]:
    return [e["name"] for e in events(state) if e["type"] == EVENT_TYPES[Named]]


def test_a_running_worker_is_corrected(tmp_path: Path) -> None:
    """By the command that corrects a stopped one; what it refuses it tells."""
    photos, state = tmp_path / "photos", tmp_path / "state"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(shot(one_view("rocket.jpg", 1), 1))
    run_once(photos, state)
    cluster = str(events(state)[0]["cluster_id"])
    lock = state / "state.sqlite-wal"
    with worker(photos, state) as life:
        until(lambda: lock.exists() or not life.alive)
        assert "left command" in cairn("correct", "--state", state, "name", cluster, "gate").stderr
        cairn("correct", "--state", state, "name", "nobody", "gate")
        until(lambda: named(state) == ["gate"] or not life.alive)
        until(lambda: b"unknown_cluster" in (state / "rejected.jsonl").read_bytes())
        cairn("correct", "--state", state, "name", cluster, "tower")
        life.kill()
    run_once(photos, state)
    run_once(photos, state)
    assert named(state) == ["gate", "tower"]
    assert "done" in cairn("correct", "--state", state, "name", cluster, "").stderr
