"""What every view owes to who asks, in both kinds of databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from engine.commands import ForgetImage, MergeClusters, NameCluster
from engine.errors import BadCommand, Misconfigured, StateMismatch
from engine.lineage import Forgotten, Merged, Named
from engine.types import GeoPoint, Origin, Rejection
from exporters.view.answers import ClusterFilter
from exporters.view.opening import open_view
from exporters.view.port import View
from tests.builders import DIM, unit
from tests.view.kit import IDENTITY, Album, Feed


def test_a_new_view_is_empty(view: View) -> None:
    """Nothing is known, and asking for it is no error."""
    assert view.scopes() == []
    assert view.counts().items == 0
    assert view.clusters(ClusterFilter()).rows == ()
    assert view.clusters(ClusterFilter(scope="site"), "name").cursor is None
    assert view.cluster("site", "a") is None
    assert view.members("site", "a").rows == ()
    assert view.lineage("site", "a").rows == ()
    assert view.image("site", "a") is None
    assert view.thumbnail("site", "a") is None
    assert view.explain("site", "a#0") is None
    assert view.vector("site", "a#0") is None
    assert view.nearest("site", unit(1)) == []
    assert view.similar("site", "a") == []
    assert view.events_after(0) == []
    assert view.last_event() == 0
    assert view.suggestions("site") == []
    assert view.points("site").items == ()
    assert view.command("site", "c") is None
    assert view.position("journal", 0) is None


def test_a_position_is_kept_with_what_was_told(view: View, feed: Feed, album: Album) -> None:
    """Each partition of each source has its own."""
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    assert view.position("journal", 0) == 1
    assert view.position("journal", 1) is None
    assert view.position("dead-letters", 0) is None


def test_told_again_changes_nothing(view: View, feed: Feed, album: Album) -> None:
    """By its place, or by its events where it comes from another place."""
    feed.tell(album.photo("a", "c1"))
    view.apply(feed.told * 2)
    view.apply([(Origin("store", 0, 5), feed.told[0][1])])
    assert view.counts("site").items == 1
    assert view.last_event() == 2


def test_missing_events_are_refused(view: View, feed: Feed, album: Album) -> None:
    """A view with a hole would be wrong for ever; nothing of the batch is kept."""
    album.photo("a", "c1")
    with pytest.raises(Misconfigured, match="missed some"):
        feed.tell(album.photo("b", "c2"))
    assert view.position("journal", 0) is None
    assert view.counts().images == 0


def test_vectors_of_another_length_are_refused(feed: Feed, album: Album) -> None:
    """They are of another encoder."""
    feed.tell(album.photo("a", "c1"))
    with pytest.raises(StateMismatch, match="another encoder"):
        feed.tell(album.photo("b", "c2", vector=unit(1, DIM + 1)))


def test_lineage_is_told_newest_first(view: View, feed: Feed, album: Album) -> None:
    """What is about a cluster, also as the lesser part, page by page."""
    feed.tell(
        album.photo("a", "c1"),
        album.photo("b", "c2"),
        album.command("m", MergeClusters(("c1", "c2")), Merged("c1", "c2")),
    )
    page = view.lineage("site", "c2", 2)
    kinds = [told.body["type"] for told in page.rows]
    assert kinds == ["cairn.cluster.merged.v1", "cairn.item.assigned.v1"]
    rest = view.lineage("site", "c2", 2, page.cursor)
    assert [told.body["type"] for told in rest.rows] == ["cairn.cluster.created.v1"]
    assert rest.cursor is None
    assert page.rows[0].body["command_id"] == "m"


def test_an_item_is_explained(view: View, feed: Feed, album: Album) -> None:
    """Similarity, runner-up and trials, as the decision rested on them."""
    feed.tell(album.photo("a", "c", at=5, place=GeoPoint(1, 2), attributes={"filename": "a.jpg"}))
    found = view.explain("site", "a#0")
    assert found is not None
    assert found.cluster.cluster_id == found.item.cluster_id == "c"
    assert (found.evidence["similarity"], found.evidence["runner_up"]) == (0.8, 0.6)
    assert found.evidence["trials"][0]["verdict"]["inliers"] == 7
    assert (found.image.captured_at, found.image.location) == (5, GeoPoint(1, 2))
    assert found.image.attributes == {"filename": "a.jpg"}
    assert found.image.items == (found.item,)


def test_the_nearest_items_are_found(view: View, feed: Feed, album: Album) -> None:
    """Within a scope, best first, but those that are left out."""
    feed.tell(*(album.photo(f"i{n}", f"c{n}") for n in range(20)))
    Feed(view, "other").tell(Album("elsewhere").photo("x", "c", vector=unit(3)))
    query = unit(3)
    found = view.nearest("site", query, 5)
    cosines = sorted((float(unit(n + 1) @ query) for n in range(20)), reverse=True)[:5]
    assert [cosine for _, cosine in found] == pytest.approx(cosines, abs=1e-5)
    assert found[0][0].item_id == "i2#0"
    assert "i2#0" not in [i.item_id for i, _ in view.nearest("site", query, 5, ["i2#0"])]
    assert view.nearest("nowhere", query) == []


def test_an_index_changes_no_answer(view: View, feed: Feed, album: Album) -> None:
    """Built once there is something, kept up with what comes, and built again after a rebuild."""
    view.index()
    feed.tell(*(album.photo(f"i{n}", f"c{n}") for n in range(20)))
    for _ in range(2):
        before = view.nearest("site", unit(3), 5)
        view.index()
        view.index()
        assert view.nearest("site", unit(3), 5) == before
        feed.tell(album.photo(f"late-{len(feed.told)}", f"late-{len(feed.told)}"))
        late = unit(len(feed.told))
        assert view.nearest("site", late, 1)[0][0].item_id.startswith("late-")
        view.reset()
        view.apply(feed.told)


def test_events_are_numbered_over_all_scopes(view: View, feed: Feed, album: Album) -> None:
    """Who knows the last number misses nothing and sees nothing twice."""
    feed.tell(album.photo("a", "c1"))
    Feed(view, "other").tell(Album("elsewhere").photo("a", "c1"))
    feed.tell(album.photo("b", "c2"))
    first = view.events_after(0, 3)
    rest = view.events_after(first[-1].number)
    assert [told.number for told in (*first, *rest)] == [1, 2, 3, 4, 5, 6]
    assert [told.body["scope"] for told in rest] == ["elsewhere", "site", "site"]
    assert view.last_event() == 6
    assert view.scopes() == ["elsewhere", "site"]


def test_events_of_one_scope_keep_their_numbers(view: View, feed: Feed, album: Album) -> None:
    """In order, as many as asked for; of a scope that nobody knows there are none."""
    feed.tell(album.photo("a", "c1"))
    Feed(view, "other").tell(Album("elsewhere").photo("a", "c1"))
    feed.tell(album.photo("b", "c2"))
    of = {scope: view.events_after(1, 500, scope) for scope in ("site", "elsewhere", "nowhere")}
    assert [told.number for told in of["site"]] == [2, 5, 6]
    assert [told.number for told in of["elsewhere"]] == [3, 4]
    assert not of["nowhere"]
    assert view.events_after(1, 2, "site") == of["site"][:2]


def test_numbers_go_on_after_a_rebuild(view: View, feed: Feed, album: Album) -> None:
    """A new event never looks like one that was seen."""
    feed.tell(album.photo("a", "c1"))
    view.reset()
    assert view.counts().items == 0
    view.apply(feed.told)
    assert [told.number for told in view.events_after(0)] == [3, 4]
    assert view.nearest("site", unit(1), 1)[0][0].item_id == "a#0"


def test_commands_tell_what_became_of_them(view: View, feed: Feed, album: Album) -> None:
    """Carried out, with their events, or refused; a second of a name changes nothing."""
    refused = BadCommand("unknown_cluster", "there is no cluster 'x'")
    place = Origin("commands", 0, 8)
    no = Rejection("r", "site", place, refused.reason, refused.detail, of="command")
    named = album.photo("a", "c1"), album.command("n", NameCluster("c1", "x"), Named("c1", "x", ""))
    feed.tell(*named, no, Rejection("n", "site", place, "id_conflict", "", of="command"))
    done, failed = view.command("site", "n"), view.command("site", "r")
    assert done is not None
    assert failed is not None
    assert (done.applied, done.events, done.author, done.asked_at) == (True, (3, 3), "ann", 1e9)
    assert done.body == {"command": "name", "cluster_id": "c1", "name": "x"}
    assert (failed.applied, failed.events, failed.body["reason"]) == (False, None, refused.reason)
    assert {one.command_id for one in view.commands("site")} == {"n", "r"}
    assert view.commands() == view.commands("site")
    assert view.commands("elsewhere") == []


def test_rejections_are_counted_by_reason(view: View, feed: Feed) -> None:
    """Each message once, however often it is told."""
    made = [
        Rejection(f"i{n}", "site", Origin("images", 0, n), "too_large", "90 MB") for n in (1, 2)
    ]
    feed.tell(*made, made[0])
    assert view.counts("site").rejections == {("image", "too_large"): 2}
    assert [row.id for row in view.rejections()] == ["i2", "i1"]
    assert view.rejections("elsewhere") == []


def test_a_map_lays_out_what_is_there(view: View, feed: Feed, album: Album) -> None:
    """A point an item, within bounds, with the cluster it lies on now."""
    feed.tell(*(album.photo(f"i{n}", f"c{n}") for n in range(9)))
    view.refresh("site")
    points = view.points("site")
    on = [points.clusters[place] for place in points.cluster]
    assert list(zip(points.items, on, strict=True)) == [(f"i{n}#0", f"c{n}") for n in range(9)]
    axes = np.stack([points.x, points.y, points.z])
    assert np.abs(axes).max() <= 1
    assert len(np.unique(axes, axis=1).T) == 9
    feed.tell(album.command("n", NameCluster("c5", "door"), Named("c5", "door", "")))
    assert dict(zip(points.clusters, view.points("site").names, strict=True))["c5"] == "door"
    feed.tell(album.command("m", MergeClusters(("c1", "c0")), Merged("c1", "c0")))
    assert view.points("site", 1).clusters == ("c1",)


def test_thumbnails_belong_to_images(view: View, feed: Feed, album: Album) -> None:
    """They outlive a rebuild, not their image; there is none of an unknown one."""
    assert not view.put_thumbnail("site", "a", b"early")
    feed.tell(album.photo("a", "c1"))
    assert view.put_thumbnail("site", "a", b"one")
    assert view.put_thumbnail("site", "a", b"two")
    view.reset()
    view.apply(feed.told)
    assert view.thumbnail("site", "a") == b"two"
    feed.tell(album.command("f", ForgetImage("a"), Forgotten("c1", "a#0", 1)))
    assert view.thumbnail("site", "a") is None
    assert not view.put_thumbnail("site", "a", b"late")


def test_two_views_of_one_database_agree(view: View, address: str, album: Album) -> None:
    """What one process writes another finds, also what was searched before it came."""
    feed = Feed(view)
    feed.tell(album.photo("a", "c1"))
    other = open_view(address, IDENTITY)
    assert [i.item_id for i, _ in other.nearest("site", unit(2), 9)] == ["a#0"]
    feed.tell(album.photo("b", "c2"))
    assert [i.item_id for i, _ in other.nearest("site", unit(2), 9)] == ["b#0", "a#0"]
    feed.tell(album.command("f", ForgetImage("b"), Forgotten("c2", "b#0", 2)))
    assert [i.item_id for i, _ in other.nearest("site", unit(2), 9)] == ["a#0"]
    assert [row.cluster_id for row, _ in other.similar("site", "c1")] == []
    other.close()


def test_reading_goes_on_while_a_feed_writes(view: View, feed: Feed, album: Album) -> None:
    """Each answer is of one moment: every photo adds a cluster and an item at once."""
    feed.tell(album.photo("first", "c"))
    written = Event()

    def read() -> list[tuple[int, int]]:
        found = []
        while not written.is_set() or not found:
            counts = view.counts("site")
            found.append((counts.items, sum(counts.clusters.values())))
            view.nearest("site", unit(1), 3)
            view.clusters(ClusterFilter(scope="site"))
        return found

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for n in range(30):
            feed.tell(album.photo(f"i{n}", f"c{n}"))
        written.set()
        answers = [pair for reader in readers for pair in reader.result()]
    assert all(items == clusters for items, clusters in answers)
    assert view.counts("site").items == 31
