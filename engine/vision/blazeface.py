"""BlazeFace, short range (Bazarevsky et al. 2019): feeding and reading it.

For faces that fill a fifth of the image or more. It gives six points; the corners of the mouth
are estimated from its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb
from engine.vision.face_net import Candidates, Canvas, Outputs, laid_out

SIDE = 128
"""Pixels a side of the input."""
_CELLS = ((16, 2), (8, 6))
"""Cells a side of each grid, and how many candidates share a cell."""
_LOGIT_BOUND = 80.0
_HALF_MOUTH = 0.414
"""Half the width of a mouth by the distance of the eyes, on the mean face of ArcFace."""


@dataclass(frozen=True, slots=True)
class BlazeFace:
    """Implements `FaceNet`."""

    @property
    def outputs(self) -> Sequence[str]:
        """Boxes with points, and scores."""
        return ["regressors", "classificators"]

    def canvas(self, image: Rgb) -> Canvas:
        """The image, on 128 x 128 pixels."""
        return laid_out(image, SIDE, SIDE, SIDE / max(image.shape[:2]))

    def values(self, pixels: Rgb) -> NDArray[np.float32]:
        """Red, green, blue from -1 to 1, (1, 128, 128, 3)."""
        return np.asarray(pixels[None].astype(np.float32) / 127.5 - 1, np.float32)

    def read(self, outputs: Outputs, pixels: Rgb) -> Candidates:
        """896 candidates."""
        raw = outputs["regressors"].reshape(-1, 8, 2)
        logits = np.clip(outputs["classificators"].ravel(), -_LOGIT_BOUND, _LOGIT_BOUND)
        anchors = _anchors()
        middle, half = anchors + raw[:, 0], raw[:, 1] / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1)
        scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
        return Candidates(boxes, _five_of_six(anchors[:, None] + raw[:, 2:]), scores)


def _anchors() -> NDArray[np.float32]:
    """Middle of the cell of every candidate in pixels, (896, 2)."""
    grids = []
    for cells, shared in _CELLS:
        steps = (np.arange(cells, dtype=np.float32) + 0.5) * (SIDE / cells)
        across, down = np.meshgrid(steps, steps)
        grids.append(np.repeat(np.stack([across.ravel(), down.ravel()], axis=1), shared, axis=0))
    return np.concatenate(grids)


def _five_of_six(six: NDArray[np.float32]) -> NDArray[np.float32]:
    """Eyes, nose and corners of the mouth from eyes, nose, middle of the mouth and two ears."""
    left, right, nose, mouth = (six[:, k] for k in range(4))
    half = (right - left) * np.float32(_HALF_MOUTH)
    return np.stack([left, right, nose, mouth - half, mouth + half], axis=1)
