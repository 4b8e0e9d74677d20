"""Sessions: what is no sound model is refused with a reason, and what fails later is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.errors import Misconfigured
from engine.vision.batcher import Array, Batcher, Feed, OutOfMemory, Runner
from engine.vision.card import EncoderCard, draft_card, load_card, write_card
from engine.vision.onnx_encoder import OnnxEncoder, load_encoder
from engine.vision.session import Session, Translated, open_session, rows_are_images
from tests.images import PHOTOS, gradient, photo
from tests.onnx_model import chain, flatten_model
from tests.words import bag_of_words

GIVEN = {"licence": "none", "source": "tests", "resize": "squash"}
REQUIRED = ("kind", "file", "sha256", "licence", "source", "input", "size", "output", "dim")


def encoder_in(folder: Path, model: bytes, **fields: object) -> Path:
    """A model with a card; the card's path."""
    (folder / "m.onnx").write_bytes(model)
    write_card(folder / "m.toml", draft_card(folder / "m.onnx", EncoderCard, GIVEN | fields))
    return folder / "m.toml"


@dataclass
class Failing:
    """A session of ONNX Runtime that breaks down, or works where `error` is None."""

    session: Runner
    error: Exception | None = None
    room: int = 1000

    def run(self, outputs: Sequence[str], feed: Feed) -> Sequence[Array]:
        if self.error is not None:
            raise self.error
        if max(len(array) for array in feed.values()) > self.room:
            raise ort_errors.RuntimeException(
                "Failed to allocate memory for requested buffer of size 1073741824"
            )
        return self.session.run(outputs, feed)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "m.onnx").write_bytes(flatten_model())
    return open_session(tmp_path / "m.onnx", threads=1)


@pytest.mark.parametrize("left", [0, 1, 10, 60])
def test_a_truncated_model_is_said(tmp_path: Path, left: int) -> None:
    """A download that broke off: by the hash where there is a card, by its content without."""
    card = encoder_in(tmp_path, flatten_model())
    (tmp_path / "m.onnx").write_bytes(flatten_model()[:left])
    with pytest.raises(Misconfigured, match="fetch the file again"):
        load_encoder(card, threads=1)
    with pytest.raises(Misconfigured, match=r"m\.onnx is not a model that can be opened"):
        open_session(tmp_path / "m.onnx", threads=1)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_card_without_a_field_names_it(tmp_path: Path, field: str) -> None:
    """And the file in which to write it."""
    card = encoder_in(tmp_path, flatten_model())
    lines = [line for line in card.read_text().splitlines() if not line.startswith(f"{field} =")]
    card.write_text("\n".join(lines))
    with pytest.raises(Misconfigured, match=rf"m\.toml: {field}: Field required"):
        load_card(card, EncoderCard)


def test_an_input_of_another_rank_is_said(tmp_path: Path) -> None:
    """When the model is opened, not at the first photo."""
    flat = chain(["Flatten"], ["N", 48], ["N", 48])
    card = encoder_in(tmp_path, flat, input="pixels", size=(4, 4), dim=48)
    with pytest.raises(Misconfigured, match=r"m\.onnx cannot run: .*rank"):
        load_encoder(card, threads=1)


def test_slots_tell_names_sizes_and_types(session: Session, tmp_path: Path) -> None:
    """What varies is None."""
    (pixels,), (features,) = session.inputs, session.outputs
    assert (pixels.name, pixels.shape, pixels.type) == ("pixels", (None, 3, 4, 4), "tensor(float)")
    assert (features.name, features.shape) == ("features", (None, 48))
    (tmp_path / "t.onnx").write_bytes(bag_of_words(np.ones((3, 2), np.float32), 5))
    assert open_session(tmp_path / "t.onnx", threads=1).inputs[0].type == "tensor(int64)"


def test_without_a_gpu_a_session_runs_each_image_by_itself(session: Session) -> None:
    """Told by what it got, not by what was asked for."""
    assert (session.device, session.at_once) == ("cpu", 1)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ort_errors.RuntimeException("node Conv_1: device lost"), "m cannot run: node Conv_1"),
        (ort_errors.InvalidArgument("Got invalid dimensions"), "m cannot run: Got invalid"),
        (ValueError("Required inputs (['x']) are missing"), "m cannot run: Required inputs"),
    ],
)
def test_a_session_that_fails_in_the_middle_is_said(
    session: Session, error: Exception, said: str
) -> None:
    """By name, with what the runtime says."""
    broken = replace(session, runner=Translated("m", Failing(session.runner, error)))
    with pytest.raises(Misconfigured, match=said):
        broken.run("features", {"pixels": np.zeros((1, 3, 4, 4), np.float32)})


def test_our_own_bugs_are_not_laid_on_the_model(session: Session) -> None:
    """They crash loudly."""
    with pytest.raises(ZeroDivisionError):
        Translated("m", Failing(session.runner, ZeroDivisionError())).run([], {})


@pytest.mark.parametrize(
    "words",
    [
        "BFCArena: Failed to allocate memory for requested buffer of size 42",
        "CUDA failure 2: out of memory ; GPU=0",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
    ],
)
def test_out_of_memory_is_told_from_other_failures(session: Session, words: str) -> None:
    """Whichever library ran out of it; the message says what can be done."""
    runner = Translated("m", Failing(session.runner, ort_errors.RuntimeException(words)))
    with pytest.raises(OutOfMemory, match=r"model m: out of memory .* CUDA_VISIBLE_DEVICES"):
        runner.run(["features"], {"pixels": np.zeros((1, 3, 4, 4), np.float32)})


def test_an_encoder_goes_on_in_smaller_batches_where_memory_runs_out(tmp_path: Path) -> None:
    """The vectors are those of one image at a time."""
    plain = load_encoder(encoder_in(tmp_path, flatten_model()), threads=1)
    failing = Translated("m", Failing(plain.session.runner, room=2))
    session = replace(plain.session, device="cuda", runner=Batcher(failing, at_most=4), at_once=4)
    batched = OnnxEncoder(plain.card, session)
    images = [*(photo(name) for name in PHOTOS), gradient()] * 3
    with pytest.warns(UserWarning, match="From now on it runs 2 rows at once"):
        rows = batched.embed(images)
    assert np.array_equal(rows, plain.embed(images))


def test_only_models_with_one_row_an_image_are_run_in_batches() -> None:
    """A first dimension that varies for another reason has another name."""
    assert rows_are_images([["N", 3, 4, 4], ["N", 48]])
    assert not rows_are_images([["N", 3, 4, 4], ["boxes", 6]])
    assert not rows_are_images([["N", 3, 4, 4], [None, 6]])
    assert not rows_are_images([[1, 3, 4, 4], [1, 48]])
    assert not rows_are_images([["N", 3], []])
