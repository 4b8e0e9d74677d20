"""What every framing promises: views within the image, in a fixed order, whatever its shape."""

from __future__ import annotations

import pytest

from engine.ports import Framing
from engine.types import Rgb
from engine.vision.background import Cutout
from engine.vision.crops import Crops, MainObject
from engine.vision.framing import WholeImage
from engine.vision.masks import Masked
from engine.vision.upscale import Enlarged, Lanczos
from tests.detectors import Told, thing
from tests.images import PHOTOS, gradient, photo

BIRD = Told([thing(10, 10, 60, 50, label="bird", score=0.9), thing(0, 0, 200, 180, label="cup")])
FRAMINGS: tuple[Framing, ...] = (
    WholeImage(),
    Crops(BIRD, ("bird", "cup")),
    MainObject(BIRD, ("bird",)),
    MainObject(Told(), ("bird",)),
    Masked(BIRD, ("bird",), "mean"),
    Masked(BIRD, ("bird",), "blur"),
    Cutout(WholeImage()),
    Cutout(Crops(BIRD, ("bird", "cup"))),
    Enlarged(WholeImage(), Lanczos()),
    Enlarged(Cutout(Masked(Told(), (), "mean")), Lanczos()),
)
IMAGES = (*map(photo, PHOTOS), gradient(200, 180))


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda one: one.identity)
@pytest.mark.parametrize("image", IMAGES, ids=lambda one: "x".join(map(str, one.shape)))
def test_views_lie_within_the_image(framing: Framing, image: Rgb) -> None:
    """Boxes have an area, pixels are eight-bit RGB, and what is hidden is told of each of them."""
    height, width = image.shape[:2]
    for view in framing(image):
        assert 0 <= view.box.left < view.box.right <= width
        assert 0 <= view.box.top < view.box.bottom <= height
        assert (view.pixels.ndim, view.pixels.shape[2], view.pixels.dtype) == (3, 3, "uint8")
        assert min(view.pixels.shape) > 0
        assert view.hidden is None or view.hidden.shape == view.pixels.shape[:2]
        assert 0 <= view.score <= 1
        assert 0 <= view.quality <= 1


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda one: one.identity)
def test_the_same_image_gives_the_same_views(framing: Framing) -> None:
    """Bit by bit and in the same order, and the image itself is left alone."""
    image = gradient(200, 180)
    first, again = framing(image), framing(image)
    assert [(v.box, v.label, v.pixels.tobytes()) for v in first] == [
        (v.box, v.label, v.pixels.tobytes()) for v in again
    ]
    assert (image == gradient(200, 180)).all()


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda one: one.identity)
def test_its_identity_is_one_word(framing: Framing) -> None:
    """State tells what it was made with in one line that is read back."""
    assert framing.identity
    assert not any(character.isspace() for character in framing.identity)
