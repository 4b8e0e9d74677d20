"""Make a contact sheet of a result: the piles, with thumbnails read off the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import TypeAlias

from cairn.compose import Means
from cairn.files import write_file
from engine.errors import BadImage
from engine.jobs.placements import Placement, piles
from engine.types import GeoPoint, Rejection, Rgb
from engine.vision.decode import DecodeLimits, decode
from exporters.contact_sheet import (
    SHOWN_MEMBERS,
    THUMBNAIL_SIDE,
    ClusterCard,
    Member,
    Report,
    render_contact_sheet,
    thumbnail,
)
from exporters.result import qualities

SHOWN_SINGLES = 240
"""Thumbnails of single photos: a page must stay a page."""
_MOST_DECODED = 2048
"""Pixels of the longer side that a photo is decoded to for the sake of a small item of it."""
Key: TypeAlias = tuple[str, str]
"""Scope and item id."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a contact sheet shows. seconds: how long clustering took, None where nobody knows.

    bcubed: B-cubed F-measure, None without known labels.
    """

    placements: Sequence[Placement]
    rejections: Sequence[Rejection]
    seconds: float | None = None
    bcubed: float | None = None


def write_sheet(path: Path, shown: Shown, means: Means, directory: Path) -> None:
    """Write the self-contained HTML file; raises Misconfigured where that fails."""
    write_file(path, render_contact_sheet(_report(shown, means, directory)).encode())


def write_matches(
    path: Path, matches: Sequence[tuple[Placement, float]], means: Means, directory: Path
) -> None:
    """Write a sheet of ranked items with their scores; raises Misconfigured where that fails."""
    pictures = _thumbnails([placement for placement, _ in matches], directory)
    members = tuple(
        # In the order of their names: the rank comes first.
        Member(f"{rank:03d} · {score:.3f} · {placement.name}", pictures[_item(placement)])
        for rank, (placement, score) in enumerate(matches, 1)
    )
    card = ClusterCard("matches, best first", "confirmed", members)
    title, profile = f"Matches in {directory.name}", means.profile.name
    report = Report(title, means.eyes.encoder.identity, profile, None, (card,))
    write_file(path, render_contact_sheet(report).encode())


def _report(shown: Shown, means: Means, directory: Path) -> Report:
    found = [sorted(pile, key=_moment) for pile in piles(shown.placements).values()]
    several = [pile for pile in found if len(pile) > 1]
    single = sorted((pile[0] for pile in found if len(pile) == 1), key=_moment)
    quality = qualities(shown.placements)
    first = [placement for pile in several for placement in pile[:SHOWN_MEMBERS]]
    pictures = _thumbnails([*first, *single[:SHOWN_SINGLES]], directory)
    return Report(
        title=f"Piles of {directory.name}",
        encoder=means.eyes.encoder.identity,
        profile=means.profile.name,
        seconds=shown.seconds,
        clusters=tuple(_card(pile, quality[pile[0].key], pictures) for pile in several),
        singles=tuple(_member(placement, pictures) for placement in single),
        rejected=tuple(shown.rejections),
        bcubed=shown.bcubed,
    )


def _moment(placement: Placement) -> tuple[bool, float, str]:
    """By capture time, those without last, ties by name: the order of the sheet."""
    taken = placement.image.captured_at
    return taken is None, taken or 0.0, placement.name


def _item(placement: Placement) -> Key:
    return placement.image.scope, placement.item.item_id


def _member(placement: Placement, pictures: Mapping[Key, bytes]) -> Member:
    picture = pictures.get(_item(placement), b"")
    return Member(placement.name, picture, placement.image.captured_at, placement.confidence)


def _card(pile: Sequence[Placement], quality: str, pictures: Mapping[Key, bytes]) -> ClusterCard:
    return ClusterCard(
        cluster_id=pile[0].cluster_id,
        state="confirmed" if pile[0].confirmed else "pending",
        members=tuple(_member(placement, pictures) for placement in pile),
        quality=quality,
        name=pile[0].called,
        location=_middle([p.image.location for p in pile if p.image.location is not None]),
    )


def _middle(points: Sequence[GeoPoint]) -> GeoPoint | None:
    if not points:
        return None
    lat = sum(point.lat for point in points) / len(points)
    lon = sum(point.lon for point in points) / len(points)
    return GeoPoint(lat, lon)


def _thumbnails(shown: Sequence[Placement], directory: Path) -> Mapping[Key, bytes]:
    def picture(placement: Placement) -> bytes:
        try:
            data = (directory / placement.name).read_bytes()
            return thumbnail(_cut_out(placement, data))
        except (BadImage, OSError):  # it changed or vanished since it was clustered
            return b""

    with ThreadPoolExecutor() as pool:
        pictures = list(pool.map(picture, shown))
    return dict(zip(map(_item, shown), pictures, strict=True))


def _cut_out(placement: Placement, data: bytes) -> Rgb:
    """What a photo shows of an item, decoded no larger than a thumbnail needs it."""
    image, box = placement.image, placement.item.box
    longest = max(box.right - box.left, box.bottom - box.top, 1.0)
    side = THUMBNAIL_SIDE * max(image.width, image.height) / longest
    decoded = decode(data, DecodeLimits(working_side=min(ceil(side), _MOST_DECODED))).image
    across, down = decoded.shape[1] / image.width, decoded.shape[0] / image.height
    left, right = floor(box.left * across), ceil(box.right * across)
    top, bottom = floor(box.top * down), ceil(box.bottom * down)
    part = decoded[max(0, top) : max(top + 1, bottom), max(0, left) : max(left + 1, right)]
    return part if part.size else decoded
