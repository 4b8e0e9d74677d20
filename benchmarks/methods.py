"""Other people's ways to cluster, each with the grid its threshold is chosen from.

All see unit vectors in order of arrival. Grids are cosine distances unless a method says
otherwise; between unit vectors a Euclidean distance is the square root of twice that.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from river import base, cluster
from sklearn.cluster import DBSCAN, HDBSCAN, Birch, MiniBatchKMeans

from benchmarks.measures import NOISE, Groups

Vectors: TypeAlias = NDArray[np.float32]

DISTANCES = tuple(float(distance) for distance in np.geomspace(0.01, 1.1, 48))
COARSE = DISTANCES[10::4]
SMALL = tuple(distance / 10 for distance in COARSE)
RIVER_COMPONENTS = 32
"""Principal components that river's get: they compare Python dictionaries."""
_CORE = 3
"""Photos near each other that make one of them a core point, in Immich's default setting."""


@dataclass(frozen=True)
class Points:
    """Unit rows (n, d) in order of arrival, and how many clusters they truly make."""

    vectors: Vectors
    clusters: int

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """Cosine distances (n, n)."""
        likeness = self.vectors.astype(np.float64) @ self.vectors.T.astype(np.float64)
        return np.asarray(np.clip(1 - likeness, 0, 2))


@dataclass(frozen=True, slots=True)
class Method:
    """A way to cluster; `cluster` gives groups (n,), -1 for noise.

    ordered: the order of arrival matters, so it is judged in several.
    limit: most points it is run on, None where it may have all.
    """

    name: str
    grid: tuple[tuple[float, ...], ...]
    cluster: Callable[..., Groups]
    ordered: bool = False
    limit: int | None = None


def leader(points: Points, distance: float) -> Groups:
    """One running centroid per cluster: join the nearest within the distance, or found one."""
    sums, directions = np.zeros_like(points.vectors), np.zeros_like(points.vectors)
    groups = np.empty(len(points.vectors), np.int64)
    count = 0
    for position, vector in enumerate(points.vectors):
        likeness = directions[:count] @ vector
        chosen = int(likeness.argmax()) if count else 0
        if not count or 1 - likeness[chosen] > distance:
            chosen, count = count, count + 1
        sums[chosen] += vector
        directions[chosen] = sums[chosen] / np.linalg.norm(sums[chosen])
        groups[position] = chosen
    return groups


def immich(points: Points, distance: float) -> Groups:
    """After Immich's recognition of people: neighbours decide, and who has few waits.

    Join the cluster of the nearest assigned neighbour within the distance; with none, found a
    cluster where three are that near, oneself included; else wait. Who waits is asked once
    more at the end.
    """
    groups = np.full(len(points.vectors), NOISE, np.int64)
    for position in range(len(groups)):
        groups[position] = _immich_group(
            points.distances[position, : position + 1], groups, distance
        )
    for position in np.flatnonzero(groups == NOISE).tolist():
        groups[position] = _immich_group(points.distances[position], groups, distance)
    return groups


def _immich_group(distances: NDArray[np.float64], groups: Groups, distance: float) -> int:
    near = np.flatnonzero(distances <= distance)
    assigned = near[groups[near] != NOISE]
    if len(assigned):
        return int(groups[assigned[distances[assigned].argmin()]])
    return int(groups.max()) + 1 if len(near) >= _CORE else NOISE


def dbstream(points: Points, distance: float) -> Groups:
    """DBSTREAM of river (Hahsler & Bolanos 2016), without fading."""
    model = cluster.DBSTREAM(
        clustering_threshold=sqrt(2 * distance), fading_factor=1e-6, cleanup_interval=10_000
    )
    return _streamed(model, points)


def denstream(points: Points, distance: float) -> Groups:
    """DenStream of river (Cao et al. 2006), all but without decay."""
    count = len(points.vectors)
    model = cluster.DenStream(
        decaying_factor=1e-6, epsilon=sqrt(2 * distance), n_samples_init=max(2, count // 10)
    )
    return _streamed(model, points)


def _streamed(model: base.Clusterer, points: Points) -> Groups:
    samples = list(_dictionaries(points.vectors))
    for sample in samples:
        model.learn_one(sample)
    return np.array([model.predict_one(sample) for sample in samples], np.int64)


def _dictionaries(vectors: Vectors) -> Iterator[dict[base.typing.FeatureName, float]]:
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    kept = left[:, :RIVER_COMPONENTS] * singular[:RIVER_COMPONENTS]
    for row in kept.tolist():
        yield dict(enumerate(row))


def birch(points: Points, distance: float) -> Groups:
    """scikit-learn's Birch (Zhang et al. 1996): leaves are clusters."""
    model = Birch(threshold=sqrt(2 * distance), n_clusters=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer leaves than points is what is wanted
        return np.asarray(model.fit_predict(points.vectors), np.int64)


def k_means(points: Points) -> Groups:
    """scikit-learn's MiniBatchKMeans, told the true number of clusters."""
    model = MiniBatchKMeans(n_clusters=points.clusters, n_init=3, random_state=0)
    return np.asarray(model.fit_predict(points.vectors), np.int64)


def dbscan(points: Points, distance: float, core: float) -> Groups:
    """scikit-learn's DBSCAN (Ester et al. 1996)."""
    model = DBSCAN(eps=distance, min_samples=int(core), metric="precomputed")
    return np.asarray(model.fit_predict(points.distances), np.int64)


def hdbscan(points: Points, least: float, core: float) -> Groups:
    """scikit-learn's HDBSCAN (Campello et al. 2013): least size and core points are tuned."""
    model = HDBSCAN(
        min_cluster_size=int(least), min_samples=int(core), metric="precomputed", copy=True
    )
    return np.asarray(model.fit_predict(points.distances), np.int64)


def _single(values: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple((value,) for value in values)


METHODS = (
    Method("leader", _single(DISTANCES), leader, ordered=True),
    Method("Immich's rule", _single(DISTANCES), immich, ordered=True),
    Method("DBSTREAM", _single(COARSE), dbstream, limit=2000),
    Method("DenStream", _single(SMALL), denstream, limit=2000),
    Method("Birch", _single(DISTANCES), birch, ordered=True),
    Method("k-means", ((),), k_means),
    Method("DBSCAN", tuple((d, core) for d in DISTANCES for core in (2, 3)), dbscan),
    Method("HDBSCAN", tuple((n, core) for n in (2, 3, 5) for core in (1, 2, 3, 5)), hdbscan),
)
"""Every method but average linkage, whose every cut comes from one tree."""
