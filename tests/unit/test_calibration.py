"""What the background of a scope says of its cosines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.calibration import COPIES_ONLY, FEWEST, SAMPLE, Background, fit_band

DIM = 32


def piles(count: int, size: int, spread: float, seed: int = 0) -> NDArray[np.float32]:
    """`count` random directions with `size` unit vectors about each."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(count, DIM)), size, axis=0)
    rows = centres + spread * rng.normal(size=centres.shape)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_nothing_is_believed_of_a_few_photos() -> None:
    """A cold start joins copies and nothing else."""
    background = Background()
    for number, row in enumerate(piles(FEWEST - 1, 1, 0.1)):
        background.add(f"{number}", row)
    assert background.band == COPIES_ONLY


@pytest.mark.parametrize("size", [1, 4, 10])
def test_the_band_lies_between_strangers_and_kin(size: int) -> None:
    """Whether photos have partners or not: the pairs within piles do not move the median."""
    rows = piles(200 // size, size, 0.4)
    band = fit_band(rows)
    cosines = rows @ rows.T
    kin = np.equal.outer(np.arange(len(rows)) // size, np.arange(len(rows)) // size)
    assert np.quantile(cosines[~kin], 0.97) < band.different < band.same
    if size > 1:
        assert band.different < np.quantile(cosines[kin], 0.05)


def test_an_encoder_whose_cosines_are_all_high_gets_a_high_band() -> None:
    """The scale of an encoder is its own: that is what is learned."""
    rows = piles(50, 4, 0.4) + np.float32(0.5)
    high = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    assert fit_band(high).different > 0.8 > fit_band(piles(50, 4, 0.4)).different


def test_one_photo_over_and_over_leaves_room_for_nothing_else() -> None:
    """Where all is alike, only copies are the same."""
    band = fit_band(np.repeat(piles(1, 1, 0.0), 20, axis=0))
    assert band.different == COPIES_ONLY.different
    assert band.different < band.same <= 1.0


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(2 * SAMPLE)))
def test_the_sample_does_not_depend_on_the_order(order: list[int]) -> None:
    """Which items are kept is a matter of their ids alone."""
    rows = piles(2 * SAMPLE, 1, 0.1)
    there, here = Background(), Background()
    for number in range(2 * SAMPLE):
        there.add(f"{number}", rows[number])
    for number in order:
        here.add(f"{number}", rows[number])
    assert [entry[:2] for entry in here._sample] == [entry[:2] for entry in there._sample]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 2 * SAMPLE), st.data())
def test_a_forgotten_item_leaves_no_trace(count: int, data: st.DataObject) -> None:
    """What is known after it is what a zero vector in its place would have left."""
    rows = piles(count, 1, 0.3)
    gone = data.draw(st.integers(0, count - 1))
    live, replayed = Background(), Background()
    for number, row in enumerate(rows):
        live.add(f"{number}", row)
        replayed.add(f"{number}", row * (number != gone))
    for background in (live, replayed):
        background.forget(f"{gone}")
    assert live.band == replayed.band
    for background in (live, replayed):
        for number, row in enumerate(piles(count, 1, 0.3, seed=1)):
            background.add(f"later {number}", row)
    assert live.band == replayed.band
