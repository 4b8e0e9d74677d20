"""Models that see the same faces in every image: what YuNet and BlazeFace would answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.vision.align import canvas_points
from engine.vision.card import draft_card, write_card
from engine.vision.face_detector import FaceDetector, FaceDetectorCard, load_face_detector
from tests.onnx_model import constant_model

GIVEN = {"licence": "none", "source": "tests"}


@dataclass(frozen=True)
class Seen:
    """A face on the canvas of a network: upright, its middle and the length of its sides."""

    x: float
    y: float
    side: float
    score: float = 0.9

    @property
    def box(self) -> NDArray[np.float32]:
        half = self.side / 2
        corners = (self.x - half, self.y - half, self.x + half, self.y + half)
        return np.array(corners, np.float32)

    @property
    def points(self) -> NDArray[np.float32]:
        start = np.array([self.x, self.y]) - self.side / 2
        return (start + canvas_points(1) * self.side).astype(np.float32)


def yunet(faces: Sequence[Seen], size: int = 320) -> bytes:
    """Every face stands in its cell of the finest grid."""
    outputs = {}
    for stride in (8, 16, 32):
        cells = (size // stride) ** 2
        outputs |= {f"{part}_{stride}": np.zeros((1, cells, 1)) for part in ("cls", "obj")}
        outputs[f"bbox_{stride}"] = np.zeros((1, cells, 4))
        outputs[f"kps_{stride}"] = np.zeros((1, cells, 10))
    for face in faces:
        column, row = int(face.x // 8), int(face.y // 8)
        here = (0, row * (size // 8) + column)
        outputs["cls_8"][here] = outputs["obj_8"][here] = face.score
        offset = np.array([face.x, face.y]) / 8 - (column, row)
        outputs["bbox_8"][here] = [*offset, *np.log([face.side / 8] * 2)]
        outputs["kps_8"][here] = (face.points / 8 - (column, row)).ravel()
    return constant_model(
        (1, 3, size, size), {name: it.astype(np.float32) for name, it in outputs.items()}
    )


def blazeface(faces: Sequence[Seen]) -> bytes:
    """Every face is the first candidate of its cell of the finest grid."""
    boxes, logits = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -9, np.float32)
    for face in faces:
        column, row = int(face.x // 8), int(face.y // 8)
        here = (0, 2 * (row * 16 + column))
        anchor = np.array([column + 0.5, row + 0.5]) * 8
        left, right, nose, *corners = face.points
        six = np.array([left, right, nose, np.mean(corners, axis=0), left, right])
        shape = [*(np.array([face.x, face.y]) - anchor), face.side, face.side]
        boxes[here] = [*shape, *(six - anchor).ravel()]
        logits[here] = np.log(face.score / (1 - face.score))
    return constant_model((1, 128, 128, 3), {"regressors": boxes, "classificators": logits})


def added(folder: Path, method: str, model: bytes) -> Path:
    """A model and the card drafted for it; returns the card's path."""
    (folder / f"{method}.onnx").write_bytes(model)
    card = draft_card(folder / f"{method}.onnx", FaceDetectorCard, GIVEN | {"method": method})
    write_card(folder / f"{method}.toml", card)
    return folder / f"{method}.toml"


def detector(folder: Path, faces: Sequence[Seen]) -> FaceDetector:
    """A YuNet of 320 x 320 pixels."""
    return load_face_detector(added(folder, "yunet", yunet(faces)), threads=1)
