"""A worker whose disk is full waits, says so, and goes on when there is room again."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest

from consumer.connection import Broker
from tests.kafka import kit
from tests.kafka.workers import MARKS, clustered, long_form, name_of, tiny_records, wait_for, worker
from tests.recovery.kit import Worker

pytestmark = MARKS

PHOTOS = range(40)
ROOM_BYTES = 32 * 1024
"""Enough for what it says, and for no local store."""


class Disk(Protocol):
    """Where the state lies; it can be full."""

    state: Path

    def fill(self, life: Worker) -> None: ...

    def clear(self, life: Worker) -> None: ...


class LimitedFiles:
    """No file of the process may grow: as good as a full disk, and anybody may do it."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def fill(self, life: Worker) -> None:
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))

    def clear(self, life: Worker) -> None:
        everything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, everything)


class SmallDisk:
    """A disk of its own with something else on it that takes all the room."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._ballast = state / "ballast"

    def fill(self, life: Worker) -> None:
        with self._ballast.open("wb", 0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def clear(self, life: Worker) -> None:
        self._ballast.unlink()


@contextmanager
def limited_files(state: Path) -> Iterator[Disk]:
    yield LimitedFiles(state)


@contextmanager
def small_disk(state: Path) -> Iterator[Disk]:
    state.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(state)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nobody but root may mount a file system")
    try:
        yield SmallDisk(state)
    finally:
        subprocess.run(["/bin/umount", str(state)], check=True)


@pytest.mark.parametrize("made", [limited_files, pytest.param(small_disk, marks=long_form)])
def test_it_fills_up_under_work(
    broker: Broker, prefix: str, tmp_path: Path, made: Callable[[Path], Iterator[Disk]]
) -> None:
    """What is in the journal already, the store gets from there: nothing is lost or double."""
    kit.send(broker, f"{prefix}.images", tiny_records(PHOTOS))
    with made(tmp_path / "state") as disk, worker(broker.bootstrap, prefix, disk.state) as life:
        wait_for(lambda: bool(clustered(broker, prefix)), life)
        disk.fill(life)
        wait_for(lambda: "trying again" in life.message(), life)
        disk.clear(life)
        wait_for(lambda: len(clustered(broker, prefix)) >= len(PHOTOS), life)
        assert life.stop() == 0, life.message()
    assert clustered(broker, prefix) == [name_of(number) for number in PHOTOS]


def test_it_is_full_from_the_start(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """No store can be made, so nothing is taken on; it waits, and can be stopped meanwhile."""
    kit.send(broker, f"{prefix}.images", tiny_records(PHOTOS))
    disk = LimitedFiles(tmp_path / "state")
    with worker(broker.bootstrap, prefix, disk.state) as life:
        disk.fill(life)
        wait_for(lambda: "cannot be opened" in life.message(), life)
        assert life.stop() == 0, life.message()
    assert clustered(broker, prefix) == []
    with worker(broker.bootstrap, prefix, disk.state) as life:
        wait_for(lambda: len(clustered(broker, prefix)) >= len(PHOTOS), life)
    assert clustered(broker, prefix) == [name_of(number) for number in PHOTOS]
