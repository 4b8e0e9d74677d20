"""The contact sheet: one self-contained HTML file that shows every cluster as a pile of photos.

Nothing is fetched: thumbnails are data URIs, the style sheet is inline and pinned by its hash in
the page's content security policy, scripts are forbidden. Names in captions are hostile text and
stay text.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined

from engine.types import GeoPoint, Rejection, Rgb

_THUMBNAIL_BYTES = 6_000
THUMBNAIL_SIDE = 160
"""Pixels of the longer side of a thumbnail."""
SHOWN_MEMBERS = 24
"""Photos shown of a pile; the page says how many more there are."""


@dataclass(frozen=True, slots=True)
class Member:
    """One photo on a pile. `captured_at` is in seconds since the Unix epoch.

    thumbnail: a JPEG, empty where there is none.
    """

    name: str
    thumbnail: bytes
    captured_at: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ClusterCard:
    """One pile. state: `confirmed` or `pending`; quality: `high` or `low`, None where unknown.

    location: mean position of the members, None where no member has one.
    name: what a person called it, empty where nobody did.
    size: how many members there are, None where `members` has them all.
    times: first and last capture where `members` does not tell them.
    scope: where several are shown. history: what became of it, in words, newest first.
    """

    cluster_id: str
    state: str
    members: tuple[Member, ...]
    quality: str | None = None
    location: GeoPoint | None = None
    name: str = ""
    size: int | None = None
    times: tuple[float, float] | None = None
    scope: str = ""
    history: tuple[str, ...] = ()

    @property
    def photos(self) -> int:
        """How many members there are."""
        return len(self.members) if self.size is None else self.size


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is, shown or not."""

    images: int
    confirmed: int
    pending: int
    singles: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that one contact sheet shows.

    encoder, profile: empty where nobody knows. seconds: how long clustering took, None where
    nobody knows. bcubed: B-cubed F-measure, None without known labels. totals: None where all
    there is is shown.
    """

    title: str
    encoder: str
    profile: str
    seconds: float | None
    clusters: tuple[ClusterCard, ...]
    singles: tuple[Member, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    bcubed: float | None = None
    totals: Totals | None = None


def thumbnail(image: Rgb, side: int = THUMBNAIL_SIDE, most_bytes: int = _THUMBNAIL_BYTES) -> bytes:
    """Shrink to at most `side` pixels and encode as a JPEG of about `most_bytes` or less."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    bgr = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    data = b""
    for quality in (78, 68, 58, 46, 34):
        data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= most_bytes:
            break
    return data


def render_contact_sheet(report: Report) -> str:
    """Render the page; the same report always gives the same text."""
    environment = _environment()
    style = environment.get_template("contact_sheet.css").render()
    return environment.get_template("contact_sheet.html.j2").render(
        report=report,
        confirmed=_sorted_cards(report.clusters, pending=False),
        pending=_sorted_cards(report.clusters, pending=True),
        singles=in_time_order(report.singles),
        totals=report.totals or _counted(report),
        shown=SHOWN_MEMBERS,
        style=style,
        style_hash=b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def in_time_order(members: Iterable[Member]) -> list[Member]:
    """Oldest first, those without a time last, ties by name."""
    return sorted(members, key=lambda m: (m.captured_at is None, m.captured_at or 0.0, m.name))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("exporters"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        data_uri=_data_uri, moment=_moment, iso=_iso, span=_span, in_time_order=in_time_order
    )
    return environment


def _sorted_cards(cards: tuple[ClusterCard, ...], *, pending: bool) -> list[ClusterCard]:
    chosen = [card for card in cards if (card.state == "pending") == pending]
    return sorted(chosen, key=lambda card: (-card.photos, card.cluster_id))


def _counted(report: Report) -> Totals:
    on_piles = sum(card.photos for card in report.clusters)
    pending = sum(card.state == "pending" for card in report.clusters)
    singles, rejected = len(report.singles), len(report.rejected)
    images = on_piles + singles + rejected
    return Totals(images, len(report.clusters) - pending, pending, singles, rejected)


def _data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + b64encode(jpeg).decode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _day(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%b %Y}"


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%b, %H:%M}"


def _span(card: ClusterCard) -> str:
    """First to last day of a pile, one day where they are the same, empty without times."""
    taken = (member.captured_at for member in card.members)
    times = card.times or [at for at in taken if at is not None]
    if not times:
        return ""
    first, last = _day(min(times)), _day(max(times))
    return first if first == last else f"{first} to {last}"
