"""EXIF: times, positions and orientations come back; nonsense is absent and never raises."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from engine.sight import Metadata
from engine.types import GeoPoint
from engine.vision.exif import read_metadata, read_metadata_from
from tests.images import encoded, gradient

NOON = datetime(2021, 6, 1, 12, 0, 0, tzinfo=UTC).timestamp()
EXIF, GPS = 0x8769, 0x8825
PISA = {1: "N", 2: (43.0, 43.0, 23.0), 3: "E", 4: (10.0, 23.0, 47.0)}


def tagged(base: dict[int, Any] | None = None, **directories: dict[int, Any]) -> bytes:
    exif = Image.Exif()
    exif.update(base or {})
    for name, tags in directories.items():
        exif.get_ifd(EXIF if name == "details" else GPS).update(tags)
    return encoded(gradient(), "JPEG", exif=exif)


def test_a_file_without_exif_says_nothing() -> None:
    """No block, no guesses."""
    assert read_metadata(encoded(gradient(), "JPEG")) == Metadata()


def test_the_time_of_capture_is_read_with_fraction_and_offset() -> None:
    """14:00 at +02:00 is noon UTC."""
    data = tagged(
        details={0x9003: "2021:06:01 14:00:00", 0x9011: "+02:00", 0x9291: "25"},
        base={0x0132: "1999:01:01 00:00:00"},
    )
    assert read_metadata(data).captured_at == NOON + 0.25


def test_a_time_without_offset_is_utc() -> None:
    """A fixed reading keeps one camera's photos in order."""
    assert read_metadata(tagged(details={0x9003: "2021:06:01 12:00:00"})).captured_at == NOON


def test_the_time_of_change_stands_in_for_the_time_of_capture() -> None:
    """DateTime is used where DateTimeOriginal is missing or nonsense."""
    base = {0x0132: "2021:06:01 12:00:00"}
    assert read_metadata(tagged(base)).captured_at == NOON
    spoiled = tagged(base, details={0x9003: "0000:00:00 00:00:00"})
    assert read_metadata(spoiled).captured_at == NOON


def test_a_position_has_the_sign_of_its_hemispheres() -> None:
    """South and west are negative."""
    here = read_metadata(tagged(gps=PISA)).location
    there = read_metadata(tagged(gps=PISA | {1: "S", 3: "W"})).location
    assert here is not None
    assert (round(here.lat, 4), round(here.lon, 4)) == (43.7231, 10.3964)
    assert there == GeoPoint(-here.lat, -here.lon)


@pytest.mark.parametrize(
    "gps",
    [
        {2: (43.0, 43.0, 23.0), 4: (10.0, 23.0, 47.0)},
        PISA | {1: "E"},
        PISA | {2: (91.0, 0.0, 0.0)},
        PISA | {4: (181.0, 0.0, 0.0)},
        PISA | {2: (IFDRational(1, 0), 0.0, 0.0)},
        PISA | {2: (43.0, 43.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
    ],
    ids=["no refs", "wrong ref", "latitude", "longitude", "1/0", "two parts", "no fix"],
)
def test_an_impossible_position_is_absent(gps: dict[int, Any]) -> None:
    """Out of range, unsigned, undefined or without a fix: no position."""
    assert read_metadata(tagged(gps=gps)).location is None


@pytest.mark.parametrize(("stored", "read"), [(6, 6), (0, 1), (9, 1)])
def test_only_the_eight_orientations_count(stored: int, read: int) -> None:
    """Anything else means upright."""
    assert read_metadata(tagged({0x0112: stored})).orientation == read


def test_an_open_file_will_do() -> None:
    """The header of a file on disk can be read without loading it."""
    data = tagged(details={0x9003: "2021:06:01 12:00:00"})
    assert read_metadata_from(io.BytesIO(data)) == read_metadata(data)


FULL = tagged({0x0112: 6, 0x0132: "2021:06:01 12:00:00"}, details={0x9291: "1"}, gps=PISA)


@pytest.mark.filterwarnings("ignore")  # Pillow warns; a user sees the verdict
@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12))
def test_damaged_exif_never_raises(damage: list[tuple[int, int]]) -> None:
    """Bytes flipped inside the block lose information and nothing else."""
    data = bytearray(FULL)
    for place, value in damage:
        data[place] = value
    found = read_metadata(bytes(data))
    assert 1 <= found.orientation <= 8
    assert found.location is None or abs(found.location.lat) <= 90


@given(st.binary(max_size=100))
def test_random_bytes_hold_no_metadata(data: bytes) -> None:
    """What is no image has no time and no place."""
    assert read_metadata(data) == Metadata()
