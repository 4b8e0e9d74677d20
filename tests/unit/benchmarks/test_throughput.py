"""What is said of throughput."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.throughput import Round, floors, report
from benchmarks.vit import DIM, write_vit
from engine.types import Box
from engine.vision.session import open_session
from tests.images import encoded, gradient

WHOLE = Box(0, 0, 320, 160)


def test_efficiency_is_the_median_over_rounds() -> None:
    """One disturbed round does not decide."""
    rounds = [Round(9, 18, whole, 20, {"embed": 5.0}) for whole in (10, 10, 90)]
    text = report(10, "cpu", 2, rounds)
    assert "| photos/s end to end / bare, on cpu | ≥ 0.85 | 0.900 | yes |" in text
    assert "| end to end | 1.00 | 2000.0 |" in text
    assert "by processor seconds alone: 0.90" in text
    assert "≥ 0.70" in report(10, "cuda", 2, rounds)


def test_floors_are_rates() -> None:
    """Bytes and operations of one photo are known."""
    text = floors([encoded(gradient(40, 40))] * 50, 5515776.0, 17.4e9)
    assert text.count("| 1 |") == 2


def test_the_stand_in_for_clip_runs(tmp_path: Path) -> None:
    """As many features as ViT-B/32 has, all finite, others for another image."""
    session = open_session(write_vit(tmp_path / "vit.onnx"), threads=1)
    rng = np.random.default_rng(0)
    one, other = (
        session.run("features", {"pixels": rng.random((1, 3, 224, 224), np.float32)})
        for _ in range(2)
    )
    assert one.shape == (1, DIM)
    assert np.isfinite(one).all()
    assert not np.allclose(one, other, rtol=0.01)
