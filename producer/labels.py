"""Reads labels.csv: `path,label[,lat,lon,time]`, one row a photo; further columns are ignored."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from engine.errors import Misconfigured
from engine.types import GeoPoint


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What labels.csv says of one photo. `captured_at` is in seconds since the Unix epoch."""

    label: str
    location: GeoPoint | None = None
    captured_at: float | None = None


def read_labels(path: Path) -> dict[str, LabelRow]:
    """Rows by photo path, relative to the folder of photos, with forward slashes.

    lat and lon are WGS 84 degrees; time is ISO 8601 or as in EXIF (`2008:10:22 16:29:49`), UTC
    where it names no zone. Raises Misconfigured, naming the line, where the file cannot be read
    so.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _rows(path, lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"{path} cannot be read as a CSV file in UTF-8: {error}") from error


def _rows(path: Path, lines: Iterable[str]) -> dict[str, LabelRow]:
    reader = csv.DictReader(lines, restval="")
    for column in ("path", "label"):
        if column not in (reader.fieldnames or ()):
            raise Misconfigured(f"{path}, line 1: column {column!r} is missing")
    rows: dict[str, LabelRow] = {}
    for fields in reader:
        try:
            name, row = _row(fields)
        except ValueError as error:
            raise Misconfigured(f"{path}, line {reader.line_num}: {error}") from error
        if name in rows:
            raise Misconfigured(f"{path}, line {reader.line_num}: {name} has a row already")
        rows[name] = row
    return rows


def _row(fields: dict[str, str]) -> tuple[str, LabelRow]:
    if not fields["path"]:
        raise ValueError("path is empty")
    lat = _degrees("lat", fields.get("lat", ""), 90)
    lon = _degrees("lon", fields.get("lon", ""), 180)
    if (lat is None) != (lon is None):
        raise ValueError("lat and lon must be given together")
    location = None if lat is None or lon is None else GeoPoint(lat, lon)
    row = LabelRow(fields["label"], location, _time(fields.get("time", "")))
    return PurePosixPath(fields["path"]).as_posix(), row


def _degrees(column: str, text: str, bound: float) -> float | None:
    if not text.strip():
        return None
    try:
        degrees = float(text)
    except ValueError:
        degrees = bound + 1
    if not -bound <= degrees <= bound:
        raise ValueError(f"{column} is {text!r}, not a number from -{bound} to {bound}")
    return degrees


def _time(text: str) -> float | None:
    if not text.strip():
        return None
    iso = text.strip().replace(":", "-", 2) if text.strip()[4:5] == ":" else text.strip()
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        raise ValueError(
            f"time is {text!r}, not like 2008-10-22T16:29:49 or 2008:10:22 16:29:49"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
