"""Failpoints: places in a running worker where it kills itself, though it knows nothing of them.

Python's profiling hook sees every call and every return. A failpoint is one of these, of one
function, for the n-th time; the process notes which one it was and sends itself a kill -9.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, Literal

KAFKA_THREADS = "kafka-io"
"""The client's own threads: nothing of ours runs there, and watching them would slow them down."""


@dataclass(frozen=True)
class Failpoint:
    """Where a worker dies.

    target: `module:function`. latest: passes before it does, at most.
    """

    name: str
    target: str
    event: Literal["call", "return"]
    latest: int = 3


FAILPOINTS = (
    Failpoint("after decode", "engine.vision.decode:decode", "return", latest=12),
    Failpoint("after apply", "consumer.shard:Shard.decide", "return", latest=6),
    Failpoint("before send", "consumer.transaction:KafkaCommitter._write", "call"),
    Failpoint("after send", "kafka:KafkaProducer.send_offsets_to_transaction", "return"),
    Failpoint("before commit", "kafka:KafkaProducer.commit_transaction", "call"),
    Failpoint("after commit", "kafka:KafkaProducer.commit_transaction", "return"),
    Failpoint("before store", "state.store:SqliteStore.commit", "call", latest=6),
    Failpoint("after store", "state.store:SqliteStore.commit", "return", latest=6),
    Failpoint("mid-snapshot", "state.snapshot_file:Disk.write", "return"),
    Failpoint("mid-rename", "state.snapshot_file:Disk.rename", "call", latest=4),
    Failpoint("while restoring", "state.records:decode_outcome", "call", latest=20),
    Failpoint("taking over", "consumer.group_shards:GroupShards._take", "return", latest=4),
)


@dataclass(frozen=True)
class Arming:
    """A failpoint that is set. nth: the pass it dies at. marker: file that says it was here."""

    failpoint: Failpoint
    nth: int
    marker: Path


def arm(arming: Arming) -> None:
    """Watch this thread and all that are started from now on."""
    profile = _profile(arming)

    def begin(*_: object) -> None:
        """What a new thread calls first."""
        watched = not threading.current_thread().name.startswith(KAFKA_THREADS)
        sys.setprofile(profile if watched else None)

    threading.setprofile(begin)
    sys.setprofile(profile)


def _profile(arming: Arming) -> Callable[[FrameType, str, object], None]:
    failpoint, passes = arming.failpoint, count(1)
    code = _resolved(failpoint.target).__code__

    def profile(frame: FrameType, event: str, _: object) -> None:
        if frame.f_code is not code or event != failpoint.event:
            return
        if next(passes) == arming.nth:
            arming.marker.write_text(failpoint.name)
            os.kill(os.getpid(), signal.SIGKILL)

    return profile


def _resolved(target: str) -> Any:
    module, _, path = target.partition(":")
    found = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found
