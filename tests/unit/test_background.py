"""Cutting out: what stands out remains; where nothing does, all of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from engine.types import Box, Mask, Rgb
from engine.vision.background import Cutout, foreground, saliency
from engine.vision.boxes import pixels_of
from engine.vision.crops import Crops
from engine.vision.framing import WholeImage
from tests.detectors import Told, thing
from tests.images import gradient, photo


def still(height: int = 300, width: int = 400) -> tuple[Rgb, Mask]:
    """A red disc on a noisy green table, and where it lies."""
    rng = np.random.default_rng(0)
    image = rng.normal((60, 120, 70), 12, (height, width, 3))
    disc = np.zeros((height, width), np.uint8)
    cv2.circle(disc, (width // 2, height // 2), height // 4, 1, -1)
    image[disc > 0] += (120, -70, -30)
    return np.clip(image, 0, 255).astype(np.uint8), disc > 0


def agreement(found: Mask | None, truth: Mask) -> float:
    assert found is not None
    return float((found & truth).sum() / (found | truth).sum())


def test_what_differs_from_the_border_is_salient() -> None:
    """The disc more than the table."""
    image, disc = still()
    values = saliency(image)
    assert values[disc].mean() > 5 * values[~disc].mean()
    assert (values.min() >= 0, values.max()) == (True, 1)


def test_what_stands_out_is_cut_out() -> None:
    """Pixels of the object stay, the rest is grey and gives no local features."""
    image, disc = still()
    (view,) = Cutout(WholeImage())(image)
    assert view.hidden is not None
    assert agreement(~view.hidden, disc) > 0.95
    assert np.array_equal(view.pixels[~view.hidden], image[~view.hidden])
    assert (view.pixels[view.hidden] == 114).all()


def test_a_detection_says_where_to_look() -> None:
    """In a crop the object is what the detector's box holds."""
    image, disc = still()
    (view,) = Cutout(Crops(Told([thing(120, 70, 280, 230)]), ("cat",)))(image)
    left, top, right, bottom = pixels_of(Box(104, 54, 296, 246))
    assert view.hidden is not None
    assert agreement(~view.hidden, disc[top:bottom, left:right]) > 0.95
    assert view.box == Box(120, 70, 280, 230)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((1, 1024, 3), np.uint8),
        np.full((200, 200, 3), 90, np.uint8),
        np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8),
        gradient(300, 17),
        gradient(16, 1024),
    ],
)
def test_any_image_comes_through(image: Rgb) -> None:
    """Cut or whole, never empty."""
    (view,) = Cutout(WholeImage())(image)
    assert view.pixels.shape == image.shape
    assert view.hidden is None or not view.hidden.all()


@pytest.mark.parametrize("box", [Box(0, 0, 400, 300), Box(5, 5, 6, 6)])
def test_a_box_that_holds_all_or_nothing_tells_nothing(box: Box) -> None:
    """Without background, or without an object, there is no cut."""
    assert foreground(still()[0], box) is None


def test_the_same_photo_is_always_cut_alike() -> None:
    """Whatever chance drew before, in any thread."""
    image = photo("coffee.png")
    first = foreground(image)
    with ThreadPoolExecutor(2) as pool:
        others = list(pool.map(foreground, [photo("chelsea.png"), image, image]))
    cv2.setRNGSeed(77)
    for other in (*others[1:], foreground(image)):
        assert np.array_equal(first, other)


def test_it_is_part_of_the_identity() -> None:
    """It makes other vectors."""
    assert Cutout(WholeImage()).identity == "whole+grabcut-1"
