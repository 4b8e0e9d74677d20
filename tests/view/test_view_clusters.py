"""What every view owes to who asks for clusters, in both kinds of databases."""

from __future__ import annotations

import numpy as np
import pytest

from engine.commands import ForgetImage, MergeClusters, NameCluster
from engine.lineage import Confirmed, Forgotten, Merged, Named
from engine.types import GeoPoint
from exporters.view.answers import ClusterFilter, ClusterOrder
from exporters.view.cursor import BadCursor, read_cursor, write_cursor
from exporters.view.port import View
from tests.builders import unit
from tests.view.kit import Album, Feed

SITE = ClusterFilter(scope="site")


def ids(view: View, **chosen: object) -> set[str]:
    found = view.clusters(ClusterFilter(scope="site", **chosen), limit=100)  # type: ignore[arg-type]
    return {row.cluster_id for row in found.rows}


def test_clusters_are_chosen_by_what_they_are(view: View, feed: Feed, album: Album) -> None:
    """Each filter alone, and a part of a name whatever its case."""
    feed.tell(
        album.photo("a", "c1", at=100, label="cup"),
        album.photo("b", "c1", founds=False, at=200, more=[Confirmed("c1")]),
        album.photo("c", "c2", at=300, attributes={"label": "door"}),
        album.photo("d", "c3"),
        album.command("n", NameCluster("c2", "Big 100% Door"), Named("c2", "Big 100% Door", "")),
        album.command("m", MergeClusters(("c2", "c3")), Merged("c2", "c3")),
    )
    assert ids(view) == {"c1", "c2"}
    assert ids(view, state="retired") == {"c3"}
    assert ids(view, state="confirmed") == {"c1"}
    assert ids(view, state="pending") == {"c2"}
    assert ids(view, min_size=3) == set()
    assert ids(view, max_size=2, min_size=2) == {"c1", "c2"}
    assert ids(view, since=250) == {"c2"}
    assert ids(view, since=150, until=250) == {"c1"}
    assert ids(view, label="cup") == {"c1"}
    assert ids(view, label="door") == {"c2"}
    assert ids(view, text="100% d") == {"c2"}
    assert ids(view, text="100_ d") == set()
    assert ids(view, quality="high") | ids(view, quality="low") == {"c1", "c2"}
    assert view.clusters(ClusterFilter(scope="elsewhere")).rows == ()


@pytest.mark.parametrize("order", ["changed", "size", "name"])
def test_pages_hold_every_cluster_once(view: View, feed: Feed, album: Album, order: str) -> None:
    """In order, across pages, whatever has the same key."""
    for n in range(7):
        feed.tell(album.photo(f"i{n}", f"c{n}"))
        for more in range(n % 3):
            feed.tell(album.photo(f"i{n}-{more}", f"c{n}", founds=False))
    for n, name in ((1, "b"), (4, "A"), (5, "b")):
        feed.tell(album.command(f"n{n}", NameCluster(f"c{n}", name), Named(f"c{n}", name, "")))
    rows, cursor = [], None
    while not rows or cursor:
        page = view.clusters(SITE, order, 2, cursor)  # type: ignore[arg-type]
        assert len(page.rows) <= 2
        rows += page.rows
        cursor = page.cursor
    expected = {
        "changed": sorted(rows, key=lambda row: -row.changed),
        "size": sorted(rows, key=lambda row: -row.size),
        "name": sorted(rows, key=lambda row: (row.name == "", row.name.casefold())),
    }
    assert rows == expected[order]
    assert len({row.cluster_id for row in rows}) == len(rows) == 7


@pytest.mark.parametrize("order", ["arrival", "captured"])
def test_pages_hold_every_member_once(view: View, feed: Feed, album: Album, order: str) -> None:
    """Those without a time come last by capture time."""
    for n, at in enumerate([5.0, None, 3.0, 3.0, None, 9.5]):
        feed.tell(album.photo(f"i{n}", "c", founds=n == 0, at=at))
    found, cursor = [], None
    while not found or cursor:
        page = view.members("site", "c", order, 2, cursor)  # type: ignore[arg-type]
        found += [item.image_id for item in page.rows]
        cursor = page.cursor
    expected = {"arrival": "i5 i4 i3 i2 i1 i0", "captured": "i2 i3 i0 i5 i1 i4"}
    assert found == expected[order].split()


@pytest.mark.parametrize("cursor", ["", "x", "é", "bnVsbA", "WzEsMiwzXQ", "A" * 9999, "e30="])
def test_a_malformed_cursor_is_refused(view: View, cursor: str) -> None:
    """In one sentence, by every list."""
    for asking in (
        lambda: view.clusters(SITE, "changed", 5, cursor),
        lambda: view.clusters(SITE, "name", 5, cursor),
        lambda: view.members("site", "c", "arrival", 5, cursor),
        lambda: view.lineage("site", "c", 5, cursor),
    ):
        with pytest.raises(BadCursor, match="begin without one"):
            asking()


@pytest.mark.parametrize(("order", "key"), [("size", 2**40), ("size", -(2**40)), ("name", "\0")])
def test_a_cursor_that_no_database_holds_is_refused(
    view: View, order: ClusterOrder, key: int | str
) -> None:
    """Well-formed, but no list ever ended there."""
    with pytest.raises(BadCursor):
        view.clusters(SITE, order, 5, write_cursor(order, key, 1))


def test_a_cursor_of_another_list_is_refused() -> None:
    """A key of one order says nothing in another."""
    with pytest.raises(BadCursor):
        read_cursor(write_cursor("size", 3, 4), "changed", int)
    with pytest.raises(BadCursor):
        read_cursor(write_cursor("name", "x", 4), "name", int)
    with pytest.raises(BadCursor):
        read_cursor(write_cursor("size", 2**63, 4), "size", int)


def test_a_cluster_tells_what_its_members_say(view: View, feed: Feed, album: Album) -> None:
    """Size, times, mean place across the date line, exemplars, spread."""
    feed.tell(
        album.photo("a", "c", at=20, place=GeoPoint(0, 179)),
        album.photo("b", "c", founds=False, at=10, place=GeoPoint(0, -179)),
        album.photo("x", "c", founds=False),
    )
    row = view.cluster("site", "c")
    assert row is not None
    assert (row.size, row.first, row.last, row.state) == (3, 10, 20, "pending")
    assert row.place is not None
    assert abs(row.place.lon) == pytest.approx(180)
    assert [item.item_id for item in row.exemplars] == ["a#0", "b#0", "x#0"]
    vectors = np.stack([unit(n) for n in (1, 2, 3)]).astype(np.float64)
    cosines = (vectors @ vectors.T)[np.triu_indices(3, 1)]
    assert row.spread == pytest.approx(1 - cosines.mean(), abs=1e-6)


def test_an_outlier_is_of_low_quality(view: View, feed: Feed, album: Album) -> None:
    """As in the result JSON: by its spread among all clusters."""
    for n in range(9):
        same = unit(50 + n)
        feed.tell(
            album.photo(f"a{n}", f"c{n}", vector=same),
            album.photo(f"b{n}", f"c{n}", founds=False, vector=same if n else unit(90)),
        )
    assert ids(view, quality="low") == {"c0"}
    assert {r.cluster_id for r in view.clusters(SITE).rows if r.quality == "low"} == {"c0"}


def test_redirects_are_followed_to_their_end(view: View, feed: Feed, album: Album) -> None:
    """A retired id leads to what lives; nowhere where nothing does."""
    feed.tell(
        *(album.photo(f"i{n}", f"c{n}") for n in range(3)),
        album.command("m", MergeClusters(("c1", "c0")), Merged("c1", "c0")),
        album.command("n", MergeClusters(("c2", "c1")), Merged("c2", "c1")),
    )
    row = view.cluster("site", "c0")
    assert row is not None
    assert (row.state, row.heir, row.size) == ("retired", "c2", 0)
    gone = [Forgotten("c2", f"i{n}#0", n + 1) for n in range(3)]
    feed.tell(*(album.command(f"f{n}", ForgetImage(f"i{n}"), gone[n]) for n in range(3)))
    row = view.cluster("site", "c0")
    assert row is not None
    assert row.heir is None
    assert view.counts("site").clusters == {"pending": 0, "confirmed": 0, "retired": 3}


def test_similar_clusters_are_found(view: View, feed: Feed, album: Album) -> None:
    """By their means; neither itself nor a retired one."""
    near = unit(1) + 0.2 * unit(2)
    feed.tell(
        album.photo("a", "c1", vector=unit(1)),
        album.photo("b", "c2", vector=near),
        album.photo("c", "c3", vector=-unit(1)),
        album.photo("d", "c4", vector=unit(1)),
        album.command("m", MergeClusters(("c1", "c4")), Merged("c1", "c4")),
    )
    assert [row.cluster_id for row, _ in view.similar("site", "c1")] == ["c2", "c3"]
