"""What every detector promises: surest first, within the image, the same in any thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.ports import Detector
from engine.types import Rgb
from tests.detectors import Told, fixed, thing, yolo_head
from tests.images import gradient

HEAD = yolo_head((20, 20, 30, 30, 0.4, 0.3), (40, 40, 60, 60, 0.1, 0.9), (5, 60, 30, 30, 0.6, 0.6))
ROWS = np.array([[[2, 2, 9, 9, 0.3, 0], [-5, 8, 70, 80, 0.9, 1]]], np.float32)
MAKERS: dict[str, Callable[[Path], Detector]] = {
    "told": lambda _: Told((thing(0, 0, 1, 1, score=0.9), thing(0, 0, 1, 1, score=0.8))),
    "yolo": lambda folder: fixed(folder, HEAD),
    "end-to-end": lambda folder: fixed(folder, ROWS, head="end-to-end"),
}
IMAGES = (gradient(64, 64), gradient(200, 30), np.zeros((1, 1, 3), np.uint8))


@pytest.fixture(params=MAKERS)
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    return MAKERS[request.param](tmp_path)


@pytest.mark.parametrize("image", IMAGES, ids=lambda one: "x".join(map(str, one.shape)))
def test_what_is_found_lies_in_the_image_surest_first(detector: Detector, image: Rgb) -> None:
    """Boxes have an area, scores are shares, classes have names."""
    height, width = image.shape[:2]
    found = detector.detect(image)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert 0 <= one.box.left < one.box.right <= width
        assert 0 <= one.box.top < one.box.bottom <= height
        assert 0 < one.score <= 1
        assert one.label


def test_threads_do_not_disturb_each_other(detector: Detector) -> None:
    """The pipeline asks for several images at once."""
    alone = [[one.box for one in detector.detect(image)] for image in IMAGES]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(detector.detect, [*IMAGES] * 8))
    assert [[one.box for one in found] for found in together] == alone * 8


def test_its_identity_is_one_word(detector: Detector) -> None:
    """It becomes part of what a state was made with."""
    assert detector.identity
    assert not any(character.isspace() for character in detector.identity)
