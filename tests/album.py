"""A small album on disk for tests of the command line: three scenes seen thrice, one alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.types import Rgb
from tests.images import photo, seen_from_aside, shot

SCENES = ("coffee.png", "chelsea.png", "rocket.jpg")
ALONE = "astronaut.png"
TILTS = (0.0, 0.08, 0.15)
SIDE = 240  # pixels of the longer side: quick, and enough for geometry


def album() -> dict[str, bytes]:
    """Photos by name, each a minute later than the one before; scenes take turns."""
    shots = [(f"{n}-{name[:6]}", name, tilt) for n, tilt in enumerate(TILTS) for name in SCENES]
    shots.insert(4, ("1-alone", ALONE, 0.0))
    return {
        f"{name}.jpg": shot(_view(scene, tilt), minute)
        for minute, (name, scene, tilt) in enumerate(shots)
    }


def labels() -> dict[str, str]:
    """The scene of every photo of the album."""
    return {name: name.removesuffix(".jpg").split("-")[1] for name in album()}


def write(folder: Path, photos: dict[str, bytes]) -> Path:
    """Put photos under their names, sub-folders made as needed; the folder."""
    for name, data in photos.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_labels(path: Path, rows: dict[str, str]) -> Path:
    """A labels.csv."""
    path.write_text("path,label\n" + "".join(f"{name},{label}\n" for name, label in rows.items()))
    return path


def _view(name: str, tilt: float) -> Rgb:
    image = Image.fromarray(photo(name))
    image.thumbnail((SIDE, SIDE))
    return seen_from_aside(np.asarray(image), tilt)
