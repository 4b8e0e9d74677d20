"""Make a contact sheet of a finished folder run: the piles, with thumbnails read off the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from cairn.compose import Means
from cairn.one_shot import Finished
from engine.errors import BadImage
from engine.jobs.evaluate import evaluate
from engine.jobs.placements import ClusterKey, Placement, group_numbers
from engine.types import GeoPoint
from engine.vision.decode import DecodeLimits, decode
from exporters.contact_sheet import (
    ClusterCard,
    Member,
    Report,
    in_time_order,
    render_contact_sheet,
    thumbnail,
)
from exporters.result import NOISE, qualities

SHOWN = 24
"""Thumbnails of a pile, and of the single photos tenfold: a page must stay a page."""


def write_sheet(path: Path, finished: Finished, means: Means, directory: Path) -> Path:
    """Write the self-contained HTML file and return its path."""
    path.write_text(render_contact_sheet(_report(finished, means, directory)), encoding="utf-8")
    return path


def _report(finished: Finished, means: Means, directory: Path) -> Report:
    piles: dict[ClusterKey, list[Placement]] = defaultdict(list)
    for placement in finished.placements:
        piles[placement.key].append(placement)
    several = [pile for pile in piles.values() if len(pile) > 1]
    single = [_member(pile[0]) for pile in piles.values() if len(pile) == 1]
    quality = qualities(finished.placements)
    cards = [_card(pile, quality[pile[0].key]) for pile in several]
    shown = [name for card in cards for name in _shown(card.members, SHOWN)]
    pictures = _thumbnails([*shown, *_shown(single, 10 * SHOWN)], directory)
    return Report(
        title=f"Piles of {directory.name}",
        encoder=means.encoder.identity,
        profile=means.profile.name,
        seconds=finished.wall_s,
        clusters=tuple(replace(card, members=_pictured(card.members, pictures)) for card in cards),
        singles=_pictured(single, pictures),
        rejected=tuple(finished.rejections),
        bcubed=_bcubed(finished.placements),
    )


def _member(placement: Placement) -> Member:
    image = placement.image
    name = image.attributes.get("filename", image.image_id)
    return Member(name, b"", image.captured_at, placement.confidence)


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


def _bcubed(found: Sequence[Placement]) -> float | None:
    groups = group_numbers(found)
    judged = [
        (label, groups.get(placement.key, NOISE))
        for placement in found
        if (label := placement.image.attributes.get("label")) is not None
    ]
    if not judged:
        return None
    return evaluate([label for label, _ in judged], [group for _, group in judged]).bcubed.f1
