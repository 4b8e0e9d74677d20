"""Runs asked for at once share batches: everybody gets their own rows, whatever goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.vision.batcher import Array, Batcher, Feed, OutOfMemory
from engine.vision.cuda import BoundRunner, page_locked

OUTPUTS = ("double", "sum")
PATIENT_S = 60.0


@dataclass
class Doubler:
    """Doubles its rows and sums each; remembers how many rows came, and has room for some.

    gate: runs wait until it opens. begun: one more for each run that got there.
    """

    room: int = 1000
    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    sizes: list[int] = field(default_factory=list)
    fault: Exception | None = None

    def run(self, outputs: Sequence[str], feed: Feed) -> list[Array]:
        self.begun.release()
        assert self.gate.wait(PATIENT_S)
        rows = feed["x"]
        self.sizes.append(len(rows))
        if self.fault is not None:
            raise self.fault
        if len(rows) > self.room:
            raise OutOfMemory("no room")
        made = {"double": rows * 2, "sum": rows.reshape(len(rows), -1).sum(axis=1)}
        return [made[name] for name in outputs]


def rows(first: int, count: int = 1, width: int = 3) -> Array:
    return np.arange(first, first + count, dtype=np.float32)[:, None] * np.ones(width, np.float32)


@contextmanager
def at_once(
    runner: Doubler, batcher: Batcher, feeds: Sequence[Array], full: int = 0
) -> Iterator[list[Any]]:
    """Answers to the feeds, all asked for while a run of one other row holds the device.

    full: how many of them fill a batch, which then waits at the device.
    """
    with ThreadPoolExecutor(len(feeds) + 1) as pool:
        first = pool.submit(batcher.run, OUTPUTS, {"x": rows(0)})
        assert runner.begun.acquire(timeout=PATIENT_S)
        asked = [pool.submit(batcher.run, OUTPUTS, {"x": feed}) for feed in feeds]
        assert not full or runner.begun.acquire(timeout=PATIENT_S)
        _until_waiting(batcher, len(feeds) - full)
        runner.gate.set()
        assert np.array_equal(first.result()[0], rows(0))
        yield asked


def _until_waiting(batcher: Batcher, count: int) -> None:
    with batcher._changed:
        assert batcher._changed.wait_for(lambda: len(batcher._waiting) == count, PATIENT_S)


def right(answer: Future[list[Array]], feed: Array) -> bool:
    double, total = answer.result(PATIENT_S)
    return np.array_equal(double, feed * 2) and np.array_equal(total, feed.sum(axis=1))


def test_a_lone_run_does_not_wait_for_others_long() -> None:
    """One request is answered by itself, as it is."""
    runner = Doubler()
    runner.gate.set()
    (double,) = Batcher(runner).run(["double"], {"x": rows(5)})
    assert np.array_equal(double, rows(10))
    assert runner.sizes == [1]


def test_what_comes_while_a_batch_runs_shares_the_next_one() -> None:
    """Everybody gets their own rows, however many they asked for."""
    runner = Doubler()
    feeds = [rows(1), rows(10, 3), rows(20, 2)]
    with at_once(runner, Batcher(runner), feeds) as answers:
        assert all(right(answer, feed) for answer, feed in zip(answers, feeds, strict=True))
    assert runner.sizes == [1, 6]


def test_a_batch_is_full_at_its_bound() -> None:
    """What goes beyond waits for the next; one larger request is run in parts."""
    runner = Doubler()
    feeds = [rows(k) for k in range(1, 7)]
    with at_once(runner, Batcher(runner, at_most=4), feeds, full=4) as answers:
        assert all(right(answer, feed) for answer, feed in zip(answers, feeds, strict=True))
    assert sorted(runner.sizes) == [1, 2, 4]
    assert right_alone(Batcher(runner, at_most=4), rows(1, 10))
    assert runner.sizes[-3:] == [4, 4, 2]


def right_alone(batcher: Batcher, feed: Array) -> bool:
    double, _ = batcher.run(OUTPUTS, {"x": feed})
    return np.array_equal(double, feed * 2)


def test_only_rows_of_one_shape_and_type_share_a_batch() -> None:
    """Images of two sizes take two runs."""
    runner = Doubler()
    feeds = [rows(1), rows(2, width=4), rows(3), rows(4).astype(np.float64)]
    with at_once(runner, Batcher(runner), feeds) as answers:
        assert all(right(answer, feed) for answer, feed in zip(answers, feeds, strict=True))
    assert sorted(runner.sizes) == [1, 1, 1, 2]


def test_out_of_memory_halves_batches_and_goes_on() -> None:
    """Nobody's answer is lost, and what did not fit is not tried again."""
    runner = Doubler(room=3)
    feeds = [rows(k) for k in range(1, 9)]
    batcher = Batcher(runner, at_most=8)
    with (
        pytest.warns(UserWarning, match=r"no room. From now on it runs [42] rows"),
        at_once(runner, batcher, feeds, full=8) as answers,
    ):
        assert all(right(answer, feed) for answer, feed in zip(answers, feeds, strict=True))
    assert sorted(runner.sizes) == [1, 2, 2, 2, 2, 4, 8]
    assert right_alone(batcher, rows(1, 4))
    assert runner.sizes[7:] == [2, 2]


def test_no_room_for_a_single_row_is_said() -> None:
    """There is nothing left to halve."""
    runner = Doubler(room=0)
    runner.gate.set()
    with pytest.raises(OutOfMemory, match="no room"):
        Batcher(runner).run(OUTPUTS, {"x": rows(1)})


def test_a_run_that_fails_fails_for_all_in_its_batch_and_no_other() -> None:
    """The model is as good as before for those who come later."""
    runner = Doubler()
    batcher = Batcher(runner)
    with at_once(runner, batcher, [rows(1), rows(2)]) as answers:
        assert all(answer.result(PATIENT_S) for answer in answers)
        runner.fault = Misconfigured("model m cannot run")
        with pytest.raises(Misconfigured, match="cannot run"):
            batcher.run(OUTPUTS, {"x": rows(3)})
        runner.fault = ZeroDivisionError("our bug")
        with pytest.raises(ZeroDivisionError):
            batcher.run(OUTPUTS, {"x": rows(3)})
        runner.fault = None
        assert right_alone(batcher, rows(4))


class Summary:
    """Answers with one row, whatever came."""

    def run(self, outputs: Sequence[str], feed: Feed) -> list[Array]:
        return [feed["x"].sum(axis=0, keepdims=True)]


def test_an_output_without_a_row_for_each_image_is_refused() -> None:
    """Nobody is given somebody else's boxes."""
    with pytest.raises(Misconfigured, match="one row for each"):
        Batcher(Summary()).run(["sum"], {"x": rows(1, 2)})


def test_many_threads_get_their_own_rows() -> None:
    """Two hundred requests from sixteen threads, with buffers used again and again."""
    runner = Doubler(room=5)
    runner.gate.set()
    made: list[int] = []

    def allocate(size: int) -> NDArray[np.uint8]:
        made.append(size)
        return np.empty(size, np.uint8)

    batcher = Batcher(runner, at_most=5, linger_s=0.0005, allocate=allocate)
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda k: right_alone(batcher, rows(k, 1 + k % 2)), range(200)))
    assert set(made) <= {5 * 3 * 4}
    assert len(made) <= 2


@dataclass
class Binding:
    """An IO binding that tells what was done with it."""

    inputs: dict[str, Array] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def bind_cpu_input(self, name: str, array: Array) -> None:
        assert array.flags.c_contiguous
        self.inputs[name] = array

    def bind_output(self, name: str) -> None:
        self.outputs.append(name)

    def synchronize_inputs(self) -> None:
        self.told.append("in")

    def synchronize_outputs(self) -> None:
        self.told.append("out")

    def copy_outputs_to_cpu(self) -> list[Array]:
        return [self.inputs["x"] * 2 for _ in self.outputs]


class Bound:
    """A session that runs bindings alone."""

    def io_binding(self) -> Binding:
        return Binding()

    def run_with_iobinding(self, binding: Binding) -> None:
        assert binding.told == ["in"]
        binding.told.append("run")


def test_a_run_on_cuda_is_bound() -> None:
    """Inputs are on the device before the run, and outputs back after it."""
    (double,) = BoundRunner(Bound()).run(["double"], {"x": rows(1, 3)[:, ::2]})
    assert np.array_equal(double, rows(1, 3)[:, ::2] * 2)


def test_page_locked_memory_is_memory() -> None:
    """With CUDA or without."""
    array = page_locked(48)
    array[:] = range(48)
    assert array.tolist() == list(range(48))
