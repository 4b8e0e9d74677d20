"""Sample photos with known truth: a few weeks on some building sites, made from numbers alone.

Used by the demo and by tests. Same seed, same bytes. The wall paintings are photographs that
come with scikit-image (public domain or CC0); everything else is drawn.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from math import cos, sin
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from engine.types import GeoPoint, Rgb
from producer.drawing import figures, surroundings
from producer.drawing.camera import Camera, Quad, paint
from producer.drawing.materials import Rng
from producer.drawing.photograph import WEATHERS, air_of, cast_shadow, develop, jpeg, sky
from producer.drawing.scenes import Scene, build, facade

_TOWN = GeoPoint(47.0502, 8.3093)
_START = datetime(2024, 3, 4, 7, 30, tzinfo=timezone(timedelta(hours=1)))
_VISITS = 3
_SIZES = ((640, 480), (720, 540), (800, 600))
_RENDER_WIDTH = 832


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample photo and its truth. Time or place are None where the photo carries none."""

    path: str
    label: str
    location: GeoPoint | None
    captured_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Shot:
    """One photo to take: `place` numbers the scene, `stage` is 0 before to 2 after the work."""

    label: str
    place: int
    stage: int
    weather: str
    at: datetime
    location: GeoPoint


def make_samples(
    directory: Path, seed: int = 7, sites: int = 12, singles: int = 10
) -> list[Sample]:
    """Write `IMG_0001.jpg` and on, in capture order, and `labels.csv` into `directory`.

    sites: places with 4 to 7 photos each; among the first six are two look-alike pairs and
    the two sides of one container. singles: places that were photographed once.
    """
    directory.mkdir(parents=True, exist_ok=True)
    shots = sorted(_schedule(seed, sites, singles), key=lambda shot: (shot.at, shot.label))
    samples: dict[int, Sample] = {}
    for place in range(sites + singles):
        scene = build(seed, place)
        for number, shot in enumerate(shots):
            if shot.place == place:
                samples[number] = _take(directory, seed, number, shot, scene)
    ordered = [samples[number] for number in range(len(shots))]
    _write_labels(directory / "labels.csv", ordered)
    return ordered


def _schedule(seed: int, sites: int, singles: int) -> Iterator[_Shot]:
    rng = np.random.default_rng((seed, 2))
    for place in range(sites + singles):
        site = place < sites
        label = f"site-{place + 1:02d}" if site else f"single-{place - sites + 1:02d}"
        spot = _spot(place)
        views = int(rng.integers(4, 8)) if site else 1
        visits = np.sort(rng.integers(0, _VISITS, views)) if site else rng.integers(0, _VISITS, 1)
        for visit in visits.tolist():
            weather = str(rng.choice(list(WEATHERS), p=(0.2, 0.22, 0.14, 0.22, 0.1, 0.12)))
            at = _moment(rng, place, visit, weather)
            yield _Shot(label, place, visit, weather, at, _jittered(rng, spot, 5.0))


def _spot(place: int) -> GeoPoint:
    """Places are hundreds of metres apart; the two sides of the container share one."""
    turn = 4 if place == 5 else place
    angle, reach = turn * 2.4, 0.004 + 0.0011 * turn  # a sunflower's spiral, in degrees
    return GeoPoint(_TOWN.lat + reach * sin(angle), _TOWN.lon + 1.4 * reach * cos(angle))


def _jittered(rng: Rng, spot: GeoPoint, metres: float) -> GeoPoint:
    north, east = rng.normal(0, metres / 111_320, 2)
    return GeoPoint(spot.lat + float(north), spot.lon + float(east) * 1.47)


def _moment(rng: Rng, place: int, visit: int, weather: str) -> datetime:
    """Visits are two weeks apart, the round takes three days; light follows the hour."""
    hour = {"morning": 0.5, "noon": 4.5, "evening": 10.5}.get(weather, 2.0 + place % 5)
    day = visit * 14 + place % 3
    seconds = int(place * 240 + rng.integers(240))
    return _START + timedelta(days=day, hours=hour, seconds=seconds)


def _take(directory: Path, seed: int, number: int, shot: _Shot, scene: Scene) -> Sample:
    rng = np.random.default_rng((seed, number, 3))
    name = f"IMG_{number + 1:04d}.jpg"
    located, timed = rng.random() > 0.06, rng.random() > 0.04
    sample = Sample(
        name, shot.label, shot.location if located else None, shot.at if timed else None
    )
    data = jpeg(
        photograph(rng, scene, shot.stage, shot.weather), int(rng.integers(80, 93)), _exif(sample)
    )
    (directory / name).write_bytes(data)
    return sample


def photograph(rng: Rng, scene: Scene, stage: int, weather_name: str) -> Rgb:
    """One hand-held photo of a scene: another viewpoint, sky, passers-by and noise each time."""
    weather = WEATHERS[weather_name]
    camera = _aim(rng, scene)
    canvas = sky(rng, camera, weather)
    gain = cast_shadow(rng, (200, 360), weather) * np.float32(0.9 + 0.1 * abs(weather.sun))
    quads = [*scene.around, facade(scene, stage, gain), *_passing(rng, scene)]
    if stage == 1 and scene.recipe.floors > 1:
        quads += scene.scaffold
    lit = [replace(quad, shade=quad.shade * _exposure(quad, weather.sun)) for quad in quads]
    paint(canvas, camera, lit, air_of(weather))
    return develop(rng, canvas, weather, _SIZES[int(rng.integers(len(_SIZES)))])


def _exposure(quad: Quad, sun: float) -> float:
    """Walls that face left or right are lit or in shade with the side of the sun."""
    facing = 0.0 if quad.across[2] == 0 else np.sign(quad.across[2]) * sun
    return float(1 + 0.2 * facing)


def _aim(rng: Rng, scene: Scene) -> Camera:
    recipe = scene.recipe
    distance = recipe.distance * float(rng.uniform(0.75, 1.2))
    x = float(np.clip(rng.normal(0, 0.26), -0.5, 0.5)) * recipe.distance
    eye = (x, float(rng.normal(1.62, 0.08)), -distance)
    target_x = float(rng.normal(0, 0.07)) * recipe.width
    target_y = min(recipe.height * 0.42, 3.4) + float(rng.normal(0, 0.25))
    yaw = float(np.arctan2(target_x - x, distance))
    pitch = float(np.arctan2(target_y - eye[1], distance))
    focal = _RENDER_WIDTH * float(rng.uniform(0.82, 1.12))
    roll = float(rng.normal(0, 0.022))
    return Camera(eye, yaw, pitch, roll, focal, _RENDER_WIDTH, _RENDER_WIDTH * 3 // 4)


def _passing(rng: Rng, scene: Scene) -> list[Quad]:
    """Who and what stands in the way in this one photo."""
    quads: list[Quad] = []
    half = scene.recipe.width / 2
    near = 0.55 * scene.recipe.distance
    for _ in range(int(rng.choice([0, 1, 2, 3], p=(0.45, 0.3, 0.17, 0.08)))):
        place = float(rng.uniform(-half, half)), -float(rng.uniform(1.4, near))
        quads += figures.worker(rng, *place)
    if scene.recipe.distance > 8 and rng.random() < 0.12:
        quads += surroundings.van(
            rng, float(rng.uniform(-half - 2, half - 3)), -float(rng.uniform(2.4, 4))
        )
    if rng.random() < 0.3:
        quads.append(surroundings.crane(rng))
    return quads


def _exif(sample: Sample) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = "Cairn sample photos"
    if sample.captured_at:
        offset = sample.captured_at.strftime("%z")
        details = exif.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = sample.captured_at.strftime("%Y:%m:%d %H:%M:%S")
        details[ExifTags.Base.OffsetTimeOriginal] = f"{offset[:3]}:{offset[3:]}"
    if sample.location:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef] = "N" if sample.location.lat >= 0 else "S"
        gps[ExifTags.GPS.GPSLatitude] = _sexagesimal(sample.location.lat)
        gps[ExifTags.GPS.GPSLongitudeRef] = "E" if sample.location.lon >= 0 else "W"
        gps[ExifTags.GPS.GPSLongitude] = _sexagesimal(sample.location.lon)
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes, whole = (abs(degrees) % 1) * 60, float(int(abs(degrees)))
    return whole, float(int(minutes)), round((minutes % 1) * 60, 4)


def _write_labels(path: Path, samples: list[Sample]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "lat", "lon", "time"))
        for sample in samples:
            spot = sample.location
            place = (f"{spot.lat:.7f}", f"{spot.lon:.7f}") if spot else ("", "")
            time = sample.captured_at.isoformat() if sample.captured_at else ""
            writer.writerow((sample.path, sample.label, *place, time))
