"""What clustering everything at once makes of the scores that the engine sees one by one.

Similarity: average linkage on the cosine, centred as the engine centres it, cut at the engine's
own threshold. Places: whoever is among the other's nearest
neighbours is verified, agreement as the engine understands it links, and what is linked, however
indirectly, is one place; confirmed as the engine confirms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.features import KnownVerdicts, Sample
from benchmarks.measures import NOISE, Groups, average_linkage, bcubed_f, best_cut, cut
from benchmarks.streams import Stream
from engine.clusterer import NOTHING
from engine.evidence import metres_between, same_place
from engine.profile import Profile
from engine.verdict import Verdict

NEIGHBOURS = 20
"""Nearest neighbours that each photo is verified against."""
LOG_ODDS = tuple(0.5 * step for step in range(-10, 15))
"""Log-odds of one place that the labels choose a threshold from."""


@dataclass(frozen=True, slots=True, eq=False)
class Offline:
    """Two results on a stream.

    own: groups at the engine's own threshold, one result for every threshold asked for.
    best: groups at the threshold that the labels like best.
    """

    own: list[Groups]
    best: Groups


def offline(stream: Stream, thresholds: Sequence[float], verdicts: KnownVerdicts) -> Offline:
    """Cluster a stream at once; `thresholds` are those that the engine ended with."""
    truth = stream.labels
    if stream.profile.rule == "place":
        links = linked(stream, verdicts)
        results = (links.groups(least) for least in LOG_ODDS)
        return Offline(
            [links.confirmed(stream.profile)] * len(thresholds),
            max(results, key=partial(bcubed_f, truth)),
        )
    tree = average_linkage(_centred(stream.vectors))
    return Offline([cut(tree, 1 - cosine) for cosine in thresholds], best_cut(tree, truth))


def _centred(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = vectors - vectors.mean(axis=0)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Verified pairs (m, 2) of n photos, and the log-odds (m,) of one place of each."""

    count: int
    pairs: NDArray[np.int64]
    log_odds: NDArray[np.float64]

    def groups(self, least: float) -> Groups:
        """What hangs together by links of that much, (n,)."""
        one, other = self.pairs[self.log_odds >= least].T
        graph = coo_array((np.ones(len(one)), (one, other)), shape=(self.count, self.count))
        return np.asarray(connected_components(graph, directed=False)[1], np.int64)

    def confirmed(self, profile: Profile) -> Groups:
        """The same at the profile's own threshold; too small a group is noise, (n,)."""
        groups = self.groups(0)
        certain = np.zeros(self.count, np.bool_)
        certain[groups[self.pairs[self.log_odds >= profile.certain].ravel()]] = True
        needed = np.where(certain, min(2, profile.min_size), profile.min_size)
        return np.where(np.bincount(groups)[groups] >= needed[groups], groups, NOISE)


def linked(stream: Stream, verdicts: KnownVerdicts) -> Links:
    """Verify every photo against its nearest neighbours within the profile's radius."""
    verdicts.introduce(stream.samples)
    samples = stream.samples
    pairs = [
        (one, other)
        for one, other in neighbours(stream.vectors, NEIGHBOURS)
        if not _far_apart(samples[one], samples[other], stream.profile.gps_radius_m)
    ]
    found = [verified(samples[one], samples[other], verdicts) for one, other in pairs]
    shaped = np.array(pairs, np.int64).reshape(-1, 2)
    return Links(len(samples), shaped, np.array([same_place(verdict) for verdict in found]))


def neighbours(vectors: NDArray[np.float32], k: int) -> Iterator[tuple[int, int]]:
    """Every pair of which one is among the k nearest of the other, the lesser number first."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : min(k, len(vectors) - 1)]
    pairs = {(min(a, b), max(a, b)) for a, row in enumerate(nearest.tolist()) for b in row}
    yield from sorted(pairs)


def _far_apart(one: Sample, other: Sample, radius: float) -> bool:
    if one.location is None or other.location is None:
        return False
    return metres_between(one.location, other.location) > radius


def verified(one: Sample, other: Sample, verdicts: KnownVerdicts) -> Verdict:
    """The verdict on two samples; they have nothing in common where one has no local features."""
    if one.features is None or other.features is None:
        return NOTHING
    return verdicts.verify(one.features, other.features)
