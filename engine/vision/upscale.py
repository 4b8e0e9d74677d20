"""Small images are enlarged before anything looks at them, by a model or by Lanczos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np

from engine.errors import Misconfigured
from engine.ports import Framing
from engine.sight import View
from engine.types import Box, Rgb
from engine.vision.card import Factor, ModelCard, load_card
from engine.vision.onnx_encoder import check_slot
from engine.vision.session import Session, open_session

SMALL = 128
"""Pixels of the longer side below which an image is small."""


class Upscaler(Protocol):
    """Enlarges an image by a whole factor. Thread-safe."""

    @property
    def identity(self) -> str:
        """Method or model, one word."""
        ...

    def enlarge(self, image: Rgb) -> Rgb:
        """The same image with `factor` times as many pixels a side."""
        ...


@dataclass(frozen=True, slots=True)
class Enlarged:
    """Another framing, which sees small images enlarged; implements `Framing`."""

    inner: Framing
    upscaler: Upscaler

    @property
    def identity(self) -> str:
        """That of the framing, and what enlarges for it."""
        return f"{self.inner.identity}+{self.upscaler.identity}-{SMALL}"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """The views of the other framing; boxes are in pixels of the image as it came."""
        if max(image.shape[:2]) >= SMALL:
            return self.inner(image)
        large = self.upscaler.enlarge(image)
        factor = large.shape[1] / image.shape[1]
        return [replace(view, box=_reduced(view.box, factor)) for view in self.inner(large)]


@dataclass(frozen=True, slots=True)
class Lanczos:
    """Enlarges by interpolation; implements `Upscaler`."""

    factor: int = 3

    @property
    def identity(self) -> str:
        """Method and factor."""
        return f"lanczos-{self.factor}"

    def enlarge(self, image: Rgb) -> Rgb:
        """The same image with `factor` times as many pixels a side."""
        size = (image.shape[1] * self.factor, image.shape[0] * self.factor)
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


class UpscalerCard(ModelCard):
    """Card of a super-resolution model: RGB of 0 to 1 in as (1, 3, h, w), and out, enlarged."""

    kind: Literal["upscaler"]
    input: str
    output: str
    factor: Factor


@dataclass(frozen=True, slots=True, eq=False)
class OnnxUpscaler:
    """Enlarges by a super-resolution model; implements `Upscaler`."""

    card: UpscalerCard
    session: Session

    @property
    def identity(self) -> str:
        """Name and hash of the model."""
        return self.card.identity

    def enlarge(self, image: Rgb) -> Rgb:
        """The same image with `factor` times as many pixels a side; raises Misconfigured."""
        planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        large = self.session.run(self.card.output, {self.card.input: planes})
        height, width = (side * self.card.factor for side in image.shape[:2])
        if large.shape != (1, 3, height, width):
            raise Misconfigured(
                f"model {self.session.name} made an output of shape {large.shape} from "
                f"{planes.shape}; its card promises factor = {self.card.factor}"
            )
        # What a model gives as NaN becomes black.
        pixels = np.clip(np.rint(np.nan_to_num(large[0]) * 255), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(pixels.transpose(1, 2, 0))


def load_upscaler(card_path: Path, threads: int) -> OnnxUpscaler:
    """Open the model beside a card and run it once; raises Misconfigured."""
    card = load_card(card_path, UpscalerCard)
    session = open_session(card_path.parent / card.file, threads, card.sha256)
    check_slot(card.input, [slot.name for slot in session.inputs], card_path, "input")
    check_slot(card.output, [slot.name for slot in session.outputs], card_path, "output")
    upscaler = OnnxUpscaler(card, session)
    upscaler.enlarge(np.zeros((9, 16, 3), np.uint8))  # no square: height and width are told apart
    return upscaler


def _reduced(box: Box, factor: float) -> Box:
    return Box(box.left / factor, box.top / factor, box.right / factor, box.bottom / factor)
