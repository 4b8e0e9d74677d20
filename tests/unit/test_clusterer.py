"""The clusterer and its book: photos in, events out, state only by events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.book import Book
from engine.cluster import UNKNOWN, id_for
from engine.clusterer import Clusterer
from engine.index.exact import ExactIndex
from engine.lineage import Assigned, Change, Confirmed, Created, Event, Merged
from engine.members import Membership
from engine.profile import PROFILES, Profile
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import GeoPoint, LocalFeatures, Outcome
from engine.verdict import Verdict
from tests.builders import DIM, agreeing, prepared
from tests.fakes import KeptFeatures, SamePlaceVerifier
from tests.invariants import snapshot

PLACE = PROFILES["place"]


def new_book() -> Book:
    return Book(lambda: ExactIndex(DIM))


def clusterer(book: Book, profile: Profile = PLACE, inliers: int = 8) -> Clusterer:
    verifier = SamePlaceVerifier(inliers)
    return Clusterer(book, RULES[profile.rule], profile, verifier, KeptFeatures(), Membership())


class Agreeable:
    """Finds that all photos show the same."""

    def verify(self, *_: LocalFeatures) -> Verdict:
        return agreeing(8)


def changes(outcomes: list[Outcome]) -> list[Change]:
    return [event.change for outcome in outcomes for event in outcome.events]


def test_a_first_photo_founds_a_pending_cluster() -> None:
    """Created, then assigned with full confidence, and not yet confirmed."""
    book = new_book()
    outcome = clusterer(book).process(prepared(1))
    created, assigned = changes([outcome])
    assert created == Created(id_for("site", "image-1#0"), "image-1#0")
    assert isinstance(assigned, Assigned)
    assert (assigned.founds, assigned.confidence) == (True, 1.0)
    assert not book.scope("site").clusters[created.cluster_id].confirmed


def test_the_third_photo_of_a_place_confirms_it() -> None:
    """Minimum size three where the geometry is good but not certain."""
    engine = clusterer(new_book())
    outcomes = [engine.process(prepared(n, place=1)) for n in range(3)]
    kinds = [[type(event.change) for event in outcome.events] for outcome in outcomes]
    assert kinds == [[Created, Assigned], [Assigned], [Assigned, Confirmed]]


def test_two_photos_with_certain_geometry_are_a_place() -> None:
    """Minimum size two where the evidence alone is enough."""
    engine = clusterer(new_book(), inliers=20)
    outcomes = [engine.process(prepared(n, place=1)) for n in range(2)]
    assert isinstance(changes(outcomes)[-1], Confirmed)


def test_a_bridge_merges_two_piles_and_the_retired_id_redirects() -> None:
    """The larger pile's id survives; the other one leads to it for ever."""
    book = new_book()
    engine = clusterer(book)
    for number, place in ((1, 1), (2, 1), (3, 2)):
        engine.process(prepared(number, place=place))
    scope = book.scope("site")
    large, small = id_for("site", "image-1#0"), id_for("site", "image-3#0")

    bridging = Clusterer(book, RULES["place"], PLACE, Agreeable(), engine._exemplars, Membership())
    outcome = bridging.process(prepared(4, place=3))
    merged = [change for change in changes([outcome]) if isinstance(change, Merged)]
    assert [(m.cluster_id, m.retired_id) for m in merged] == [(large, small)]
    assert scope.redirects == {small: large}
    assert set(scope.clusters) == {large}
    assert scope.clusters[large].count == 4


def test_prototypes_stay_within_their_bound() -> None:
    """Photos beyond the bound are absorbed by the lobe they agreed with; sums stay exact."""
    book = new_book()
    engine = clusterer(book, replace(PLACE, max_prototypes=4))
    photos = [prepared(n, place=1) for n in range(12)]
    for photo in photos:
        engine.process(photo)
    [cluster] = book.scope("site").clusters.values()
    assert len(cluster.prototypes) == 4
    assert cluster.count == 12
    assert np.allclose(cluster.total(), np.sum([p.items[0].vector for p in photos], axis=0))


def test_look_alikes_in_two_towns_stay_apart() -> None:
    """Even agreeing geometry is not asked for beyond the GPS radius."""
    book = new_book()
    engine = clusterer(book)
    engine.process(prepared(1, place=1, location=GeoPoint(43.46, 11.88)))
    engine.process(prepared(2, place=1, location=GeoPoint(43.46, 11.89)))
    assert len(book.scope("site").clusters) == 2


def test_an_event_out_of_sequence_is_refused() -> None:
    """A gap in the lineage is our bug and must not pass silently."""
    with pytest.raises(ValueError, match="follows 0"):
        new_book().scope("site").apply(Event("site", 2, Confirmed("x")), {}, UNKNOWN)


@st.composite
def streams(draw: st.DrawFn) -> list[Prepared]:
    places = draw(st.lists(st.integers(0, 5), min_size=1, max_size=40))
    spots = st.sampled_from([None, GeoPoint(10.0, 10.0), GeoPoint(10.1, 10.0)])
    return [prepared(n, place=place, location=draw(spots)) for n, place in enumerate(places)]


@settings(max_examples=60, deadline=None)
@given(stream=streams(), rule=st.sampled_from(["place", "product"]), bound=st.integers(1, 5))
def test_replay_equals_live(stream: list[Prepared], rule: str, bound: int) -> None:
    """Applying the recorded outcomes to an empty book gives the live book, bit for bit."""
    live, replayed = new_book(), new_book()
    profile = replace(PROFILES[rule], max_prototypes=bound)
    engine = clusterer(live, profile)
    outcomes = [engine.process(photo) for photo in stream]
    for outcome in outcomes:
        replayed.apply(outcome)
    assert snapshot(replayed.scope("site")) == snapshot(live.scope("site"))


@settings(max_examples=40, deadline=None)
@given(stream=streams(), cut=st.integers(0, 40))
def test_a_crash_anywhere_changes_nothing(stream: list[Prepared], cut: int) -> None:
    """Continuing after replaying any prefix gives the same events as never having stopped."""
    whole = clusterer(new_book())
    expected = [whole.process(photo).events for photo in stream]
    book, before = new_book(), new_book()
    first = clusterer(before)
    for photo in stream[:cut]:
        book.apply(first.process(photo))
    verifier, seen = SamePlaceVerifier(), first._exemplars
    second = Clusterer(book, RULES["place"], PLACE, verifier, seen, first._members)
    assert [second.process(photo).events for photo in stream[cut:]] == expected[cut:]


@settings(max_examples=40, deadline=None)
@given(streams())
def test_the_book_is_consistent(stream: list[Prepared]) -> None:
    """Every item lies on exactly one living cluster, and the index knows exactly the lobes."""
    book = new_book()
    engine = clusterer(book)
    for photo in stream:
        engine.process(photo)
    scope = book.scope("site")
    assert sum(cluster.count for cluster in scope.clusters.values()) == len(stream)
    assert scope.confirmed == sum(cluster.confirmed for cluster in scope.clusters.values())
    lobes = {p for cluster in scope.clusters.values() for p in cluster.prototypes}
    assert lobes == set(scope.owners)
    assert len(scope.index) == len(lobes)
    assert not set(scope.redirects) & set(scope.clusters)
