"""What a scope has learned of its own material: its centre, its threshold, whether it drifts.

Embeddings of one kind of material lie off to one side of the sphere, so any two of them look
alike to a plain cosine. Centred on the scope's own mean, unrelated items come out near zero.
Centre and threshold move by the event `Calibrated` alone; between two of them nothing shifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from river.base import DriftDetector
from river.drift import ADWIN

from engine.cluster import Cluster, Prototype
from engine.criteria import STRICTEST, fit
from engine.types import Calibrated, Vector

Floats = NDArray[np.float64]

FEWEST = 8
"""Items before anything is believed."""
GROWTH = 1.1
"""The scope is calibrated anew when it has grown by this factor."""
INERTIA = 0.7
"""What earlier fits still count beside a new one: piles should not change with every sample."""
DOUBT = 0.1
"""What a fit counts that found no structure, where one that surely did counts 1 more."""


def _new_watch() -> DriftDetector:
    """Adaptive windows (Bifet & Gavalda 2007): a change of the mean that chance hardly makes."""
    return ADWIN(delta=1e-4)  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class Calibration:
    """What was fitted, what it takes to fit anew, and a watch on the stream.

    belief: what the fits so far count beside the next one.
    centre: (d,) float64, None before the first fit. drifts: how often the stream has changed.
    drifting: it just has. seen: items so far. recent: the lobe from which on they count as new.
    total, weight: (d,) float64 sum of the items' vectors and their number; each drift halves
    both, so that the centre follows the stream.
    """

    threshold: float = STRICTEST
    belief: float = 0.0
    centre: Floats | None = None
    drifts: int = 0
    drifting: bool = False
    seen: int = 0
    next_fit: int = FEWEST
    recent: int = 0
    total: Floats | None = None
    weight: float = 0.0
    watch: DriftDetector = field(default_factory=_new_watch)

    def add(self, vector: Vector) -> None:
        """Take in one item's unit vector, (d,) float32."""
        exact = vector.astype(np.float64)
        self.seen += 1
        self.weight += 1.0
        self.total = exact if self.total is None else self.total + exact
        if self.centre is not None:
            self.watch.update(float(self.centre @ exact))
            self.drifting |= self.watch.drift_detected

    @property
    def due(self) -> bool:
        """Whether the scope has grown or changed enough to look again."""
        return (self.seen >= self.next_fit or self.drifting) and not self._all_copies

    @property
    def _all_copies(self) -> bool:
        """Nothing can be learned yet: seen from their own centre, copies are but noise."""
        mean = self._mean()
        return bool(mean @ mean >= STRICTEST)

    def look_again(self, sample: Sequence[Prototype]) -> Calibrated:
        """What a sample of lobes says now; nothing changes until the event is applied."""
        means = np.stack([lobe.total / lobe.count for lobe in sample])
        rows = _centred(means, self._mean())
        found = fit(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
        before, now = INERTIA * self.belief, DOUBT + found.trust
        threshold = (before * self.threshold + now * found.threshold) / (before + now)
        return Calibrated(threshold, found.silhouette, found.trust, self.seen, self.drifting)

    def apply(self, change: Calibrated, next_prototype: int) -> None:
        """Believe what was found."""
        self.threshold = change.threshold
        self.belief = INERTIA * self.belief + DOUBT + change.trust
        self.centre = self._mean()
        self.next_fit = int(self.seen * GROWTH) + 1
        self.drifting = False
        if change.drifted and self.total is not None:
            self.drifts += 1
            self.recent = (self.recent + next_prototype) // 2
            self.total, self.weight = self.total / 2.0, self.weight / 2.0

    def directions(self, prototypes: Sequence[Prototype]) -> Floats:
        """Rows (m, d) whose products are the mean centred cosines between the lobes' members.

        Exact between single items. Lobes of several are scaled by the root mean square of their
        members' distances from the centre, which sums tell, not by each member's own.
        """
        means = np.stack([prototype.total / prototype.count for prototype in prototypes])
        return _centred(means, self.centre)

    def direction(self, vector: Vector) -> Floats:
        """One item's unit vector as a row of `directions`, (d,)."""
        return np.asarray(_centred(vector.astype(np.float64)[None], self.centre)[0])

    def middle(self, cluster: Cluster) -> Floats:
        """A whole cluster as a row of `directions`, (d,)."""
        return np.asarray(_centred(cluster.mean()[None], self.centre)[0])

    def average(self, cluster: Cluster, towards: Floats) -> float:
        """Mean centred cosine between a cluster's members and a `direction`.

        Read off the sum of all lobes, so scaled as `directions` says for the cluster as a whole.
        """
        return float(self.middle(cluster) @ towards)

    def _mean(self) -> Floats:
        return np.asarray(self.total) / self.weight


def _centred(means: Floats, centre: Floats | None) -> Floats:
    """Means (m, d) of unit vectors, seen from the centre, scaled as `directions` says."""
    if centre is None:
        return means
    squared = 1.0 - 2.0 * (means @ centre) + centre @ centre
    return np.asarray((means - centre) / np.sqrt(np.maximum(squared, 1e-9))[:, None])
