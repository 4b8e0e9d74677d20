"""Disks that fail, and disks that take their time."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import BinaryIO

from state.snapshot_file import Disk

LIMIT_S = 30.0
STEPS = tuple(
    f"{step} {kind}"
    for kind in (".arrays", ".json")
    for step in ("write", "sync", "rename", "settle")
)


class FailingDisk(Disk):
    """Fails at one of the steps, and for good; of what is written then half gets through."""

    def __init__(self, step: str, fault: BaseException) -> None:
        self._step = step
        self._fault = fault
        self._renamed = ""
        self.failed = False

    def write(self, file: BinaryIO, data: memoryview) -> None:
        super().write(file, data[: len(data) // 2])
        self._do(f"write {kind_of(file.name)}")
        super().write(file, data[len(data) // 2 :])

    def sync(self, file: BinaryIO) -> None:
        self._do(f"sync {kind_of(file.name)}")
        super().sync(file)

    def rename(self, source: Path, target: Path) -> None:
        self._do(f"rename {target.suffix}")
        super().rename(source, target)
        self._renamed = target.suffix

    def sync_directory(self, directory: Path) -> None:
        self._do(f"settle {self._renamed}")
        super().sync_directory(directory)

    def _do(self, step: str) -> None:
        self.failed |= step == self._step
        if self.failed:
            raise self._fault


def kind_of(temporary: str) -> str:
    return Path(temporary.removesuffix(".tmp")).suffix


class SlowDisk(Disk):
    """Waits at the first sync until it is released."""

    def __init__(self) -> None:
        self.reached, self.released = Event(), Event()

    def sync(self, file: BinaryIO) -> None:
        self.reached.set()
        assert self.released.wait(LIMIT_S)
        super().sync(file)
