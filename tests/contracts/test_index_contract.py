"""What every nearest-neighbour index promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.index.adaptive import AdaptiveIndex
from engine.index.exact import ExactIndex
from engine.index.hnsw import HnswIndex
from engine.ports import Index

DIM = 16
MAKERS: dict[str, Callable[[], Index]] = {
    "exact": lambda: ExactIndex(DIM),
    "hnsw": lambda: HnswIndex(DIM, capacity=8),
    "adaptive": lambda: AdaptiveIndex(DIM, limit=20),
}


@pytest.fixture(params=MAKERS)
def index(request: pytest.FixtureRequest) -> Index:
    return MAKERS[request.param]()


def unit_rows(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_an_empty_index_finds_nothing(index: Index) -> None:
    """The first photo of a scope has no neighbours."""
    assert len(index) == 0
    assert index.search(unit_rows(1)[0], 5) == []


def test_the_nearest_come_first_with_their_cosine(index: Index) -> None:
    """Neighbours agree with brute force, scores included."""
    rows = unit_rows(50)
    for label, row in enumerate(rows):
        index.put(label, row)
    query = unit_rows(1, seed=9)[0]
    truth = np.argsort(-(rows @ query))[:5]
    found = index.search(query, 5)
    assert [label for label, _ in found] == truth.tolist()
    assert np.allclose([score for _, score in found], (rows @ query)[truth], atol=1e-5)


def test_ties_break_by_label(index: Index) -> None:
    """Copies of one photo come back in the order of their labels."""
    row = unit_rows(1)[0]
    for label in (7, 3, 5):
        index.put(label, row)
    assert [label for label, _ in index.search(row, 3)] == [3, 5, 7]


def test_a_put_replaces(index: Index) -> None:
    """A lobe that moved is found where it is now, once."""
    first, second = unit_rows(2)
    index.put(1, first)
    index.put(1, second)
    assert len(index) == 1
    [(label, score)] = index.search(second, 3)
    assert label == 1
    assert score == pytest.approx(1.0, abs=1e-5)


def test_what_was_removed_is_not_found_and_cannot_be_removed_again(index: Index) -> None:
    """A fused lobe disappears; removing an unknown label is a bug worth hearing of."""
    for label, row in enumerate(unit_rows(3)):
        index.put(label, row)
    index.remove(1)
    assert {label for label, _ in index.search(unit_rows(1)[0], 3)} == {0, 2}
    with pytest.raises(KeyError):
        index.remove(1)


Operation = tuple[str, int]


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(sorted(MAKERS)),
    operations=st.lists(
        st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 60)), max_size=150
    ),
)
def test_any_history_finds_what_a_dictionary_would(name: str, operations: list[Operation]) -> None:
    """Puts and removes in any order, past every capacity and rebuild, lose and invent nothing."""
    index, kept = MAKERS[name](), dict[int, NDArray[np.float32]]()
    rows = unit_rows(len(operations) + 1)
    for (action, label), row in zip(operations, rows, strict=False):
        if action == "put":
            index.put(label, row)
            kept[label] = row
        elif label in kept:
            index.remove(label)
            del kept[label]
    found = index.search(rows[-1], len(operations) + 1)
    assert len(index) == len(kept)
    assert {label for label, _ in found} == set(kept)
