"""Gathers runs of a model that are asked for at once into batches, within a bound on the wait.

A GPU does 32 images in little more time than one. Every photo goes its own way through the
pipeline, so its runs come one by one, from many threads; here they meet.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured

AT_ONCE = 32
"""Rows in a batch, at most."""
LINGER_S = 0.002
"""Seconds that the first of a batch waits for more while nothing runs."""
_SERVERS = 2  # one batch is laid together while another runs

Array: TypeAlias = NDArray[Any]
Feed: TypeAlias = Mapping[str, Array]
Allocate: TypeAlias = Callable[[int], NDArray[np.uint8]]
"""Makes an array of so many bytes, of any content."""


def ordinary(size: int) -> NDArray[np.uint8]:
    """So many bytes of ordinary memory."""
    return np.empty(size, np.uint8)


class OutOfMemory(Misconfigured):
    """The device has no room for a run of this size; a smaller one may do."""


class Runner(Protocol):
    """What runs a model: ONNX Runtime here, or an adapter to a server elsewhere. Thread-safe."""

    def run(self, outputs: Sequence[str], feed: Feed) -> Sequence[Array]:
        """The named outputs; raises OutOfMemory, and Misconfigured for any other refusal."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """form: equal for requests that can share a batch."""

    outputs: tuple[str, ...]
    feed: Feed
    rows: int
    form: object
    answer: Future[list[Array]] = field(default_factory=Future)


class Batcher:
    """Runs a model in batches; implements `Runner`.

    Every input and output of the model must have one row per image. While a batch runs, the
    next one fills; while none does, the first in it waits `linger_s` seconds for others. Where
    the device runs out of memory batches are halved, for good.

    allocate: makes the buffers in which batches are laid together.
    """

    def __init__(
        self,
        runner: Runner,
        at_most: int = AT_ONCE,
        linger_s: float = LINGER_S,
        allocate: Allocate = ordinary,
    ) -> None:
        self._runner = runner
        self._limit = at_most
        self._linger_s = linger_s
        self._stacks = _Stacks(at_most, allocate)
        self._changed = threading.Condition()
        self._waiting: list[_Request] = []
        self._running = 0
        self._servers = ThreadPoolExecutor(_SERVERS, "batches")

    def run(self, outputs: Sequence[str], feed: Feed) -> list[Array]:
        """The named outputs for the rows of `feed`, after at most two batches and the linger."""
        request = _asked(tuple(outputs), feed)
        with self._changed:
            self._waiting.append(request)
            self._changed.notify_all()
        # One turn for each request, each of which takes at least one: none is left behind.
        self._servers.submit(self._serve)
        return request.answer.result()

    def _serve(self) -> None:
        batch = self._gathered()
        if not batch:
            return
        try:
            answers = self._answers(batch)
        except BaseException as error:
            for request in batch:
                request.answer.set_exception(error)
            raise
        finally:
            self._finished()
        for request, answer in zip(batch, answers, strict=True):
            request.answer.set_result(answer)

    def _gathered(self) -> list[_Request]:
        """Requests for one batch, oldest first; none where another server took them."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running or self._settled())
            self._changed.wait_for(self._settled, self._linger_s)
            batch = self._first()
            self._waiting = [request for request in self._waiting if request not in batch]
            self._running += bool(batch)
            return batch

    def _settled(self) -> bool:
        rows = sum(request.rows for request in self._waiting)
        return not self._waiting or rows >= self._limit

    def _first(self) -> list[_Request]:
        batch: list[_Request] = []
        for request in self._waiting:
            rows = sum(other.rows for other in batch) + request.rows
            if not batch or (request.form == batch[0].form and rows <= self._limit):
                batch.append(request)
        return batch

    def _finished(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _answers(self, batch: Sequence[_Request]) -> list[list[Array]]:
        feed = batch[0].feed
        if len(batch) > 1:
            parts = {name: [request.feed[name] for request in batch] for name in feed}
            feed = {name: self._stacks.stacked(name, part) for name, part in parts.items()}
        ends = np.cumsum([request.rows for request in batch])
        results = self._run_rows(batch[0].outputs, feed, int(ends[-1]))
        pieces = [np.split(result, ends[:-1]) for result in results]
        return [list(answer) for answer in zip(*pieces, strict=True)]

    def _run_rows(self, outputs: tuple[str, ...], feed: Feed, rows: int) -> list[Array]:
        """Run so many rows, in parts that the device has room for."""
        parts: list[Sequence[Array]] = []
        start = 0
        while start < rows:
            step = min(self._limit, rows - start)
            part = {name: array[start : start + step] for name, array in feed.items()}
            try:
                parts.append(_checked(self._runner.run(outputs, part), step))
            except OutOfMemory as error:
                self._halve(step, error)
            else:
                start += step
        if len(parts) == 1:
            return list(parts[0])
        return [np.concatenate(result) for result in zip(*parts, strict=True)]

    def _halve(self, rows: int, error: OutOfMemory) -> None:
        if rows == 1:
            raise error
        self._limit = min(self._limit, rows // 2)
        warnings.warn(f"{error}. From now on it runs {self._limit} rows at once", stacklevel=2)


def _asked(outputs: tuple[str, ...], feed: Feed) -> _Request:
    (rows,) = {len(array) for array in feed.values()}
    inputs = {name: (array.shape[1:], array.dtype) for name, array in feed.items()}
    return _Request(outputs, feed, rows, (outputs, inputs))


class _Stacks(threading.local):
    """Buffers in which rows are laid together, one an input, as large as its largest batch.

    They are used again and again; each thread has its own.
    """

    def __init__(self, rows: int, allocate: Allocate) -> None:
        self._rows = rows
        self._allocate = allocate
        self._kept: dict[str, Array] = {}

    def stacked(self, name: str, parts: Sequence[Array]) -> Array:
        """The rows of all parts in one array, which the next call for this name overwrites."""
        needed = self._rows * parts[0][:1].nbytes
        if name not in self._kept or len(self._kept[name]) < needed:
            self._kept[name] = self._allocate(needed)
        buffer = self._kept[name][:needed].view(parts[0].dtype)
        room = buffer.reshape(self._rows, *parts[0].shape[1:])
        return np.concatenate(parts, out=room[: sum(len(part) for part in parts)])


def _checked(results: Sequence[Array], rows: int) -> Sequence[Array]:
    for result in results:
        if not result.shape or len(result) != rows:
            raise Misconfigured(
                f"a model gave an output of shape {result.shape} for {rows} images at once; "
                "it needs one row for each: export it with a batch axis, or with a fixed batch of 1"
            )
    return results
