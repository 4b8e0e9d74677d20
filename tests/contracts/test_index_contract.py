"""What every nearest-neighbour index promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.index.adaptive import AdaptiveIndex
from engine.index.exact import ExactIndex
from engine.index.hnsw import HnswIndex
from engine.neighbours import BadDump, Dump, Index

DIM = 16
Maker = Callable[..., Index]
MAKERS: dict[str, Maker] = {
    "exact": lambda dim=DIM: ExactIndex(dim),
    "hnsw": lambda dim=DIM: HnswIndex(dim, capacity=8),
    "adaptive": lambda dim=DIM: AdaptiveIndex(dim, recent=20),
}


@pytest.fixture(params=MAKERS)
def maker(request: pytest.FixtureRequest) -> Maker:
    return MAKERS[request.param]


@pytest.fixture
def index(maker: Maker) -> Index:
    return maker()


@pytest.fixture
def twin(maker: Maker) -> Index:
    """Another one, made alike."""
    return maker()


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


def test_a_removed_label_may_come_back(index: Index) -> None:
    """What undoes a fusion puts the lobe back under the label it had."""
    rows = unit_rows(60)
    for label, row in enumerate(rows):
        index.put(label, row)
    for label in range(40):
        index.remove(label)
    for label in range(40):
        index.put(label, rows[label])
    assert len(index) == 60
    for label in (0, 39, 59):
        assert index.search(rows[label], 1)[0][0] == label


def test_few_that_are_left_among_many_removed_are_found(index: Index) -> None:
    """Who is left answers, however much was taken away around it; nobody else does."""
    rows = unit_rows(500)
    for label, row in enumerate(rows):
        index.put(label, row)
    for label in range(500):
        if label % 100:
            index.remove(label)
    assert {label for label, _ in index.search(rows[7], 10)} == {0, 100, 200, 300, 400}


def test_copies_do_not_hide_the_others(index: Index) -> None:
    """A covered lens gives hundreds of equal vectors; what came before and after is found."""
    rows = unit_rows(400)
    rows[100:300] = rows[100]
    for label, row in enumerate(rows):
        index.put(label, row)
    others = [*range(100), *range(300, 400)]
    assert [index.search(rows[label], 1)[0][0] for label in others] == others


def test_nearly_all_true_neighbours_are_found_whatever_changed_before(index: Index) -> None:
    """Recall holds when every vector was replaced, and every second one fused away since."""
    before, after = unit_rows(1500, seed=1), unit_rows(1500, seed=2)
    for rows in (before, after):
        for label, row in enumerate(rows):
            index.put(label, row)
    for label in range(0, 1500, 2):
        index.remove(label)
    for label in range(1500, 2000):
        index.put(label, before[label - 1500])
    labels = np.array([*range(1, 1500, 2), *range(1500, 2000)])
    kept = np.concatenate([after[1::2], before[:500]])
    assert recall(index, kept, labels, unit_rows(50, seed=3)) > 0.97


def recall(
    index: Index, rows: NDArray[np.float32], labels: NDArray[np.int64], queries: NDArray[np.float32]
) -> float:
    """Share of the ten nearest rows that the index returns."""
    truth = labels[np.argsort(-(queries @ rows.T), axis=1)[:, :10]]
    found = [{label for label, _ in index.search(query, 10)} for query in queries]
    hits = [len(one & set(true)) / 10 for one, true in zip(found, truth.tolist(), strict=True)]
    return float(np.mean(hits))


Operation = tuple[str, int]
histories = st.lists(
    st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 60)), max_size=150
)


def replayed(
    index: Index,
    operations: list[Operation],
    rows: NDArray[np.float32],
    *,
    curious: bool = False,
    start: Mapping[int, NDArray[np.float32]] | None = None,
) -> dict[int, NDArray[np.float32]]:
    """Bring a history upon an index, searching between its steps where `curious`.

    start: what it holds already.
    """
    kept = dict(start or {})
    for (action, label), row in zip(operations, rows, strict=False):
        if action == "put":
            index.put(label, row)
            kept[label] = row
        elif label in kept:
            index.remove(label)
            del kept[label]
        if curious:
            index.search(row, 3)
    return kept


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(MAKERS)), operations=histories)
def test_any_history_finds_what_a_dictionary_would(name: str, operations: list[Operation]) -> None:
    """Puts and removes in any order, past every capacity and threshold, lose and invent nothing."""
    index, rows = MAKERS[name](), unit_rows(len(operations) + 1)
    kept = replayed(index, operations, rows)
    found = index.search(rows[-1], len(operations) + 1)
    assert len(index) == len(kept)
    assert {label for label, _ in found} == set(kept)


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(MAKERS)), operations=histories)
def test_the_same_history_gives_the_same_answers(name: str, operations: list[Operation]) -> None:
    """A replay answers as the live run did, to the bit, though nobody searched meanwhile."""
    live, again, rows = MAKERS[name](), MAKERS[name](), unit_rows(len(operations) + 1)
    replayed(live, operations, rows, curious=True)
    replayed(again, operations, rows)
    assert live.search(rows[-1], 10) == again.search(rows[-1], 10)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(MAKERS)), before=histories, after=histories)
def test_what_loads_a_dump_goes_on_as_the_original(
    name: str, before: list[Operation], after: list[Operation]
) -> None:
    """The same answers, to the bit, at once and after more puts and removes; no change is told."""
    index, twin = MAKERS[name](), MAKERS[name]()
    rows = unit_rows(len(before) + len(after) + 1)
    kept = replayed(index, before, rows)
    dump = index.dump()
    twin.load(dump)
    assert (dump.count, dump.dim, twin.changes) == (len(index), DIM, 0)
    assert twin.search(rows[-1], 10) == index.search(rows[-1], 10)
    changes = index.changes
    for one in (index, twin):
        replayed(one, after, rows[len(before) :], start=kept)
    assert twin.search(rows[-1], 10) == index.search(rows[-1], 10)
    assert len(twin) == len(index)
    assert twin.changes == index.changes - changes


def test_a_dump_stays_what_it_was(index: Index, twin: Index) -> None:
    """It is a copy: somebody writes it down while the index goes on."""
    rows = unit_rows(100)
    for label, row in enumerate(rows[:50]):
        index.put(label, row)
    expected, dump = index.search(rows[0], 5), index.dump()
    for label in range(50):
        index.put(label, rows[label + 50])
    twin.load(dump)
    assert twin.search(rows[0], 5) == expected


def test_a_scrubbed_dump_has_nothing_of_what_was_removed(index: Index, twin: Index) -> None:
    """A forgotten photo must not lie in a file; whoever is left is found as before."""
    rows = unit_rows(300)
    for label, row in enumerate(rows):
        index.put(label, row)
    for label in range(0, 300, 3):
        index.remove(label)
    dump = index.dump(scrub=True)
    data = b"".join(array.tobytes() for array in dump.arrays.values())
    assert [label for label in range(300) if rows[label].tobytes() in data] == [
        label for label in range(300) if label % 3
    ]
    twin.load(dump)
    labels = np.array([label for label in range(300) if label % 3])
    assert recall(twin, rows[labels], labels, unit_rows(50, seed=3)) > 0.97


@pytest.mark.parametrize("fault", range(60))
def test_an_implausible_dump_is_refused_or_harmless(index: Index, twin: Index, fault: int) -> None:
    """Whatever one of its arrays has become, nothing crashes the process."""
    rows = unit_rows(60)
    for label, row in enumerate(rows):
        index.put(label, row)
    for label in range(0, 60, 7):
        index.remove(label)
    dump, chance = index.dump(), np.random.default_rng(fault)
    name = chance.choice(sorted(dump.arrays))
    data = bytearray(dump.arrays[name].tobytes())
    if fault % 2 and data:
        data[chance.integers(len(data))] ^= 1 << chance.integers(8)
    else:
        del data[len(data) // 2 // dump.arrays[name].itemsize * dump.arrays[name].itemsize :]
    spoiled = np.frombuffer(bytes(data), dump.arrays[name].dtype)
    with suppress(BadDump):
        twin.load(Dump(dump.count, dump.dim, {**dump.arrays, name: spoiled}))
        twin.put(1000, rows[0])
        twin.search(rows[0], 70)


def test_a_dump_of_other_vectors_is_refused(maker: Maker, index: Index) -> None:
    """Vectors of another length belong to another encoder."""
    index.put(1, unit_rows(1)[0])
    with pytest.raises(BadDump):
        maker(2 * DIM).load(index.dump())
