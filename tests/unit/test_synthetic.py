"""The sample photos: reproducible, truthful, and as hard as they claim to be."""

from __future__ import annotations

import csv
from datetime import datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from engine.types import LocalFeatures
from engine.vision import worths
from engine.vision.geometry import EpipolarVerifier
from engine.vision.matching import RatioMatcher
from engine.vision.sift import SiftExtractor
from producer.drawing.scenes import build
from producer.synthetic import Sample, make_samples, photograph


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Sample]]:
    directory = tmp_path_factory.mktemp("samples")
    return directory, make_samples(directory, seed=3, sites=2, singles=1)


def test_the_same_seed_gives_the_same_bytes(
    made: tuple[Path, list[Sample]], tmp_path: Path
) -> None:
    """A demo that is run twice shows the same photos, to the bit."""
    directory, samples = made
    assert make_samples(tmp_path, seed=3, sites=2, singles=1) == samples
    for path in directory.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_the_label_file_tells_the_truth_and_file_names_do_not(
    made: tuple[Path, list[Sample]],
) -> None:
    """labels.csv lists every photo once; names count up in capture order."""
    directory, samples = made
    with (directory / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["label"]) for row in rows] == [(s.path, s.label) for s in samples]
    assert {row["path"] for row in rows} == {path.name for path in directory.glob("*.jpg")}
    assert [s.path for s in samples] == [f"IMG_{n:04d}.jpg" for n in range(1, len(samples) + 1)]
    times = [s.captured_at for s in samples if s.captured_at]
    assert times == sorted(times)
    assert {s.label for s in samples} == {"site-01", "site-02", "single-01"}


def test_exif_carries_what_the_truth_says(made: tuple[Path, list[Sample]]) -> None:
    """Capture time with its offset and position read back from the file."""
    directory, samples = made
    for sample in samples:
        with Image.open(directory / sample.path) as image:
            exif = image.getexif()
        details, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
        assert bool(gps) == (sample.location is not None)
        if sample.location:
            whole, minutes, seconds = (float(v) for v in gps[ExifTags.GPS.GPSLatitude])
            latitude = whole + minutes / 60 + seconds / 3600
            assert latitude == pytest.approx(sample.location.lat, abs=1e-6)
            assert gps[ExifTags.GPS.GPSLongitudeRef] == "E"
        if sample.captured_at:
            text = details[ExifTags.Base.DateTimeOriginal] + details[36881]
            assert datetime.strptime(text, "%Y:%m:%d %H:%M:%S%z") == sample.captured_at
        else:
            assert ExifTags.Base.DateTimeOriginal not in details


@pytest.mark.parametrize(("one", "other"), [(0, 1), (4, 5)])
def test_geometry_tells_look_alikes_apart(one: int, other: int) -> None:
    """Views of one site agree in 20 points and more; look-alikes stay below 15 (chance)."""
    verify = EpipolarVerifier(RatioMatcher(), worths.SIFT).verify
    views = {place: _views(place) for place in (one, other)}
    within = [verify(a, b).inliers for own in views.values() for a, b in combinations(own, 2)]
    between = [verify(a, b).inliers for a in views[one] for b in views[other]]
    assert np.median(within) >= 20
    assert max(between) < 15


def _views(place: int) -> list[LocalFeatures]:
    scene = build(7, place)
    rng = np.random.default_rng(place)
    conditions = ((0, "noon"), (1, "overcast"), (2, "evening"))
    return [SiftExtractor().extract(photograph(rng, scene, *shot)) for shot in conditions]
