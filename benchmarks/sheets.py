"""Contact sheets as PNG: rows of photos, each row under a heading, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.types import Rgb

_SIDE, _CAPTION, _HEADING = 150, 16, 28  # pixels
_ACROSS = 9
_SHOWN = 18
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (110, 110, 110)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One photo and what is written below it."""

    image: Rgb
    caption: str


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Photos that belong together; `count` of them in all, not all of which need be given."""

    heading: str
    pictures: Sequence[Picture]
    count: int

    @property
    def height(self) -> int:
        """Pixels on the sheet."""
        lines = -(-len(self.pictures) // _ACROSS)
        return _HEADING + lines * (_SIDE + _CAPTION)


def chosen(count: int) -> list[int]:
    """Which of so many photos a row shows: all of a few, else some from first to last."""
    return [round(place) for place in np.linspace(0, count - 1, min(count, _SHOWN))]


def draw_sheet(path: Path, title: str, rows: Sequence[Row]) -> None:
    """Draw a sheet and write it as PNG."""
    height = _HEADING + sum(row.height for row in rows)
    sheet = Image.new("RGB", (_ACROSS * _SIDE, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((6, 5), title, _INK, ImageFont.load_default(17))
    top = _HEADING
    for row in rows:
        hidden = f"  ({len(row.pictures)} of {row.count} shown)"
        heading = row.heading + (hidden if row.count > len(row.pictures) else "")
        pen.text((6, top + 7), heading, _INK, ImageFont.load_default(14))
        for (left, upper), picture in zip(_slots(top + _HEADING), row.pictures, strict=False):
            sheet.paste(Image.fromarray(_fitted(picture.image)), (left, upper))
            below = (left + 3, upper + _SIDE - 2)
            pen.text(below, picture.caption[:24], _FAINT, ImageFont.load_default(11))
        top += row.height
    sheet.save(path, optimize=True)


def _slots(top: int) -> Iterator[tuple[int, int]]:
    while True:
        yield from ((column * _SIDE, top) for column in range(_ACROSS))
        top += _SIDE + _CAPTION


def _fitted(image: Rgb) -> Rgb:
    """Scaled so that its long side is just below that of a slot."""
    height, width = image.shape[:2]
    scale = (_SIDE - 6) / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
