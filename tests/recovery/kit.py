"""`cairn run` as a process of its own, and what it left behind.

Processes fork from a server that has imported everything, so that one starts in a tenth of a
second; RECOVERY_FRESH=1 starts every one from nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cairn.compose import means_of
from cairn.sections import Settings
from engine.jobs.placements import placements
from engine.lineage import Event
from engine.types import Outcome
from state.store import open_store
from tests.recovery.photos import MAX_BYTES

PATIENCE_S = 120.0
"""Longest wait for anything: reached only where something is broken."""
STOP_WITHIN_S = 20.0
SETTINGS = {
    "CAIRN_METRICS__PORT": "0",
    "CAIRN_ENGINE__BATCH_SIZE": "3",
    "CAIRN_GUARDS__MAX_BYTES": str(MAX_BYTES),
}
_CONTEXT = (
    multiprocessing.get_context("spawn")
    if os.environ.get("RECOVERY_FRESH")
    else multiprocessing.get_context("forkserver")
)
_CONTEXT.set_forkserver_preload(["pytest", "cairn.cli", __name__])


def until(happened: Callable[[], bool], pause_s: float = 0.001) -> None:
    """Wait for something that has to happen."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(pause_s)


class Worker:
    """One life of `cairn run` on a folder and a state directory."""

    def __init__(self, said: Path, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self._said = said
        self._process = _CONTEXT.Process(target=_live, args=(arguments, environment, str(said)))
        self._process.start()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """kill -9; nothing happens where the process has ended by itself."""
        self._process.kill()
        self.end()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, which it must do soon; its exit status."""
        if self._process.is_alive():
            os.kill(self.pid, number)
        return self.end(STOP_WITHIN_S)

    def end(self, within_s: float = PATIENCE_S) -> int:
        """Wait for its end; its exit status, negative for a signal."""
        self._process.join(within_s)
        assert self._process.exitcode is not None, "it never ended"
        return self._process.exitcode

    def message(self) -> str:
        """What it wrote to standard error and output."""
        return self._said.read_text() if self._said.exists() else ""


@contextmanager
def worker(source: Path, state: Path, *options: str, **environment: str) -> Iterator[Worker]:
    """A worker that does not outlive its test. environment: settings on top of the usual ones."""
    arguments = ("run", "--source", str(source), "--state", str(state), *options)
    with TemporaryDirectory() as directory:
        life = Worker(Path(directory) / "said", arguments, SETTINGS | environment)
        try:
            yield life
        finally:
            life.kill()


def run_once(source: Path, state: Path, *options: str) -> str:
    """Run to the end of the folder, which must work; what was said."""
    with worker(source, state, "--once", *options) as life:
        assert life.end() == 0, life.message()
        return life.message()


def _live(arguments: Sequence[str], environment: dict[str, str], said: str) -> None:
    """The process: the command line as the console script runs it."""
    from cairn.cli import main  # noqa: PLC0415 # loads Kafka, whose warnings are errors in pytest

    for name in [name for name in os.environ if name.startswith("CAIRN_")]:
        del os.environ[name]
    os.environ.update(environment)
    log = os.open(said, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["cairn", *arguments]
    main()


@dataclass(frozen=True)
class Remains:
    """What a state directory holds.

    clusters: (file, cluster, confirmed) of every photo in the order of arrival.
    """

    clusters: list[tuple[str, str, bool]]
    lineage: list[Event]
    images: list[str]
    events: bytes
    rejected: bytes

    @property
    def piles(self) -> set[frozenset[str]]:
        """The files of each cluster."""
        ids = {cluster for _, cluster, _ in self.clusters}
        return {frozenset(name for name, c, _ in self.clusters if c == pile) for pile in ids}


def remains(state: Path) -> Remains:
    """Read a state directory that no process uses."""
    with closing(open_store(state / "state.sqlite", identity())) as store:
        outcomes: list[Outcome] = list(store.outcomes())
    return Remains(
        clusters=[(p.image.image_id, p.cluster_id, p.confirmed) for p in placements(outcomes)],
        lineage=[event for outcome in outcomes for event in outcome.events],
        images=[outcome.cause.image_id for outcome in outcomes],
        events=_read(state / "events.jsonl"),
        rejected=_read(state / "rejected.jsonl"),
    )


@cache
def identity() -> str:
    """What the state of a worker depends on."""
    return means_of(Settings()).identity


def lines(state: Path) -> int:
    """Whole lines in both files so far: how far a running worker has come."""
    return sum(_read(state / name).count(b"\n") for name in ("events.jsonl", "rejected.jsonl"))


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
