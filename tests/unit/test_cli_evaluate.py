"""`cairn evaluate`: a table or JSON, and one clear line where there is nothing to judge."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.album import write_labels
from tests.commands import cairn, complaint

ROWS = [("a.jpg", 0), ("b.jpg", 0), ("c.jpg", 1), ("d.jpg", -1), ("e.jpg", -1)]
TRUTH = {"a.jpg": "door", "b.jpg": "door", "c.jpg": "wall", "d.jpg": "wall", "e.jpg": "roof"}


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "r.json"
    rows = [{"filename": name, "group": group, "label": None, "x": 0.5} for name, group in ROWS]
    path.write_bytes(orjson.dumps(rows))
    return path


def test_json_holds_every_measure(result: Path, tmp_path: Path) -> None:
    """Noise counts as alone: d misses its partner, e is right to have none."""
    table = write_labels(tmp_path / "l.csv", TRUTH)
    scores = orjson.loads(cairn("evaluate", result, table, "--json").stdout)
    assert scores["photos"] == 5
    assert scores["bcubed"]["precision"] == 1
    assert scores["bcubed"]["recall"] == pytest.approx(4 / 5)
    assert (scores["true_clusters"], scores["found_clusters"]) == (2, 1)
    assert scores["cluster_count_error"] == -1
    assert {"pairwise", "ari", "ami", "v_measure"} <= scores.keys()


def test_the_table_says_what_was_left_out(result: Path, tmp_path: Path) -> None:
    """Photos without a label, an empty one included, and labels without a photo."""
    some = {"a.jpg": "door", "b.jpg": "door", "./c.jpg": "wall", "d.jpg": "", "x.jpg": "wall"}
    shown = cairn("evaluate", result, write_labels(tmp_path / "l.csv", some)).stdout
    assert "3 photos against their labels" in shown
    assert "2 photos have no label" in shown
    assert "1 labelled photos are not in the result" in " ".join(shown.split())
    assert "P 1.0000" in shown


def test_labels_of_other_photos_are_an_error(result: Path, tmp_path: Path) -> None:
    """The line shows a path of either side, where the difference can be seen."""
    table = write_labels(tmp_path / "l.csv", {"photos/a.jpg": "door"})
    said = complaint("evaluate", result, table)
    assert "A photo: a.jpg; a label: photos/a.jpg" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"path,label\n", "Invalid JSON"),
        (b'{"a.jpg": 1}', "valid array"),
        (b'["a.jpg"]', "[0]"),
        (b'[{"filename": "a.jpg"}]', "[0]['group'] Field required"),
        (b'[{"filename": "a.jpg", "group": "1"}]', "[0]['group']"),
        (b'[{"filename": "a.jpg", "group": 1.5}]', "[0]['group']"),
        (b'[{"filename": null, "group": 1}]', "[0]['filename']"),
    ],
)
def test_another_file_is_no_result(content: bytes, said: str, tmp_path: Path) -> None:
    """The line says which row is how it should not be."""
    (tmp_path / "r.json").write_bytes(content)
    line = complaint("evaluate", tmp_path / "r.json", write_labels(tmp_path / "l.csv", TRUTH))
    assert "is no result of `cairn cluster`" in line
    assert said in line


def test_lost_files_are_named(result: Path, tmp_path: Path) -> None:
    """Either of the two."""
    table = write_labels(tmp_path / "l.csv", TRUTH)
    assert "lost.json" in complaint("evaluate", tmp_path / "lost.json", table)
    assert "lost.csv" in complaint("evaluate", result, tmp_path / "lost.csv")
    assert "nothing" in complaint("evaluate", result, write_labels(tmp_path / "l.csv", {}))
