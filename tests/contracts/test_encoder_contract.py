"""What every encoder promises: unit rows, the same image always the same bits, in any thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.ports import Encoder
from engine.types import Rgb
from engine.vision.builtin import BuiltinEncoder
from engine.vision.card import EncoderCard, draft_card, write_card
from engine.vision.onnx_encoder import load_encoder
from tests.images import PHOTOS, photo, seen_from_aside
from tests.onnx_model import flatten_model


def onnx(folder: Path) -> Encoder:
    model = folder / "tiny.onnx"
    model.write_bytes(flatten_model())
    card = draft_card(
        model, EncoderCard, {"licence": "none", "source": "tests", "mean": (0.4, 0.4, 0.4)}
    )
    write_card(folder / "tiny.toml", card)
    return load_encoder(folder / "tiny.toml", threads=1)


MAKERS: dict[str, Callable[[Path], Encoder]] = {
    "builtin": lambda _: BuiltinEncoder(),
    "onnx": onnx,
}


@pytest.fixture(params=MAKERS)
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Encoder:
    return MAKERS[request.param](tmp_path)


def photos() -> list[Rgb]:
    return [photo(name) for name in PHOTOS]


def test_rows_are_unit_float32_of_the_promised_length(encoder: Encoder) -> None:
    """Shape, type and length are what the index relies on."""
    rows = encoder.embed(photos())
    assert rows.shape == (len(PHOTOS), encoder.dim)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_no_images_give_no_rows(encoder: Encoder) -> None:
    """An empty batch is not an error."""
    assert encoder.embed([]).shape == (0, encoder.dim)


def test_a_vector_never_depends_on_its_batch(encoder: Encoder) -> None:
    """One by one, together or in reverse: the same bits."""
    together = encoder.embed(photos())
    alone = np.concatenate([encoder.embed([image]) for image in photos()])
    backwards = encoder.embed(photos()[::-1])[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, backwards)


def test_threads_share_an_encoder(encoder: Encoder) -> None:
    """Four threads at once get what one gets."""
    expected = encoder.embed(photos())
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(encoder.embed, [photos()] * 8):
            assert np.array_equal(rows, expected)


def test_strange_shapes_have_vectors_too(encoder: Encoder) -> None:
    """One pixel, a line, a black and a white square: still unit rows."""
    black = np.zeros((20, 20, 3), np.uint8)
    strange = [black[:1, :1], np.zeros((1, 1024, 3), np.uint8), black, black + 255]
    rows = encoder.embed(strange)
    assert np.isfinite(rows).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_another_view_is_nearer_than_another_thing(encoder: Encoder) -> None:
    """A step aside changes less than another subject does."""
    rows = encoder.embed(photos())
    aside = encoder.embed([seen_from_aside(image) for image in photos()])
    assert (aside @ rows.T).argmax(axis=1).tolist() == list(range(len(PHOTOS)))


def test_the_identity_is_a_name_that_stays(encoder: Encoder) -> None:
    """State remembers it, so it is short text without spaces."""
    assert encoder.identity == encoder.identity
    assert encoder.identity.split() == [encoder.identity]
