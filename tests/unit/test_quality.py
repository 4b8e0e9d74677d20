"""A cluster is marked low when it is much looser than its neighbours in the same result."""

from __future__ import annotations

import numpy as np
import pytest

from engine.jobs.quality import grade, spread


def test_spread_is_one_minus_the_mean_cosine_over_pairs() -> None:
    """The closed form by the summed vector equals counting out every pair."""
    vectors = np.random.default_rng(1).normal(size=(7, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (vectors @ vectors.T)[np.triu_indices(7, k=1)]
    assert spread(vectors) == pytest.approx(1 - float(cosines.mean()), abs=1e-6)


def test_a_lone_member_has_no_spread() -> None:
    """One vector, or none, has no pair to disagree."""
    assert spread(np.ones((1, 4), dtype=np.float32) / 2) == 0
    assert spread(np.zeros((0, 4), dtype=np.float32)) == 0


def test_only_the_outlier_above_is_low() -> None:
    """A loose cluster is graded low, an unusually tight one is not."""
    spreads = {"a": 0.20, "b": 0.22, "c": 0.25, "d": 0.24, "loose": 0.70, "tight": 0.01}
    assert {name for name, quality in grade(spreads).items() if quality == "low"} == {"loose"}


def test_near_equal_spreads_are_all_high() -> None:
    """Where nearly all spreads are equal a hair's breadth more is no reason for suspicion."""
    assert set(grade({"a": 0.2, "b": 0.2, "c": 0.2, "d": 0.21}).values()) == {"high"}


def test_no_clusters_have_no_grades() -> None:
    """An empty result is graded empty, not refused."""
    assert grade({}) == {}
