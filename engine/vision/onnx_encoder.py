"""An encoder that runs an ONNX model as its card describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.types import Rgb, Vector
from engine.vision.card import EncoderCard, load_card, read_center
from engine.vision.preprocess import model_input
from engine.vision.session import Session, open_session

_GPU_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class OnnxEncoder:
    """Embeds images with a model; implements `Encoder`.

    center: shape (dim,), subtracted from the raw features before they are normalised. Pooled
    features after a ReLU are all positive: without it every cosine is high.
    """

    card: EncoderCard
    session: Session
    center: Vector | None = None

    @property
    def identity(self) -> str:
        """Name of the model and hash of all that decides its vectors."""
        return self.card.identity

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.card.dim

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        """Embed n images as (n, dim) unit rows; NaN or all zero where the model gives that.

        On a CPU images run one by one: the bits of a vector never depend on its batch.
        """
        features = self.raw(images)
        if self.center is not None:
            features = features - self.center
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return np.asarray(features / np.where(lengths == 0, 1, lengths), np.float32)

    def raw(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        """Features as the model gives them, (n, dim), neither centred nor normalised."""
        step = self._at_once
        runs = [self._run(images[i : i + step]) for i in range(0, len(images), step)]
        return np.concatenate([np.empty((0, self.dim), np.float32), *runs])

    @property
    def _at_once(self) -> int:
        variable = all(slot.shape and slot.shape[0] is None for slot in self.session.inputs)
        return _GPU_BATCH if self.session.device == "cuda" and variable else 1

    def _run(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        batch = np.concatenate([model_input(image, self.card) for image in images])
        features = self.session.run(self.card.output, {self.card.input: batch})
        if features.size != len(images) * self.dim:
            raise Misconfigured(
                f"model {self.session.name} gave an output of shape {features.shape}; "
                f"its card promises dim = {self.dim}"
            )
        return features.reshape(len(images), self.dim)


def load_encoder(card_path: Path, threads: int) -> OnnxEncoder:
    """Open the model beside a card; raises Misconfigured where card, model or center is wrong."""
    card = load_card(card_path, EncoderCard)
    folder = card_path.parent
    session = open_session(folder / card.file, threads, card.sha256)
    check_slot(card.input, [slot.name for slot in session.inputs], card_path, "input")
    check_slot(card.output, [slot.name for slot in session.outputs], card_path, "output")
    encoder = OnnxEncoder(card, session, read_center(card, folder))
    _warm_up(encoder)
    return encoder


def _warm_up(encoder: OnnxEncoder) -> None:
    """Run once: that shows whether size, layout and dim are what the model wants.

    It also spares the first photo what a model does once.
    """
    (row,) = encoder.raw([np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)])
    if not np.isfinite(row).all() or not row.any():
        raise Misconfigured(
            f"model {encoder.session.name} gave features without a direction (NaN, infinite or "
            "all zero) on a test image; check scale, mean and std in its card"
        )


def fit_center(encoder: OnnxEncoder, images: Iterable[Rgb]) -> Vector:
    """Mean raw feature over images like those to be clustered, shape (dim,).

    Raises Misconfigured where there is no image.
    """
    total, count = np.zeros(encoder.dim, np.float64), 0
    for image in images:
        total += encoder.raw([image])[0]
        count += 1
    if count == 0:
        raise Misconfigured("a center needs at least one image to be fitted on")
    return np.asarray(total / count, np.float32)


def check_slot(name: str, present: Sequence[str], card_path: Path, field: str) -> None:
    """Raises Misconfigured where a model lacks the input or output that its card names."""
    if name not in present:
        raise Misconfigured(
            f"model card {card_path}: {field}: the model has no {field} named {name!r}; "
            f"it has {', '.join(present)}"
        )
