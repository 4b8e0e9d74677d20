"""What moves is hidden: pixels are replaced, and give no local features."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from engine.sight import Detection, View
from engine.types import Box
from engine.vision.masks import Masked
from engine.vision.sift import SiftExtractor
from tests.detectors import Told, thing
from tests.images import gradient, photo

IMAGE = gradient(200, 100)


def seen(*found: Detection, fill: Literal["mean", "blur"] = "mean") -> View:
    (view,) = Masked(Told(found), ("cat",), fill)(IMAGE)
    return view


def test_an_image_without_anything_to_hide_stays_as_it_is() -> None:
    """Also where something else is found, or not surely enough."""
    for view in (
        seen(),
        seen(thing(0, 0, 50, 50, label="cup")),
        seen(thing(0, 0, 9, 9, score=0.4)),
    ):
        assert (view.pixels is IMAGE, view.hidden) == (True, None)


@pytest.mark.parametrize("fill", ["mean", "blur"])
def test_pixels_change_under_the_mask_alone(fill: Literal["mean", "blur"]) -> None:
    """The item is still the whole image."""
    view = seen(thing(50, 20, 90, 60), fill=fill)
    changed = (view.pixels != IMAGE).any(axis=2)
    assert changed[20:60, 50:90].mean() > 0.9
    changed[20:60, 50:90] = False
    assert not changed.any()
    assert (view.box, view.label) == (Box(0, 0, 200, 100), "")


def test_the_mean_is_that_of_what_can_be_seen() -> None:
    """What is hidden does not colour it."""
    view = seen(thing(0, 0, 100, 100))
    expected = np.rint(IMAGE[:, 100:].mean(axis=(0, 1)))
    assert np.array_equal(view.pixels[0, 0], expected)


def test_a_mask_hides_less_than_its_box() -> None:
    """Where a model segments, the place around a figure remains."""
    figure = np.zeros((100, 200), np.bool_)
    figure[20:60, 60:70] = True
    view = seen(thing(50, 20, 90, 60, mask=figure))
    assert np.array_equal((view.pixels != IMAGE).any(axis=2), figure)


def test_no_local_features_lie_in_or_beside_a_mask() -> None:
    """The edge of what was filled in is no corner of the place."""
    image = photo("astronaut.png")
    (view,) = Masked(Told([thing(100, 100, 300, 400)]), ("cat",), "mean")(image)
    points = SiftExtractor().extract(view.pixels, view.hidden).points
    x, y = points[:, 0], points[:, 1]
    assert len(points) > 100
    assert not ((x > 97) & (x < 303) & (y > 97) & (y < 403)).any()


def test_what_is_all_but_hidden_keeps_its_pixels() -> None:
    """A flat picture would be like every other; its local features stay away all the same."""
    view = seen(thing(0, 0, 200, 90))
    assert view.pixels is IMAGE
    assert view.hidden is not None
    assert view.hidden.mean() > 0.9


def test_a_single_pixel_can_be_hidden() -> None:
    """The smallest image is no special case."""
    (view,) = Masked(Told([thing(0, 0, 1, 1)]), ("cat",), "blur")(np.ones((1, 1, 3), np.uint8))
    assert view.pixels.shape == (1, 1, 3)


def test_another_fill_is_another_identity() -> None:
    """It makes other vectors."""
    blurred, filled = (Masked(Told(), ("cat",), fill) for fill in ("blur", "mean"))  # type: ignore[arg-type]
    assert blurred.identity != filled.identity
