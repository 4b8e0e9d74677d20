"""The encoders that benchmarks compare, each made ready with what the shared folder holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.features import SHARED, cache_folder
from cairn.compose import limits_of
from cairn.models import add_to, open_encoder
from cairn.sections import Guards
from engine.ports import Encoder
from engine.types import Rgb, Vector
from engine.vision.card import EncoderCard, draft_card
from engine.vision.decode import decode
from engine.vision.session import Session, open_session

ENCODERS = ("builtin", "mobilenetv2")
CENTRE_PHOTOS = 2000
"""How many photos the centre of a model is fitted on: training ones, none that are judged."""

_CANVAS = 112  # pixels a side of an aligned face
_EYES_NOSE_MOUTH = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    np.float32,
)
"""Where the five points of a face belong on the canvas (ArcFace, Deng et al., CVPR 2019)."""
_LEAST_SIDE = 320  # pixels of the long side below which the detector misses faces
_CONFIDENCE = 0.6


def encoder_for(name: str) -> Encoder:
    """An encoder of photos; its card is drafted and its centre fitted the first time."""
    registry = cache_folder() / "models"
    if name == "mobilenetv2" and not (registry / name).exists():
        model = SHARED / "models" / name / "mobilenetv2_imagenet_features.onnx"
        card = draft_card(model, EncoderCard, _MOBILENETV2)
        add_to(registry, name, model, card, _training_photos())
    return open_encoder(name, registry)


_MOBILENETV2 = {
    "licence": "Apache-2.0",
    "source": "TensorFlow MobileNetV2 1.0 224, pooled features",
    "size": (224, 224),
    "resize": "squash",
    "scale": 1 / 127.5,
    "mean": (1.0, 1.0, 1.0),
    "std": (1.0, 1.0, 1.0),
}


def _training_photos() -> Iterator[Rgb]:
    photos = sorted((SHARED / "data" / "train").glob("*.jpg"))
    for photo in photos[:: max(1, len(photos) // CENTRE_PHOTOS)][:CENTRE_PHOTOS]:
        yield decode(photo.read_bytes(), limits_of(Guards())).image


@dataclass(frozen=True, slots=True, eq=False)
class FaceEncoder:
    """Describes the largest face of an image; implements `Encoder`.

    YuNet finds it with five points, a similarity transform lays these onto the canvas that
    MobileFaceNet was trained on. Where no face is found the whole image is described.
    """

    identity: str
    detector: cv2.FaceDetectorYN
    session: Session
    dim: int = 128

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        """Describe n images as (n, 128) unit rows."""
        return np.stack([self._describe(image) for image in images])

    def _describe(self, image: Rgb) -> Vector:
        pixels = (self._aligned(_enlarged(image)).astype(np.float32) - 127.5) / 128
        slot, output = self.session.inputs[0].name, self.session.outputs[0].name
        features = self.session.run(output, {slot: pixels.transpose(2, 0, 1)[None]}).ravel()
        return np.asarray(features / np.linalg.norm(features), np.float32)

    def _aligned(self, image: Rgb) -> Rgb:
        height, width = image.shape[:2]
        self.detector.setInputSize((width, height))
        _, faces = self.detector.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if faces is None:
            return np.asarray(cv2.resize(image, (_CANVAS, _CANVAS)), np.uint8)
        largest = max(faces, key=lambda face: float(face[2] * face[3]))
        points = np.asarray(largest[4:14], np.float32).reshape(5, 2)
        onto, _ = cv2.estimateAffinePartial2D(points, _EYES_NOSE_MOUTH, method=cv2.LMEDS)
        return np.asarray(cv2.warpAffine(image, onto, (_CANVAS, _CANVAS)), np.uint8)


def face_encoder() -> FaceEncoder:
    """The face encoder, its models opened."""
    yunet = SHARED / "models" / "yunet" / "yunet_s_640_640.onnx"
    network = SHARED / "models" / "mobilefacenet" / "mobilefacenet.onnx"
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (640, 640), _CONFIDENCE)
    return FaceEncoder(_identity(yunet, network), detector, open_session(network, threads=1))


def _identity(*models: Path) -> str:
    parts = b"".join(model.read_bytes() for model in (*models, Path(__file__)))
    return f"yunet-mobilefacenet-{hashlib.sha256(parts).hexdigest()[:12]}"


def _enlarged(image: Rgb) -> Rgb:
    height, width = image.shape[:2]
    scale = _LEAST_SIDE / max(height, width)
    if scale <= 1:
        return image
    return np.asarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
    )
