"""Vectors on the grid: unit length, and sums that come out bit-equal whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.cluster import Prototype
from engine.errors import Misconfigured
from engine.types import Vector
from engine.vectors import STEPS, Directionless, settle

DIM = 5
directions = hnp.arrays(
    np.float32, DIM, elements=st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False)
).filter(lambda vector: bool(vector.any()))
settled = directions.map(lambda vector: settle(vector, DIM))


@given(directions)
def test_a_settled_vector_lies_on_the_grid(vector: Vector) -> None:
    """Unit length to rounding, the same direction, every component a whole number of steps."""
    made = settle(vector, DIM)
    assert made.dtype == np.float32
    steps = made.astype(np.float64) * STEPS
    assert (steps == np.rint(steps)).all()
    exact = vector.astype(np.float64)
    assert np.allclose(made, exact / np.linalg.norm(exact), rtol=0, atol=1 / STEPS)


@pytest.mark.parametrize("row", [[np.nan, 1], [np.inf, 1], [0, 0], [1, 0, 0], [1], [[1, 0]]])
def test_what_has_no_direction_is_refused(row: list[float]) -> None:
    """Another length, NaN, infinity and zeros are told apart in words."""
    with pytest.raises((Misconfigured, Directionless), match="a vector"):
        settle(np.array(row, np.float32), 2)


def lobe(number: int, vector: Vector) -> Prototype:
    return Prototype(number, f"{number}#0", vector.astype(np.float64))


@given(st.lists(settled, min_size=2, max_size=8), st.data())
def test_sums_forget_how_they_came_about(vectors: list[Vector], data: st.DataObject) -> None:
    """Add, absorb and subtract in any order: what is left is the sum of what is left, bit-equal."""
    numbers = range(len(vectors))
    lobes = [lobe(number, vectors[number]) for number in data.draw(st.permutations(numbers))]
    while len(lobes) > 1:
        absorbed = lobes.pop()
        data.draw(st.sampled_from(lobes)).absorb(absorbed)
    [left] = lobes
    gone = data.draw(st.lists(st.sampled_from(numbers), unique=True))
    for number in gone:
        left.subtract(f"{number}#0", vectors[number])
    kept = [vector for number, vector in enumerate(vectors) if number not in gone]
    assert left.total.tobytes() == np.sum([np.zeros(DIM), *kept], axis=0).tobytes()
    assert left.count == len(kept)
