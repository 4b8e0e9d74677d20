"""What each command does, and when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    RegroupCluster,
    SplitCluster,
    UndoCommand,
)
from engine.corrections import Corrector
from engine.errors import BadCommand
from engine.lineage import Carved, Change, Forgotten, Merged, Split
from engine.profile import PROFILES
from engine.types import Correction, Origin, Outcome
from tests.shards import SCOPE, SMALL, Desk

PLACE = PROFILES["place"]


def changes(outcome: Outcome) -> list[type[Change]]:
    return [type(event.change) for event in outcome.events]


def refusal(desk: Desk, order: Order) -> BadCommand:
    with pytest.raises(BadCommand) as refused:
        desk.order(order)
    return refused.value


@pytest.fixture
def desk() -> Desk:
    """Three places with two photos each, every photo a lobe: items 1 to 6, clusters 0 to 2."""
    desk = Desk(profile=PLACE)
    desk.photos(0, 0, 1, 1, 2, 2)
    return desk


ITEMS = tuple(f"image-{number}#0" for number in range(1, 7))


def test_merged_clusters_keep_the_first_id(desk: Desk) -> None:
    """The others redirect, and what a person put together is confirmed."""
    a, b, c = desk.clusters
    desk.order(MergeClusters((b, a, c)))
    assert list(desk.scope.clusters) == [b]
    assert desk.scope.redirects == {a: b, c: b}
    assert desk.members_of(b) == list(ITEMS)
    assert desk.scope.clusters[b].confirmed


def test_a_retired_id_leads_to_the_living_cluster(desk: Desk) -> None:
    """Commands may name what somebody saw earlier."""
    a, b, c = desk.clusters
    desk.order(MergeClusters((a, b)))
    desk.order(MergeClusters((b, c)))
    assert list(desk.scope.clusters) == [a]
    assert changes(desk.order(MergeClusters((b, a)))) == []


def test_what_people_merge_is_not_fused() -> None:
    """However many lobes that makes: so it can be taken apart."""
    small = Desk(profile=SMALL)
    small.photos(0, 0, 0, 1, 1, 1)
    outcome = small.order(MergeClusters(tuple(small.clusters)))
    merged = [e.change for e in outcome.events if isinstance(e.change, Merged)]
    assert {change.fused for change in merged} == {()}
    assert len(small.scope.clusters[small.clusters[0]].prototypes) == 6


def test_split_items_become_a_cluster(desk: Desk) -> None:
    """With an id of its own; two items that a person set apart are confirmed."""
    a, b, c = desk.clusters
    desk.order(MergeClusters((a, b, c)))
    desk.order(SplitCluster(a, (ITEMS[0], ITEMS[4])))
    child = desk.clusters[-1]
    assert child not in (a, b, c)
    assert desk.members_of(child) == [ITEMS[0], ITEMS[4]]
    assert desk.members_of(a) == [ITEMS[n] for n in (1, 2, 3, 5)]
    assert desk.scope.clusters[child].confirmed


def test_an_item_on_a_shared_lobe_is_carved_out() -> None:
    """The others stay where they are."""
    small = Desk(profile=replace(SMALL, max_prototypes=1))
    first, second, third = small.photos(0, 0, 0)
    outcome = small.order(SplitCluster(small.clusters[0], (second,)))
    assert Carved in changes(outcome)
    assert small.members_of(small.clusters[0]) == [first, third]
    assert small.members_of(small.clusters[1]) == [second]


def test_what_people_split_is_not_merged_on_evidence(desk: Desk) -> None:
    """A photo that agrees with both sides joins one, and leaves the other alone."""
    a = desk.clusters[0]
    desk.order(SplitCluster(a, (ITEMS[0],)))
    desk.photos(0, 0, 0)
    assert desk.cluster_of(ITEMS[0]) != desk.cluster_of(ITEMS[1])


def test_items_move_to_another_cluster(desk: Desk) -> None:
    """From wherever they lie; those that are there already stay."""
    a, b, c = desk.clusters
    desk.order(MoveItems((ITEMS[0], ITEMS[2], ITEMS[4]), c))
    assert desk.members_of(a) == [ITEMS[1]]
    assert desk.members_of(b) == [ITEMS[3]]
    assert desk.members_of(c) == [ITEMS[n] for n in (0, 2, 4, 5)]


def test_a_cluster_that_moves_whole_is_merged(desk: Desk) -> None:
    """Its id redirects: there is nothing left of it."""
    a, b, _ = desk.clusters
    desk.order(MoveItems(ITEMS[:2], b))
    assert desk.scope.redirects == {a: b}


def test_items_move_to_a_new_cluster(desk: Desk) -> None:
    """Together, though they come from several."""
    desk.order(MoveItems((ITEMS[0], ITEMS[2]), None))
    assert desk.members_of(desk.clusters[-1]) == [ITEMS[0], ITEMS[2]]
    assert len(desk.scope.clusters) == 4


def test_a_confirmed_cluster_stays(desk: Desk) -> None:
    """Evidence alone merges no two that people vouched for."""
    a, b, _ = desk.clusters
    for cluster in (a, b):
        assert changes(desk.order(ConfirmCluster(cluster))) != []
        assert changes(desk.order(ConfirmCluster(cluster))) == []
    assert desk.scope.clusters[a].confirmed
    assert desk.scope.confirmed == 2


def test_a_name_stays_through_merges(desk: Desk) -> None:
    """The named cluster survives evidence; where people merge it away the name goes along."""
    a, b, c = desk.clusters
    desk.order(NameCluster(b, "door"))
    desk.order(MergeClusters((a, b)))
    assert desk.scope.clusters[a].name == "door"
    desk.order(NameCluster(c, "gate"))
    error = refusal(desk, MergeClusters((a, c)))
    assert error.reason == "contradiction"
    assert "'door'" in error.detail
    assert "'gate'" in error.detail


def test_linked_items_come_together(desk: Desk) -> None:
    """Their clusters become one."""
    desk.order(LinkItems((ITEMS[0], ITEMS[2]), together=True))
    assert desk.cluster_of(ITEMS[0]) == desk.cluster_of(ITEMS[3])


def test_items_that_cannot_be_one_are_taken_apart() -> None:
    """From one lobe, too; whoever must be with the second goes with it."""
    small = Desk(profile=replace(SMALL, max_prototypes=1))
    first, second, third = small.photos(0, 0, 0)
    small.order(LinkItems((second, third), together=True))
    small.order(LinkItems((first, second), together=False))
    assert small.cluster_of(second) == small.cluster_of(third) != small.cluster_of(first)


def test_links_that_contradict_are_refused(desk: Desk) -> None:
    """With the command that stands against it; undone, the other way is free."""
    apart = desk.order(LinkItems((ITEMS[0], ITEMS[2]), together=False), "apart")
    a, b, _ = desk.clusters
    for order in (MergeClusters((a, b)), LinkItems((ITEMS[2], ITEMS[0]), together=True)):
        error = refusal(desk, order)
        assert error.reason == "contradiction"
        assert "'apart'" in error.detail
    desk.undo(apart)
    desk.order(MergeClusters((a, b)))


def test_a_later_move_overrides_a_merge(desk: Desk) -> None:
    """Only explicit links stand against what people say later."""
    a, b, _ = desk.clusters
    desk.order(MergeClusters((a, b)))
    desk.order(SplitCluster(a, ITEMS[2:4]))
    assert desk.members_of(a) == list(ITEMS[:2])
    desk.order(MergeClusters((a, desk.clusters[-1])))
    assert desk.members_of(a) == list(ITEMS[:4])


def test_a_link_goes_with_its_item() -> None:
    """Who is moved away from its partner contradicts the link, however its lobe has grown."""
    small = Desk(profile=replace(SMALL, max_prototypes=1))
    first, second, _ = small.photos(0, 0, 0)
    [other] = small.photos(1)
    small.order(LinkItems((first, second), together=True), "link")
    small.photos(0, 0, 0)
    error = refusal(small, MoveItems((second,), small.cluster_of(other)))
    assert "'link'" in error.detail


def test_a_forgotten_image_is_gone(desk: Desk) -> None:
    """Its items, an emptied lobe and an emptied cluster; the rest stays exactly as it was."""
    a, b, _ = desk.clusters
    outcome = desk.order(ForgetImage("image-1"))
    assert [e.change for e in outcome.events] == [Forgotten(a, ITEMS[0], 0)]
    assert desk.members_of(a) == [ITEMS[1]]
    desk.order(ForgetImage("image-2"))
    assert a not in desk.scope.clusters
    assert changes(desk.order(ForgetImage("image-2"))) == []
    assert desk.members_of(b) == list(ITEMS[2:4])


UNKNOWN = [
    (MergeClusters(("nobody", "a")), "unknown_cluster"),
    (SplitCluster("nobody", ITEMS[:1]), "unknown_cluster"),
    (MoveItems(("nothing#0",), None), "unknown_item"),
    (MoveItems(ITEMS[:1], "nobody"), "unknown_cluster"),
    (ConfirmCluster("nobody"), "unknown_cluster"),
    (NameCluster("nobody", "x"), "unknown_cluster"),
    (LinkItems((ITEMS[0], "nothing#0"), together=True), "unknown_item"),
    (ForgetImage("nothing"), "unknown_image"),
    (RegroupCluster("nobody"), "unknown_cluster"),
    (UndoCommand("never"), "unknown_command"),
    (MoveItems(ITEMS[:2], None), "nothing_left"),
]


@pytest.mark.parametrize(("order", "reason"), UNKNOWN)
def test_what_cannot_be_is_refused(order: Order, reason: str, desk: Desk) -> None:
    """With a slug for programs."""
    assert refusal(desk, order).reason == reason


def test_items_of_another_cluster_are_not_split_off(desk: Desk) -> None:
    """A mistaken id must not take a stranger along; nor may all of them leave."""
    a = desk.clusters[0]
    assert refusal(desk, SplitCluster(a, (ITEMS[0], ITEMS[2]))).reason == "unknown_item"
    assert refusal(desk, SplitCluster(a, ITEMS[:2])).reason == "nothing_left"


def test_an_unknown_scope_is_refused_and_not_begun(desk: Desk) -> None:
    """Hostile scopes leave nothing behind."""
    command = Correction("c", "elsewhere", Origin("t", 0, 0), ConfirmCluster(desk.clusters[0]))
    with pytest.raises(BadCommand, match="unknown_scope"):
        desk.shard.corrector.correct(command, desk)
    assert list(desk.shard.book.scopes()) == [SCOPE]


def asked(desk: Desk, order: Order, **expects: int) -> Correction:
    seen = tuple((desk.clusters[int(name[1:])], revision) for name, revision in expects.items())
    return Correction("c", SCOPE, Origin("t", 0, 0), order, expects=seen)


def test_who_comes_second_is_told_so(desk: Desk) -> None:
    """Two people look at a cluster and both correct it: the later command changes nothing."""
    a, b, _ = desk.clusters
    seen = desk.scope.clusters[a].revision
    mine = asked(desk, NameCluster(a, "mine"), _0=seen)
    desk.order(NameCluster(a, "theirs"))
    with pytest.raises(BadCommand, match=f"revision {seen} and is at revision .*look again"):
        desk.shard.corrector.correct(mine, desk)
    assert desk.scope.clusters[a].name == "theirs"
    desk.order(MergeClusters((b, a)))
    with pytest.raises(BadCommand, match="is gone"):
        desk.shard.corrector.correct(mine, desk)


def test_one_more_photo_is_no_conflict(desk: Desk) -> None:
    """Piles grow all the time; what was seen of them still holds."""
    a = desk.clusters[0]
    seen = desk.scope.clusters[a].revision
    desk.photos(0, 1)
    assert desk.scope.clusters[a].count == 3
    desk.shard.corrector.correct(asked(desk, NameCluster(a, "mine"), _0=seen), desk)
    assert desk.scope.clusters[a].name == "mine"


def test_a_second_look_is_carried_out_one_change_at_a_time(desk: Desk) -> None:
    """Whoever looks sees each change done before it says the next; and it can be undone."""
    a = desk.clusters[0]
    seen = []

    class Looking:
        def regroup(self, _: str, cluster_id: str) -> Iterator[Change]:
            yield Split("part", cluster_id, (1,), (ITEMS[1],))
            seen.append(desk.members_of("part"))

    corrector = Corrector(desk.shard.book, desk.shard.members, Looking())
    command = Correction("look", SCOPE, Origin("t", 0, 0), RegroupCluster(a))
    outcome = corrector.correct(command, desk)
    assert seen == [[ITEMS[1]]]
    desk._take(outcome)
    desk.undo(outcome)
    assert desk.members_of(a) == list(ITEMS[:2])
