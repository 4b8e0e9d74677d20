"""Names for clusters from a list of words, without an example of any: zero-shot classification.

After Radford et al., "Learning transferable visual models from natural language supervision",
ICML 2021: each word is put into a sentence and embedded; a cluster is likeliest called by the
word whose vector is nearest to the mean direction of its members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.book import ScopeBook
from engine.ports import TextEncoder

TEMPLATE = "a photo of a {}"
"""Where the word goes into the sentence."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a cluster of `count` items may be called, as likely as `probability` says.

    runner_up: the next likeliest word, for a person who doubts.
    """

    cluster_id: str
    count: int
    name: str
    probability: float
    runner_up: str


def word_vectors(
    encoder: TextEncoder, words: Sequence[str], template: str = TEMPLATE
) -> NDArray[np.float32]:
    """Unit vectors of the words, each in its sentence, (n, dim)."""
    return encoder.embed([template.replace("{}", word) for word in words])


def probabilities(
    directions: NDArray[np.float64], vectors: NDArray[np.float32], scale: float
) -> NDArray[np.float64]:
    """How likely each of m unit vectors (m, d) is called by each of n words (n, d): (m, n).

    scale: what cosines are multiplied with before the softmax, as the model was trained.
    """
    logits = directions @ vectors.T.astype(np.float64) * scale
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def proposals(
    scope: ScopeBook, words: Sequence[str], vectors: NDArray[np.float32], scale: float
) -> list[Proposal]:
    """A name for each confirmed cluster of a scope that nobody named, the largest first.

    words: two at least. vectors: theirs, (n, dim), in the space of the scope's vectors.
    """
    found = dict(_directions(scope))
    ordered = sorted(found, key=lambda one: (-scope.clusters[one].count, one))
    if not ordered:
        return []
    chances = probabilities(np.stack([found[one] for one in ordered]), vectors, scale)
    counts = {one: scope.clusters[one].count for one in ordered}
    return [_proposal(one, counts, words, row) for one, row in zip(ordered, chances, strict=True)]


def _directions(scope: ScopeBook) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for cluster in scope.clusters.values():
        mean = cluster.mean()
        length = float(np.linalg.norm(mean))
        if cluster.confirmed and not cluster.name and length:
            yield cluster.cluster_id, mean / length


def _proposal(
    cluster_id: str, counts: Mapping[str, int], words: Sequence[str], chances: NDArray[np.float64]
) -> Proposal:
    best, second = np.argsort(-chances, kind="stable")[:2]
    return Proposal(
        cluster_id, counts[cluster_id], words[best], float(chances[best]), words[second]
    )
