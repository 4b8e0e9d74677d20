"""Which photos lack a thumbnail, and where they came from, in both kinds of databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from engine.commands import ForgetImage
from engine.lineage import Forgotten
from engine.types import Box, ImageRecord, Origin, Outcome
from exporters.view.answers import Behind, Cutout
from exporters.view.ledger import Ledger, write_ledger
from exporters.view.migrate import upgrade
from exporters.view.opening import backend_of, open_view
from exporters.view.port import View
from state.records import redacted_image
from tests.view.kit import IDENTITY, Album, Feed


def wanting(view: View, limit: int = 20) -> list[str]:
    return [image.image_id for image in view.wanting(limit)]


def test_photos_want_thumbnails_newest_first(view: View, feed: Feed, album: Album) -> None:
    """Of all scopes, a few at a time, with items and origin; each until one is put."""
    assert view.wanting() == []
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    Feed(view, "other").tell(Album("elsewhere").photo("x", "c1"))
    assert wanting(view) == ["x", "b", "a"]
    (newest,) = view.wanting(1)
    assert newest == view.image("elsewhere", "x")
    assert newest.origin == Origin("images", 0, 1)
    assert newest.items
    assert view.put_thumbnail("site", "b", b"jpeg")
    assert wanting(view) == ["x", "a"]


def test_what_was_tried_in_vain_is_not_tried_again(view: View, feed: Feed, album: Album) -> None:
    """It looks as if nobody had tried; only a rebuild forgets that somebody did."""
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    assert view.put_thumbnail("site", "a", b"")
    assert view.put_thumbnail("site", "b", b"jpeg")
    assert view.thumbnail("site", "a") is None
    assert wanting(view) == []
    view.reset()
    assert wanting(view) == []
    view.apply(feed.told)
    assert wanting(view) == ["a"]


def test_an_item_is_shown_by_its_photos_thumbnail(view: View, feed: Feed, album: Album) -> None:
    """With where it lies in the photo; without a thumbnail by nothing."""
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    assert view.cutout("site", "a#0") is None
    view.put_thumbnail("site", "a", b"jpeg")
    view.put_thumbnail("site", "b", b"")
    assert view.cutout("site", "a#0") == Cutout(b"jpeg", Box(0, 0, 64, 48), 64, 48)
    assert [view.cutout("site", name) for name in ("b#0", "c#0")] == [None, None]
    assert view.cutout("elsewhere", "a#0") is None


def test_a_forgotten_photo_wants_nothing(view: View, feed: Feed, album: Album) -> None:
    """Also where a thumbnail was being made of it meanwhile."""
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    assert wanting(view) == ["b", "a"]
    feed.tell(album.command("f", ForgetImage("b"), Forgotten("c2", "b#0", 2)))
    assert wanting(view) == ["a"]
    assert not view.put_thumbnail("site", "b", b"jpeg")
    assert not view.put_thumbnail("site", "b", b"")


def test_a_photo_that_was_forgotten_before_it_is_told_wants_nothing(
    view: View, feed: Feed, album: Album
) -> None:
    """As when a view is made anew: what is left of it comes first, then that it was forgotten."""
    outcome = album.photo("a", "c1")
    assert isinstance(outcome.cause, ImageRecord)
    feed.tell(replace(outcome, cause=redacted_image(outcome.cause)))
    assert wanting(view) == []


def test_another_photo_of_the_name_is_not_shown_by_it(view: View, feed: Feed, album: Album) -> None:
    """Until it has a thumbnail itself; nor is anything shown of what is not there any more."""
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    for name in "ab":
        view.put_thumbnail("site", name, b"old")
    view.reset()
    assert [view.thumbnail("site", name) for name in "ab"] == [None, None]
    Feed(view).tell(of_bytes(Album().photo("a", "c1"), "other"))
    assert (view.thumbnail("site", "a"), view.cutout("site", "a#0")) == (None, None)
    assert wanting(view) == ["a"]
    assert view.put_thumbnail("site", "a", b"new")
    assert view.thumbnail("site", "a") == b"new"
    assert view.thumbnail("site", "b") is None


def test_a_thumbnail_outlives_a_rebuild(view: View, feed: Feed, album: Album) -> None:
    """Where the same bytes come again under the same name."""
    feed.tell(album.photo("a", "c1"))
    view.put_thumbnail("site", "a", b"jpeg")
    view.reset()
    Feed(view).tell(Album().photo("a", "c1"))
    assert view.thumbnail("site", "a") == b"jpeg"
    assert wanting(view) == []


def of_bytes(outcome: Outcome, content_hash: str) -> Outcome:
    assert isinstance(outcome.cause, ImageRecord)
    return replace(outcome, cause=replace(outcome.cause, content_hash=content_hash))


@pytest.mark.parametrize("generation", [1, 2])
def test_photos_of_an_older_view_want_thumbnails_too(address: str, generation: int) -> None:
    """But those that have one, unless there may be another photo of the name since it was made.

    Where they came from nobody knows.
    """
    backend = backend_of(address)
    jpeg = "X'6a706567'" if backend.engine.name == "sqlite" else "'jpeg'"
    with backend.engine.execution_options(writing=True).begin() as db:
        backend.prepare(db)
        upgrade(db, "0002")
        write_ledger(db, Ledger(IDENTITY, generation, images=2))
        db.execute(text("INSERT INTO scopes (scope, seq) VALUES ('site', 4)"))
        for n, name in enumerate("ab", 1):
            columns = "n, scope_n, image_id, content_hash, width, height, attributes"
            values = f"{n}, 1, '{name}', 'hash', 64, 48, '{{}}'"
            db.execute(text(f"INSERT INTO images ({columns}) VALUES ({values})"))  # noqa: S608
        for name in "ax":
            row = f"1, '{name}', {jpeg}"
            db.execute(text(f"INSERT INTO thumbnails VALUES ({row})"))  # noqa: S608
    backend.engine.dispose()
    view = open_view(address, IDENTITY)
    assert [image.origin for image in view.wanting()] == [None] * generation
    assert wanting(view) == ["b", "a"][:generation]
    assert view.thumbnail("site", "a") == (b"jpeg" if generation == 1 else None)
    assert view.put_thumbnail("site", "a", b"new")
    assert view.thumbnail("site", "a") == b"new"
    view.close()


def test_how_far_a_feed_is_behind(view: View) -> None:
    """What was told last, by source and partition."""
    assert view.behind() == []
    first, other = Behind("journal", 0, 7, 1e9), Behind("images", 1, 3, 1e9)
    view.tell_behind([first, other])
    later = Behind("journal", 0, 0, 2e9)
    view.tell_behind([later])
    assert view.behind() == [other, later]
