"""Make a contact sheet of a read model: the largest piles, with the thumbnails it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from cairn.files import write_file
from engine.errors import Misconfigured
from engine.types import Origin, Rejection
from exporters.api.cutting import cut_out
from exporters.contact_sheet import (
    SHOWN_MEMBERS,
    ClusterCard,
    Member,
    Report,
    Totals,
    render_contact_sheet,
)
from exporters.lineage import in_words
from exporters.view.answers import ClusterFilter, ClusterRow, Counts, ItemRow, RejectionRow
from exporters.view.opening import open_filled_view
from exporters.view.port import View
from state.identity import Identity, parse

SHOWN_CONFIRMED: Final = 200
SHOWN_PENDING: Final = 50
"""Largest clusters, with 24 photos each: a page must stay a page."""
SHOWN_SINGLES: Final = 120
SHOWN_REJECTED: Final = 200
SENTENCES: Final = 5
"""Latest ones of a cluster's lineage, looked for among as many events as these."""
EVENTS: Final = 500


def write_view_sheet(path: Path, url: str, scope: str | None) -> Totals:
    """Write the self-contained HTML file; raises Misconfigured where that fails."""
    with closing(open_filled_view(url)) as view:
        known = view.scopes()
        if scope is not None and scope not in known:
            names = ", ".join(known) or "none yet"
            raise Misconfigured(f"the view has no scope {scope!r}; there are: {names}")
        report = view_report(view, scope, parse(view.identity))
    write_file(path, render_contact_sheet(report).encode())
    return report.totals or Totals(0, 0, 0, 0, 0)


def view_report(view: View, scope: str | None, made: Identity | None = None) -> Report:
    """What a page can hold of one scope, or of all. made: with what, as far as that is known."""
    counts = view.counts(scope)
    confirmed = view.clusters(ClusterFilter(scope, "confirmed"), "size", SHOWN_CONFIRMED)
    pending = view.clusters(ClusterFilter(scope, "pending", min_size=2), "size", SHOWN_PENDING)
    single = view.clusters(ClusterFilter(scope, "pending", max_size=1), "changed", SHOWN_SINGLES)
    mixed = scope is None and len(view.scopes()) > 1
    return Report(
        title=f"Clusters of {scope}" if scope is not None else "All clusters",
        encoder="" if made is None else made.encoder,
        profile="" if made is None else made.profile,
        seconds=None,
        clusters=tuple(_card(view, row, mixed=mixed) for row in (*confirmed.rows, *pending.rows)),
        singles=tuple(_member(view, item) for row in single.rows for item in row.exemplars),
        rejected=tuple(map(_rejection, view.rejections(scope, SHOWN_REJECTED))),
        totals=_totals(counts),
    )


def _totals(counts: Counts) -> Totals:
    states = counts.clusters
    rejected = sum(counts.rejections.values())
    pending = states["pending"] - counts.singles
    return Totals(counts.images, states["confirmed"], pending, counts.singles, rejected)


def _card(view: View, row: ClusterRow, *, mixed: bool) -> ClusterCard:
    members = view.members(row.scope, row.cluster_id, "captured", SHOWN_MEMBERS).rows
    return ClusterCard(
        cluster_id=row.cluster_id,
        state=row.state,
        members=_members(view, members),
        quality=row.quality,
        location=row.place,
        name=row.name,
        size=row.size,
        times=None if row.first is None or row.last is None else (row.first, row.last),
        scope=row.scope if mixed else "",
        history=tuple(islice(_history(view, row), SENTENCES)),
    )


def _members(view: View, items: Sequence[ItemRow]) -> tuple[Member, ...]:
    return tuple(_member(view, item) for item in items)


def _member(view: View, item: ItemRow) -> Member:
    image = view.image(item.scope, item.image_id)
    if image is None:  # forgotten since it was listed
        return Member(item.image_id, b"", item.captured_at, item.confidence)
    found = view.cutout(item.scope, item.item_id)
    picture = b"" if found is None else cut_out(found)
    name = image.attributes.get("filename", item.image_id)
    return Member(name, picture, item.captured_at, item.confidence)


def _history(view: View, row: ClusterRow) -> Iterator[str]:
    for told in view.lineage(row.scope, row.cluster_id, EVENTS).rows:
        sentence = in_words(told.body, row.cluster_id)
        if sentence is not None:
            yield sentence


def _rejection(row: RejectionRow) -> Rejection:
    origin = Origin(row.source, row.partition, row.offset)
    return Rejection(row.id, row.scope, origin, row.reason, row.detail, of=row.of)
