"""Thumbnails are made of what is still there, and of nothing that was forgotten meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import pytest

from cairn.illustrating import ITEM_SIDE, MOST, SIDE, Illustrator, side_for
from engine.commands import ForgetImage
from engine.errors import Misconfigured, Transient
from engine.lineage import Forgotten
from engine.types import Box, ImageRecord, Outcome
from engine.vision.decode import DecodeLimits, decode
from exporters.view.answers import ImageRow, ItemRow
from exporters.view.database import Database
from exporters.view.opening import open_view
from tests.images import encoded, gradient
from tests.view.kit import IDENTITY, Album, Feed

PHOTO = encoded(gradient(800, 600), "JPEG")


@dataclass
class Shelf:
    """Photos by id. away: how often it cannot be reached. asked: what was read."""

    photos: dict[str, bytes] = field(default_factory=dict)
    away: int = 0
    asked: list[str] = field(default_factory=list)

    def read_all(self, images: Sequence[ImageRow]) -> Sequence[bytes | None]:
        if self.away:
            self.away -= 1
            raise Transient("the shelf is away")
        self.asked += [image.image_id for image in images]
        return [self.photos.get(image.image_id) for image in images]


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Database]:
    with closing(open_view(f"sqlite:///{tmp_path}/view.db", IDENTITY)) as made:
        yield made


def of(outcome: Outcome, data: bytes) -> Outcome:
    """An outcome whose photo has these bytes."""
    assert isinstance(outcome.cause, ImageRecord)
    digest = hashlib.sha256(data).hexdigest()
    return replace(outcome, cause=replace(outcome.cause, content_hash=digest))


def illustrate(view: Database, shelf: Shelf) -> None:
    Illustrator(view, shelf, DecodeLimits()).catch_up(Event())


def size_of(jpeg: bytes | None) -> tuple[int, int]:
    assert jpeg is not None
    found = decode(jpeg, DecodeLimits())
    return found.width, found.height


def test_every_photo_gets_a_thumbnail(view: Database) -> None:
    """Upright and small, newest first, however many there are; each is read once."""
    album, names = Album(), [f"p{n}" for n in range(20)]
    Feed(view).tell(*(of(album.photo(name, f"c-{name}"), PHOTO) for name in names))
    shelf = Shelf(dict.fromkeys(names, PHOTO))
    illustrate(view, shelf)
    assert shelf.asked == names[::-1]
    assert size_of(view.thumbnail("site", "p7")) == (SIDE, 240)
    illustrate(view, shelf)
    assert len(shelf.asked) == len(names)


def test_what_cannot_be_shown_is_tried_once(view: Database) -> None:
    """Gone, another than it was, no longer an image that is accepted."""
    album = Album()
    broken = b"\xff\xd8\xff torn"
    Feed(view).tell(
        of(album.photo("gone", "a"), PHOTO),
        of(album.photo("other", "b"), PHOTO),
        of(album.photo("broken", "c"), broken),
        of(album.photo("good", "d"), PHOTO),
    )
    illustrate(view, Shelf({"other": PHOTO + b"!", "broken": broken, "good": PHOTO}))
    assert view.wanting() == []
    kept = [view.thumbnail("site", name) for name in ("gone", "other", "broken", "good")]
    assert [jpeg is not None for jpeg in kept] == [False, False, False, True]


def test_a_shelf_that_is_away_is_waited_for(view: Database) -> None:
    """Nothing counts as tried in vain meanwhile."""
    Feed(view).tell(of(Album().photo("a", "c"), PHOTO))
    illustrate(view, Shelf({"a": PHOTO}, away=1))
    assert view.thumbnail("site", "a") is not None


def test_a_stop_ends_the_waiting(view: Database) -> None:
    """What is wanting stays wanting."""
    Feed(view).tell(of(Album().photo("a", "c"), PHOTO))
    stop = Event()

    class Gone:
        def read_all(self, _: Sequence[ImageRow]) -> Sequence[bytes | None]:
            stop.set()
            raise Transient("away for good")

    Illustrator(view, Gone(), DecodeLimits()).run(stop)
    assert len(view.wanting()) == 1


def test_who_may_not_read_photos_goes_on_without(
    view: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is marked, and it is said once."""
    Feed(view).tell(of(Album().photo("a", "c"), PHOTO))

    class Locked:
        def read_all(self, _: Sequence[ImageRow]) -> Sequence[bytes | None]:
            raise Misconfigured("Kafka refuses")

    assert not Illustrator(view, Locked(), DecodeLimits()).catch_up(Event())
    assert len(view.wanting()) == 1
    assert "Kafka refuses" in caplog.text


def test_a_photo_that_is_forgotten_meanwhile_leaves_no_thumbnail(view: Database) -> None:
    """It was read, and forgotten before its thumbnail was put."""
    album, feed = Album(), Feed(view)
    feed.tell(of(album.photo("a", "c"), PHOTO))

    class Forgetful:
        def read_all(self, images: Sequence[ImageRow]) -> Sequence[bytes | None]:
            for _ in images:
                feed.tell(album.command("f", ForgetImage("a"), Forgotten("c", "a#0", 1)))
            return [PHOTO for _ in images]

    Illustrator(view, Forgetful(), DecodeLimits()).catch_up(Event())
    assert view.thumbnail("site", "a") is None
    assert view.wanting() == []


@pytest.mark.parametrize(
    ("longest", "side"), [(800.0, SIDE), (400.0, SIDE), (200.0, 640), (8.0, MOST), (0.0, MOST)]
)
def test_small_items_make_large_thumbnails(view: Database, longest: float, side: int) -> None:
    """Within bounds, the smallest item of a photo gets its pixels."""
    Feed(view).tell(Album().photo("a", "c"))
    (image,) = view.wanting()
    (item,) = image.items

    def item_of(longest: float) -> ItemRow:
        return replace(item, box=Box(10, 10, 10 + longest / 2, 10 + longest))

    shown = replace(image, width=800, height=600, items=(item_of(longest), item_of(800)))
    assert side_for(shown) == side
    assert side_for(replace(shown, items=())) == SIDE
    assert ITEM_SIDE * 2 == SIDE
