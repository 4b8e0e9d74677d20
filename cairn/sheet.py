"""Make a contact sheet of a finished folder run: the piles, with thumbnails read off the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from cairn.compose import Means
from cairn.files import write_file
from cairn.one_shot import Finished
from engine.errors import BadImage
from engine.jobs.placements import Placement, piles
from engine.types import GeoPoint
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


def write_sheet(path: Path, finished: Finished, means: Means, directory: Path) -> None:
    """Write the self-contained HTML file; raises Misconfigured where that fails."""
    write_file(path, render_contact_sheet(_report(finished, means, directory)).encode())


def _report(finished: Finished, means: Means, directory: Path) -> Report:
    found = piles(finished.placements).values()
    several = [pile for pile in found if len(pile) > 1]
    single = [_member(pile[0]) for pile in found if len(pile) == 1]
    quality = qualities(finished.placements)
    cards = [_card(pile, quality[pile[0].key]) for pile in several]
    shown = [name for card in cards for name in _shown(card.members, SHOWN_MEMBERS)]
    pictures = _thumbnails([*shown, *_shown(single, SHOWN_SINGLES)], directory)
    return Report(
        title=f"Piles of {directory.name}",
        encoder=means.encoder.identity,
        profile=means.profile.name,
        seconds=finished.wall_s,
        clusters=tuple(replace(card, members=_pictured(card.members, pictures)) for card in cards),
        singles=_pictured(single, pictures),
        rejected=tuple(finished.rejections),
        bcubed=None if finished.scores is None else finished.scores.bcubed.f1,
    )


def _member(placement: Placement) -> Member:
    return Member(placement.name, b"", placement.image.captured_at, placement.confidence)


def _card(pile: Sequence[Placement], quality: str) -> ClusterCard:
    return ClusterCard(
        cluster_id=pile[0].cluster_id,
        state="confirmed" if pile[0].confirmed else "pending",
        members=tuple(_member(placement) for placement in pile),
        quality=quality,
        location=_middle([p.image.location for p in pile if p.image.location is not None]),
    )


def _middle(points: Sequence[GeoPoint]) -> GeoPoint | None:
    if not points:
        return None
    lat = sum(point.lat for point in points) / len(points)
    lon = sum(point.lon for point in points) / len(points)
    return GeoPoint(lat, lon)


def _shown(members: Sequence[Member], most: int) -> list[str]:
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
