"""One worker of the group through all its lives: `cairn run --kafka` as a process of its own."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.failpoints import Arming, arm
from tests.recovery import kit

STOP_WITHIN_S = 30.0
kit._CONTEXT.set_forkserver_preload(["pytest", "cairn.cli", "river.drift", kit.__name__, __name__])
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_CHANGES = re.compile(r"partitions (assigned|revoked|lost): \[(.*?)\]")


@dataclass(frozen=True)
class Place:
    """Where a worker lives. static: whether its restart keeps its partitions."""

    name: str
    directory: Path
    bootstrap: str
    prefix: str
    static: bool

    @property
    def state(self) -> Path:
        return self.directory / self.name / "state"

    @property
    def marker(self) -> Path:
        return self.directory / self.name / "marker"

    @property
    def environment(self) -> dict[str, str]:
        settings = {
            "CAIRN_METRICS__PORT": "0",
            "CAIRN_ENGINE__BATCH_SIZE": "4",
            "CAIRN_ENGINE__WORKERS": "1",
            "CAIRN_STATE__SNAPSHOT_EVERY": "5",
            "CAIRN_KAFKA__TOPIC_PREFIX": self.prefix,
            "CAIRN_KAFKA__TRANSACTION_TIMEOUT_S": "5",
        }
        # A static one is back before the group gives up; the death of another moves partitions.
        static = {"CAIRN_KAFKA__INSTANCE_ID": self.name, "CAIRN_KAFKA__SESSION_TIMEOUT_S": "10"}
        return settings | (static if self.static else {"CAIRN_KAFKA__SESSION_TIMEOUT_S": "3"})


class Worker:
    """A worker that is started, dies, and is started again."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.lives = 0
        self._process: Any = None

    def start(self, arming: Arming | None = None, *, on_a_new_machine: bool = False) -> None:
        """Begin a life, with a failpoint set, and with nothing left of the last where so asked."""
        self.place.marker.parent.mkdir(parents=True, exist_ok=True)
        self.place.marker.unlink(missing_ok=True)
        if on_a_new_machine:
            shutil.rmtree(self.place.state, ignore_errors=True)
        self.lives += 1
        arguments = ("run", "--kafka", self.place.bootstrap, "--state", str(self.place.state))
        parts = (arguments, self.place.environment, str(self._said), arming)
        self._process = kit._CONTEXT.Process(target=_live, args=parts)
        self._process.start()

    @property
    def alive(self) -> bool:
        return bool(self._process.is_alive())

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def kill(self) -> None:
        """kill -9, and wait until it is dead."""
        self._process.kill()
        self._process.join()

    def died_at(self) -> str | None:
        """The failpoint this life has ended at; None where it ended in another way."""
        marker = self.place.marker
        return marker.read_text() if marker.exists() and self.status == -signal.SIGKILL else None

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal, None while it lives."""
        self._process.join(0)
        status: int | None = self._process.exitcode
        return status

    def stop(self) -> int | None:
        """Ask it to stop; its exit status, None where it does not."""
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
            self._process.join(STOP_WITHIN_S)
        return self.status

    def owned(self) -> frozenset[int]:
        """The partitions that this life was the owner of, by its own words, in the end."""
        owned: frozenset[int] = frozenset()
        for kind, numbers in _CHANGES.findall(self.said()):
            if kind == "assigned":
                owned = frozenset(int(number) for number in numbers.split(","))
        return owned

    def said(self) -> str:
        """What this life wrote to standard error and output."""
        return self._said.read_text(errors="replace") if self._said.exists() else ""

    def resident_kb(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    @property
    def _said(self) -> Path:
        return self.place.marker.with_name(f"said-{self.lives}")


def _live(
    arguments: tuple[str, ...], environment: dict[str, str], said: str, arming: Arming | None
) -> None:
    """The process: the command line as the console script runs it, perhaps with a failpoint."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if arming is not None:
        arm(arming)
    kit._live(arguments, environment, said)
