"""Face detectors: what a network answers becomes boxes and points in pixels of the image."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Misconfigured
from engine.types import Rgb
from engine.vision.blazeface import BlazeFace
from engine.vision.decode import DecodeLimits, decode
from engine.vision.face_detector import load_face_detector
from engine.vision.yunet import YuNet
from tests.face_models import Seen, added, blazeface, detector, yunet
from tests.onnx_model import constant_model, flatten_model

MODELS = Path(os.environ.get("CAIRN_SHARED", "../shared"), "models").absolute()
PHOTOS = MODELS.parent / "data" / "dev" / "faces_lfw"
REAL = {
    "yunet": MODELS / "yunet" / "yunet_n_dynamic.onnx",
    "blazeface": MODELS / "blazeface" / "face_detection_short_range.onnx",
}
FAKES: dict[str, tuple[Callable[[Sequence[Seen]], bytes], int]] = {
    "yunet": (yunet, 320),
    "blazeface": (blazeface, 128),
}
needs_models = pytest.mark.skipif(
    not PHOTOS.exists(), reason="needs face detectors and photos under CAIRN_SHARED"
)


def blank(height: int, width: int) -> Rgb:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize("method", FAKES)
def test_faces_are_told_in_pixels_of_the_image(method: str, tmp_path: Path) -> None:
    """Box and points are scaled back from the canvas, the surest face comes first."""
    fake, side = FAKES[method]
    faces = [Seen(0.3 * side, 0.6 * side, 30, 0.7), Seen(0.7 * side, 0.2 * side, 20, 0.95)]
    opened = load_face_detector(added(tmp_path, method, fake(faces)), threads=1)
    found = opened.detect(blank(2 * side, side))
    assert [round(one.score, 3) for one in found] == [0.95, 0.7]
    for one, face in zip(found, reversed(faces), strict=True):
        box = (one.box.left, one.box.top, one.box.right, one.box.bottom)
        assert one.label == "face"
        assert one.points is not None
        assert one.points.dtype == np.float32
        # A canvas twice as long as the network's is halved.
        assert np.allclose(np.array(box), 2 * face.box, atol=0.05)
        assert np.allclose(one.points, 2 * face.points, atol=0.4)


@pytest.mark.parametrize("method", FAKES)
def test_what_is_unsure_or_seen_twice_is_left_out(method: str, tmp_path: Path) -> None:
    """A score below the card's is no face; of two that overlap the surer stays."""
    fake, side = FAKES[method]
    faces = [Seen(40, 40, 30, 0.8), Seen(49, 40, 30, 0.9), Seen(0.8 * side, 0.8 * side, 30, 0.5)]
    opened = load_face_detector(added(tmp_path, method, fake(faces)), threads=1)
    assert [round(one.score, 3) for one in opened.detect(blank(side, side))] == [0.9]


@pytest.mark.parametrize("method", FAKES)
def test_no_face_is_no_detection(method: str, tmp_path: Path) -> None:
    """An image without a face is nothing special, whatever its shape."""
    fake, _ = FAKES[method]
    opened = load_face_detector(added(tmp_path, method, fake([])), threads=1)
    for shape in [(1, 1), (1, 900), (900, 1), (1024, 768)]:
        assert opened.detect(blank(*shape)) == ()


def test_a_hundred_faces_are_a_hundred_detections(tmp_path: Path) -> None:
    """A crowd."""
    faces = [Seen(16 + 32 * column, 16 + 32 * row, 24) for row in range(10) for column in range(10)]
    assert len(detector(tmp_path, faces).detect(blank(320, 320))) == 100


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_canvas_fits_image_and_network(height: int, width: int) -> None:
    """Free or fixed, sides suit the grids, the scale is about the same both ways, bounded."""
    image = np.zeros((height, width, 3), np.uint8)
    for network in (YuNet(), YuNet((640, 640)), BlazeFace()):
        canvas = network.canvas(image)
        rows, columns = canvas.pixels.shape[:2]
        assert rows % 32 == columns % 32 == 0
        assert max(rows, columns) <= 640
        taken = np.array([width, height]) * canvas.scale
        assert (taken <= (columns + 0.01, rows + 0.01)).all()
        assert (taken >= 0.99).all()


def test_a_small_photo_is_enlarged() -> None:
    """YuNet misses faces of a few pixels: thumbnails are looked at larger."""
    assert YuNet().canvas(blank(112, 92)).scale == pytest.approx(320 / 112, rel=0.01)
    assert YuNet().canvas(blank(480, 360)).scale == pytest.approx(1)
    assert YuNet().canvas(blank(1024, 768)).scale == pytest.approx(640 / 1024, rel=0.01)


@pytest.mark.parametrize(
    ("method", "model", "fault"),
    [
        ("blazeface", yunet([]), "is no blazeface: its input has the shape"),
        ("yunet", blazeface([]), "is no yunet: its input has the shape"),
        ("yunet", flatten_model(32), "has no output named 'cls_8'"),
        (
            "yunet",
            constant_model(
                (1, 3, 320, 320), {n: np.ones((1, 3, 1), np.float32) for n in YuNet().outputs}
            ),
            "gives other shapes than yunet",
        ),
    ],
    ids=["layout", "rank", "outputs", "shapes"],
)
def test_another_model_than_the_card_says_is_not_opened(
    method: str, model: bytes, fault: str, tmp_path: Path
) -> None:
    """Layout, names and shapes tell a detector from others before the first photo."""
    with pytest.raises(Misconfigured, match=fault):
        load_face_detector(added(tmp_path, method, model), threads=1)


def test_a_broken_file_never_reaches_the_runtime(tmp_path: Path) -> None:
    """Truncated or changed: the hash says so; truncated with a hash to match: the runtime."""
    card = added(tmp_path, "yunet", yunet([]))
    model = tmp_path / "yunet.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Misconfigured, match="sha256"):
        load_face_detector(card, threads=1)
    with pytest.raises(Misconfigured, match="is not a model that can be opened"):
        added(tmp_path, "yunet", whole[: len(whole) // 2])


def test_the_identity_follows_what_is_found(tmp_path: Path) -> None:
    """Another confidence finds other faces: state made with it is another."""
    card = added(tmp_path, "yunet", yunet([]))
    before = load_face_detector(card, threads=1).identity
    card.write_text(card.read_text().replace("confidence = 0.6", "confidence = 0.7"))
    assert load_face_detector(card, threads=1).identity != before


@needs_models
@pytest.mark.parametrize("method", REAL)
def test_real_detectors_find_real_faces_in_any_thread(method: str, tmp_path: Path) -> None:
    """Portraits, upright, mirrored and on their own: the points follow."""
    opened = load_face_detector(added(tmp_path, method, REAL[method].read_bytes()), threads=1)
    photos = [decode(p.read_bytes(), DecodeLimits()).image for p in sorted(PHOTOS.glob("*/*_1.*"))]
    photos += [decode(p.read_bytes(), DecodeLimits()).image for p in sorted(PHOTOS.glob("*/*1.*"))]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(opened.detect, photos))
    assert photos
    for photo, faces in zip(photos, found, strict=True):
        again = opened.detect(photo)
        assert [one.box for one in again] == [one.box for one in faces]
        (mirrored, *_) = opened.detect(np.ascontiguousarray(photo[:, ::-1]))
        assert mirrored.points is not None
        assert faces[0].points is not None
        nose = photo.shape[1] - 1 - mirrored.points[2][0]
        assert abs(nose - faces[0].points[2][0]) < 8


@needs_models
@pytest.mark.parametrize("turn", [-20, -10, 10, 20])
def test_yunet_follows_a_rotated_face(turn: int, tmp_path: Path) -> None:
    """The line of the eyes turns with the head."""
    opened = load_face_detector(added(tmp_path, "yunet", REAL["yunet"].read_bytes()), threads=1)
    photo = decode(min(PHOTOS.glob("*/*")).read_bytes(), DecodeLimits()).image
    height, width = photo.shape[:2]
    about = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1)
    turned = np.asarray(cv2.warpAffine(photo, about, (width, height)), np.uint8)
    angles = []
    for image in (photo, turned):
        points = opened.detect(image)[0].points
        assert points is not None
        angles.append(np.degrees(np.arctan2(*(points[1] - points[0])[::-1])))
    assert angles[0] - angles[1] == pytest.approx(turn, abs=7)
