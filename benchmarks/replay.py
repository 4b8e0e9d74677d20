"""One stream through the product's clusterer, in one order: where everything ends, at what cost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import SCOPE, KnownVerdicts, Sample
from benchmarks.streams import Stream
from engine.book import Book
from engine.clusterer import Clusterer
from engine.decide import RULES
from engine.index.adaptive import AdaptiveIndex
from engine.jobs.placements import group_numbers, placements
from engine.members import Membership
from engine.types import (
    Assigned,
    Box,
    ImageRecord,
    Item,
    LocalFeatures,
    Merged,
    Origin,
    Outcome,
    Prepared,
)
from engine.vectors import settle

NOISE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What became of a stream; arrays are (n,), in the stream's given order.

    groups: number of the confirmed cluster, -1 where there is none.
    renamed: the final cluster id is not the one the sample got when it arrived.
    moved: nor does the first id redirect to the final one: the sample was taken elsewhere.
    seconds: processor seconds of each decision, verification left out.
    """

    groups: NDArray[np.int64]
    renamed: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    seconds: NDArray[np.float64]
    verifications: int


class _Exemplars:
    """Exemplar features in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], LocalFeatures] = {}

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return self._kept.get((scope, item_id))

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        self._kept[scope, item_id] = features


def replay(stream: Stream, order: NDArray[np.intp], verdicts: KnownVerdicts) -> Replay:
    """Cluster the samples of a stream in an order of their positions."""
    verdicts.introduce(stream.samples)
    calls = verdicts.calls
    dim = len(stream.samples[0].vector)
    book = Book(partial(AdaptiveIndex, dim))
    rule = RULES[stream.profile.rule]
    clusterer = Clusterer(book, rule, stream.profile, verdicts, _Exemplars(), Membership())
    outcomes: list[Outcome] = []
    seconds = np.zeros(len(order))
    for position in order:
        started = time.thread_time() - verdicts.seconds
        outcomes.append(clusterer.process(prepared(stream.samples[position])))
        seconds[position] = time.thread_time() - verdicts.seconds - started
    groups, renamed, moved = (np.empty_like(order) for _ in range(3))
    groups[order] = _groups(outcomes)
    renamed[order], moved[order] = id_changes(outcomes)
    return Replay(
        groups.astype(np.int64),
        renamed.astype(np.bool_),
        moved.astype(np.bool_),
        seconds,
        verdicts.calls - calls,
    )


def prepared(sample: Sample) -> Prepared:
    """A sample as it leaves the pipeline: one item, the whole image."""
    image = ImageRecord(
        image_id=sample.name,
        scope=SCOPE,
        origin=Origin(f"file:{sample.name}", 0, 0),
        content_hash=sample.name,
        width=0,
        height=0,
        captured_at=sample.captured_at,
        location=sample.location,
    )
    vector = settle(sample.vector, len(sample.vector))
    item = Item(f"{sample.name}#0", vector, Box(0, 0, 0, 0), sample.features)
    return Prepared(image, (item,), {})


def id_changes(outcomes: list[Outcome]) -> tuple[list[bool], list[bool]]:
    """Of every sample in order of arrival: was its cluster renamed, was it taken elsewhere."""
    final = [placement.cluster_id for placement in placements(outcomes)]
    redirects = dict(merger for outcome in outcomes for merger in _mergers(outcome))
    first = [_followed(_joined(outcome), dict(_mergers(outcome))) for outcome in outcomes]
    pairs = list(zip(first, final, strict=True))
    renamed = [one != last for one, last in pairs]
    return renamed, [_followed(one, redirects) != last for one, last in pairs]


def _groups(outcomes: list[Outcome]) -> list[int]:
    found = placements(outcomes)
    numbers = group_numbers(found)
    return [numbers.get(placement.key, NOISE) for placement in found]


def _joined(outcome: Outcome) -> str:
    """The cluster that the photo of an outcome was put on, before any merger."""
    (item,) = outcome.items
    joined = [e.change for e in outcome.events if isinstance(e.change, Assigned)]
    return next(change.cluster_id for change in joined if change.item_id == item.item_id)


def _mergers(outcome: Outcome) -> list[tuple[str, str]]:
    changes = [event.change for event in outcome.events]
    return [(c.retired_id, c.cluster_id) for c in changes if isinstance(c, Merged)]


def _followed(cluster_id: str, redirects: dict[str, str]) -> str:
    while cluster_id in redirects:
        cluster_id = redirects[cluster_id]
    return cluster_id
