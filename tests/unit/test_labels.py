"""labels.csv is read in full or refused with the line that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import Misconfigured
from engine.types import GeoPoint
from producer.labels import LabelRow, read_labels


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_columns(tmp_path: Path) -> None:
    """Place and time come along in the units of the engine; unknown columns are ignored."""
    rows = read_labels(
        write(
            tmp_path,
            "\ufeffpath,label,lat,lon,time,source\n"
            "a/b.jpg,church,43.5,-11.25,2008:10:22 16:29:49,web\n"
            './c.jpg,"mill, old",,,2008-10-22T16:29:49+02:00,\n'
            "d.jpg,,,,,\n",
        )
    )
    time = datetime(2008, 10, 22, 16, 29, 49, tzinfo=UTC).timestamp()
    assert rows == {
        "a/b.jpg": LabelRow("church", GeoPoint(43.5, -11.25), time),
        "c.jpg": LabelRow("mill, old", None, time - 7200),
        "d.jpg": LabelRow(""),
    }


def test_two_columns_are_enough(tmp_path: Path) -> None:
    """Place and time are optional."""
    assert read_labels(write(tmp_path, "label,path\nx,a.jpg\n")) == {"a.jpg": LabelRow("x")}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: column 'path' is missing"),
        ("path,name\n", "line 1: column 'label' is missing"),
        ("path,label\na,x\n,y\n", "line 3: path is empty"),
        ("path,label\na,x\na,y\n", "line 3: a has a row already"),
        ("path,label,lat,lon\na,x,north,1\n", "line 2: lat is 'north'"),
        ("path,label,lat,lon\na,x,90.5,1\n", "line 2: lat is '90.5', not a number from -90 to 90"),
        ("path,label,lat,lon\na,x,1,nan\n", "line 2: lon is 'nan'"),
        ("path,label,lat,lon\na,x,1,\n", "line 2: lat and lon must be given together"),
        ("path,label,time\na,x,\nb,x,noon\n", "line 3: time is 'noon'"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, text: str, complaint: str) -> None:
    """Whoever wrote the file learns what to correct, and where."""
    with pytest.raises(Misconfigured) as error:
        read_labels(write(tmp_path, text))
    assert complaint in str(error.value)
    assert "labels.csv" in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing or binary: one clear line."""
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_labels(tmp_path / "labels.csv")
    (tmp_path / "labels.csv").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_labels(tmp_path / "labels.csv")
