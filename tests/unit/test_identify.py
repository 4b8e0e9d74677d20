"""Finding a target among embeddings: by cosine, and by a machine that knows what others are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.jobs.identify import LEAST_OTHERS, by_cosine, by_svm

TARGET = 7


def people(seed: int = 0, each: int = 6, noise: float = 0.6) -> NDArray[np.float32]:
    """Unit rows (20, each, 32) of 20 people."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(20, 1, 32)) + noise * rng.normal(size=(20, each, 32))
    return (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("score", [by_cosine, by_svm])
def test_the_target_comes_first(score) -> None:  # type: ignore[no-untyped-def]
    """Two examples find the other four among 118."""
    everybody = people()
    examples = everybody[TARGET, :2]
    gallery = np.delete(everybody.reshape(-1, 32), [TARGET * 6, TARGET * 6 + 1], axis=0)
    best = np.argsort(-score(examples, gallery))[:4]
    assert sorted(best) == [TARGET * 6 + k for k in range(4)]


def test_a_cosine_is_that_to_the_mean_direction() -> None:
    """One example scores 1 against itself; many rows are independent of each other."""
    everybody = people().reshape(-1, 32)
    scores = by_cosine(everybody[:1], everybody)
    assert scores[0] == pytest.approx(1)
    assert by_cosine(everybody[:1], everybody[5:6])[0] == pytest.approx(scores[5])


def test_a_machine_needs_others_to_learn_from() -> None:
    """Among a handful there is nothing to learn: that is said, with the way out."""
    everybody = people().reshape(-1, 32)
    with pytest.raises(Misconfigured, match="compare by cosine"):
        by_svm(everybody[:1], everybody[: LEAST_OTHERS - 1])
    assert by_svm(everybody[:1], everybody[:LEAST_OTHERS]).argmax() == 0


def test_a_large_gallery_is_learned_from_in_part() -> None:
    """Five thousand rows are scored, of two thousand at most learned; the target still leads."""
    crowd = people(seed=1, each=250).reshape(-1, 32)
    examples = crowd[:3]
    assert set(np.argsort(-by_svm(examples, crowd))[:200]) <= set(range(250))
