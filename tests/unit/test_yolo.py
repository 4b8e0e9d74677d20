"""Detectors: what a head says becomes boxes in pixels of the image; contradictions are told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.sight import Detection
from engine.types import Box
from engine.vision.boxes import iou
from engine.vision.card import PixelCard, draft_card, write_card
from engine.vision.letterbox import letterbox
from engine.vision.preprocess import model_input
from engine.vision.yolo import DetectorCard, candidates_of, load_detector
from tests.detectors import SIDE, fixed, written, yolo_head
from tests.images import gradient, photo
from tests.onnx_model import constant_model, with_notes

MODELS = Path(os.environ.get("CAIRN_SHARED", "../shared"), "models")
SQUARE = gradient(SIDE, SIDE)
NAN = float("nan")


def told(found: Detection) -> tuple[str, float, Box]:
    return found.label, round(found.score, 3), found.box


def test_a_candidate_becomes_a_box_of_its_best_class(tmp_path: Path) -> None:
    """Centre and size to corners; the score is that of the class."""
    (found,) = fixed(tmp_path, yolo_head((30, 20, 20, 10, 0.3, 0.9))).detect(SQUARE)
    assert told(found) == ("dog", 0.9, Box(20, 15, 40, 25))
    assert found.mask is None


def test_boxes_come_back_through_the_padding(tmp_path: Path) -> None:
    """An image twice as wide as high lies in the middle, at half its size."""
    (found,) = fixed(tmp_path, yolo_head((32, 32, 64, 32, 0.9, 0))).detect(gradient(128, 64))
    assert found.box == Box(0, 0, 128, 64)


def test_the_surest_box_of_a_class_drops_what_overlaps_it(tmp_path: Path) -> None:
    """Another class may lie in the same place; what comes back is surest first."""
    head = yolo_head(
        (30, 30, 20, 20, 0.5, 0), (31, 30, 20, 20, 0.8, 0), (30, 30, 20, 20, 0, 0.6),
        (10, 10, 8, 8, 0.7, 0),
    )  # fmt: skip
    found = fixed(tmp_path, head).detect(SQUARE)
    assert [(one.label, round(one.score, 2)) for one in found] == [
        ("cat", 0.8), ("cat", 0.7), ("dog", 0.6)
    ]  # fmt: skip


def test_what_is_below_the_confidence_is_not_found(tmp_path: Path) -> None:
    """The card says how sure is sure enough."""
    head = yolo_head((30, 30, 20, 20, 0.4, 0), (10, 10, 8, 8, 0.6, 0))
    assert len(fixed(tmp_path, head, confidence=0.5).detect(SQUARE)) == 1


def test_boxes_end_where_the_image_does(tmp_path: Path) -> None:
    """One that lies in the padding, or beyond, is none."""
    head = yolo_head((0, 32, 40, 20, 0.9, 0), (32, 5, 10, 8, 0.8, 0), (200, 200, 9, 9, 0.7, 0))
    (found,) = fixed(tmp_path, head).detect(gradient(128, 64))
    assert found.box == Box(0, 12, 40, 52)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1024), (1024, 1), (2, 3)])
def test_no_shape_of_an_image_is_too_strange(tmp_path: Path, shape: tuple[int, int]) -> None:
    """What is found lies within it and has an area."""
    head = yolo_head((32, 32, 64, 64, 0.9, 0), (3, 3, 2, 2, 0.9, 0))
    image = np.zeros((*shape, 3), np.uint8)
    first, *others = fixed(tmp_path, head).detect(image)
    assert first.box == Box(0, 0, shape[1], shape[0])
    assert all(iou(one.box, first.box) > 0 for one in others)


def test_at_most_a_hundred_are_found(tmp_path: Path) -> None:
    """The surest ones."""
    columns = [(x, y, 2, 2, 0.3 + 0.001 * x, 0) for x in range(2, 62, 4) for y in range(2, 62, 4)]
    found = fixed(tmp_path, yolo_head(*columns)).detect(SQUARE)
    assert len(found) == 100
    assert min(one.score for one in found) >= np.float32(sorted(c[4] for c in columns)[-100])


def test_an_end_to_end_head_is_taken_as_it_is(tmp_path: Path) -> None:
    """Corners, score and class number, without further suppression."""
    rows = [[10, 10, 30, 30, 0.9, 1], [11, 10, 30, 30, 0.8, 1], [0, 0, 9, 9, 0.1, 0]]
    head = np.array([rows], np.float32)
    found = fixed(tmp_path, head, head="end-to-end").detect(SQUARE)
    assert [told(one) for one in found] == [
        ("dog", 0.9, Box(10, 10, 30, 30)),
        ("dog", 0.8, Box(11, 10, 30, 30)),
    ]


@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.tuples(st.integers(32, 700), st.integers(32, 700)),
)
def test_the_way_into_the_input_and_back_is_one(
    width: int, height: int, size: tuple[int, int]
) -> None:
    """All of an image is all of what lies in the input, within it."""
    place = letterbox(width, height, size)
    right, bottom = place.left + place.inner_width, place.top + place.inner_height
    assert 0 <= place.left < right <= size[1]
    assert 0 <= place.top < bottom <= size[0]
    corners = np.array([[place.left, place.top, right, bottom]], np.float32)
    assert np.allclose(place.to_image(corners), [[0, 0, width, height]], rtol=1e-6)


def test_the_input_is_laid_out_as_the_way_back_thinks() -> None:
    """A white block in the image is found in the input where its box is mapped from."""
    image = np.zeros((90, 200, 3), np.uint8)
    image[30:60, 50:150] = 255
    card = PixelCard.model_validate(
        {"kind": "x", "file": "x", "sha256": "0" * 64, "licence": "x", "source": "x"}
        | {
            "input": "x",
            "size": (64, 96),
            "resize": "letterbox",
            "mean": (0, 0, 0),
            "std": (1, 1, 1),
        }
    )
    rows, columns = np.nonzero(model_input(image, card)[0, 0] > 0.7)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    (box,) = letterbox(200, 90, card.size).to_image(seen)
    assert np.abs(box - [50, 30, 150, 60]).max() <= 2


def segmenter(folder: Path, head: NDArray[np.float32], basis: NDArray[np.float32]) -> Any:
    return load_detector(written(folder, {"head": head, "basis": basis}, masks="basis"), threads=1)


def test_a_mask_is_what_its_prototypes_add_up_to(tmp_path: Path) -> None:
    """Upsampled to the image, without the padding, and no farther than its box."""
    basis = np.full((1, 2, 16, 16), -1, np.float32)
    basis[0, 0, :, :8] = 1  # the left half of the input
    basis[0, 1] = 0
    head = yolo_head((32, 32, 40, 32, 0.9, 0, 1, 0))
    (found,) = segmenter(tmp_path, head, basis).detect(gradient(128, 64))
    assert found.mask is not None
    assert found.mask.shape == (64, 128)
    expected = np.zeros((64, 128), np.bool_)
    expected[:, 24:64] = True  # the box from 24 to 104
    assert np.mean(found.mask != expected) < 0.02


def test_prototypes_of_another_depth_are_refused(tmp_path: Path) -> None:
    """Three prototypes, two coefficients."""
    head = yolo_head((32, 32, 40, 32, 0.9, 0, 1, 0))
    with pytest.raises(Misconfigured, match="2 coefficients a mask"):
        segmenter(tmp_path, head, np.zeros((1, 3, 16, 16), np.float32))


@pytest.mark.parametrize(
    ("head", "fields", "says"),
    [
        (np.zeros((1, 7, 5), np.float32), {}, r"\(1, 7, 5\).*2 classes means \(1, 6, n\)"),
        (np.zeros((1, 300, 6), np.float32), {}, "head = 'yolo'"),
        (np.zeros((1, 6, 5), np.float32), {"head": "end-to-end"}, r"means \(1, n, 6\)"),
        (np.zeros((6, 5), np.float32), {}, r"shape \(6, 5\)"),
        (np.zeros((2, 6, 5), np.float32), {}, r"shape \(2, 6, 5\)"),
        (yolo_head((30, 30, 9, 9, NAN, 0)), {}, "not finite"),
        (np.array([[[1, 1, 9, 9, 0.9, 2]]], np.float32), {"head": "end-to-end"}, "names 2 classes"),
        (yolo_head((30, 30, 9, 9, 4.5, -3)), {}, "a score of 4.5, where 1 is certain"),
        (np.zeros((1, 6, 5), np.float32), {"output": "heads"}, "no output named 'heads'"),
        (np.zeros((1, 6, 5), np.float32), {"masks": "basis"}, "no output named 'basis'"),
        (np.zeros((1, 6, 5), np.float32), {"input": "images"}, "no input named 'images'"),
        (np.zeros((1, 6, 5), np.float32), {"size": (32, 32)}, "cannot run"),
    ],
)
def test_a_card_that_contradicts_its_model_is_told(
    tmp_path: Path, head: NDArray[np.float32], fields: dict[str, Any], says: str
) -> None:
    """When it is opened, not when the first photo comes."""
    with pytest.raises(Misconfigured, match=says):
        fixed(tmp_path, head, **fields)


@pytest.mark.parametrize("head", ["yolo", "end-to-end"])
def test_what_is_not_finite_is_not_found(tmp_path: Path, head: str) -> None:
    """A model may fail on one image; the rest of its answer counts."""
    card = fixed(
        tmp_path, np.zeros((1, 6, 5) if head == "yolo" else (1, 5, 6), np.float32), head=head
    ).card
    answers = {
        "yolo": yolo_head((NAN, 1, 2, 2, 0.9, 0), (5, 5, 2, 2, 0.9, 0), (1, 1, 1, 1, NAN, 0.2)),
        "end-to-end": np.array(
            [[[NAN, 1, 2, 2, 0.9, 0], [4, 4, 6, 6, 0.9, 0], [0, 0, 1, 1, NAN, 0]]]
        ),
    }
    assert candidates_of(answers[head].astype(np.float32), card).boxes.tolist() == [[4, 4, 6, 6]]


@pytest.mark.parametrize(
    ("notes", "classes"),
    [
        ("{0: 'person', 1: 'traffic light'}", ["person", "traffic light"]),
        ("{1: 'person'}", None),
        ("__import__('os').abort()", None),
        ("not Python", None),
        ("7", None),
    ],
)
def test_a_draft_reads_the_classes_that_a_model_tells(
    tmp_path: Path, notes: str, classes: list[str] | None
) -> None:
    """Ultralytics writes them as a Python literal, which is read and never run."""
    model = tmp_path / "m.onnx"
    plain = constant_model([1, 3, 8, 8], {"head": np.zeros((1, 6, 5), np.float32)})
    model.write_bytes(with_notes(plain, {"names": notes}))
    fields = {"licence": "none", "source": "tests"}
    if classes is None:
        with pytest.raises(Misconfigured, match="classes: Field required"):
            draft_card(model, DetectorCard, fields)
    else:
        assert list(draft_card(model, DetectorCard, fields).classes) == classes


def real(name: str, tmp_path: Path, **outputs: str) -> Any:
    model = MODELS / name
    if not model.is_file():
        pytest.skip(f"no {model}: set CAIRN_SHARED to the folder of shared models")
    fields = {"licence": "AGPL-3.0", "source": "tests", **outputs}
    card = tmp_path / "real.toml"
    drafted = draft_card(model, DetectorCard, fields)
    (tmp_path / drafted.file).symlink_to(model.absolute())
    write_card(card, drafted)
    return load_detector(card, threads=1)


def test_yolov8_finds_the_astronaut(tmp_path: Path) -> None:
    """A real model on a real photo: a person fills most of it."""
    found = real("yolov8n/yolov8n.onnx", tmp_path).detect(photo("astronaut.png"))
    assert (found[0].label, found[0].score > 0.8) == ("person", True)
    assert iou(found[0].box, Box(0, 10, 360, 512)) > 0.9


def test_yolov8_segments_the_cat(tmp_path: Path) -> None:
    """The mask covers most of the box, and nothing outside of it."""
    detector = real(
        "yolov8n-seg/yolov8n-seg_int8.onnx", tmp_path, output="output0", masks="output1"
    )
    image = photo("chelsea.png")
    cat = next(one for one in detector.detect(image) if one.label == "cat")
    assert cat.mask.shape == image.shape[:2]
    box = (cat.box.right - cat.box.left) * (cat.box.bottom - cat.box.top)
    assert 0.5 < cat.mask.sum() / box < 1
