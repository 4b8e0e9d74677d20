"""A face detector that runs an ONNX model as its card says: YuNet or BlazeFace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.sight import Detection
from engine.types import Box, Rgb
from engine.vision.blazeface import SIDE, BlazeFace
from engine.vision.card import Fraction, ModelCard, load_card
from engine.vision.face_net import Candidates, FaceNet, surest
from engine.vision.session import Session, open_session
from engine.vision.yunet import YuNet

FACE = "face"
"""Label of a detection."""


class FaceDetectorCard(ModelCard):
    """Card of a face detector.

    method: how the model is fed and read. confidence: score from which on a face is one.
    overlap: intersection over union from which on two are the same.
    """

    kind: Literal["face-detector"]
    method: Literal["yunet", "blazeface"]
    confidence: Fraction = 0.6
    overlap: Fraction = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class FaceDetector:
    """Finds faces and their five points; implements `Detector`."""

    card: FaceDetectorCard
    session: Session
    network: FaceNet

    @property
    def identity(self) -> str:
        """Name of the model and hash of all that decides what it finds."""
        return self.card.identity

    def detect(self, image: Rgb) -> Sequence[Detection]:
        """Every face of the image, surest first; boxes may reach beyond its edges."""
        canvas = self.network.canvas(image)
        feed = {self.session.inputs[0].name: self.network.values(canvas.pixels)}
        names = self.network.outputs
        outputs = dict(zip(names, self.session.run_all(names, feed), strict=True))
        try:
            found = self.network.read(outputs, canvas.pixels)
        except ValueError as error:
            raise Misconfigured(
                f"model {self.session.name} gives other shapes than {self.card.method}: {error}"
            ) from error
        return _detections(surest(found, self.card.confidence, self.card.overlap), canvas.scale)


def load_face_detector(card_path: Path, threads: int) -> FaceDetector:
    """Open the model beside a card and run it once; raises Misconfigured."""
    card = load_card(card_path, FaceDetectorCard)
    session = open_session(card_path.parent / card.file, threads, card.sha256)
    detector = FaceDetector(card, session, _network(card, session))
    present = {slot.name for slot in session.outputs}
    if missing := [name for name in detector.network.outputs if name not in present]:
        raise Misconfigured(
            f"model card {card_path}: method = {card.method!r}, but the model has no output "
            f"named {missing[0]!r}"
        )
    detector.detect(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    return detector


def _network(card: FaceDetectorCard, session: Session) -> FaceNet:
    shape = session.inputs[0].shape
    fits = len(session.inputs) == 1 and len(shape) == 4
    if card.method == "blazeface" and fits and shape[1:] == (SIDE, SIDE, 3):
        return BlazeFace()
    if card.method == "yunet" and fits and shape[1] == 3:
        height, width = shape[2:]
        return YuNet((height, width) if height and width else None)
    raise Misconfigured(
        f"model {session.name} is no {card.method}: its input has the shape {list(shape)}"
    )


def _detections(found: Candidates, scale: NDArray[np.float64]) -> tuple[Detection, ...]:
    boxes = found.boxes / np.tile(scale, 2)
    points = (found.points / scale).astype(np.float32)
    return tuple(
        Detection(Box(*box), FACE, float(score), five)
        for box, score, five in zip(boxes.tolist(), found.scores, points, strict=True)
    )
