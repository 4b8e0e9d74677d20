"""The report of a view: what a page can hold of it, safe with hostile names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cairn import view_sheet
from cairn.view_sheet import view_report
from engine.commands import MergeClusters, NameCluster
from engine.lineage import Confirmed, Merged, Named
from engine.types import Box, GeoPoint, Origin, Rejection
from exporters.contact_sheet import render_contact_sheet, thumbnail
from exporters.view.port import View
from state.identity import Identity, parse
from tests.commands import cairn, complaint
from tests.unit.test_contact_sheet import HOSTILE, Page
from tests.view.kit import Album, Feed

JPEG = b"\xff\xd8jpeg"


@pytest.fixture
def filled(view: View) -> View:
    """Two scopes; hostile names wherever a stranger can put one."""
    site, elsewhere = Album(HOSTILE), Album("elsewhere")
    shown = {"at": 86400.0, "place": GeoPoint(1.5, 2.5), "attributes": {"filename": HOSTILE}}
    Feed(view).tell(
        site.photo("a", "one", **shown, more=[Confirmed("one")]),
        site.photo("b", "one", founds=False, at=3 * 86400.0),
        site.photo("c", "two", attributes={"filename": "c.jpg"}),
        site.command("m", MergeClusters(("one", "two")), Merged("one", "two")),
        site.command("n", NameCluster("one", HOSTILE), Named("one", HOSTILE, "")),
        site.photo("d", "three"),
        site.photo("e", "three", founds=False),
        site.photo("f", "four"),
        Rejection("c-9", HOSTILE, Origin("c", 0, 1), "conflict", HOSTILE, of="command"),
    )
    Feed(view, "other").tell(elsewhere.photo("x", "one"))
    view.put_thumbnail(HOSTILE, "a", JPEG)
    return view


def test_a_scope_is_shown_with_all_that_is_known_of_it(filled: View) -> None:
    """Clusters by size, span, place, lineage; photos in time order; what was refused."""
    text = text_of(view_report(filled, HOSTILE))
    for fact in (
        *("images 6", "confirmed cluster 1", "pending 1", "single 1", "rejected 1"),
        *("3 photos", "2 Jan 1970 to 4 Jan 1970", "1.50000, 2.50000", "high quality"),
        *("Took in two, as ann asked.", "command c-9", "conflict", "c.jpg"),
    ):
        assert fact in text
    assert text.index("2 Jan, 00:00") < text.index("4 Jan, 00:00") < text.index("no time")
    assert "elsewhere" not in text


def test_names_stay_text_and_a_photo_without_picture_has_a_place(filled: View) -> None:
    """One picture was put in; the others are blank, and say so to who cannot see."""
    page = Page(render_contact_sheet(view_report(filled, None)))
    assert [image["alt"] for image in page.all("img")] == [f"Photo {HOSTILE}"]
    assert not [1 for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not page.all("script")
    blank = [a["aria-label"] for _, a in page.tags if a.get("class") == "blank"]
    assert "Photo c.jpg, of which there is no picture" in blank
    assert len(blank) == 6
    assert page.text.count(HOSTILE) >= 4


def test_of_several_scopes_each_cluster_names_its_own(filled: View) -> None:
    """All of them are counted; of a single one the name stands in the title."""
    text = text_of(view_report(filled, None))
    assert "All clusters" in text
    assert "images 7" in text
    assert all(card.scope == HOSTILE for card in view_report(filled, None).clusters)
    assert not any(card.scope for card in view_report(filled, HOSTILE).clusters)


def test_what_is_not_shown_is_counted(view: View) -> None:
    """Clusters beyond the limit, photos beyond those of a card, single photos."""
    album, feed = Album(), Feed(view)
    crowd = view_sheet.SHOWN_CONFIRMED + 2
    feed.tell(*(album.photo(f"p{n}", f"c{n}", more=[Confirmed(f"c{n}")]) for n in range(crowd)))
    feed.tell(*(album.photo(f"q{n}", "c7", founds=False) for n in range(30)))
    feed.tell(*(album.photo(f"s{n}", f"s{n}") for n in range(view_sheet.SHOWN_SINGLES + 3)))
    text = text_of(view_report(view, "site"))
    for fact in (
        "+2 smaller ones that are not shown",
        "31 photos",
        "+7 more",
        "+3 that are not shown",
    ):
        assert fact in text


@pytest.mark.usefixtures("filled")
def test_the_command_writes_the_page(address: str, tmp_path: Path) -> None:
    """While others have the view open; a scope that nobody knows is said, with those there are."""
    path = tmp_path / "report.html"
    told = cairn("report", "--view", address, "-o", path, "--scope", "elsewhere")
    assert "Encoder" not in path.read_text()
    assert "1 photos, 0 confirmed clusters" in told.stderr
    assert "Clusters of elsewhere" in path.read_text()
    said = complaint("report", "--view", address, "-o", path, "--scope", "lost")
    assert "no scope 'lost'; there are: " in said
    assert "elsewhere" in said


def test_what_it_was_made_with_is_told(view: View) -> None:
    """Where the view knows."""
    made = Identity("clip-1", 512, "whole", "none", "product")
    text = text_of(view_report(view, None, parse(str(made))))
    assert "Encoder clip-1 · profile product" in text


def test_an_item_is_shown_as_its_part_of_the_photo(view: View, album: Album) -> None:
    """And a photo whose picture cannot be read as it came."""
    photo = album.photo("a", "c")
    (item,) = photo.items
    half = replace(photo, items=(replace(item, box=Box(0, 0, 32, 48)),))
    Feed(view).tell(half, album.photo("b", "d"))
    view.put_thumbnail("site", "a", thumbnail(np.zeros((48, 64, 3), np.uint8)))
    view.put_thumbnail("site", "b", JPEG)
    shown = {single.name: single.thumbnail for single in view_report(view, None).singles}
    small = cv2.imdecode(np.frombuffer(shown["a"], np.uint8), cv2.IMREAD_COLOR)
    assert small is not None
    assert small.shape == (48, 32, 3)
    assert shown["b"] == JPEG


def test_an_empty_view_is_a_page_too(view: View) -> None:
    """That says so."""
    assert "No cluster has been confirmed yet" in text_of(view_report(view, None))


def text_of(report: object) -> str:
    return " ".join(Page(render_contact_sheet(report)).text.split())  # type: ignore[arg-type]
