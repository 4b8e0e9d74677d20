"""Tables for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from rich.table import Table
from rich.text import Text

from engine.jobs.evaluate import Retrieval, Scores
from engine.jobs.placements import Placement, piles
from engine.types import Rejection
from exporters.result import qualities

ROWS = 30
"""Clusters shown; the result file has them all."""
REFUSED_SHOWN = 10
"""Refused photos shown; the file of them has them all."""


def cluster_table(found: Sequence[Placement]) -> Table:
    """The largest piles: name, size, state, quality, an example."""
    quality = qualities(found)
    ranked = sorted(piles(found).values(), key=lambda pile: (-len(pile), pile[0].cluster_id))
    several = [pile for pile in ranked if len(pile) > 1]
    table = Table("cluster", "name", "size", "state", "quality", "example", title="Clusters")
    for pile in several[:ROWS]:
        first = pile[0]
        table.add_row(
            first.cluster_id,
            printable(first.called),
            str(len(pile)),
            "confirmed" if first.confirmed else "pending",
            quality[first.key],
            printable(first.name),
        )
    table.caption = _caption(len(several), len(ranked))
    return table


def refusal_lines(rejections: Sequence[Rejection]) -> Iterator[Text]:
    """What was refused and why, the first few."""
    for rejection in rejections[:REFUSED_SHOWN]:
        what = printable(f"{rejection.image_id}: {rejection.detail}")
        yield Text.assemble(("refused ", "yellow"), what)
    if len(rejections) > REFUSED_SHOWN:
        yield Text(f"refused {len(rejections) - REFUSED_SHOWN} more", "yellow")


def printable(text: str) -> Text:
    """Foreign text as it is, neither markup nor emoji codes; control characters are escaped."""
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return Text("".join(escaped))


def _caption(several: int, clusters: int) -> str:
    shown = f", {ROWS} shown" if several > ROWS else ""
    return f"clusters of two or more: {several}{shown}; single photos: {clusters - several}"


def share_table(seconds: Mapping[str, float], total: float) -> Table:
    """Share of the processor time by stage; what no stage accounts for is `the rest`."""
    table = Table("stage", "seconds", "share", title="Processor time")
    rest = max(0.0, total - sum(seconds.values()))
    for stage, spent in {**seconds, "the rest": rest}.items():
        table.add_row(stage, f"{spent:.2f}", f"{spent / total:.1%}")
    return table


def scores_table(scores: Scores, left_out: Iterable[str] = ()) -> Table:
    """Every measure of a result against the truth; what was left out, as the caption."""
    table = Table("measure", "value", title=f"{scores.photos} photos against their labels")
    for field in fields(scores):
        value = getattr(scores, field.name)
        if isinstance(value, Retrieval):
            text = f"P {value.precision:.4f}  R {value.recall:.4f}  F {value.f1:.4f}"
        else:
            text = f"{value:.4f}" if isinstance(value, float) else str(value)
        table.add_row(field.name.replace("_", " "), text)
    table.caption = "; ".join(left_out) or None
    return table


def disagreement(photos: Iterable[str], labelled: Iterable[str]) -> str:
    """What to look at where no label meets a photo: one name of either side."""
    photo, label = min(photos, default="nothing"), min(labelled, default="nothing")
    return f"do the paths agree? A photo: {photo}; a label: {label}"
