"""What all exports have in common, on networks of a few weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-export")

from engine.errors import Misconfigured
from engine.jobs.export_onnx import Plan, export, largest_difference, prepared
from engine.jobs.export_small import cosines, to_fp16, to_int8
from engine.jobs.export_yolo import _of_rows
from engine.types import Rgb
from engine.vision.session import open_session

FIELDS: dict[str, object] = {
    "licence": "none",
    "source": "tests",
    "input": "pixels",
    "size": (16, 16),
    "resize": "squash",
}


class Noisy(torch.nn.Module):
    def forward(self, pixels: Any) -> Any:
        return torch.rand_like(pixels)


def plan_of(module: Any, photos: list[Rgb]) -> Plan:
    return Plan("tiny", "image-encoder", FIELDS, module.eval(), prepared(photos, FIELDS))


def convolutions() -> Any:
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3)]
    return torch.nn.Sequential(*layers, torch.nn.Flatten())


def perceptron() -> Any:
    torch.manual_seed(0)
    layers = [torch.nn.Flatten(), torch.nn.Linear(768, 64), torch.nn.GELU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(64, 32))


def test_a_file_computes_what_the_module_does(tmp_path: Path, photos: list[Rgb]) -> None:
    """Whatever the batch: it was traced with two images and takes any number."""
    plan = plan_of(convolutions(), photos)
    assert export(plan, tmp_path / "m.onnx") < 1e-5
    session = open_session(tmp_path / "m.onnx", threads=1)
    assert [slot.shape[0] for slot in (*session.inputs, *session.outputs)] == [None, None]
    rows = session.run("features", {"pixels": np.concatenate([*plan.tries, *plan.tries])})
    assert len(rows) == 2 * len(photos)


def test_a_file_that_computes_something_else_is_refused(tmp_path: Path, photos: list[Rgb]) -> None:
    """Here a module that never says the same twice."""
    with pytest.raises(Misconfigured, match="other values than PyTorch does"):
        export(plan_of(Noisy(), photos), tmp_path / "m.onnx")


@pytest.mark.parametrize("shrink", [to_int8, lambda full, small, _: to_fp16(full, small)])
@pytest.mark.parametrize("module", [convolutions, perceptron])
def test_small_files_say_nearly_the_same(
    tmp_path: Path,
    photos: list[Rgb],
    module: Callable[[], Any],
    shrink: Callable[[Path, Path, Any], None],
) -> None:
    """Both kinds of networks, in 8 and in 16 bits, opened as at run time."""
    plan = plan_of(module(), photos)
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export(plan, full)
    shrink(full, small, plan.tries)
    assert small.stat().st_size < full.stat().st_size or module is convolutions
    found = cosines(full, small, plan.outputs, plan.tries)
    assert found.shape == (len(photos),)
    assert found.min() > 0.999


def test_differences_are_relative_to_large_values() -> None:
    """A thousandth of a pixel at 600 is less than one at 0.5; other shapes are never the same."""
    assert largest_difference(np.array([600.0]), np.array([600.6])) == pytest.approx(1e-3)
    assert largest_difference(np.array([0.5]), np.array([0.501])) == pytest.approx(1e-3)
    assert largest_difference(np.zeros(2), np.zeros(3)) == float("inf")


def test_boxes_may_change_places_but_not_values() -> None:
    """Equally sure boxes come in whatever order; one moved by a pixel is found out."""
    first = np.array([[[0, 0, 9, 9, 0.5, 1], [5, 5, 9, 9, 0.5, 2], [1, 1, 2, 2, 0.1, 0]]])
    assert _of_rows(first, first[:, [1, 0, 2]]) == 0
    moved = first[:, [1, 0, 2]].copy()
    moved[0, 0, 0] += 1
    assert _of_rows(first, moved) == pytest.approx(0.2)
    unsure = first.copy()
    unsure[0, 2, 4] = 0.2
    assert _of_rows(first, unsure) == pytest.approx(0.1)
