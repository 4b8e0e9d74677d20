"""Where the models really run, and how many photos are under way because of it."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version

from cairn.eyes import Eyes
from cairn.sections import Engine
from engine.vision.batcher import AT_ONCE
from engine.vision.session import Session
from exporters.metrics import Metrics

_log = logging.getLogger(__name__)
_PACKAGES = ("onnxruntime", "onnxruntime-gpu")


def sessions_of(eyes: Eyes) -> Mapping[str, Sequence[Session]]:
    """The opened models of each part of the eyes: framing, encoder, extractor, verifier."""
    return {part.name: list(_sessions(getattr(eyes, part.name))) for part in fields(eyes)}


def threads_for(engine: Engine, eyes: Eyes) -> int:
    """Threads that look at photos: `workers`, or one per core.

    On a GPU most of them wait for it: there are enough then to fill one batch while another
    runs, as far as two commits' worth of photos go.
    """
    cores = os.cpu_count() or 1
    batched = any(one.at_once > 1 for part in sessions_of(eyes).values() for one in part)
    waiting = min(2 * engine.batch_size, cores + 2 * AT_ONCE) if batched else 0
    return engine.workers or max(cores, waiting)


def tell_devices(eyes: Eyes, metrics: Metrics) -> None:
    """Say in the log and in a metric what each model runs on, as really obtained."""
    for part, sessions in sessions_of(eyes).items():
        for session in sessions:
            _log.info("%s: %s runs on %s", part, session.name, session.device)
        metrics.devices(part, Counter(session.device for session in sessions))
        if any(session.device == "cpu" for session in sessions) and (why := _obstacle()):
            _log.warning("%s: %s; docs/gpu.md tells what to do", part, why)


def _obstacle() -> str:
    """Why a model runs on the CPU though a package for GPUs is there; empty where none is."""
    present = [name for name in _PACKAGES if _installed(name)]
    if len(present) > 1:
        return f"{' and '.join(present)} are both installed, and one overwrote the other"
    return "onnxruntime-gpu could not use a GPU" if present == ["onnxruntime-gpu"] else ""


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _sessions(part: object) -> Iterator[Session]:
    if isinstance(part, Session):
        yield part
        return
    for inner in _within(part):
        yield from _sessions(inner)


def _within(part: object) -> Sequence[object]:
    """What a part consists of; the parts of eyes are data classes, plain ones or tuples."""
    if isinstance(part, tuple | list):
        return part
    if is_dataclass(part):
        return [getattr(part, field.name) for field in fields(part)]
    return list(getattr(part, "__dict__", {}).values())
