"""Faces as items: aligned crops, boxes within the image, a quality that says how well one sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sight import Detection
from engine.types import Box, Rgb
from engine.vision.align import canvas_points, scale_of, similarity, warped
from engine.vision.face_framing import Faces
from engine.vision.face_quality import pose, quality, sharpness
from tests.face_models import Seen, detector

INKS = np.array([[250, 40, 40], [40, 250, 40], [40, 40, 250], [250, 250, 40], [40, 250, 250]])


BOX = Box(10, 10, 90, 90)


@dataclass
class Known:
    """A detector that finds what it was told."""

    faces: list[Detection]
    identity: str = "known"
    asked: list[Rgb] = field(default_factory=list)

    def detect(self, image: Rgb) -> Sequence[Detection]:
        self.asked.append(image)
        return self.faces


def detection(points: np.ndarray, box: Box = BOX) -> Detection:
    return Detection(box, "face", 0.9, points.astype(np.float32))


def placed(turn: float, size: float, x: float, y: float) -> np.ndarray:
    """The five points of a frontal face: degrees, pixels a side, middle."""
    centred = (canvas_points(1) - 0.5) @ np.array([1, 1j]) * size * np.exp(1j * np.radians(turn))
    return np.stack([centred.real + x, centred.imag + y], axis=1)


def dotted(points: np.ndarray, side: int = 400) -> Rgb:
    """A grey image with a dot of its own ink on every point."""
    image = np.full((side, side, 3), 128, np.uint8)
    for (x, y), ink in zip(points, INKS.tolist(), strict=True):
        cv2.circle(image, (round(float(x)), round(float(y))), 7, ink, -1)
    return image


@given(st.floats(-180, 180), st.floats(20, 900), st.floats(-500, 1500), st.floats(-500, 1500))
def test_alignment_undoes_what_the_head_did(turn: float, size: float, x: float, y: float) -> None:
    """However a head is held, its points land where they belong."""
    points = placed(turn, size, x, y).astype(np.float32)
    onto = similarity(points, 112)
    assert onto is not None
    assert np.allclose(points @ onto[:, :2].T + onto[:, 2], canvas_points(112), atol=0.02)
    assert scale_of(onto) == pytest.approx(112 / size, rel=1e-3)


@pytest.mark.parametrize("turn", [0, 20, -75, 180])
@pytest.mark.parametrize("size", [120, 300])
def test_the_crop_shows_the_points_in_their_places(turn: float, size: float) -> None:
    """Upright, tilted or upside down, enlarged or reduced: every ink is where it should be."""
    points = placed(turn, size, 200, 200)
    (view,) = Faces(Known([detection(points)]))(dotted(points))
    assert view.pixels.shape == (256, 256, 3)
    for (x, y), ink in zip(canvas_points(256), INKS, strict=True):
        assert np.abs(view.pixels[round(y), round(x)].astype(int) - ink).max() < 40


def test_a_large_face_is_averaged_not_skipped() -> None:
    """A face of 2000 pixels on 256: fine stripes become grey, not other stripes."""
    stripes = np.zeros((2000, 2000, 3), np.uint8)
    stripes[:, ::2] = 255
    onto = similarity(placed(0, 2000, 1000, 1000).astype(np.float32), 256)
    assert onto is not None
    crop = warped(stripes, onto, 256)[8:-8, 8:-8]
    assert crop.std() < 10


def test_a_box_is_cut_at_the_edges() -> None:
    """A face half outside has a box that lies inside; one wholly outside is none."""
    points = placed(0, 120, 0, 0)
    found = [detection(points, Box(-900, -60, 60, 9000)), detection(points, Box(-90, 0, -10, 90))]
    (view,) = Faces(Known(found))(np.full((100, 200, 3), 7, np.uint8))
    assert view.box == Box(0, 0, 60, 100)


@pytest.mark.parametrize(
    "points",
    [*(np.full((5, 2), value) for value in (30.0, np.nan, np.inf)), placed(0, 20, 50, 50)],
    ids=["one point", "nan", "infinite", "tiny"],
)
def test_what_cannot_be_aligned_is_no_item(points: np.ndarray) -> None:
    """Points without extent, none at all, or a face too small to be told from another."""
    assert Faces(Known([detection(points)]))(np.zeros((100, 100, 3), np.uint8)) == ()
    without = Detection(BOX, "face", 0.9)
    assert Faces(Known([without]))(np.zeros((100, 100, 3), np.uint8)) == ()


def test_no_face_no_item() -> None:
    """An image without a face has nothing to cluster."""
    assert Faces(Known([]))(np.zeros((100, 100, 3), np.uint8)) == ()


def test_a_hundred_faces_are_a_hundred_items(tmp_path: Path) -> None:
    """Through a model, in the order of the detector."""
    faces = [Seen(16 + 32 * column, 16 + 32 * row, 40) for row in range(10) for column in range(10)]
    alone = [face for number, face in enumerate(faces) if number % 3 == 0]
    views = Faces(detector(tmp_path, alone))(np.full((320, 320, 3), 99, np.uint8))
    assert len(views) == len(alone)


def test_size_blur_and_pose_lower_the_quality() -> None:
    """A large, sharp, frontal face is perfect; each fault shows alone."""
    sharp = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    front = canvas_points(256).astype(np.float32)
    assert quality(sharp, front, 200) == 1
    assert quality(sharp, front, 56) == 0.5
    shade = np.repeat(np.linspace(0, 255, 256).astype(np.uint8), 768).reshape(256, 256, 3)
    assert quality(shade, front, 200) < 0.2
    aside = front.copy()
    aside[2, 0] = front[0, 0] + 10
    assert 0 < quality(sharp, aside, 200) < 0.5
    assert 0 <= sharpness(np.zeros((256, 256, 3), np.uint8)) < 0.01


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=10, max_size=10))
def test_any_pose_is_between_nothing_and_all(values: list[float]) -> None:
    """Absurd points are a bad pose, not an error."""
    assert 0 <= pose(np.array(values, np.float32).reshape(5, 2)) <= 1


def test_the_identity_names_method_sizes_and_detector() -> None:
    """Other crops make other vectors: state remembers."""
    assert Faces(Known([])).identity == "faces-1-256-32-known"
