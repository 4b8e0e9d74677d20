"""What a scope has learned of its own material: its centre, its threshold, whether it drifts.

Embeddings of one kind of material lie off to one side of the sphere, so any two of them look
alike to a plain cosine. Centred on the scope's own mean, unrelated items come out near zero.
Centre and threshold move by the event `Calibrated` alone; between two of them nothing shifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine import criteria
from engine.cluster import Cluster, Prototype
from engine.criteria import STRICTEST, fit
from engine.lineage import Calibrated
from engine.linkage import groups, mergers
from engine.space import Space, learn
from engine.types import Vector

if TYPE_CHECKING:
    from river.base import DriftDetector

Floats = NDArray[np.float64]
Axes: TypeAlias = NDArray[np.float32]

FEWEST = 8
"""Items before anything is believed."""
GROWTH = 1.1
"""The scope is calibrated anew when it has grown by this factor."""
INERTIA = 0.7
"""What earlier fits still count beside a new one: piles should not change with every sample."""
CACHED = 25_000_000
"""Bytes of rows kept: 6,000 in the plain space, 50,000 along axes."""
MANY = 1000
"""Items from which on a scope is large."""
DOUBT = 0.1
"""What a fit counts that found no structure, where one that surely did counts 1 more."""


def load_river() -> None:
    """Import what is imported late, for who is about to need it."""
    _new_watch()


def _new_watch() -> DriftDetector:
    """Adaptive windows (Bifet & Gavalda 2007): a change of the mean that chance hardly makes.

    Imported here, for river takes a second to load, and `cairn --help` needs none of it.
    """
    from river.drift import ADWIN  # noqa: PLC0415

    return ADWIN(delta=1e-4)  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class Calibration:
    """What was fitted, what it takes to fit anew, and a watch on the stream.

    belief: what the fits so far count beside the next one.
    centre: (d,) float64, None before the first fit. space: what differences inside piles are
    made of, None in a small scope. axes: its projection, (r, d) float32.
    drifts: how often the stream has changed. drifting: it just has. seen: items so far.
    recent: the lobe from which on they count as new.
    rows: what `directions` found since the last fit, by lobe, with the lobe's revision.
    middles: what `middle` found since then, by cluster, with a hash of its lobes' revisions.
    learned: the space last learned and from what, to be learned once for look and leap.
    """

    threshold: float = STRICTEST
    belief: float = 0.0
    centre: Floats | None = None
    space: Space | None = None
    axes: Axes | None = None
    drifts: int = 0
    drifting: bool = False
    seen: int = 0
    next_fit: int = FEWEST
    recent: int = 0
    watch: DriftDetector = field(default_factory=_new_watch)
    rows: dict[int, tuple[int, Floats]] = field(default_factory=dict)
    middles: dict[str, tuple[int, Floats]] = field(default_factory=dict)
    learned: tuple[tuple[int, tuple[int, ...]], Space | None] | None = None

    def add(self, vector: Vector) -> None:
        """Take in one item's unit vector, (d,) float32."""
        self.seen += 1
        if self.centre is not None:
            self.watch.update(float(self.centre @ vector))
            self.drifting |= self.watch.drift_detected

    def forget(self) -> None:
        """Know nothing but how much was seen: something of an item that goes is in all else.

        A replay that knows the item as zeros has found other things by now; from here on the two
        are alike again.
        """
        self.threshold, self.belief = STRICTEST, 0.0
        self.centre = self.space = self.axes = None
        self.watch, self.drifting = _new_watch(), False
        self.rows, self.middles, self.learned = {}, {}, None

    @property
    def due(self) -> bool:
        """Whether the scope has grown or changed enough to look again."""
        return self.seen >= self.next_fit or self.drifting

    def can_learn(self, sample: Sequence[Prototype]) -> bool:
        """Whether a sample differs at all: seen from their own centre, copies are but noise."""
        mean = self._centre_of(sample)
        return len(sample) >= criteria.FEWEST and float(mean @ mean) < STRICTEST

    def look_again(
        self, sample: Sequence[Prototype], earlier: Calibration | None = None
    ) -> Calibrated:
        """What a sample of lobes says now; nothing changes until the event is applied.

        earlier: what was believed before something was forgotten.
        """
        centre = self._centre_of(sample)
        space = self._learned(sample, centre)
        found = fit(_unit_rows(sample, centre, None if space is None else space.projection()))
        past = earlier or self
        before, now = past.inherited(space), DOUBT + found.trust
        threshold = (before * past.threshold + now * found.threshold) / (before + now)
        numbers = tuple(lobe.prototype_id for lobe in sample)
        return Calibrated(
            threshold, found.silhouette, found.trust, self.seen, self.drifting, numbers
        )

    def inherited(self, space: Space | None) -> float:
        """What earlier fits count beside one in `space`: nothing, if one of them was plain."""
        return INERTIA * self.belief if (space is None) == (self.space is None) else 0.0

    def apply(self, change: Calibrated, sample: Sequence[Prototype], newest: int) -> None:
        """Believe what was found in this sample; `newest` is the number of the next lobe."""
        centre = self._centre_of(sample)
        space = self._learned(sample, centre)
        self.centre = centre
        self.threshold = change.threshold
        self.belief = self.inherited(space) + DOUBT + change.trust
        self.space, self.axes = space, None if space is None else space.projection()
        self.rows, self.middles = {}, {}
        self.next_fit = int(self.seen * GROWTH) + 1
        self.drifting = False
        if change.drifted:
            self.drifts += 1
            self.recent = (self.recent + newest) // 2

    def directions(self, prototypes: Sequence[Prototype]) -> Floats:
        """Rows (m, r) whose products are the mean similarities between the lobes' members.

        A similarity is the cosine as seen from the centre, along the axes. Exact between single
        items. A lobe of several is scaled by the spread of its members about the centre before
        projection, which sums tell, not by each member's own length after it.
        """
        return np.stack([self._row(prototype) for prototype in prototypes])

    def direction(self, vector: Vector) -> Floats:
        """One item's unit vector as a row of `directions`, (r,)."""
        return _direction(vector.astype(np.float64), self.centre, self.axes)

    def average(self, cluster: Cluster, towards: Floats) -> float:
        """Mean similarity between a cluster's members and a `direction` (average linkage)."""
        return float(self.middle(cluster) @ towards)

    def middle(self, cluster: Cluster) -> Floats:
        """The mean of a cluster's `directions` over its members, (r,)."""
        lobes = list(cluster.prototypes.values())
        revision = hash(tuple([(lobe.prototype_id, lobe.revision) for lobe in lobes]))
        known, mean = self.middles.get(cluster.cluster_id, (0, np.empty(0)))
        if known != revision or not mean.size:
            counts = np.array([lobe.count for lobe in lobes], np.float64)
            mean = np.asarray(counts @ self.directions(lobes) / counts.sum())
            if len(self.middles) * mean.nbytes >= CACHED:
                self.middles.clear()
            self.middles[cluster.cluster_id] = revision, mean
        return mean

    def _row(self, prototype: Prototype) -> Floats:
        revision, row = self.rows.get(prototype.prototype_id, (-1, np.empty(0)))
        if revision != prototype.revision:
            row = _direction(prototype.total / prototype.count, self.centre, self.axes)
            if len(self.rows) * row.nbytes >= CACHED:
                self.rows.clear()
            self.rows[prototype.prototype_id] = prototype.revision, row
        return row

    def _learned(self, sample: Sequence[Prototype], centre: Floats) -> Space | None:
        """The space that a sample of a large scope suggests.

        Its piles are found anew by plain cosines: those of the book were found in the last
        space, and would only confirm it.
        """
        if self.seen < MANY:
            return None
        key = self.seen, tuple(lobe.prototype_id for lobe in sample)
        if self.learned is None or self.learned[0] != key:
            points = _unit_rows(sample, centre, None)
            tree = list(mergers(points @ points.T, np.ones(len(points)), fit(points).threshold))
            space = learn(points, groups(len(points), tree), self.space, INERTIA)
            self.learned = key, space
        return self.learned[1]

    def _centre_of(self, sample: Sequence[Prototype]) -> Floats:
        """The mean of a sample's members.

        In a large scope, where the sample is but a part of all, what was known counts on.
        """
        count = sum(lobe.count for lobe in sample)
        mean = np.stack([lobe.total for lobe in sample]).sum(axis=0) / count
        if self.centre is not None and self.seen >= MANY:
            mean += INERTIA * (self.centre - mean)
        return np.asarray(mean)


def _unit_rows(sample: Sequence[Prototype], centre: Floats, axes: Axes | None) -> Floats:
    rows = np.stack([_direction(lobe.total / lobe.count, centre, axes) for lobe in sample])
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _direction(mean: Floats, centre: Floats | None, axes: Axes | None) -> Floats:
    """A mean of unit vectors as seen from the centre, along the axes.

    One at a time, for a product of many rounds the same row differently in another place.
    """
    if centre is None:
        return mean
    from_centre = mean - centre
    spread = np.sqrt(max(1.0 - 2.0 * float(mean @ centre) + float(centre @ centre), 1e-9))
    if axes is None:
        return np.asarray(from_centre / spread)
    projected = (axes @ from_centre.astype(np.float32)).astype(np.float64)
    cohesion = float(np.linalg.norm(from_centre)) / spread
    return np.asarray(projected * (cohesion / max(float(np.linalg.norm(projected)), 1e-9)))
