"""The result JSON: what a row says of an item and of its cluster."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.jobs.placements import Placement
from engine.types import Box, ImageRecord, Item, Origin
from exporters.result import qualities, result_json, result_rows
from tests.builders import unit


def placed(
    number: int,
    cluster: str = "c",
    *,
    confirmed: bool = True,
    vector: np.ndarray | None = None,
    attributes: dict[str, str] | None = None,
    scope: str = "s",
) -> Placement:
    image = ImageRecord(
        f"id-{number}", scope, Origin("t", 0, 0), "h", 640, 480, attributes=attributes or {}
    )
    item = Item(
        f"id-{number}#0", unit(number) if vector is None else vector, Box(0, 1.26, 640, 480)
    )
    return Placement(image, item, cluster, confirmed, 2 / 3)


def test_a_row_says_where_an_item_lies() -> None:
    """Numbers are rounded to what they are worth; names come from the message."""
    row = result_rows([placed(1, attributes={"filename": "ü/a.jpg", "label": "door"})])[0]
    assert row == {
        "filename": "ü/a.jpg",
        "label": "door",
        "x": 0.0,
        "y": 0.0,
        "z": 0.0,
        "group": 0,
        "name": None,
        "quality": "high",
        "cluster_id": "c",
        "item": "id-1#0",
        "box": [0, 1.3, 640, 480],
        "class": None,
        "score": 1.0,
        "confidence": 0.6667,
    }


def test_a_row_says_what_a_detector_took_an_item_for() -> None:
    """Its class, and how surely."""
    whole = placed(1)
    crop = replace(whole, item=replace(whole.item, label="traffic light", score=0.87654))
    row = result_rows([crop])[0]
    assert (row["class"], row["score"]) == ("traffic light", 0.8765)


def test_without_a_file_name_the_id_stands_in() -> None:
    """Messages from a camera have none."""
    row = result_rows([placed(1)])[0]
    assert (row["filename"], row["label"]) == ("id-1", None)


def test_only_confirmed_clusters_are_groups() -> None:
    """Everything else is -1, however many lie on it."""
    found = [placed(1, "p", confirmed=False), placed(2, "p", confirmed=False), placed(3, "q")]
    assert [row["group"] for row in result_rows(found)] == [-1, -1, 0]


def test_points_fill_the_cube_and_are_written_short() -> None:
    """The farthest coordinate is one; nothing finer than a millionth is claimed."""
    rows = json.loads(result_json([placed(n) for n in range(9)]))
    points = np.array([[row[axis] for axis in "xyz"] for row in rows])
    assert np.abs(points).max() == 1
    assert all(len(repr(abs(value))) <= 10 for value in points.ravel().tolist())


def test_a_cluster_much_looser_than_the_others_is_low() -> None:
    """Every row of it says so; a lone photo has nothing to be loose with."""
    tight = [placed(10 * c + n, f"c{c}", vector=unit(c)) for c in range(6) for n in range(3)]
    loose = [placed(100 + n, "loose") for n in range(3)]
    rows = result_rows([*tight, *loose, placed(200, "alone")])
    low = {row["cluster_id"] for row in rows if row["quality"] == "low"}
    assert low == {"loose"}


def test_one_id_in_two_scopes_is_two_clusters() -> None:
    """Quality and group are told apart by scope."""
    found = [placed(1, scope="s"), placed(2, scope="t")]
    assert set(qualities(found)) == {("s", "c"), ("t", "c")}
    assert [row["group"] for row in result_rows(found)] == [0, 1]


def test_nothing_found_is_an_empty_array() -> None:
    """Still JSON, still the same shape."""
    assert result_json([]) == b"[]\n"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_photos_still_have_points(count: int) -> None:
    """No axis is NaN where there are fewer photos than dimensions."""
    for row in result_rows([placed(n) for n in range(count)]):
        assert all(np.isfinite(float(str(row[axis]))) for axis in "xyz")
