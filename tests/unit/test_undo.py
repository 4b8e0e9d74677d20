"""Taking commands back: exactly, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commands import ForgetImage, MergeClusters, NameCluster, UndoCommand
from engine.types import Correction, Outcome
from tests.builders import agreeing
from tests.shards import SMALL, Desk
from tests.unit.test_corrections import ITEMS, PLACE, refusal


@pytest.fixture
def desk() -> Desk:
    """Three places with two photos each, every photo a lobe: items 1 to 6, clusters 0 to 2."""
    desk = Desk(profile=PLACE)
    desk.photos(0, 0, 1, 1, 2, 2)
    return desk


def test_forgetting_cannot_be_undone(desk: Desk) -> None:
    """And says so."""
    error = refusal(desk, UndoCommand(id_of(desk.order(ForgetImage("image-1")))))
    assert (error.reason, "gone" in error.detail) == ("irreversible", True)


def id_of(outcome: Outcome) -> str:
    assert isinstance(outcome.cause, Correction)
    return outcome.cause.command_id


def test_undoing_a_merge_takes_along_what_joined_since(desk: Desk) -> None:
    """The retired id lives again, with its lobes and who came to them; others stay."""
    a, b, _ = desk.clusters
    merge = desk.order(MergeClusters((a, b)))
    growing = replace(PLACE, max_prototypes=4)
    desk.shard.clusterer._profile = desk.shard.clusterer._maintenance._profile = growing
    late = desk.photo(1)
    desk.undo(merge)
    assert desk.cluster_of(late) == desk.cluster_of(ITEMS[2]) == b
    assert desk.members_of(a) == list(ITEMS[:2])
    assert desk.scope.redirects == {}


def test_an_undone_command_can_be_done_again(desk: Desk) -> None:
    """To undo is a command as well, and can be undone."""
    a, b, _ = desk.clusters
    merge = desk.order(MergeClusters((a, b)))
    undoing = desk.undo(merge)
    desk.undo(undoing)
    assert desk.members_of(a) == list(ITEMS[:4])
    assert desk.scope.redirects == {b: a}
    assert refusal(desk, UndoCommand(id_of(undoing))).reason == "irreversible"


def test_undo_is_refused_where_nobody_could_tell() -> None:
    """Lobes that were fused across the seam cannot be told apart any more."""
    small = Desk(profile=replace(SMALL, max_prototypes=3, verifications=9))
    small.photos(0, 0, 1, 1)
    merge = small.order(MergeClusters(tuple(small.clusters)))
    third = small.photos(2)[0]
    bridge = replace(SMALL, max_prototypes=2, verifications=9)
    small.shard.clusterer._profile = bridge
    small.shard.clusterer._verifier = Agreeable()
    small.photo(9)
    assert small.cluster_of(third) == small.cluster_of("image-1#0")
    error = refusal(small, UndoCommand(id_of(merge)))
    assert (error.reason, "fused" in error.detail) == ("irreversible", True)


class Agreeable:
    """Finds that all photos show the same."""

    def verify(self, *_: object) -> object:
        return agreeing(8)


def test_undo_is_refused_where_somebody_changed_it_since(desk: Desk) -> None:
    """A name that was changed again is not changed back past the later one."""
    a = desk.clusters[0]
    first = desk.order(NameCluster(a, "door"))
    second = desk.order(NameCluster(a, "gate"))
    assert refusal(desk, UndoCommand(id_of(first))).reason == "irreversible"
    desk.undo(second)
    desk.undo(first)
    assert desk.scope.clusters[a].name == ""
