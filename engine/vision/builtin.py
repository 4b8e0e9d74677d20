"""The encoder that needs no model: texture and colour statistics without a position.

Texture: dense gradient histograms (as in SIFT and HOG) at three scales, each reduced to its
lowest frequencies, summed per kind of patch and power-normalised, as in VLAD (Jegou et al.,
CVPR 2010; Delhumeau et al., 2013) but with kinds that are defined instead of learned.
Colour: a soft joint histogram in CIE Lab, compared by Hellinger's kernel.
Neither remembers where in the image a thing is, so that a moved camera changes little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb, Vector

Floats = NDArray[np.float32]

_IDENTITY = "builtin-1"  # change it whenever any image gets another vector
_SCALES = (192.0, 136.0, 96.0)  # square root of the area of the image, in pixels
_CELL = 4  # pixels a side over which gradients are summed
_PATCH = 4  # cells a side of a patch
_ORIENTATIONS = 8
_FREQUENCIES = 24  # kept of each patch
_KINDS = 2 * _ORIENTATIONS
_COLOUR_SIDE = 64  # pixels
_COLOUR_BINS = 5  # per channel of Lab
_COLOUR_REACH = 25.0  # Lab units from grey at which a and b reach their last bin
_MIN_CONTRAST = 0.15  # of the median patch; below it there is only noise


@dataclass(frozen=True, slots=True)
class BuiltinEncoder:
    """Describes images by their texture and colour; implements `Encoder`."""

    @property
    def identity(self) -> str:
        """Name and version of the method."""
        return _IDENTITY

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return _KINDS * _FREQUENCIES + _COLOUR_BINS**3

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        """Describe n images as (n, dim) unit rows."""
        rows = [_unit(_describe(image)) for image in images]
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)


def _describe(image: Rgb) -> Vector:
    return np.concatenate([_texture(image), _colour(image)])


def _texture(image: Rgb) -> Vector:
    """Sums of patches per kind, power-normalised; zero where the image is flat."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    patches = _contrasted(np.concatenate([_patches(grey, scale) for scale in _SCALES]))
    patches = np.sqrt(patches / patches.sum(axis=(1, 2, 3), keepdims=True))
    members = np.eye(_KINDS, dtype=np.float32)[_kinds(patches)]
    sums = members.T @ (patches.reshape(-1, _ORIENTATIONS * _PATCH**2) @ _low_frequencies())
    # Two power laws: a kind, then a value, that fills the image must not drown the others.
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    sums = sums / np.sqrt(np.maximum(lengths, 1e-9))
    return _unit((np.sign(sums) * np.sqrt(np.abs(sums))).ravel())


def _patches(grey: NDArray[np.uint8], side: float) -> Floats:
    """Gradient histograms of every patch, (n, orientations, patch, patch), with overlap."""
    scale = side / np.sqrt(grey.size) / _CELL
    rows, columns = (max(_PATCH, round(length * scale)) for length in grey.shape)
    size = (columns * _CELL, rows * _CELL)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    cells = [
        cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA)
        for plane in _oriented(small)
    ]
    windows = np.lib.stride_tricks.sliding_window_view(np.stack(cells), (_PATCH, _PATCH), (1, 2))
    return windows.transpose(1, 2, 0, 3, 4).reshape(-1, _ORIENTATIONS, _PATCH, _PATCH)


def _oriented(grey: Floats) -> Floats:
    """Gradient strength per orientation, (orientations, h, w), shared by the nearest two."""
    strength, angle = cv2.cartToPolar(
        cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    )
    turn = angle * np.float32(_ORIENTATIONS / (2 * np.pi))
    gap = np.abs(turn - np.arange(_ORIENTATIONS, dtype=np.float32)[:, None, None])
    gap = np.minimum(gap, _ORIENTATIONS - gap)
    return np.asarray(strength * np.maximum(1 - gap, 0), np.float32)


def _contrasted(patches: Floats) -> Floats:
    contrast = patches.sum(axis=(1, 2, 3))
    present = contrast[contrast > 0]
    floor = _MIN_CONTRAST * np.median(present) if present.size else np.inf
    kept: Floats = patches[contrast > floor]
    return kept


def _kinds(patches: Floats) -> NDArray[np.intp]:
    """Kind of each patch: its strongest orientation, and which half holds more."""
    orientation = patches.sum(axis=(2, 3)).argmax(axis=1)
    halves = patches.reshape(-1, _ORIENTATIONS, 2, _PATCH * _PATCH // 2).sum(axis=(1, 3))
    kinds: NDArray[np.intp] = 2 * orientation + (halves[:, 0] > halves[:, 1])
    return kinds


@cache
def _low_frequencies() -> Floats:
    """Fourier over orientations times cosine over rows and columns, lowest first, no constant.

    Shape (orientations * patch * patch, frequencies). It stands in for the principal
    components of gradient histograms, which it resembles.
    """
    across = _cosines(_PATCH)
    around = _harmonics(_ORIENTATIONS)
    order = sorted(
        ((o // 2 + o % 2) ** 2 + y**2 + x**2, o, y, x)
        for o in range(_ORIENTATIONS)
        for y in range(_PATCH)
        for x in range(_PATCH)
    )
    kept = order[1 : _FREQUENCIES + 1]
    columns = [np.einsum("o,y,x->oyx", around[o], across[y], across[x]) for _, o, y, x in kept]
    return np.stack([column.ravel() for column in columns], axis=1).astype(np.float32)


def _cosines(n: int) -> NDArray[np.float64]:
    """The orthonormal cosine basis (DCT-II), one row per frequency."""
    frequency, place = np.mgrid[:n, :n]
    rows = np.cos(np.pi * frequency * (2 * place + 1) / (2 * n))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _harmonics(n: int) -> NDArray[np.float64]:
    """The orthonormal real Fourier basis for even n: constant, cos 1, sin 1, cos 2, ..."""
    place = 2 * np.pi * np.arange(n) / n
    rows = [np.cos(0 * place)]
    rows += [wave(h * place) for h in range(1, n // 2) for wave in (np.cos, np.sin)]
    rows.append(np.cos(n // 2 * place))
    return np.stack([row / np.linalg.norm(row) for row in rows])


def _colour(image: Rgb) -> Vector:
    """Square root of the joint Lab histogram: unit length, finer near grey."""
    small = cv2.resize(image, (_COLOUR_SIDE, _COLOUR_SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    reach = np.sign(lab[:, 1:]) * np.sqrt(np.abs(lab[:, 1:]) / _COLOUR_REACH)
    light, green_red, blue_yellow = (
        _soft_bins(values) for values in (lab[:, 0] / 100, *(reach.T / 2 + 0.5))
    )
    tints = np.einsum("na,nb->nab", green_red, blue_yellow).reshape(len(lab), -1)
    return np.asarray(np.sqrt((light.T @ tints).ravel() / len(lab)), np.float32)


def _soft_bins(values: Floats) -> Floats:
    """Shares of values 0 to 1 in the two nearest bins, (n, bins); outside counts as the edge."""
    place = np.clip(values, 0, 1) * (_COLOUR_BINS - 1)
    gap = np.abs(place[:, None] - np.arange(_COLOUR_BINS, dtype=np.float32))
    return np.asarray(np.maximum(1 - gap, 0), np.float32)


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
