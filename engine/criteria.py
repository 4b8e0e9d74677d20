"""How similar two piles must be to count as one, read off a sample of the stream.

The sample's tree of average linkage could be cut at any height. Two criteria judge each:

- **silhouette** (Rousseeuw 1987): is every member nearer to its own pile than to the next one?
  It finds the number of piles in most material, but where photos first fall into "in daylight"
  and "under lamps", that is what it likes best. So a coarser structure beyond a valley of the
  curve counts only where it is clearly better than the finer one before the valley, and
  none that shows less than an eighth of the piles that the likelihood sees;
- **likelihood** of the sample under the two-covariance model (probabilistic LDA, Ioffe 2006;
  for clustering Sholokhov et al. 2023): piles scatter about a common mean, members about their
  pile, each with a covariance of its own, fitted to the cut. It resolves fine structure, and
  too much of it, for members are no normal cloud.

The answer is the coarser of the two. On little or shapeless material neither can be trusted:
then the threshold lies where hardly any random pair reaches (median and median absolute
deviation, for random pairs *contain* pairs of the same thing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.linkage import mergers

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

DEVIATIONS = 2.5
"""Where "different" ends, in robust standard deviations above the median random pair."""
MAD_TO_SIGMA = 1.4826
FEWEST = 4
"""Points below which there are no two heights to choose from."""
CUTS = 96
"""Heights of the tree that are judged, closest together where piles are few."""
AXES = 16
"""Principal axes that the likelihood looks at."""
VALLEY, RISE = 0.9, 1.3
"""A valley is this part of the best silhouette so far; beyond it, one must be this much better."""
ROUNDING = 1e-9
"""No variance is smaller than this, not even among copies."""
RESOLUTION = 8
"""A silhouette that sees fewer than this part of the likelihood's piles has missed them."""
STRUCTURE = (1.0, 2.5)
"""Silhouette times the root of the sample's size: chance below, trusted above."""
STRICTEST = 0.99
"""A threshold is never above this: copies are the same whatever the material."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a sample says.

    threshold: mean centred cosine from which on two piles are one. silhouette: of the cut, -1
    to 1. trust: 0 to 1, how much of the threshold comes from the structure found.
    """

    threshold: float
    silhouette: float
    trust: float


@dataclass(frozen=True, slots=True)
class _Cut:
    """One height of the tree, halfway between two mergers, and the two criteria there."""

    threshold: float
    piles: int
    silhouette: float
    likelihood: float


def fit(points: Floats) -> Fit:
    """Fit the threshold to n centred unit vectors (n, d), n of FEWEST or more."""
    cosines = points @ points.T
    background = _background(cosines)
    cuts = list(_cuts(points, cosines))
    fine = max(cuts, key=lambda cut: cut.likelihood)
    resolved = [cut for cut in cuts if cut.piles * RESOLUTION >= fine.piles]
    chosen = min(_shapeliest(resolved), fine, key=lambda cut: cut.threshold)
    low, high = STRUCTURE
    trust = float(np.clip((chosen.silhouette * len(points) ** 0.5 - low) / (high - low), 0.0, 1.0))
    threshold = trust * chosen.threshold + (1.0 - trust) * background
    return Fit(min(threshold, STRICTEST), chosen.silhouette, trust)


def _shapeliest(cuts: Sequence[_Cut]) -> _Cut:
    """The cut of the best silhouette, going from fine to coarse and wary of valleys."""
    best, past_valley = cuts[0], False
    for cut in cuts:
        past_valley |= cut.silhouette < VALLEY * best.silhouette
        if cut.silhouette > best.silhouette * (RISE if past_valley else 1.0):
            best, past_valley = cut, False
    return best


def _background(cosines: Floats) -> float:
    """What hardly any random pair reaches."""
    pairs = cosines[np.triu_indices(len(cosines), k=1)]
    middle = float(np.median(pairs))
    return middle + DEVIATIONS * MAD_TO_SIGMA * float(np.median(np.abs(pairs - middle)))


def _cuts(points: Floats, cosines: Floats) -> Iterator[_Cut]:
    """Judge up to CUTS heights, from almost all apart down to two piles."""
    count = len(points)
    axes = _principal(points, min(AXES, max(2, count // 5)))
    tree = list(mergers(cosines, np.ones(count)))
    piles_left = np.unique(np.geomspace(2, count - 1, CUTS).round().astype(int))
    label, sums = np.arange(count), cosines.copy()
    for done, (merger, following) in enumerate(pairwise(tree), start=1):
        label[label == merger.absorbed] = merger.kept
        sums[:, merger.kept] += sums[:, merger.absorbed]
        if count - done in piles_left:
            piles, own = np.unique(label, return_inverse=True)
            height = (merger.similarity + following.similarity) / 2.0
            shape = _silhouette(sums[:, piles], own)
            yield _Cut(height, len(piles), shape, _likelihood(axes, own))


def _silhouette(sums: Floats, own: Ints) -> float:
    """Mean silhouette of n points; sums (n, k): of their cosines to each pile's members.

    A point alone counts 0, as Rousseeuw has it.
    """
    rows, sizes = np.arange(len(own)), np.bincount(own)
    size = sizes[own]
    near = (sums[rows, own] - 1.0) / np.maximum(size - 1, 1)
    others = sums / sizes
    others[rows, own] = -np.inf
    next_best = others.max(axis=1)
    spread = np.maximum(1.0 - np.minimum(near, next_best), 1e-9)
    return float(np.clip(np.where(size > 1, (near - next_best) / spread, 0.0).mean(), -1.0, 1.0))


def _likelihood(points: Floats, own: Ints) -> float:
    """Log likelihood of n points (n, d) in k piles under the two-covariance model.

    Both covariances come from the piles themselves; that within them is shrunk to a sphere, the
    more the fewer the pairs (Ledoit & Wolf 2004 in spirit). On the axes where one is the
    identity and the other diagonal, a pile of n members with sum s contributes
    b s^2 / (1 + n b) - log(1 + n b) on an axis of variance b between piles.
    """
    sizes = np.bincount(own).astype(np.float64)
    means = _pile_sums(points, own, len(sizes)) / sizes[:, None]
    freedom = len(points) - len(sizes)
    dims = points.shape[1]
    if freedom < 2:
        return -np.inf
    residue = points - means[own]
    within = residue.T @ residue / freedom
    shrink = 0.05 + 0.9 * dims / (dims + max(freedom, dims))
    within = (1.0 - shrink) * within + shrink * np.trace(within) / dims * np.eye(dims)
    between = means.T @ means / len(sizes) - within * (1.0 / sizes).mean()
    values, vectors = np.linalg.eigh(within)
    whitener = vectors / np.sqrt(np.maximum(values, max(1e-6 * values.max(), ROUNDING)))
    spread, turn = np.linalg.eigh(whitener.T @ between @ whitener)
    spread = np.maximum(spread, 1e-3)
    axes = whitener @ turn
    projected = points @ axes
    gain = 1.0 + sizes[:, None] * spread
    sums = _pile_sums(projected, own, len(sizes))
    fitted = (spread * sums**2 / gain - np.log(gain)).sum() - (projected**2).sum()
    return float(0.5 * fitted + len(points) * np.linalg.slogdet(axes)[1])


def _pile_sums(points: Floats, own: Ints, piles: int) -> Floats:
    sums = np.zeros((piles, points.shape[1]))
    np.add.at(sums, own, points)
    return sums


def _principal(points: Floats, count: int) -> Floats:
    """Coordinates (n, count) on the axes of greatest variance, from the n x n products."""
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    return np.asarray(vectors[:, -count:] * np.sqrt(np.maximum(values[-count:], 0.0)))
