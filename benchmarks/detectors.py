"""The detectors that benchmarks use, made ready from the shared folder, and their reference."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from benchmarks.features import SHARED, cache_folder
from cairn.compose import limits_of
from cairn.models import add_to, open_detector
from cairn.sections import Guards
from engine.ports import Detector
from engine.sight import Detection
from engine.types import Box, Rgb
from engine.vision.boxes import iou
from engine.vision.card import draft_card
from engine.vision.decode import decode
from engine.vision.yolo import DetectorCard, YoloDetector

_MODELS = {
    "yolov8n": ("yolov8n/yolov8n.onnx", {"output": "output0"}),
    "yolov8n-seg": (
        "yolov8n-seg/yolov8n-seg_int8.onnx",
        {"output": "output0", "masks": "output1"},
    ),
}
_WEIGHTS = SHARED / "models" / "yolov8n" / "yolov8n.pt"
PHOTOS = SHARED / "data" / "dev" / "distractors_coco"
_SURE, _SAME = 0.4, 0.95

Found: TypeAlias = dict[str, list[Detection]]


def detector_for(name: str) -> YoloDetector:
    """A detector of the shared folder; its card is drafted the first time."""
    registry = cache_folder() / "models"
    if not (registry / name).exists():
        file, outputs = _MODELS[name]
        fields = {"licence": "AGPL-3.0", "source": "Ultralytics, COCO weights", **outputs}
        model = SHARED / "models" / file
        add_to(registry, name, model, draft_card(model, DetectorCard, fields))
    return open_detector(name, registry)


@dataclass(frozen=True, slots=True, eq=False)
class Remembering:
    """A detector that looks at every image once; implements `Detector`."""

    inner: Detector
    known: dict[bytes, Sequence[Detection]] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """That of the detector."""
        return self.inner.identity

    def detect(self, image: Rgb) -> Sequence[Detection]:
        """What the detector finds."""
        key = hashlib.sha256(image.tobytes()).digest()
        if key not in self.known:
            self.known[key] = self.inner.detect(image)
        return self.known[key]


@dataclass(frozen=True, slots=True)
class Match:
    """How many detections there are, and how many of them the other side has too."""

    count: int
    matched: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.matched / max(1, self.count)


def own_boxes() -> Found:
    """What our detector finds on the photos of COCO, by file name."""
    detector = detector_for("yolov8n")
    read = partial(decode, limits=limits_of(Guards()))
    return {
        photo.relative_to(PHOTOS).as_posix(): list(detector.detect(read(photo.read_bytes()).image))
        for photo in sorted(PHOTOS.rglob("*.jpg"))
    }


def reference_boxes(python: Path) -> Found:
    """What Ultralytics finds, run once by the `python` of the environment for exports."""
    path = cache_folder() / "ultralytics-yolov8n.json"
    if not path.exists():
        script = Path(__file__).with_name("ultralytics_boxes.py")
        subprocess.run([python, script, _WEIGHTS, PHOTOS, path], check=True)  # noqa: S603  (ours)
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: [Detection(Box(*box), label, score) for *box, score, label in rows]
        for name, rows in found.items()
    }


def matched(ones: Found, others: Found) -> Match:
    """How many sure detections of one side the other has too: same class, all but the same box."""
    sure = [(name, one) for name, found in ones.items() for one in found if one.score >= _SURE]
    hits = sum(
        any(one.label == other.label and iou(one.box, other.box) >= _SAME for other in others[name])
        for name, one in sure
    )
    return Match(len(sure), hits)
