"""Models of usual sizes for benchmarks of speed: YOLOv8n finds, a ViT-B/32 of noise embeds."""

from __future__ import annotations

from pathlib import Path

from benchmarks.detectors import detector_for
from benchmarks.features import SHARED, cache_folder
from benchmarks.local import local_for
from benchmarks.vit import write_vit
from cairn.eyes import Eyes
from engine.vision.card import EncoderCard, draft_card
from engine.vision.crops import MainObject
from engine.vision.onnx_encoder import OnnxEncoder
from engine.vision.session import Session, open_session

_NOTES = {"licence": "none", "source": "benchmarks"}


def open_sight() -> tuple[Session, OnnxEncoder, Eyes]:
    """The detector's session, the encoder, and eyes that look through both."""
    model = cache_folder() / "models" / "vit-b-32-noise.onnx"
    if not model.exists():
        write_vit(model)
    detector = detector_for("yolov8n")
    encoder = OnnxEncoder(draft_card(model, EncoderCard, _NOTES), open_session(model, threads=1))
    framing = MainObject(detector, tuple(detector.classes))
    return detector.session, encoder, Eyes(framing, encoder, None, local_for("sift").verifier)


def photos() -> list[Path]:
    """The photos of COCO, by name."""
    return sorted((SHARED / "data" / "dev" / "distractors_coco").rglob("*.jpg"))
