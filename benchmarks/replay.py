"""One stream through the product's clusterer, in one order: where everything ends, at what cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import SCOPE, KnownVerdicts, Sample
from benchmarks.lineage import fates
from benchmarks.streams import Stream
from engine.book import Book
from engine.clusterer import Clusterer
from engine.index.adaptive import AdaptiveIndex
from engine.jobs.placements import group_numbers, placements
from engine.members import Membership
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import Box, ImageRecord, Item, LocalFeatures, Origin, Outcome
from engine.vectors import settle

NOISE = -1
STARTS = (10, 30, 100)
"""Arrivals after which a cold start is looked at."""
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What became of a stream; arrays are (n,), in the stream's given order.

    groups: number of the confirmed cluster, -1 where there is none.
    starts: after so many arrivals, which samples they were and their groups then.
    renamed, moved, waited: the fate of the sample's cluster id, as `lineage` has it.
    seconds: processor seconds of each decision, verification left out.
    threshold: the mean centred cosine below which nothing joined in the end.
    """

    groups: NDArray[np.int64]
    starts: Mapping[int, tuple[NDArray[np.intp], NDArray[np.int64]]]
    renamed: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    waited: NDArray[np.int64]
    seconds: NDArray[np.float64]
    verifications: int
    threshold: float


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
    book = Book(partial(AdaptiveIndex, len(stream.samples[0].vector)))
    rule = RULES[stream.profile.rule]
    clusterer = Clusterer(book, rule, stream.profile, verdicts, _Exemplars(), Membership())
    outcomes: list[Outcome] = []
    seconds = np.zeros(len(order))
    for position in order:
        started = time.thread_time() - verdicts.seconds
        outcomes.append(clusterer.process(prepared(stream.samples[position])))
        seconds[position] = time.thread_time() - verdicts.seconds - started
    lived = fates(outcomes)
    learned = book.scope(SCOPE).calibration.threshold
    return Replay(
        groups=in_given_order(_groups(outcomes), order),
        starts={n: (order[:n], _groups(outcomes[:n])) for n in STARTS if n <= len(order)},
        renamed=in_given_order(np.array([fate.renamed for fate in lived]), order),
        moved=in_given_order(np.array([fate.moved for fate in lived]), order),
        waited=in_given_order(np.array([fate.waited for fate in lived]), order),
        seconds=seconds,
        verifications=verdicts.calls - calls,
        threshold=learned if stream.profile.threshold is None else stream.profile.threshold,
    )


def in_given_order(values: NDArray[_T], order: NDArray[np.intp]) -> NDArray[_T]:
    """Values (n,) in order of arrival, put back into the order of the stream."""
    placed = np.empty_like(values)
    placed[order] = values
    return placed


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


def _groups(outcomes: list[Outcome]) -> NDArray[np.int64]:
    found = placements(outcomes)
    numbers = group_numbers(found)
    return np.array([numbers.get(placement.key, NOISE) for placement in found], np.int64)
