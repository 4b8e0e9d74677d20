"""What benchmarks measure beyond `engine.jobs.evaluate`, and the thresholds chosen on labels."""

from __future__ import annotations

from functools import partial
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

Groups = NDArray[np.int64]

NOISE = -1
_CUTS = 100
_BLOCK = 512


def alone(groups: Groups) -> Groups:
    """The same groups with every sample of noise in a group of its own."""
    noise = groups == NOISE
    fresh = groups.copy()
    fresh[noise] = groups.max(initial=NOISE) + 1 + np.arange(noise.sum())
    return fresh


def bcubed_f(truth: Groups, groups: Groups) -> float:
    """B-cubed F of groups (n,), -1 standing alone, as `evaluate` has it, but in microseconds."""
    truth = np.unique(truth, return_inverse=True)[1]
    found = np.unique(alone(groups), return_inverse=True)[1]
    codes, cell = np.unique(truth * (found.max() + 1) + found, return_counts=True)
    label, group = np.divmod(codes, found.max() + 1)
    precision = float((cell**2 / np.bincount(found)[group]).sum())
    recall = float((cell**2 / np.bincount(truth)[label]).sum())
    return 2 * precision * recall / (precision + recall) / len(truth)


def agreement(results: list[Groups]) -> float:
    """Mean B-cubed F between any two results on the same samples; 1 where there is but one."""
    pairs = [bcubed_f(alone(one), other) for one, other in combinations(results, 2)]
    return float(np.mean(pairs)) if pairs else 1.0


def average_linkage(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The tree of offline average linkage on the cosine, (n - 1, 4), as scipy has it."""
    return np.asarray(linkage(_distances(vectors), "average"), np.float64)


def _distances(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine distances of all pairs as scipy's `pdist` orders them, but by matrix products."""
    rows = vectors.astype(np.float64)
    parts: list[NDArray[np.float64]] = []
    for first in range(0, len(rows), _BLOCK):
        likeness = rows[first : first + _BLOCK] @ rows[first:].T
        parts.extend(row[place + 1 :] for place, row in enumerate(likeness))
    return np.clip(1 - np.concatenate(parts), 0, 2)


def cut(tree: NDArray[np.float64], distance: float) -> Groups:
    """Groups (n,) of a tree, where nothing joins beyond a cosine distance."""
    return np.asarray(fcluster(tree, distance, "distance"), np.int64)


def best_cut(tree: NDArray[np.float64], truth: Groups) -> Groups:
    """Groups (n,) of a tree, cut where the labels like it best."""
    results = (cut(tree, distance) for distance in cuts(tree[:, 2]))
    return max(results, key=partial(bcubed_f, truth))


def cuts(heights: NDArray[np.float64]) -> list[float]:
    """About a hundred heights to cut a tree at, each halfway between two of its merges."""
    steps = np.quantile(heights, np.linspace(0, 1, _CUTS))
    return [float((low + high) / 2) for low, high in pairwise(np.unique(steps))] or [0.0]
