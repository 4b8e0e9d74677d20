"""The engine as a river clusterer."""

from __future__ import annotations

import numpy as np
from river import preprocessing

from engine.jobs.river_clusterer import CairnClusterer


def sample(centre: int, seed: int) -> dict[str, float]:
    vector = 0.05 * np.random.default_rng(seed).normal(size=6)
    vector[centre] += 1.0
    return {f"x{n}": float(value) for n, value in enumerate(vector)}


def test_near_samples_share_a_number_and_far_ones_do_not() -> None:
    """Three directions give three clusters, numbered in the order they came."""
    model = CairnClusterer()
    for seed in range(30):
        model.learn_one(sample(seed % 3, seed))
    assert [model.predict_one(sample(centre, 99)) for centre in (0, 1, 2)] == [0, 1, 2]


def test_prediction_learns_nothing() -> None:
    """Asking where an unseen sample would go does not found a cluster."""
    model = CairnClusterer()
    model.learn_one(sample(0, 1))
    assert model.predict_one(sample(3, 2)) == 1
    assert model.predict_one(sample(4, 3)) == 1


def test_it_composes_with_rivers_pipelines() -> None:
    """It is a river clusterer like any other."""
    model = preprocessing.Normalizer() | CairnClusterer()
    for seed in range(6):
        model.learn_one(sample(seed % 2, seed))
    assert model.predict_one(sample(1, 50)) == 1
