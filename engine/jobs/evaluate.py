"""How well do found groups match true labels: the usual external clustering measures.

Noise (group -1) is a group of its own for every photo: leaving a photo alone is right where
it has no partner and costs recall where it has one.

Sources: B-cubed after Bagga & Baldwin, "Entity-based cross-document coreferencing using the
vector space model", COLING-ACL 1998, in the element-wise form of Amigo, Gonzalo, Artiles &
Verdejo, "A comparison of extrinsic clustering evaluation metrics", Information Retrieval 12,
2009. ARI, AMI, homogeneity, completeness and V-measure are scikit-learn's.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOISE = -1
"""The group of a photo that is on no confirmed cluster."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Precision, recall and their harmonic mean, each 0 to 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Scores:
    """One result judged against the truth.

    true_clusters, found_clusters: labels and groups of two members or more; a lone photo is
    no cluster on either side. cluster_count_error: found minus true.
    """

    photos: int
    bcubed: Retrieval
    pairwise: Retrieval
    ari: float
    ami: float
    homogeneity: float
    completeness: float
    v_measure: float
    true_clusters: int
    found_clusters: int
    cluster_count_error: int


@dataclass(frozen=True, slots=True)
class _Contingency:
    """Sizes per non-empty (label, group) cell: the cell, its label and its group; all (m,)."""

    cell: NDArray[np.int64]
    label: NDArray[np.int64]
    group: NDArray[np.int64]
    label_sizes: NDArray[np.int64]
    group_sizes: NDArray[np.int64]


def subjects(photos: Sequence[str], sizes: Sequence[float]) -> list[int]:
    """Positions of the largest item of every photo, in order: what the photo's label is of."""
    largest: dict[str, int] = {}
    for k, (photo, size) in enumerate(zip(photos, sizes, strict=True)):
        if photo not in largest or size > sizes[largest[photo]]:
            largest[photo] = k
    return sorted(largest.values())


def evaluate(truth: Sequence[str], groups: Sequence[int]) -> Scores:
    """Judge n found groups against n true labels, position by position.

    Raises ValueError where the lengths differ or there is nothing to judge.
    """
    if len(truth) != len(groups) or not truth:
        raise ValueError(f"{len(truth)} labels and {len(groups)} groups: need as many, at least 1")
    from sklearn import metrics  # noqa: PLC0415  over half of a second that no service start needs

    labels = np.unique(np.asarray(truth), return_inverse=True)[1].astype(np.int64)
    found = _noise_as_singletons(np.asarray(groups, dtype=np.int64))
    table = _contingency(labels, found)
    true_clusters = int((table.label_sizes > 1).sum())
    found_clusters = int((table.group_sizes > 1).sum())
    with warnings.catch_warnings():
        # Many singletons are our daily bread; scikit-learn suspects a regression target.
        warnings.filterwarnings("ignore", message="The number of unique classes", module="sklearn")
        homogeneity, completeness, v_measure = metrics.homogeneity_completeness_v_measure(
            labels, found
        )
        ari = metrics.adjusted_rand_score(labels, found)
        ami = metrics.adjusted_mutual_info_score(labels, found)
    return Scores(
        photos=len(truth),
        bcubed=_bcubed(table),
        pairwise=_pairwise(table),
        ari=float(ari),
        ami=float(ami),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
        v_measure=float(v_measure),
        true_clusters=true_clusters,
        found_clusters=found_clusters,
        cluster_count_error=found_clusters - true_clusters,
    )


def _noise_as_singletons(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    noise = groups == NOISE
    fresh = groups.max() + 1 + np.arange(noise.sum())
    groups[noise] = fresh
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _contingency(labels: NDArray[np.int64], groups: NDArray[np.int64]) -> _Contingency:
    label_sizes, group_sizes = np.bincount(labels), np.bincount(groups)
    codes, cell = np.unique(labels * len(group_sizes) + groups, return_counts=True)
    label, group = np.divmod(codes, len(group_sizes))
    return _Contingency(cell, label_sizes[label], group_sizes[group], label_sizes, group_sizes)


def _bcubed(table: _Contingency) -> Retrieval:
    # A photo's precision is the share of its group that has its label; its recall the share
    # of its label that is in its group. Every photo of one cell has the same two.
    photos = table.label_sizes.sum()
    precision = float((table.cell**2 / table.group).sum() / photos)
    recall = float((table.cell**2 / table.label).sum() / photos)
    return _retrieval(precision, recall)


def _pairwise(table: _Contingency) -> Retrieval:
    together = _pairs(table.cell)
    claimed, true = _pairs(table.group_sizes), _pairs(table.label_sizes)
    # Who claims no pair claims no wrong one; where there is no pair, none is missed.
    precision = together / claimed if claimed else 1.0
    recall = together / true if true else 1.0
    return _retrieval(precision, recall)


def _pairs(sizes: NDArray[np.int64]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _retrieval(precision: float, recall: float) -> Retrieval:
    total = precision + recall
    return Retrieval(precision, recall, 2 * precision * recall / total if total else 0.0)
