"""Model cards and the encoder behind them: what is wrong is said, what is right is exact."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import Misconfigured
from engine.vision.card import (
    EncoderCard,
    draft_card,
    load_card,
    write_card,
    write_center,
)
from engine.vision.onnx_encoder import OnnxEncoder, fit_center, load_encoder
from engine.vision.preprocess import model_input
from engine.vision.session import open_session
from tests.images import PHOTOS, gradient, photo, seen_from_aside
from tests.onnx_model import chain, flatten_model, nan_model, zero_model

GIVEN = {"licence": "none", "source": "tests"}
PLAIN = GIVEN | {"resize": "squash", "scale": 1.0, "mean": (0, 0, 0), "std": (1, 1, 1)}
MOBILENET = Path(os.environ.get("CAIRN_SHARED", "../shared"), "models/mobilenetv2").joinpath(
    "mobilenetv2_imagenet_features.onnx"
)


def written(folder: Path, model: bytes, fields: dict[str, Any] | None = None) -> Path:
    """A model and the card drafted for it; returns the card's path."""
    (folder / "tiny.onnx").write_bytes(model)
    write_card(folder / "tiny.toml", draft_card(folder / "tiny.onnx", EncoderCard, fields or PLAIN))
    return folder / "tiny.toml"


def edited(card: Path, old: str, new: str) -> Path:
    text = card.read_text()
    assert old in text
    card.write_text(text.replace(old, new))
    return card


def card_of(**fields: Any) -> EncoderCard:
    known = {"kind": "image-encoder", "file": "m.onnx", "sha256": "0" * 64, "output": "y"}
    known |= {"input": "x", "layout": "NCHW", "size": (2, 2), "dim": 12}
    return EncoderCard.model_validate(known | PLAIN | fields)


def test_a_draft_reads_the_model(tmp_path: Path) -> None:
    """Names, layout, size and dim need not be typed by hand."""
    card = load_card(written(tmp_path, flatten_model(4)), EncoderCard)
    assert (card.input, card.output, card.layout) == ("pixels", "features", "NCHW")
    assert (card.size, card.dim) == ((4, 4), 48)


def test_a_draft_names_what_it_cannot_know(tmp_path: Path) -> None:
    """A model of free size leaves `size` and `dim` to the operator."""
    model = tmp_path / "free.onnx"
    model.write_bytes(chain(["Flatten"], ["N", 3, "h", "w"], ["N", "d"]))
    with pytest.raises(Misconfigured, match=r"size: .*dim: "):
        draft_card(model, EncoderCard, PLAIN)
    assert draft_card(model, EncoderCard, PLAIN | {"size": (2, 2), "dim": 12}).size == (2, 2)


TEXT = st.text(min_size=1).filter(lambda text: text.isprintable() or "\x7f" in text)


@given(TEXT, st.floats(1e-6, 1e6), st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9)))
def test_a_card_reads_back_as_written(
    tmp_path_factory: pytest.TempPathFactory,
    source: str,
    scale: float,
    mean: tuple[float, float, float],
) -> None:
    """Quotes, umlauts and tiny numbers survive TOML."""
    path = tmp_path_factory.mktemp("card") / "m.toml"
    card = card_of(source=source, scale=scale, mean=mean)
    write_card(path, card)
    assert load_card(path, EncoderCard) == card


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('layout = "NCHW"', 'layout = "CHW"', "layout"),
        ("size = [4, 4]", "size = [4, 0]", "size"),
        ("std = [1.0, ", "std = [0.0, ", "std"),
        ("scale = 1.0", "scale = nan", "scale"),
        ('file = "tiny', 'file = "../tiny', "file"),
        ('licence = "none"', 'license = "none"', "license"),
        ('sha256 = "', 'sha256 = "X', "sha256"),
        ("dim = 48", "dim = 48\n[similarity]\nsame = 0.5", "similarity"),
        ("dim = 48", "dim = ", "TOML"),
    ],
)
def test_a_wrong_card_names_the_field(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """The message leads to the file and the line to mend."""
    card = edited(written(tmp_path, flatten_model()), old, new)
    with pytest.raises(Misconfigured, match=rf"tiny\.toml.*{fault}"):
        load_card(card, EncoderCard)


def test_a_model_that_changed_is_not_opened(tmp_path: Path) -> None:
    """The card's hash is checked before ONNX Runtime sees a byte."""
    card = written(tmp_path, flatten_model())
    (tmp_path / "tiny.onnx").write_bytes(b"something else")
    with pytest.raises(Misconfigured, match="sha256"):
        load_encoder(card, threads=1)


def test_what_is_missing_or_no_model_is_said(tmp_path: Path) -> None:
    """A card, a model or both may not be there."""
    with pytest.raises(Misconfigured, match=r"nowhere\.toml"):
        load_encoder(tmp_path / "nowhere.toml", threads=1)
    with pytest.raises(Misconfigured, match=r"nowhere\.onnx"):
        open_session(tmp_path / "nowhere.onnx", threads=1)
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(Misconfigured, match=r"junk\.onnx is not a model"):
        open_session(tmp_path / "junk.onnx", threads=1)


def test_a_slot_that_the_model_lacks_is_said(tmp_path: Path) -> None:
    """A card for another model of the same file name."""
    card = edited(written(tmp_path, flatten_model()), '"pixels"', '"images"')
    with pytest.raises(Misconfigured, match="input: the model has no input named 'images'"):
        load_encoder(card, threads=1)


def test_a_wrong_dim_is_said(tmp_path: Path) -> None:
    """A promise that the model does not keep stops the run."""
    card = edited(written(tmp_path, flatten_model()), "dim = 48", "dim = 47")
    with pytest.raises(Misconfigured, match="dim = 47"):
        load_encoder(card, threads=1).embed([gradient()])


@pytest.mark.parametrize("model", [zero_model(), nan_model()], ids=["zero", "nan"])
def test_features_without_direction_are_the_models_fault(tmp_path: Path, model: bytes) -> None:
    """It is not opened: every photo would be refused for what none of them is guilty of."""
    with pytest.raises(Misconfigured, match="without a direction"):
        load_encoder(written(tmp_path, model), threads=1)


def test_pixels_enter_as_the_card_says() -> None:
    """Scale, mean, std, colour order and layout, each seen in the numbers."""
    image = np.array([[[10, 20, 30]]], np.uint8)
    fields: dict[str, Any] = {"size": (1, 1), "scale": 0.1, "mean": (1, 1, 1), "std": (1, 2, 1)}
    assert model_input(image, card_of(**fields)).ravel().tolist() == [0, 0.5, 2]
    assert model_input(image, card_of(**fields, colour="BGR")).ravel().tolist() == [2, 0.5, 0]
    assert model_input(image, card_of(layout="NHWC")).shape == (1, 2, 2, 3)


@pytest.mark.parametrize("shape", [(40, 20), (20, 40), (4, 2), (1, 1), (1, 90)])
@pytest.mark.parametrize("resize", ["squash", "center-crop", "letterbox"])
@pytest.mark.parametrize("how", [{}, {"interpolation": "bicubic"}, {"crop": 0.875}])
def test_every_shape_fits_the_model(
    resize: str, shape: tuple[int, int], how: dict[str, Any]
) -> None:
    """Enlarged, shrunk, cut or padded: the model always gets its size."""
    image = np.full((*shape, 3), 200, np.uint8)
    values = model_input(image, card_of(resize=resize, size=(8, 12), **how))
    assert values.shape == (1, 3, 8, 12)
    assert 200 in values
    assert (114 in values) == (resize == "letterbox" and shape[1] * 8 != shape[0] * 12)


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
@given(height=st.integers(8, 90), width=st.integers(8, 90))
def test_pixels_are_those_of_torchvision(how: str, height: int, width: int) -> None:
    """`Resize` and `CenterCrop`, written out: the longer side cut to whole pixels, then halves."""
    image = photo(PHOTOS[0])[:height, :width]
    short = min(height, width)
    size = int(16 * width / short), int(16 * height / short)
    method = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[how]
    resized = np.asarray(Image.fromarray(image).resize(size, method))
    top, left = (round((side - 16) / 2.0) for side in resized.shape[:2])
    wanted = resized[top : top + 16, left : left + 16].transpose(2, 0, 1)
    values = model_input(image, card_of(size=(16, 16), resize="center-crop", interpolation=how))
    assert np.array_equal(values[0], wanted)


def test_a_center_is_fitted_written_and_subtracted(tmp_path: Path) -> None:
    """Centred features of the fitted images add up to nothing."""
    images = [photo(name) for name in PHOTOS]
    path = written(tmp_path, flatten_model())
    plain = load_encoder(path, threads=1)
    center = fit_center(plain, images)
    entry = write_center(tmp_path / "tiny.center", center)
    write_card(path, plain.card.model_copy(update={"center": entry}))
    centred = load_encoder(path, threads=1)
    offsets = plain.raw(images) - center
    assert np.allclose(offsets.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(
        centred.embed(images), offsets / np.linalg.norm(offsets, axis=1, keepdims=True), atol=1e-6
    )
    assert centred.identity != plain.identity


def test_a_center_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Wrong length, wrong bytes, not finite: each is said."""
    path = written(tmp_path, flatten_model())
    card = load_card(path, EncoderCard)

    def use(center: list[float]) -> None:
        entry = write_center(tmp_path / "c", np.array(center, np.float32))
        write_card(path, card.model_copy(update={"center": entry}))

    use([1.0, 2.0])
    with pytest.raises(Misconfigured, match="48 float32"):
        load_encoder(path, threads=1)
    use([np.inf] * 48)
    with pytest.raises(Misconfigured, match="not finite"):
        load_encoder(path, threads=1)
    (tmp_path / "c").write_bytes(b"")
    with pytest.raises(Misconfigured, match="sha256"):
        load_encoder(path, threads=1)
    with pytest.raises(Misconfigured, match="at least one image"):
        fit_center(load_encoder(written(tmp_path, flatten_model()), threads=1), [])


def test_notes_leave_the_identity_alone(tmp_path: Path) -> None:
    """State made before a licence note was mended is still good."""
    path = written(tmp_path, flatten_model())
    before = load_card(path, EncoderCard).identity
    assert load_card(edited(path, '"tests"', '"mended"'), EncoderCard).identity == before
    assert load_card(edited(path, "scale = 1.0", "scale = 2.0"), EncoderCard).identity != before


@pytest.mark.skipif(not MOBILENET.exists(), reason="needs MobileNetV2 under CAIRN_SHARED")
def test_a_real_model_runs_from_its_card() -> None:
    """MobileNetV2 tells photos apart, better so once centred."""
    fields = {"resize": "squash", "scale": 1 / 127.5, "mean": (1, 1, 1), "std": (1, 1, 1)}
    card = draft_card(MOBILENET, EncoderCard, GIVEN | fields)
    assert (card.size, card.dim) == ((224, 224), 1280)
    session = open_session(MOBILENET, threads=1, sha256=card.sha256)
    images = [photo(name) for name in PHOTOS]
    plain = OnnxEncoder(card, session)
    centred = OnnxEncoder(card, session, fit_center(plain, images))
    aside = [seen_from_aside(image) for image in images]
    for encoder in (plain, centred):
        cosines = encoder.embed(aside) @ encoder.embed(images).T
        assert cosines.argmax(axis=1).tolist() == list(range(len(PHOTOS)))
    strangers = ~np.eye(len(PHOTOS), dtype=bool)
    rows = plain.embed(images), centred.embed(images)
    assert (rows[0] @ rows[0].T)[strangers].min() > 0 > (rows[1] @ rows[1].T)[strangers].mean()
