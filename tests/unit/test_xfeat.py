"""XFeat: what the model says decoded into bounded, repeatable features."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.types import Rgb
from tests.images import photo
from tests.local_models import brightest, needs_xfeat, xfeat


def lamps(height: int, width: int, *places: tuple[int, int]) -> Rgb:
    """A dark picture with single bright pixels at (x, y)."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in places:
        image[y, x] = 255
    return image


def places_of(points: NDArray[np.float32]) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for x, y in points[:, :2]}


def test_key_points_lie_on_the_pixels_that_the_model_chose(tmp_path: Path) -> None:
    """Channel by channel of a cell is row by row of its pixels."""
    lit = {(3, 2), (12, 7), (40, 30), (63, 47)}
    found = brightest(tmp_path).extract(lamps(48, 64, *lit))
    assert places_of(found.points) == lit
    assert (found.width, found.height) == (64, 48)


def test_of_two_near_peaks_the_likelier_stays(tmp_path: Path) -> None:
    """Also across the border of two cells."""
    image = lamps(48, 64, (8, 20))
    image[20, 7] = image[16, 0] = 128
    assert places_of(brightest(tmp_path).extract(image).points) == {(8, 20), (0, 16)}


def test_a_standing_image_is_seen_whole(tmp_path: Path) -> None:
    """In two tiles that overlap, each point once, in pixels of the working image."""
    lit = {(3, 2), (30, 20), (30, 44), (40, 63), (20, 31), (22, 37)}
    found = brightest(tmp_path).extract(lamps(64, 48, *lit))
    assert places_of(found.points) == lit
    assert len(found.points) == len(lit)
    assert (found.width, found.height) == (48, 64)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (37, 53), (96, 128)])
def test_images_of_any_shape_fit(tmp_path: Path, size: tuple[int, int]) -> None:
    """Scaled to touch the input, their points within."""
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    found = brightest(tmp_path).extract(image)
    assert max(found.width, found.height) in (48, 64)
    assert (found.points[:, :2] < (found.width, found.height)).all()


def test_the_border_that_is_added_gives_no_points(tmp_path: Path) -> None:
    """What is mirrored there is no part of the image, nor is its seam."""
    image = lamps(24, 64, (10, 10), (30, 21))
    found = brightest(tmp_path).extract(image)
    assert places_of(found.points) == {(10, 10)}


def test_nothing_is_taken_from_what_is_hidden(tmp_path: Path) -> None:
    """The mask is that of the original, at whatever scale."""
    image = lamps(48, 64, (3, 2), (40, 30))
    hidden = np.zeros((96, 128), np.bool_)
    hidden[:, 64:] = True
    assert places_of(brightest(tmp_path).extract(image, hidden).points) == {(3, 2)}


def test_the_best_are_kept(tmp_path: Path) -> None:
    """No more than the card says."""
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    every = brightest(tmp_path).extract(image)
    few = brightest(tmp_path, max_points=5).extract(image)
    assert len(every.points) > 5
    assert np.array_equal(few.points, every.points[:5])


def test_a_flat_image_has_no_features(tmp_path: Path) -> None:
    """Nothing to hold on to is no error."""
    found = brightest(tmp_path).extract(np.full((48, 64, 3), 128, np.uint8))
    assert found.points.shape == (0, 4)
    assert found.descriptors.shape == (0, 64)


def test_whatever_changes_features_changes_their_identity(tmp_path: Path) -> None:
    """State made with other features is refused."""
    names = {
        brightest(tmp_path).identity,
        brightest(tmp_path, max_points=5).identity,
        brightest(tmp_path, least=0.1).identity,
        brightest(tmp_path, height=64).identity,
    }
    assert len(names) == 4
    assert all(name.split() == [name] for name in names)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size": (64, 48)}, "not higher than wide"),
        ({"size": (44, 64)}, "whole cells of 8"),
        ({"descriptors": "means"}, "cannot run"),
        ({"descriptors": "heatmap"}, r"gave 'heatmap' of shape \(1, 1, 6, 8\)"),
        ({"input": "pixels"}, "cannot run"),
        ({"max_points": 0}, "max_points"),
    ],
)
def test_a_card_that_does_not_fit_its_model_is_refused(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    """Before any photo comes, in words."""
    with pytest.raises(Misconfigured, match=said):
        brightest(tmp_path, **fields)


@needs_xfeat
def test_the_same_image_gives_the_same_features_in_any_thread(tmp_path: Path) -> None:
    """To the last bit; descriptors are bytes of about unit length at their scale."""
    extractor = xfeat(tmp_path)
    expected = extractor.extract(photo("coffee.png"))
    assert expected.points.shape == (2000, 4)
    lengths = np.linalg.norm(expected.descriptors.astype(float) - 128, axis=1)
    assert np.allclose(lengths, 256, rtol=0.02)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(extractor.extract, [photo("coffee.png")] * 4):
            assert np.array_equal(found.points, expected.points)
            assert np.array_equal(found.descriptors, expected.descriptors)
