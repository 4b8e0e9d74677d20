"""What a scope has learned of its own material: its centre, its threshold, whether it drifts.

Embeddings of one kind of material lie off to one side of the sphere, so any two of them look
alike to a plain cosine. Centred on the scope's own mean, unrelated items come out near zero.
Centre and threshold move by the event `Calibrated` alone; between two of them nothing shifts.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from river.base import DriftDetector
from river.drift import ADWIN

from engine.cluster import Cluster, Prototype
from engine.criteria import STRICTEST, Fit, fit
from engine.types import Calibrated, Vector

Floats = NDArray[np.float64]

SAMPLE = 400
"""Vectors kept of a scope."""
FEWEST = 8
"""Items before anything is believed."""
GROWTH = 1.1
"""The scope is calibrated anew when it has grown by this factor."""
INERTIA = 0.7
"""What a new fit leaves of the old threshold: piles should not change with every sample."""
RENEWAL = 0.5
"""After a drift an item is this much likelier to stay out of the sample the older it is."""


def _new_watch() -> DriftDetector:
    """Adaptive windows (Bifet & Gavalda 2007): a change of the mean that chance hardly makes."""
    return ADWIN(delta=1e-4)  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class Calibration:
    """The sample, what was fitted to it, and a watch on the stream.

    The sample holds the items whose ids hash lowest (a bottom-k sketch, Cohen & Kaplan 2007):
    which they are depends on the items alone, not on their order or on chance. After each drift
    the hashes of newcomers are scaled down, so that the sample follows the stream.

    centre: (d,) float64, None before the first fit. drifts: how often the stream has changed.
    """

    threshold: float = STRICTEST
    centre: Floats | None = None
    drifts: int = 0
    drifting: bool = False
    seen: int = 0
    next_fit: int = FEWEST
    _sample: list[tuple[float, str, Vector]] = field(default_factory=list)
    _watch: DriftDetector = field(default_factory=_new_watch)

    def add(self, item_id: str, vector: Vector) -> None:
        """Take in one item's unit vector, (d,) float32."""
        self.seen += 1
        digest = hashlib.blake2b(item_id.encode(), digest_size=8).digest()
        rank = int.from_bytes(digest) * RENEWAL ** min(self.drifts, 900)
        if len(self._sample) < SAMPLE or rank < self._sample[-1][0]:
            insort(self._sample, (rank, item_id, vector), key=lambda entry: entry[:2])
            del self._sample[SAMPLE:]
        if self.centre is not None:
            self._watch.update(float(self.centre @ vector))
            self.drifting |= self._watch.drift_detected

    @property
    def due(self) -> bool:
        """Whether the scope has grown or changed enough to look again."""
        return self.seen >= self.next_fit or self.drifting

    def look_again(self) -> Calibrated:
        """What the sample says now; nothing changes until the event is applied."""
        found: Fit = fit(_centred(self._vectors(), self._mean()))
        known = self.centre is not None
        threshold = found.threshold
        if known:
            threshold += INERTIA * (self.threshold - threshold)
        return Calibrated(threshold, found.silhouette, found.trust, self.seen, self.drifting)

    def apply(self, change: Calibrated) -> None:
        """Believe what was found."""
        self.threshold = change.threshold
        self.centre = self._mean()
        self.drifts += change.drifted
        self.drifting = False
        self.next_fit = int(self.seen * GROWTH) + 1

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

    def average(self, cluster: Cluster, towards: Floats) -> float:
        """Mean centred cosine between a cluster's members and a `direction` (average linkage)."""
        return float(self.resultant(cluster) @ towards)

    def resultant(self, cluster: Cluster) -> Floats:
        """Mean of a cluster's `directions` over its members, (d,)."""
        lobes = list(cluster.prototypes.values())
        counts = np.array([lobe.count for lobe in lobes], np.float64)
        return np.asarray(counts @ self.directions(lobes) / counts.sum())

    def _vectors(self) -> Floats:
        return np.stack([vector for _, _, vector in self._sample]).astype(np.float64)

    def _mean(self) -> Floats:
        return np.asarray(self._vectors().mean(axis=0))


def _centred(means: Floats, centre: Floats | None) -> Floats:
    """Means (m, d) of unit vectors, seen from the centre, scaled as `directions` says."""
    if centre is None:
        return means
    squared = 1.0 - 2.0 * (means @ centre) + centre @ centre
    return np.asarray((means - centre) / np.sqrt(np.maximum(squared, 1e-9))[:, None])
