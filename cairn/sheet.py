"""Make a contact sheet of a result: the piles, with thumbnails read off the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from cairn.compose import Means
from cairn.files import write_file
from engine.errors import BadImage
from engine.jobs.placements import Placement, piles
from engine.types import GeoPoint, Rejection
from engine.vision.decode import DecodeLimits, decode
from exporters.contact_sheet import (
    SHOWN_MEMBERS,
    ClusterCard,
    Member,
    Report,
    in_time_order,
    render_contact_sheet,
    thumbnail,
)
from exporters.result import qualities

SHOWN_SINGLES = 240
"""Thumbnails of single photos: a page must stay a page."""


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


def _report(shown: Shown, means: Means, directory: Path) -> Report:
    found = piles(shown.placements).values()
    several = [pile for pile in found if len(pile) > 1]
    single = [_member(pile[0]) for pile in found if len(pile) == 1]
    quality = qualities(shown.placements)
    cards = [_card(pile, quality[pile[0].key]) for pile in several]
    names = [name for card in cards for name in _names(card.members, SHOWN_MEMBERS)]
    pictures = _thumbnails([*names, *_names(single, SHOWN_SINGLES)], directory)
    return Report(
        title=f"Piles of {directory.name}",
        encoder=means.eyes.encoder.identity,
        profile=means.profile.name,
        seconds=shown.seconds,
        clusters=tuple(replace(card, members=_pictured(card.members, pictures)) for card in cards),
        singles=_pictured(single, pictures),
        rejected=tuple(shown.rejections),
        bcubed=shown.bcubed,
    )


def _member(placement: Placement) -> Member:
    return Member(placement.name, b"", placement.image.captured_at, placement.confidence)


def _card(pile: Sequence[Placement], quality: str) -> ClusterCard:
    return ClusterCard(
        cluster_id=pile[0].cluster_id,
        state="confirmed" if pile[0].confirmed else "pending",
        members=tuple(_member(placement) for placement in pile),
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


def _names(members: Sequence[Member], most: int) -> list[str]:
    return [member.name for member in in_time_order(members)[:most]]


def _thumbnails(names: Sequence[str], directory: Path) -> Mapping[str, bytes]:
    limits = DecodeLimits(working_side=160)

    def picture(name: str) -> bytes:
        try:
            return thumbnail(decode((directory / name).read_bytes(), limits).image)
        except (BadImage, OSError):  # it changed or vanished since it was clustered
            return b""

    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(picture, names), strict=True))


def _pictured(members: Sequence[Member], pictures: Mapping[str, bytes]) -> tuple[Member, ...]:
    return tuple(replace(member, thumbnail=pictures.get(member.name, b"")) for member in members)
