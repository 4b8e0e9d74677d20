"""Models of usual sizes for benchmarks of speed: YOLOv8n finds, a ViT-B/32 of noise embeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.features import SHARED, cache_folder
from benchmarks.vit import write_vit
from cairn.eyes import Eyes
from engine.sight import View
from engine.types import Box, Rgb
from engine.vision.card import EncoderCard, PixelCard, draft_card
from engine.vision.geometry import EpipolarVerifier
from engine.vision.onnx_encoder import OnnxEncoder
from engine.vision.preprocess import model_input
from engine.vision.session import Session, open_session

YOLO = SHARED / "models" / "yolov8n" / "yolov8n.onnx"
_NOTES = {"licence": "none", "source": "benchmarks"}
_YOLO_CARD = PixelCard(
    kind="detector",
    file=YOLO.name,
    sha256="0" * 64,
    input="images",
    size=(640, 640),
    resize="letterbox",
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    **_NOTES,
)
_CONFIDENCE, _OVERLAP = 0.25, 0.7


@dataclass(frozen=True, slots=True, eq=False)
class MainObject:
    """Frames the surest thing that YOLO finds, else the whole image; implements `Framing`."""

    session: Session
    identity: str = "benchmark"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view."""
        (head,) = self.session.run("output0", {"images": model_input(image, _YOLO_CARD)})
        height, width = image.shape[:2]
        scale = min(640 / width, 640 / height)
        left, top = (640 - width * scale) / 2, (640 - height * scale) / 2
        whole = Box(0.0, 0.0, float(width), float(height))
        box = surest(head, (left, top), scale, whole)
        cut = image[int(box.top) : int(box.bottom) + 1, int(box.left) : int(box.right) + 1]
        return (View(np.ascontiguousarray(cut), box),)


def surest(head: np.ndarray, corner: tuple[float, float], scale: float, whole: Box) -> Box:
    """The surest box after non-maximum suppression, in pixels of the image."""
    scores = head[4:].max(axis=0)
    kept = scores >= _CONFIDENCE
    middles, sizes = head[:2, kept].T, head[2:4, kept].T
    boxes = np.concatenate([middles - sizes / 2, sizes], axis=1)
    chosen = cv2.dnn.NMSBoxes(boxes.tolist(), scores[kept].tolist(), _CONFIDENCE, _OVERLAP)
    if not len(chosen):
        return whole
    x, y, across, down = boxes[chosen[0]]
    return Box(
        float(np.clip((x - corner[0]) / scale, 0, whole.right - 1)),
        float(np.clip((y - corner[1]) / scale, 0, whole.bottom - 1)),
        float(np.clip((x + across - corner[0]) / scale, 1, whole.right)),
        float(np.clip((y + down - corner[1]) / scale, 1, whole.bottom)),
    )


def open_sight() -> tuple[Session, OnnxEncoder, Eyes]:
    """The detector's session, the encoder, and eyes that look through both."""
    model = cache_folder() / "models" / "vit-b-32-noise.onnx"
    if not model.exists():
        write_vit(model)
    detector = open_session(YOLO, threads=1)
    encoder = OnnxEncoder(draft_card(model, EncoderCard, _NOTES), open_session(model, threads=1))
    return detector, encoder, Eyes(MainObject(detector), encoder, None, EpipolarVerifier())


def photos() -> list[Path]:
    """The photos of COCO, by name."""
    return sorted((SHARED / "data" / "dev" / "distractors_coco").rglob("*.jpg"))
