"""A folder of small photos with known truth, some of it rotten: the stream that recovers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from engine.types import Rgb
from tests.images import PHOTOS, photo, shot

SIDE = 220
MAX_BYTES = 150_000
PANORAMA = "hubble_deep_field.jpg"
ENDS_THEN_MIDDLE = (0, 280, 20, 260, 140, 100)

Truth = dict[str, str]
"""Place by file name, for every file that can be clustered."""


def make_folder(directory: Path) -> Truth:
    """Write 40 files: five places from many sides, a panorama, a copy, and the rotten ones.

    The panorama's ends come first and share nothing; the photo that shows both merges them.
    """
    directory.mkdir(parents=True)
    truth = {}
    for number, (place, view) in enumerate(_views()):
        name = f"IMG_{number:02d}.jpg"
        (directory / name).write_bytes(shot(view, number))
        truth[name] = place
    truth["copy.jpg"] = truth["IMG_07.jpg"]
    shutil.copyfile(directory / "IMG_07.jpg", directory / "copy.jpg")
    whole = (directory / "IMG_11.jpg").read_bytes()
    (directory / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    (directory / "noise.png").write_bytes(np.random.default_rng(1).bytes(5000))
    (directory / "huge.jpg").write_bytes(whole + bytes(MAX_BYTES))
    return truth


def one_view(place: str, seed: int) -> Rgb:
    """A small photo of a place, from somewhere else for each seed."""
    return _aside(_scaled(photo(place), SIDE), np.random.default_rng(seed))


def _views() -> Iterator[tuple[str, Rgb]]:
    """Rounds of one view of each place and the next part of the panorama."""
    panorama = _scaled(photo(PANORAMA), 2 * SIDE)[:SIDE]
    for number, left in enumerate(ENDS_THEN_MIDDLE):
        rounds = ((place, one_view(place, 10 * number + n)) for n, place in enumerate(PHOTOS))
        part = np.ascontiguousarray(panorama[:, left : left + SIDE])
        yield from chain(rounds, [(PANORAMA, part)])


def _scaled(image: Rgb, width: int) -> Rgb:
    height = round(image.shape[0] * width / image.shape[1])
    scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def _aside(image: Rgb, rng: np.random.Generator) -> Rgb:
    """What another camera position and another light make of a picture."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.08, 0.08, (4, 2)) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    warped = cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(warped * rng.uniform(0.8, 1.1), 0, 255), np.uint8)
