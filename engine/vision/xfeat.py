"""Local features by XFeat (Potje et al., CVPR 2024), run as an ONNX model.

The model gives descriptors and their reliability on a grid of 8 x 8 pixels, and for each cell the
chances that a key point lies on one of its 64 pixels, or none. Decoded as the authors do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.types import LocalFeatures, Mask, Rgb
from engine.vision.card import Count, ModelCard, Positive, Side, load_card
from engine.vision.session import Session, open_session

Map = NDArray[np.float32]

_CODE = 1  # raise it whenever any image gets other features from the same card
_CELL = 8
_DIM = 64
_PEAK = 5  # pixels a side of the square in which a key point is the likeliest
_MARGIN = 4  # pixels along padded borders where descriptors see what is not there
_MIDDLE = 128  # byte that stands for zero in a descriptor
_SCALE = 256  # bytes hold -0.5 to 0.5: of unit descriptors one number in 100,000 lies outside


class LocalFeaturesCard(ModelCard):
    """Card of a model of local features.

    size: (height, width) of the input, grey, one channel. descriptors, keypoints, reliability:
    names of the outputs, of 64, 65 and 1 channels on a grid of size / 8. max_points: at most so
    many are kept, best first; least: chance from which on a pixel is a key point.
    """

    kind: Literal["local-features"]
    method: Literal["xfeat"] = "xfeat"
    input: str
    size: tuple[Side, Side]
    descriptors: str = "feats"
    keypoints: str = "keypoints"
    reliability: str = "heatmap"
    max_points: Count = 2000
    least: Positive = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A part of the working image: rows from `top`, of which those in [first, end) are its own."""

    top: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Key points (n, 2) as x, y in the working image, unit descriptors (n, 64), scores (n,)."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class XFeatExtractor:
    """Finds the best XFeat points of an image; implements `FeatureExtractor`.

    An image is scaled to fit the input, lying or standing; a standing one is looked at in two
    tiles that overlap, for the input lies.
    """

    card: LocalFeaturesCard
    session: Session = field(repr=False)

    @property
    def identity(self) -> str:
        """Name and hash of the model, and how its outputs are read."""
        return f"xfeat-{_CODE}-{self.card.identity}"

    def extract(self, image: Rgb, hidden: Mask | None = None) -> LocalFeatures:
        """Features of an upright image, ordered by falling score; n = 0 where it is flat.

        Descriptors are bytes: a number v of a unit descriptor is kept as 256 v + 128.
        """
        grey = self._working_image(image)
        height, width = grey.shape
        found = _joined([self._look(grey, tile) for tile in self._tiles(height)])
        found = _seen(found, hidden, width, height)
        kept = _chosen(found, np.arange(min(len(found.points), self.card.max_points)))
        no_turn = np.tile(np.array([_CELL, 0], np.float32), (len(kept.points), 1))
        points = np.concatenate([kept.points, no_turn], axis=1)
        return LocalFeatures(points, _as_bytes(kept.descriptors), width, height)

    def _working_image(self, image: Rgb) -> NDArray[np.uint8]:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        height, width = grey.shape
        short, long = sorted(self.card.size)
        scale = min(short / min(height, width), long / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)

    def _tiles(self, height: int) -> Iterator[_Tile]:
        """Tiles as high as the input, the fewest that cover so many rows."""
        rows = self.card.size[0]
        count = -(-height // rows)
        tops = [round(i * (height - rows) / max(1, count - 1)) for i in range(count)]
        seams = [(above + rows + below) // 2 for above, below in pairwise(tops)]
        for top, first, end in zip(tops, [0, *seams], [*seams, height], strict=True):
            yield _Tile(top, first, end)

    def _look(self, grey: NDArray[np.uint8], tile: _Tile) -> _Found:
        rows, columns = self.card.size
        part = grey[tile.top : tile.top + rows]
        down, right = rows - part.shape[0], columns - part.shape[1]
        # Mirrored, not filled: the edge of a filled border would be full of key points.
        canvas = cv2.copyMakeBorder(part, 0, down, 0, right, cv2.BORDER_REFLECT_101)
        descriptors, logits, reliability = self._maps(np.asarray(canvas, np.float32))
        found = _decoded(descriptors, logits, reliability, self.card.least)
        x, y = found.points.T
        inside = (x < part.shape[1] - _MARGIN * (right > 0)) & (
            y < part.shape[0] - _MARGIN * (down > 0)
        )
        moved = replace(found, points=found.points + np.array([0, tile.top], np.float32))
        return _chosen(moved, inside & (y + tile.top >= tile.first) & (y + tile.top < tile.end))

    def _maps(self, grey: Map) -> list[Map]:
        """Descriptors (64, h, w), key point logits (65, h, w), reliability (1, h, w)."""
        card = self.card
        names = (card.descriptors, card.keypoints, card.reliability)
        maps = self.session.run_all(names, {card.input: grey[None, None]})
        grid = tuple(side // _CELL for side in card.size)
        for name, depth, found in zip(names, (_DIM, _CELL * _CELL + 1, 1), maps, strict=True):
            if found.shape != (1, depth, *grid):
                raise Misconfigured(
                    f"model {self.session.name} gave {name!r} of shape {found.shape}; "
                    f"its card promises {(1, depth, *grid)}"
                )
        return [found[0] for found in maps]


def load_xfeat(card_path: Path, threads: int) -> XFeatExtractor:
    """Open the model beside a card and run it once; raises Misconfigured where it is unsound."""
    card = load_card(card_path, LocalFeaturesCard)
    height, width = card.size
    if height > width or height % _CELL or width % _CELL:
        raise Misconfigured(
            f"model card {card_path}: size: {height} x {width} (height x width) must be whole "
            f"cells of {_CELL} pixels, and not higher than wide"
        )
    session = open_session(card_path.parent / card.file, threads, card.sha256)
    extractor = XFeatExtractor(card, session)
    extractor.extract(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    return extractor


def _decoded(descriptors: Map, logits: Map, reliability: Map, least: float) -> _Found:
    """Key points of one input, best first; ties in the order of rows."""
    chances = _chances(logits)
    square = np.ones((_PEAK, _PEAK), np.uint8)
    peaks = (chances == cv2.dilate(chances, square)) & (chances > least)
    rows, columns = np.nonzero(peaks)
    height, width = chances.shape
    # As torch's grid_sample sees them: the grid's corners lie at the outer edges of its cells.
    x = columns * (width // _CELL) / (width - 1) - 0.5
    y = rows * (height // _CELL) / (height - 1) - 0.5
    sampled = _bilinear(np.concatenate([_unit_columns(descriptors), reliability]), x, y)
    scores = chances[rows, columns] * sampled[:, -1]
    points = np.stack([columns, rows], axis=1).astype(np.float32)
    found = _Found(points, _unit_rows(sampled[:, :-1]), scores)
    return _chosen(found, np.argsort(-scores, kind="stable"))


def _chances(logits: Map) -> Map:
    """Chance (8 h, 8 w) that a key point lies on a pixel, of logits (65, h, w)."""
    powers = np.exp(logits - logits.max(axis=0))
    chances = powers[:-1] / powers.sum(axis=0)
    _, height, width = chances.shape
    cells = chances.reshape(_CELL, _CELL, height, width).transpose(2, 0, 3, 1)
    return np.ascontiguousarray(cells.reshape(height * _CELL, width * _CELL))


def _bilinear(maps: Map, x: NDArray[np.float64], y: NDArray[np.float64]) -> Map:
    """Values (n, k) of maps (k, h, w) at places between their pixels; beyond the edge the edge."""
    _, height, width = maps.shape
    grid = np.ascontiguousarray(maps.transpose(1, 2, 0))
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    across = (x - left).astype(np.float32)[:, None]
    down = (y - top).astype(np.float32)[:, None]
    near, far = np.clip(left, 0, width - 1), np.clip(left + 1, 0, width - 1)
    high, low = np.clip(top, 0, height - 1), np.clip(top + 1, 0, height - 1)
    above = grid[high, near] * (1 - across) + grid[high, far] * across
    below = grid[low, near] * (1 - across) + grid[low, far] * across
    return np.asarray(above * (1 - down) + below * down, np.float32)


def _seen(found: _Found, hidden: Mask | None, width: int, height: int) -> _Found:
    """Without the points on what is hidden."""
    if hidden is None:
        return found
    small = cv2.resize(hidden.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    x, y = found.points.astype(np.intp).T
    return _chosen(found, small[y, x] == 0)


def _joined(parts: Sequence[_Found]) -> _Found:
    """What several tiles show, best first."""
    together = _Found(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.descriptors for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )
    return _chosen(together, np.argsort(-together.scores, kind="stable"))


def _chosen(found: _Found, which: NDArray[np.bool_] | NDArray[np.intp]) -> _Found:
    return _Found(found.points[which], found.descriptors[which], found.scores[which])


def _as_bytes(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(descriptors * _SCALE) + _MIDDLE, 0, 255), np.uint8)


def _unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-6), np.float32)


def _unit_columns(maps: Map) -> Map:
    return np.asarray(maps / np.maximum(np.linalg.norm(maps, axis=0), 1e-6), np.float32)
