"""What every view suggests to look at, and that it does not ask twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commands import (
    ConfirmCluster,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    SplitCluster,
)
from engine.lineage import Assigned, Confirmed, Created, Vouched
from engine.types import Outcome
from exporters.view.port import View
from tests.builders import unit
from tests.shards import SCOPE, Desk
from tests.view.kit import Album, Feed


def test_what_is_in_doubt_is_suggested(view: View, feed: Feed, album: Album) -> None:
    """Unsure items, clusters alike that nobody told apart, pending clusters of two."""
    same = unit(1)
    feed.tell(
        album.photo("a", "c1", vector=same),
        album.photo("b", "c1", founds=False, vector=same, confidence=0.4, more=[Confirmed("c1")]),
        album.photo("c", "c2", vector=same),
        album.photo("d", "c2", founds=False, vector=same),
    )
    view.refresh("site")
    found = {one.kind: one for one in view.suggestions("site")}
    assert found["unsure"].item is not None
    assert found["unsure"].item.item_id == "b#0"
    assert {row.cluster_id for row in found["apart"].clusters} == {"c1", "c2"}
    assert [row.cluster_id for row in found["small"].clusters] == ["c2"]
    feed.tell(album.command("v", NameCluster("c1", ""), Vouched("c1", *(True, True, True, False))))
    assert {one.kind for one in view.suggestions("site")} == {"apart", "small"}


def test_one_question_is_asked_once(view: View, feed: Feed, album: Album) -> None:
    """Whether two photos that are all there is of a cluster belong together."""
    feed.tell(album.photo("a", "c1"), album.photo("b", "c1", founds=False, confidence=0.4))
    assert [one.kind for one in view.suggestions("site")] == ["unsure"]


def test_whoever_is_left_alone_is_in_no_doubt(view: View, feed: Feed) -> None:
    """Where else should it lie?"""
    desk = _unsure_desk(feed)
    assert _asked(view) == {("unsure", "image-2#0"), ("unsure", "image-3#0")}
    desk.order(MoveItems(("image-1#0", "image-3#0"), None))
    _tell(feed, desk)
    assert _asked(view) == set()


@pytest.mark.parametrize("kind", ["link", "move", "split"])
def test_a_placed_item_is_not_asked_about(view: View, feed: Feed, kind: str) -> None:
    """Whatever was said of it, until that is undone."""
    desk = _unsure_desk(feed)
    before = _asked(view)
    cluster_id, away = desk.cluster_of("image-2#0"), desk.photo(9)
    orders: dict[str, Order] = {
        "link": LinkItems(("image-2#0", "image-1#0"), together=True),
        "move": MoveItems(("image-2#0",), desk.cluster_of(away)),
        "split": SplitCluster(cluster_id, ("image-2#0",)),
    }
    told = desk.order(orders[kind])
    _tell(feed, desk)
    assert ("unsure", "image-2#0") not in _asked(view)
    undone = desk.undo(told)
    _tell(feed, desk)
    assert before <= _asked(view)
    desk.undo(undone)
    _tell(feed, desk)
    assert ("unsure", "image-2#0") not in _asked(view)


@pytest.mark.parametrize("same", [True, False])
def test_a_pair_is_not_asked_about_again(view: View, feed: Feed, *, same: bool) -> None:
    """Neither where it is confirmed nor where it is taken apart."""
    desk = Desk()
    one, other = desk.photos(1, 1)
    _tell(feed, desk, confidence=1.0)
    assert _asked(view) == {("small", "")}
    cluster_id = desk.cluster_of(one)
    told = desk.order(ConfirmCluster(cluster_id) if same else SplitCluster(cluster_id, (other,)))
    _tell(feed, desk)
    assert _asked(view) == set()
    desk.undo(told)
    _tell(feed, desk)
    assert _asked(view) == {("small", "")}


@pytest.mark.parametrize("same", [True, False])
def test_clusters_that_look_alike_are_not_asked_about_again(
    view: View, feed: Feed, *, same: bool
) -> None:
    """Neither where they are merged nor where they are kept apart, also once they are mapped."""
    desk = Desk()
    items = desk.photos(1, 1, 1, 2, 2, 2)
    _tell(feed, desk, confidence=1.0)
    view.refresh(SCOPE)
    assert _asked(view) == {("apart", "")}
    one, other = items[0], items[3]
    clusters = desk.cluster_of(one), desk.cluster_of(other)
    told = desk.order(MergeClusters(clusters) if same else LinkItems((one, other), together=False))
    _tell(feed, desk)
    view.refresh(SCOPE)
    assert _asked(view) == set()
    desk.undo(told)
    _tell(feed, desk)
    view.refresh(SCOPE)
    assert _asked(view) == {("apart", "")}


def _asked(view: View) -> set[tuple[str, str]]:
    """Kinds of suggestions, with the item that is in doubt."""
    return {(one.kind, one.item.item_id if one.item else "") for one in view.suggestions(SCOPE)}


def _tell(feed: Feed, desk: Desk, confidence: float = 0.4) -> None:
    """Tell what is new, as if whoever joined a cluster had been that sure of it."""
    new = desk.outcomes[len(feed.told) :]
    feed.tell(*(_unsure(outcome, confidence) for outcome in new))


def _unsure(outcome: Outcome, confidence: float) -> Outcome:
    if any(isinstance(event.change, Created) for event in outcome.events):
        return outcome
    events = [
        replace(event, change=replace(event.change, confidence=confidence))
        if isinstance(event.change, Assigned)
        else event
        for event in outcome.events
    ]
    return replace(outcome, events=tuple(events))


def _unsure_desk(feed: Feed) -> Desk:
    """Three photos on a cluster, of which the later two were not sure."""
    desk = Desk()
    desk.photos(1, 1, 1)
    _tell(feed, desk)
    return desk
