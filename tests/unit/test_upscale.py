"""Small images are enlarged for those who look at them, and only small ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Misconfigured
from engine.sight import View
from engine.types import Box, Rgb
from engine.vision.card import draft_card, write_card
from engine.vision.framing import WholeImage
from engine.vision.upscale import Enlarged, Lanczos, OnnxUpscaler, UpscalerCard, load_upscaler
from tests.images import gradient
from tests.onnx_model import nan_model, tripler


def written(folder: Path, model: bytes, **fields: object) -> Path:
    known = {"licence": "none", "source": "tests", "output": "large", "factor": 3}
    (folder / "m.onnx").write_bytes(model)
    write_card(folder / "m.toml", draft_card(folder / "m.onnx", UpscalerCard, known | fields))
    return folder / "m.toml"


@pytest.fixture
def model(tmp_path: Path) -> OnnxUpscaler:
    return load_upscaler(written(tmp_path, tripler()), threads=1)


class Quarter:
    """The upper left quarter of an image."""

    identity = "quarter"

    def __call__(self, image: Rgb) -> Sequence[View]:
        height, width = image.shape[:2]
        return [View(image[: height // 2, : width // 2], Box(0, 0, width / 2, height / 2))]


def test_a_small_image_is_enlarged_and_its_boxes_are_not() -> None:
    """Views have more pixels, and lie where they lay."""
    (view,) = Enlarged(Quarter(), Lanczos())(gradient(60, 40))
    assert view.pixels.shape == (60, 90, 3)
    assert view.box == Box(0, 0, 30, 20)


@pytest.mark.parametrize("size", [(128, 30), (30, 128), (640, 480)])
def test_what_is_large_enough_stays_as_it_is(size: tuple[int, int]) -> None:
    """The longer side decides: a strip is not enlarged."""
    image = gradient(*size)
    (view,) = Enlarged(WholeImage(), Lanczos())(image)
    assert view.pixels is image


def test_a_model_enlarges_as_its_card_says(model: OnnxUpscaler) -> None:
    """Bytes in, the same bytes out, nine times each; channels stay where they are."""
    image = gradient(20, 10)
    assert np.array_equal(model.enlarge(image), image.repeat(3, axis=0).repeat(3, axis=1))


@pytest.mark.parametrize("shape", [(1, 1), (1, 127), (127, 1)])
def test_the_smallest_images_are_enlarged_too(model: OnnxUpscaler, shape: tuple[int, int]) -> None:
    """By whatever does it."""
    for upscaler in (model, Lanczos()):
        large = upscaler.enlarge(np.full((*shape, 3), 7, np.uint8))
        assert large.shape == (3 * shape[0], 3 * shape[1], 3)
        assert (large == 7).all()


def test_what_enlarges_is_part_of_the_identity(model: OnnxUpscaler) -> None:
    """It makes other vectors."""
    identities = {Enlarged(WholeImage(), one).identity for one in (model, Lanczos(), Lanczos(2))}
    assert len(identities) == 3
    assert all(identity.startswith("whole+") for identity in identities)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"factor": 2}, "promises factor = 2"),
        ({"output": "larger"}, "no output named 'larger'"),
        ({"input": "image"}, "no input named 'image'"),
    ],
)
def test_a_card_that_contradicts_its_model_is_told(
    tmp_path: Path, fields: dict[str, object], says: str
) -> None:
    """When it is opened."""
    with pytest.raises(Misconfigured, match=says):
        load_upscaler(written(tmp_path, tripler(), **fields), threads=1)


def test_a_model_of_another_kind_is_no_upscaler(tmp_path: Path) -> None:
    """One that wants another size, or gives another shape."""
    with pytest.raises(Misconfigured, match=r"cannot run|made an output"):
        load_upscaler(written(tmp_path, nan_model(), output="features"), threads=1)
