"""`cairn compare`: what two photos have in common, in words and as a picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadImage
from engine.vision.explain import GAP, side_by_side
from tests.commands import cairn, complaint
from tests.images import photo, seen_from_aside


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """A photo, the same from a step aside, and a stranger."""
    made = (photo("coffee.png"), seen_from_aside(photo("coffee.png")), photo("rocket.jpg"))
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, pixels in zip(paths, made, strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def test_one_place_and_two(pictures: list[Path]) -> None:
    """The verdict is in the last line, the numbers before it."""
    one, aside, stranger = pictures
    assert "yes, by geometry" in cairn("compare", one, aside).stdout
    told = cairn("compare", one, stranger, "--profile", "place").stdout
    assert "not by geometry alone" in told
    assert "inliers" not in cairn("compare", one, aside, "--profile", "object").stdout


def test_a_picture_shows_what_agrees(pictures: list[Path], tmp_path: Path) -> None:
    """Both photos at one height, a gap between, and coloured lines across it."""
    one, aside, stranger = pictures
    lines = []
    for other in (aside, stranger):
        cairn("compare", one, other, "-o", tmp_path / "matches.jpg")
        picture = np.asarray(Image.open(BytesIO((tmp_path / "matches.jpg").read_bytes())))
        height, width = photo("coffee.png").shape[:2]
        middle = round(width * picture.shape[0] / height) + GAP // 2
        column = picture[:, middle].astype(int)
        lines.append(int((column.max(axis=1) - column.min(axis=1) > 60).sum()))
    assert lines[0] > 20
    assert lines[1] == 0


def test_a_large_photo_is_joined_where_it_agrees(tmp_path: Path) -> None:
    """Features are found in a smaller image than the one that is shown."""
    large = Image.fromarray(photo("coffee.png")).resize((1200, 800))
    large.save(tmp_path / "large.png")
    cairn("compare", *[tmp_path / "large.png"] * 2, "-o", tmp_path / "matches.jpg")
    picture = np.asarray(Image.open(tmp_path / "matches.jpg")).astype(int)
    gap = picture[:, picture.shape[1] // 2]
    (rows,) = np.nonzero(np.ptp(gap, axis=1) > 60)
    assert rows.max() > 0.8 * len(gap)


def test_what_is_no_photo_is_said(pictures: list[Path], tmp_path: Path) -> None:
    """One line, whichever of the two it is."""
    (tmp_path / "text.jpg").write_text("no photo")
    with pytest.raises(BadImage, match="unsupported_format"):
        cairn("compare", pictures[0], tmp_path / "text.jpg")
    assert "cannot write" in complaint("compare", *pictures[:2], "-o", tmp_path / "no" / "x.jpg")


def test_many_lines_do_not_hide_the_picture() -> None:
    """Of thousands of pairs some are drawn, of few all; images of any shape fit."""
    grey = np.full((60, 40, 3), 128, np.uint8)
    tall = np.full((300, 20, 3), 128, np.uint8)
    pairs = np.tile(np.array([[0.5, 0.5, 0.5, 0.5]], np.float32), (5000, 1))
    assert side_by_side(grey, tall, pairs).shape == (480, 320 + GAP + 32, 3)


def test_lines_lead_to_what_they_join() -> None:
    """Whatever size the photos were looked at in; a photo of one row does not fill the memory."""
    grey, row = np.full((60, 40, 3), 128, np.uint8), np.full((1, 9000, 3), 128, np.uint8)
    picture = side_by_side(grey, row, np.array([[0.5, 0.25, 1.0, 0.0]], np.float32))
    assert picture.shape == (480, 320 + GAP + 1920, 3)
    coloured = np.argwhere(np.ptp(picture.astype(int), axis=2) > 60)
    assert np.abs(coloured.min(axis=0) - [0, 160]).max() < 5
    assert np.abs(coloured.max(axis=0) - [120, 320 + GAP + 1920]).max() < 5
