"""The similarity rule as a whole: streams of blobs in, piles that mend themselves out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.cluster import UNKNOWN
from engine.lineage import Calibrated, Confirmed, Created, Event, Merged, Moved, Split
from engine.profile import Profile
from engine.types import Vector
from engine.vectors import settle
from tests.blobs import DIM, blobs, partition, sizes_in
from tests.runs import OBJECT, Run, followed, number
from tests.snapshot import snapshot

TIGHT = replace(OBJECT, max_prototypes=3, free_prototypes=0)


@st.composite
def streams(draw: st.DrawFn) -> list[Vector]:
    """Piles of any size, tight or running into each other, copies among them."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    spread = draw(st.sampled_from([0.0, 0.2, 0.6, 1.2]))
    vectors, _ = blobs(sizes, spread, draw(st.integers(0, 10_000)))
    return vectors


profiles = st.sampled_from([OBJECT, TIGHT, replace(TIGHT, max_prototypes=1)])


@settings(max_examples=30, deadline=None)
@given(streams(), profiles, st.integers(1, 20))
def test_replay_equals_live(stream: list[Vector], profile: Profile, batch: int) -> None:
    """The outcomes alone give the same book, bit for bit, however they were committed."""
    live = Run(profile).feed(stream, batch)
    told = live.recovered(profile)
    assert snapshot(told.scope, DIM) == snapshot(live.scope, DIM)
    at_once = Run(profile).feed(stream)
    assert [o.events for o in at_once.outcomes] == [o.events for o in live.outcomes]


@settings(max_examples=25, deadline=None)
@given(streams(), profiles, st.integers(0, 60))
def test_a_crash_anywhere_changes_nothing(stream: list[Vector], profile: Profile, cut: int) -> None:
    """A worker that recovers goes on as if it had never stopped."""
    whole = Run(profile).feed(stream)
    resumed = Run(profile).feed(stream[:cut]).recovered(profile).feed(stream[cut:])
    assert [o.events for o in resumed.outcomes] == [o.events for o in whole.outcomes]
    assert snapshot(resumed.scope, DIM) == snapshot(whole.scope, DIM)


@settings(max_examples=30, deadline=None)
@given(streams(), profiles, st.integers(1, 20))
def test_everyone_agrees_on_who_lies_where(
    stream: list[Vector], profile: Profile, batch: int
) -> None:
    """The book's counts, the members of its lobes, the journal and the public events."""
    run = Run(profile).feed(stream, batch)
    by_event = followed(run.changes)
    assert by_event == dict(zip(sorted(by_event, key=number), run.labels(), strict=True))
    for cluster in run.scope.clusters.values():
        members = run.members.members("site", cluster.prototypes)
        assert len(members) == cluster.count
        assert {by_event[item_id] for item_id in members} == {cluster.cluster_id}
        for lobe in cluster.prototypes.values():
            mine = [number(item) for item in run.members.members("site", [lobe.prototype_id])]
            exact = np.sum([stream[n] for n in mine], axis=0, dtype=np.float64)
            assert lobe.total.tobytes() == exact.tobytes()
    assert sum(sizes_in(run.scope)) == len(stream)


@settings(max_examples=30, deadline=None)
@given(streams(), profiles)
def test_ids_are_born_once_and_retire_once(stream: list[Vector], profile: Profile) -> None:
    """Nothing happens to an id that is not alive, and none comes back."""
    run = Run(profile).feed(stream)
    alive: set[str] = set()
    for change in run.changes:
        match change:
            case Created(cluster_id=new) | Split(cluster_id=new):
                alive.add(new)
            case Merged():
                assert {change.cluster_id, change.retired_id} <= alive
                alive.remove(change.retired_id)
            case Calibrated():
                continue
        assert change.cluster_id in alive
    born = [c.cluster_id for c in run.changes if isinstance(c, Created | Split)]
    assert len(born) == len(set(born))
    assert alive == set(run.scope.clusters)


@settings(max_examples=30, deadline=None)
@given(streams(), st.integers(1, 4), st.integers(0, 30))
def test_lobes_stay_within_their_bounds(stream: list[Vector], most: int, free: int) -> None:
    """Per cluster beyond what the whole scope may have for free, moves and mergers included."""
    run = Run(replace(OBJECT, max_prototypes=most, free_prototypes=free)).feed(stream)
    assert max(len(c.prototypes) for c in run.scope.clusters.values()) <= max(most, free)
    if not free:
        assert len(run.scope.owners) <= most * len(run.scope.clusters)


@settings(max_examples=30, deadline=None)
@given(streams(), profiles)
def test_clusters_are_confirmed_from_their_minimum_size_on(
    stream: list[Vector], profile: Profile
) -> None:
    """By whatever way they reached it, and once."""
    run = Run(profile).feed(stream)
    for cluster in run.scope.clusters.values():
        assert cluster.confirmed or cluster.count < profile.min_size
    confirmed = [c.cluster_id for c in run.changes if isinstance(c, Confirmed)]
    assert len(confirmed) == len(set(confirmed))
    assert run.scope.confirmed == sum(c.confirmed for c in run.scope.clusters.values())


@pytest.mark.parametrize("profile", [OBJECT, replace(OBJECT, free_prototypes=0)])
@pytest.mark.parametrize("sizes", [(6,) * 5, (12,) * 8, (30, 20, 10, 5, 5)])
def test_every_order_of_arrival_ends_the_same(sizes: tuple[int, ...], profile: Profile) -> None:
    """Well separated piles are found whichever photo comes first."""
    vectors, truth = blobs(sizes, spread=0.2)
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(vectors))
        run = Run(profile).feed(vectors[n] for n in order)
        assert partition(run.labels()) == partition(truth[n] for n in order)


def test_one_pile_after_the_other_ends_the_same() -> None:
    """The worst order: what the first piles look like says nothing of the next."""
    vectors, truth = blobs((10,) * 6, spread=0.2)
    order = np.argsort(truth, kind="stable")
    run = Run().feed(vectors[n] for n in order)
    assert partition(run.labels()) == partition(truth[n] for n in order)


@pytest.mark.parametrize("seed", range(5))
def test_a_cold_start_is_not_absurd(seed: int) -> None:
    """Ten photos, thirty photos of five piles: neither one giant nor all alone."""
    vectors, _ = blobs((6,) * 5, spread=0.3, seed=seed)
    run = Run().feed(vectors[:10])
    assert sizes_in(run.scope)[0] <= 5
    run.feed(vectors[10:])
    assert sizes_in(run.scope)[0] <= 12
    assert 4 <= len(run.scope.clusters) <= 8


def test_copies_are_the_same_from_the_start() -> None:
    """Before anything is learned, and where there is nothing else to learn from."""
    [vector], _ = blobs([1])
    run = Run().feed([vector] * 20)
    assert sizes_in(run.scope) == [20]
    assert not any(isinstance(change, Calibrated) for change in run.changes)


def test_a_pile_that_came_in_two_is_merged() -> None:
    """The id of the larger part survives, the other leads to it."""
    vectors, truth = blobs((8, 8, 8), spread=0.2)
    halves = iter(["one", "other"] * 8)
    run = Run()
    for vector, label in zip(vectors[:-1], truth[:-1], strict=True):
        run.tell(vector, next(halves) if label == truth[0] else f"pile-{label}")
    assert len(run.scope.clusters) == 4
    run.feed(vectors[-1:])
    assert partition(run.labels()) == partition(truth)
    retired = {c.retired_id: c.cluster_id for c in run.changes if isinstance(c, Merged)}
    assert retired["other"] == "one"
    assert run.scope.redirects == retired
    assert set(run.scope.clusters) == {"one", *(f"pile-{n}" for n in {0, 1, 2} - {truth[0]})}


def test_a_wrong_merger_is_split_again() -> None:
    """The child's members are told by name; the larger part keeps the id."""
    vectors, truth = blobs((10, 6, 8), spread=0.2)
    last = truth.index(2)
    run = Run()
    for n, (vector, label) in enumerate(zip(vectors, truth, strict=True)):
        if n != last:
            run.tell(vector, "wrong" if label < 2 else "right")
    run.feed([vectors[last]])
    [split] = [change for change in run.changes if isinstance(change, Split)]
    told = [label for n, label in enumerate(truth) if n != last]
    assert split.parent_id == "wrong"
    assert sorted(map(number, split.item_ids)) == [n for n, la in enumerate(told) if la == 1]
    assert sizes_in(run.scope) == [10, 8, 6]
    assert run.scope.clusters["wrong"].count == 10


def test_strays_go_home() -> None:
    """Lobes that lie on another pile are moved, by name, and both ids live on."""
    vectors, truth = blobs((10, 10, 10), spread=0.2)
    home = truth[0]
    run = Run()
    strays: list[int] = []
    for n, (vector, label) in enumerate(zip(vectors[:-1], truth[:-1], strict=True)):
        if label == home and len(strays) < 3:
            strays.append(n)
            run.tell(vector, f"pile-{(home + 1) % 3}")
        else:
            run.tell(vector, f"pile-{label}")
    run.feed(vectors[-1:])
    [moved] = [change for change in run.changes if isinstance(change, Moved)]
    assert (moved.source_id, moved.cluster_id) == (f"pile-{(home + 1) % 3}", f"pile-{home}")
    assert sorted(map(number, moved.item_ids)) == strays
    assert partition(run.labels()) == partition(truth)


def test_a_stream_that_changes_is_calibrated_anew() -> None:
    """Other material, on another side of the sphere: an event says so, memberships stay."""
    first, truth = blobs((40,) * 8, spread=0.2)
    rng = np.random.default_rng(5)
    side = rng.normal(size=DIM)
    second = [turned(vector, side) for vector in blobs((40,) * 8, spread=0.2, seed=1)[0]]
    run = Run().feed([turned(vector, -side) for vector in first])
    assert not any(c.drifted for c in run.changes if isinstance(c, Calibrated))
    before = partition(run.labels())
    run.feed(second)
    assert any(c.drifted for c in run.changes if isinstance(c, Calibrated))
    assert before == partition(truth)
    assert partition(run.labels()[: len(first)]) == before


def turned(vector: Vector, side: NDArray[np.float64]) -> Vector:
    return settle(vector + side / np.linalg.norm(side), DIM)


def test_a_threshold_that_is_given_holds() -> None:
    """The operator's word over the stream's: two piles are one if they say so."""
    vectors, _ = blobs((8, 8), spread=0.2)
    assert len(Run(replace(OBJECT, threshold=-1.0)).feed(vectors).scope.clusters) == 1
    assert len(Run(replace(OBJECT, threshold=1.0)).feed(vectors).scope.clusters) == 16


def test_a_scope_whose_newest_lobes_are_few_is_sampled_all_the_same() -> None:
    """Many drifts leave hardly a lobe that counts as new: then older ones stand in."""
    run = Run()
    for n, vector in enumerate(blobs((1,) * 620)[0]):
        run.tell(vector, f"c{n}")
    for _ in range(12):
        drifted = Calibrated(0.5, 0.5, 1.0, 420, drifted=True, sample=(0, 1))
        run.scope.apply(Event("site", run.scope.seq + 1, drifted), {}, UNKNOWN)
    before = run.scope.calibration.next_fit
    run.feed(blobs((14,) * 5, seed=1)[0])
    assert run.scope.calibration.next_fit > before


def test_a_large_scope_recovers_the_space_it_learned() -> None:
    """What members of a pile differ in is learned again from the same lobes, bit for bit."""
    vectors, truth = blobs((50,) * 22, spread=0.2)
    whole = Run()
    for vector, label in zip(vectors[:950], truth, strict=False):
        whole.tell(vector, f"pile-{label}")
    stopped = whole.recovered().feed(vectors[950:1040])
    resumed = stopped.recovered().feed(vectors[1040:])
    whole.feed(vectors[950:])
    assert whole.scope.calibration.space is not None
    assert snapshot(resumed.scope, DIM) == snapshot(whole.scope, DIM)
    assert [o.events for o in resumed.outcomes] == [o.events for o in whole.outcomes]
    assert partition(whole.labels()) == partition(truth)
