"""A running worker as others watch it: metrics, liveness, readiness."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import cairn
from cairn.sections import Metrics as Section
from consumer import fetch
from engine.errors import COMMAND_REASONS
from engine.pipeline import NO_VECTOR
from engine.vision import decode
from exporters.health import HealthServer, Heartbeat
from exporters.metrics import Metrics, Registry

_OF_MESSAGES = ("id_conflict", "bad_message", "unreadable")
REASONS = sorted({*decode.REASONS, NO_VECTOR, *_OF_MESSAGES, *fetch.REASONS, *COMMAND_REASONS})


@dataclass(frozen=True, slots=True)
class Watch:
    """Handed to whatever runs a loop.

    stop: set when the worker shall end. restored: set once the state is back in memory.
    """

    stop: threading.Event
    metrics: Metrics
    heartbeat: Heartbeat
    restored: threading.Event = field(default_factory=threading.Event)

    def ready(self) -> None:
        """From now on `/readyz` says yes."""
        self.restored.set()

    def not_ready(self) -> None:
        """Until `ready` is said again, `/readyz` says no."""
        self.restored.clear()

    def turn(self) -> bool:
        """Called once a turn of the loop: whether to stop."""
        self.heartbeat.beat()
        return self.stop.is_set()

    def check_ready(self) -> tuple[bool, str]:
        """Whether the state is restored, and in words."""
        return self.restored.is_set(), "ready" if self.restored.is_set() else "restoring state"


@contextmanager
def watching(settings: Section, stop: threading.Event) -> Iterator[Watch]:
    """Serve /metrics, /livez and /readyz while the worker runs; port 0 serves nothing."""
    registry = Registry()
    metrics = Metrics(registry, cairn.__version__, REASONS)
    watch = Watch(stop, metrics, Heartbeat(settings.stall_s, time.monotonic))
    if settings.port == 0:
        yield watch
        return
    server = HealthServer(
        settings.host, settings.port, registry, watch.heartbeat.check, watch.check_ready
    )
    server.start()
    try:
        yield watch
    finally:
        server.stop()
