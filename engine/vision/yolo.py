"""Detectors of the YOLO family: letterbox in, heads of v8, v11 and v10 out, boxes and masks.

Heads as Ultralytics exports them without NMS. `yolo`: (1, 4 + c + k, n), a column a candidate:
centre x and y, width and height in pixels of the input, c class scores, k mask coefficients.
`end-to-end`: (1, n, 6 + k), a row a detection: corners, score, class number, coefficients.
Masks are sums of k prototypes (1, k, h, w) weighted by the coefficients (YOLACT, Bolya et al.,
ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.sight import Detection
from engine.types import Box, Mask, Rgb
from engine.vision.boxes import pixels_of
from engine.vision.card import Channels, Fraction, Names, PixelCard, Positive, load_card
from engine.vision.letterbox import Letterbox, letterbox
from engine.vision.onnx_encoder import check_slot
from engine.vision.preprocess import model_input
from engine.vision.session import Session, open_session

_MOST = 100  # detections an image, the surest: what COCO's own evaluation looks at
_CORNERS = 4

Floats: TypeAlias = NDArray[np.float32]


class DetectorCard(PixelCard):
    """Card of a detector of the YOLO family.

    output: the head's. masks: name of the output that holds prototypes, empty where there is
    none. classes: names by number. confidence: the least score of a detection. iou: overlap
    from which on the less sure of two boxes of one class is dropped (`yolo` heads only).
    """

    kind: Literal["detector"]
    output: str
    head: Literal["yolo", "end-to-end"] = "yolo"
    classes: Names
    masks: str = ""
    confidence: Fraction = 0.25
    iou: Fraction = 0.7
    resize: Literal["letterbox"] = "letterbox"
    mean: Channels = (0.0, 0.0, 0.0)
    std: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """n boxes (n, 4) of left, top, right, bottom in the model's input.

    scores (n,); classes (n,), numbers; coefficients (n, k) of their masks.
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]
    coefficients: Floats

    def chosen(self, which: NDArray[np.intp]) -> Candidates:
        """Some of them, in the order asked for."""
        return Candidates(
            self.boxes[which], self.scores[which], self.classes[which], self.coefficients[which]
        )


@dataclass(frozen=True, slots=True, eq=False)
class YoloDetector:
    """Finds what its card's classes name; implements `Detector`."""

    card: DetectorCard
    session: Session

    @property
    def identity(self) -> str:
        """Name of the model and hash of all that decides what it finds."""
        return self.card.identity

    @property
    def classes(self) -> Sequence[str]:
        """What it can find."""
        return self.card.classes

    def detect(self, image: Rgb) -> Sequence[Detection]:
        """At most a hundred, surest first; raises Misconfigured where model and card disagree.

        What the model gives as NaN or infinite, and what lies outside of the image, is dropped.
        """
        head, *prototypes = self.raw(image)
        place = letterbox(image.shape[1], image.shape[0], self.card.size)
        found = self._settled(candidates_of(head, self.card))
        boxes = place.to_image(found.boxes)
        masks = self._masks(found, prototypes, place)
        return [
            Detection(Box(*box), self.card.classes[number], score, mask=_within(mask, box))
            for box, number, score, mask in zip(
                boxes.tolist(), found.classes, found.scores.tolist(), masks, strict=True
            )
            if box[0] < box[2] and box[1] < box[3]
        ]

    def raw(self, image: Rgb) -> list[Floats]:
        """The head as the model gives it, and the prototypes where the card names some."""
        outputs = [name for name in (self.card.output, self.card.masks) if name]
        return self.session.run_all(outputs, {self.card.input: model_input(image, self.card)})

    def _settled(self, found: Candidates) -> Candidates:
        """The surest, each thing once, in falling order of score, ties in the model's order."""
        if self.card.head == "yolo":
            found = found.chosen(_suppressed(found, self.card.iou))
        return found.chosen(np.argsort(-found.scores, kind="stable")[:_MOST])

    def _masks(
        self, found: Candidates, prototypes: Sequence[Floats], place: Letterbox
    ) -> Sequence[Mask | None]:
        if not prototypes:
            return [None] * len(found.scores)
        (basis,) = prototypes
        depth = found.coefficients.shape[1]
        if basis.ndim != 4 or basis.shape[:2] != (1, depth):
            raise Misconfigured(
                f"model {self.card.file} gave {self.card.masks!r} of shape {basis.shape}, but its "
                f"head has {depth} coefficients a mask: check output and masks in its card"
            )
        fields = np.tensordot(found.coefficients, basis[0], axes=1)
        return [place.map_to_image(field) > 0 for field in fields]


def candidates_of(head: Floats, card: DetectorCard) -> Candidates:
    """What a head's output says, below the confidence left out; raises Misconfigured."""
    depth = len(card.classes)
    if card.head == "yolo":
        _check_shape(head, card, rows=_CORNERS + depth, axis=1)
        found = _from_yolo(head[0], depth, card.confidence)
    else:
        _check_shape(head, card, rows=_CORNERS + 2, axis=2)
        found = _from_end_to_end(head[0], card.confidence)
    _check_values(found, card)
    return found


def _check_values(found: Candidates, card: DetectorCard) -> None:
    if not len(found.scores):
        return
    lowest, highest = found.classes.min(), found.classes.max()
    if lowest < 0 or highest >= len(card.classes):
        raise Misconfigured(
            f"model {card.file} gave class numbers {lowest} to {highest}; its card names "
            f"{len(card.classes)} classes"
        )
    if found.scores.max() > 1:
        raise Misconfigured(
            f"model {card.file} gave a score of {found.scores.max():.3g}, where 1 is certain: "
            "check head in its card, and that its export ends with probabilities"
        )


def _check_shape(head: Floats, card: DetectorCard, rows: int, axis: int) -> None:
    fits = head.ndim == 3 and head.shape[0] == 1
    if not fits or not (head.shape[axis] > rows if card.masks else head.shape[axis] == rows):
        more = " and more for masks" if card.masks else ""
        wanted = f"(1, {rows}, n)" if axis == 1 else f"(1, n, {rows})"
        raise Misconfigured(
            f"model {card.file} gave an output of shape {head.shape}; head = {card.head!r} with "
            f"{len(card.classes)} classes means {wanted}{more}: check head, classes and masks in "
            "its card"
        )


def _from_yolo(head: Floats, depth: int, confidence: float) -> Candidates:
    scores = head[_CORNERS : _CORNERS + depth]
    sure = np.flatnonzero(scores.max(axis=0) >= confidence)  # NaN is not
    columns = head[:, sure].T
    centre, half = columns[:, :2], columns[:, 2:_CORNERS] / 2
    each = columns[:, _CORNERS : _CORNERS + depth]
    return _finite(
        Candidates(
            np.concatenate([centre - half, centre + half], axis=1),
            each.max(axis=1),
            each.argmax(axis=1),
            columns[:, _CORNERS + depth :],
        )
    )


def _from_end_to_end(head: Floats, confidence: float) -> Candidates:
    rows = head[head[:, _CORNERS] >= confidence]
    rows = rows[np.isfinite(rows).all(axis=1)]
    return Candidates(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64), rows[:, 6:])


def _finite(found: Candidates) -> Candidates:
    values = (found.boxes, found.scores[:, None], found.coefficients)
    return found.chosen(np.flatnonzero(np.isfinite(np.concatenate(values, axis=1)).all(axis=1)))


def _suppressed(found: Candidates, iou: float) -> NDArray[np.intp]:
    """Which remain when, class by class, the surest drops what overlaps it."""
    corner, size = found.boxes[:, :2], found.boxes[:, 2:] - found.boxes[:, :2]
    kept = cv2.dnn.NMSBoxesBatched(
        np.concatenate([corner, size], axis=1).astype(np.float64).tolist(),
        found.scores.tolist(),
        found.classes.tolist(),
        0.0,
        iou,
    )
    return np.array(kept, np.intp).reshape(-1)


def _within(mask: Mask | None, box: Sequence[float]) -> Mask | None:
    """A mask ends where its box does."""
    if mask is None:
        return None
    left, top, right, bottom = pixels_of(Box(*box))
    kept = np.zeros_like(mask)
    kept[top:bottom, left:right] = mask[top:bottom, left:right]
    return kept


def load_detector(card_path: Path, threads: int) -> YoloDetector:
    """Open the model beside a card; raises Misconfigured where card or model is wrong."""
    card = load_card(card_path, DetectorCard)
    session = open_session(card_path.parent / card.file, threads, card.sha256)
    outputs = [slot.name for slot in session.outputs]
    check_slot(card.input, [slot.name for slot in session.inputs], card_path, "input")
    check_slot(card.output, outputs, card_path, "output")
    if card.masks:
        check_slot(card.masks, outputs, card_path, "output")
    detector = YoloDetector(card, session)
    _warm_up(detector)
    return detector


def _warm_up(detector: YoloDetector) -> None:
    """Run once, which shows whether the outputs are what the card says."""
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    if not all(np.isfinite(output).all() for output in detector.raw(image)):
        raise Misconfigured(
            f"model {detector.session.name} gave numbers that are not finite on a test image; "
            "check scale, mean and std in its card"
        )
    detector.detect(image)
