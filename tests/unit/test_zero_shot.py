"""Names from words alone: the nearest word of the joint space, with its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.book import ScopeBook
from engine.cluster import Cluster, Prototype
from engine.index.exact import ExactIndex
from engine.jobs.zero_shot import Proposal, probabilities, proposals, word_vectors

AXES = np.eye(3, dtype=np.float32)
WORDS = ("crane", "excavator", "scaffold")


@dataclass
class Sentences:
    """A text encoder that remembers what it was asked."""

    identity: str = "sentences"
    space: str = "axes"
    dim: int = 3
    asked: tuple[str, ...] = ()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked = tuple(texts)
        return AXES[: len(texts)]


def cluster(cluster_id: str, *sums: Sequence[float], **fields: object) -> Cluster:
    """A confirmed cluster of lobes with these sums, two items each."""
    lobes = {
        number: Prototype(number, f"{cluster_id}#{number}", np.array(values), count=2)
        for number, values in enumerate(sums)
    }
    return Cluster(cluster_id, **{"founded": 1, "confirmed": True, "prototypes": lobes} | fields)  # type: ignore[arg-type]


def scope_of(*clusters: Cluster) -> ScopeBook:
    return ScopeBook(ExactIndex(3), clusters={one.cluster_id: one for one in clusters})


def names(scope: ScopeBook) -> list[tuple[str, str, str]]:
    found = proposals(scope, WORDS, AXES, scale=10)
    return [(one.cluster_id, one.name, one.runner_up) for one in found]


def test_a_cluster_is_called_by_the_word_nearest_to_its_mean() -> None:
    """Over all its lobes; the largest cluster comes first, equal ones by id."""
    scope = scope_of(
        cluster("b", [0, 1, 0.1]), cluster("a", [0.2, 0, 1]), cluster("c", [1, 0, 0], [1, 1.5, 0])
    )
    assert names(scope) == [
        ("c", "crane", "excavator"),
        ("a", "scaffold", "crane"),
        ("b", "excavator", "scaffold"),
    ]


def test_what_a_person_named_and_what_is_pending_is_left_alone() -> None:
    """And what has no direction, because all of it was forgotten."""
    scope = scope_of(
        cluster("named", [1, 0, 0], name="North gate"),
        cluster("pending", [1, 0, 0], confirmed=False),
        cluster("forgotten", [0, 0, 0]),
    )
    assert names(scope) == []


def test_probability_is_a_softmax_of_scaled_cosines() -> None:
    """Two words as near are as likely."""
    (one,) = proposals(scope_of(cluster("c", [1, 1, 0])), WORDS, AXES, scale=100)
    assert one == Proposal("c", 2, "crane", pytest.approx(0.5), "excavator")


@given(st.lists(st.integers(-100, 100), min_size=3, max_size=3).filter(any), st.floats(0.1, 1e4))
def test_probabilities_add_up_and_follow_cosines(values: list[int], scale: float) -> None:
    """Whatever the scale: no overflow, and the nearest word is the likeliest."""
    direction = np.array([values], np.float64) / np.linalg.norm(values)
    (chances,) = probabilities(direction, AXES, scale)
    assert chances.sum() == pytest.approx(1)
    assert chances[direction[0].argmax()] == chances.max()


def test_words_are_put_into_a_sentence() -> None:
    """Braces of a word itself mean nothing."""
    encoder = Sentences()
    vectors = word_vectors(encoder, ["crane", "{0}"], "a {} at work")
    assert encoder.asked == ("a crane at work", "a {0} at work")
    assert vectors.shape == (2, 3)
