"""A `cairn serve` of its own process, as benchmarks ask it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

START_WITHIN_S = 120.0
_MAIN = [sys.executable, "-c", "from cairn.cli import main; main()"]


@dataclass(frozen=True, slots=True)
class Server:
    """One that listens. url: without the path of the API."""

    url: str
    pid: int

    def memory_mb(self, *, peak: bool = False) -> float:
        """What it holds in memory now, or held at most; Linux alone tells."""
        name = "VmHWM" if peak else "VmRSS"
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


@contextmanager
def served(view: str) -> Iterator[Server]:
    """Serve a view at an address, to this machine; raises RuntimeError where that fails."""
    with TemporaryDirectory() as folder:
        said = Path(folder, "said")
        with said.open("wb") as log:
            root = str(Path(__file__).parents[1])
            process = subprocess.Popen(  # noqa: S603 # our own command
                [*_MAIN, "serve", "--view", view, "--port", "0"],
                env={**os.environ, "PYTHONPATH": root},
                stderr=log,
            )
        try:
            yield Server(_listening(process, said), process.pid)
        finally:
            process.terminate()
            process.wait()


def _listening(process: subprocess.Popen[bytes], said: Path) -> str:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"serving on (http://\S+?)(/api/v1)?\n", said.read_text()):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"the server does not listen: {said.read_text()}")
