"""The worst clusters, picked and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.failures import ALONE, gathered, heading, merged_cases, nearness, split_cases
from benchmarks.sheets import Picture, Row, chosen, draw_sheet
from tests.unit.benchmarks.toys import stream_of, verdicts_in

# The toy stream deals its 18 samples to the labels 0, 1, 2 in turn.
TRUTH = np.arange(18) % 3


def test_clusters_with_most_wrong_pairs_come_first() -> None:
    """One with two labels of six, one with a stray; a pure one is no case."""
    groups = np.where(TRUTH == 2, 2, 0)
    groups[2] = 1
    groups[5] = 0
    worst = merged_cases(stream_of(), groups)
    assert [(case.name, case.photos, case.pairs) for case in worst] == [("cluster 0", 13, 48)]
    assert [len(row) for row in worst[0].rows.values()] == [6, 6, 1]


def test_labels_with_most_missing_pairs_come_first() -> None:
    """Photos on their own are rows of their own, shown as one; totals count the whole stream."""
    groups = TRUTH.copy()
    groups[[0, 3]] = -1
    groups[1] = 0
    first, second = split_cases(stream_of(), groups)
    assert (first.name, first.pairs, len(first.rows)) == ("0", 9, 3)
    assert (second.name, second.pairs) == ("1", 5)
    rows = gathered(first.rows)
    assert list(rows) == ["cluster 0", ALONE]
    assert heading(first, "cluster 0", rows["cluster 0"], "") == "cluster 0: 4 of its 5"
    assert heading(first, ALONE, rows[ALONE], "") == "alone: 2"


def test_a_perfect_result_has_no_case() -> None:
    """Nothing wrong, nothing drawn."""
    assert merged_cases(stream_of(), TRUTH) == split_cases(stream_of(), TRUTH) == []


def test_nearness_tells_geometry_of_places_alone(tmp_path: Path) -> None:
    """Cosines always, inliers where the profile verifies; nobody is compared with oneself."""
    verdicts, _ = verdicts_in(tmp_path)
    one, other = np.array([0, 3]), np.array([1, 4])
    assert "inliers" not in nearness(stream_of(), one, other, verdicts)
    places = stream_of("place")
    verdicts.introduce(places.samples)
    assert nearness(places, one, other, verdicts).endswith("inliers 0")
    assert nearness(places, one, one, verdicts).endswith("inliers 8")


def test_a_long_row_is_shown_from_first_to_last() -> None:
    """Every photo of a few, else some with both ends."""
    assert chosen(3) == [0, 1, 2]
    shown = chosen(100)
    assert (len(shown), shown[0], shown[-1]) == (18, 0, 99)


def test_a_sheet_holds_all_rows(tmp_path: Path) -> None:
    """Rows below each other, photos of any shape scaled into their slots."""
    tall, wide = (np.full(size, 90, np.uint8) for size in ((900, 30, 3), (20, 500, 3)))
    row = Row("heading", [Picture(tall, "#0 tall"), Picture(wide, "#1 wide")], 40)
    long = Row("long", [Picture(wide, "wide")] * 10, 10)
    draw_sheet(tmp_path / "sheet.png", "title", [row, long])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 28 + row.height + long.height
        assert sheet.getpixel((2, 28 + 28 + 70)) != (255, 255, 255)
