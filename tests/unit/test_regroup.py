"""What has to move so that a neighbourhood is as average linkage would have it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.cluster import Cluster, Prototype
from engine.constraints import Constraints
from engine.linkage import groups, mergers
from engine.regroup import Transfer, lobes_of, regroup
from tests.blobs import partition, pile

THRESHOLD = 0.5


def lobe(number: int, members: int = 1, axis: int = 0) -> Prototype:
    total = np.zeros(3)
    total[axis] = members
    return Prototype(number, f"{number}", total, members)


def cluster(name: str, founded: int, *lobes: Prototype) -> Cluster:
    return Cluster(name, founded, prototypes={one.prototype_id: one for one in lobes})


def rows_of(clusters: Sequence[Cluster]) -> NDArray[np.float64]:
    return np.stack([one.total / one.count for _, one in lobes_of(clusters)])


def transfers(*clusters: Cluster, threshold: float = THRESHOLD) -> list[Transfer]:
    return regroup(clusters, rows_of(clusters), threshold, Constraints())


def carry_out(clusters: Sequence[Cluster], moves: Sequence[Transfer]) -> list[Cluster]:
    """Do as told, and see that each step is one that the book allows."""
    there = {one.cluster_id: one for one in clusters}
    born: dict[int, str] = {}
    for number, move in enumerate(moves):
        heir = move.heir or born.get(move.group)
        if heir is None:
            heir = born[move.group] = f"born-{number}"
            there[heir] = Cluster(heir, 100 + number)
        source = there[move.source]
        assert heir != move.source
        assert set(move.prototypes) <= set(source.prototypes)
        assert move.last == (set(move.prototypes) == set(source.prototypes))
        for lobe_id in move.prototypes:
            there[heir].prototypes[lobe_id] = source.prototypes.pop(lobe_id)
        if move.last:
            assert move.heir is not None
            del there[move.source]
    return list(there.values())


@st.composite
def neighbourhoods(draw: st.DrawFn) -> list[Cluster]:
    """Lobes of a few members each, dealt to clusters without regard to what they show."""
    count = draw(st.integers(2, 18))
    owners = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    spread = draw(st.sampled_from([0.05, 0.5, 2.0]))
    rows = rng.normal(size=(4, 6))[rng.integers(0, 4, count)] + spread * rng.normal(size=(count, 6))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = []
    for founded, owner in enumerate(dict.fromkeys(owners)):
        mine = {n: [rows[n]] * int(rng.integers(1, 4)) for n in range(count) if owners[n] == owner}
        found.append(pile(f"c{owner}", founded, mine))
    return found


@settings(max_examples=150, deadline=None)
@given(neighbourhoods(), st.floats(-0.5, 0.95))
def test_afterwards_average_linkage_agrees(clusters: list[Cluster], threshold: float) -> None:
    """The result is that of agglomerating all lobes from scratch, and nothing is left to do."""
    lobes = [one for _, one in lobes_of(clusters)]
    rows = rows_of(clusters)
    counts = np.array([one.count for one in lobes], np.float64)
    tree = list(mergers(rows @ rows.T, counts, threshold))
    expected = partition(groups(len(lobes), tree).tolist())
    after = carry_out(clusters, regroup(clusters, rows, threshold, Constraints()))
    owner = {one.prototype_id: c.cluster_id for c, one in lobes_of(after)}
    assert partition(owner[one.prototype_id] for one in lobes) == expected
    assert regroup(after, rows_of(after), threshold, Constraints()) == []


@settings(max_examples=100, deadline=None)
@given(neighbourhoods(), st.floats(-0.5, 0.95))
def test_no_id_is_given_twice_and_none_is_lost_needlessly(
    clusters: list[Cluster], threshold: float
) -> None:
    """Every living cluster is one group; a group is born only where no id is left for it."""
    before = {one.cluster_id: set(one.prototypes) for one in clusters}
    moves = regroup(clusters, rows_of(clusters), threshold, Constraints())
    heirs = {move.group: move.heir for move in moves}
    assert all(heirs[move.group] == move.heir for move in moves)
    named = [heir for heir in heirs.values() if heir is not None]
    assert len(named) == len(set(named))
    after = {one.cluster_id: set(one.prototypes) for one in carry_out(clusters, moves)}
    for name, lobes in after.items():
        sources = [old for old, had in before.items() if had & lobes]
        assert name in sources or all(old in after for old in sources)


def test_where_all_is_well_nothing_moves() -> None:
    """Piles that are apart stay as they are, whatever their lobes."""
    one = cluster("a", 1, lobe(0, axis=0), lobe(1, axis=0))
    assert transfers(one, cluster("b", 2, lobe(2, axis=1))) == []


def test_the_smaller_pile_goes_into_the_larger() -> None:
    """Its id retires with its last lobe."""
    one, other = cluster("a", 1, lobe(0, members=2)), cluster("b", 2, lobe(1, members=3))
    assert transfers(one, other) == [Transfer("a", 0, "b", (0,), last=True)]


def test_of_two_equal_piles_the_older_keeps_its_id() -> None:
    """A promise that was made first is kept."""
    one, other = cluster("young", 2, lobe(0)), cluster("old", 1, lobe(1))
    [move] = transfers(one, other)
    assert (move.source, move.heir) == ("young", "old")


def test_the_larger_part_of_a_split_keeps_the_id() -> None:
    """What leaves is born anew, and the source lives on."""
    mixed = cluster("a", 1, lobe(0), lobe(1, members=3, axis=1), lobe(2))
    assert transfers(mixed) == [Transfer("a", 0, None, (0, 2), last=False)]


def test_a_lobe_that_strayed_goes_home() -> None:
    """Both clusters live on; nothing is born."""
    home = cluster("home", 1, lobe(0), lobe(1))
    host = cluster("host", 2, lobe(2, axis=1), lobe(3, axis=1), lobe(4))
    assert transfers(home, host) == [Transfer("host", 0, "home", (4,), last=False)]


def test_a_pile_that_is_shared_out_retires_last() -> None:
    """Its smaller part leaves first, so that it never stands empty in between."""
    one = cluster("one", 1, lobe(0, members=9))
    two = cluster("two", 2, lobe(1, members=9, axis=1))
    shared = cluster("shared", 3, lobe(2, members=2), lobe(3, axis=1))
    first, last = transfers(one, two, shared)
    assert (first.heir, first.prototypes, first.last) == ("two", (3,), False)
    assert (last.heir, last.prototypes, last.last) == ("one", (2,), True)
