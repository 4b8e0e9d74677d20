"""Texts of strangers go in and come out as they are, and forgotten ones leave nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import ForgetImage, NameCluster
from engine.lineage import Forgotten, Named
from engine.types import GeoPoint, Origin, Rejection
from exporters.view.answers import ClusterFilter
from exporters.view.columns import escape, unescape
from exporters.view.opening import open_view
from exporters.view.port import View
from tests.builders import unit
from tests.view.kit import IDENTITY, Album, Feed

TEXTS = [
    "nul \0 inside",
    "'; DROP TABLE clusters; --",
    '<img src=x onerror="alert(1)">',
    "100% _under\\score",
    "\ue000 private \ue0000000",
    "日本語 🗿 \u202e right to left",
    "x" * 512,
]


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_escaped_comes_back(text: str) -> None:
    """Whatever the text, without what databases refuse in between."""
    assert unescape(escape(text)) == text
    assert "\0" not in escape(text)
    escape(text).encode()


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_kept_as_it_is(view: View, text: str) -> None:
    """As a scope, an id, a name, a label, a detail; and it can be searched for."""
    album = Album(text)
    Feed(view, text).tell(
        album.photo("a", "c", label=text, attributes={"label": text}),
        album.command("n", NameCluster("c", text), Named("c", text, "")),
        Rejection(text, text, Origin(text, 0, 0), "bad_text", text),
    )
    assert view.scopes() == [text]
    assert view.position(text, 0) == 2
    (row,) = view.clusters(ClusterFilter(scope=text)).rows
    assert row.scope == row.name == row.exemplars[0].label == row.exemplars[0].tag == text
    assert view.rejections(text)[0].detail == text
    assert view.events_after(2)[0].body["name"] == text
    for chosen in (ClusterFilter(text=text[1:].upper()), ClusterFilter(label=text)):
        assert view.clusters(chosen).rows == (row,)


def test_an_item_of_any_id_is_found(view: View) -> None:
    """Ids are looked up as they are, too."""
    feed = Feed(view)
    album = Album()
    feed.tell(*(album.photo(one, f"c-{one}") for one in TEXTS))
    for one in TEXTS:
        found = view.explain("site", f"{one}#0")
        assert found is not None
        assert found.item.cluster_id == f"c-{one}"
        assert view.put_thumbnail("site", one, b"jpeg")
        assert view.thumbnail("site", one) == b"jpeg"


def test_a_forgotten_image_leaves_nothing(view: View) -> None:
    """No answer has anything of it but that it came and went."""
    feed, album = Feed(view), Album()
    feed.tell(
        album.photo("a", "c1", at=123, place=GeoPoint(1, 2), attributes={"owner": "Ann"}),
        album.photo("b", "c2"),
    )
    view.put_thumbnail("site", "a", b"face")
    view.refresh("site")
    feed.tell(album.command("f", ForgetImage("a"), Forgotten("c1", "a#0", 1)))
    assert view.image("site", "a") is None
    assert view.thumbnail("site", "a") is None
    assert view.explain("site", "a#0") is None
    assert view.vector("site", "a#0") is None
    assert view.points("site").items == ("b#0",)
    row = view.cluster("site", "c1")
    assert row is not None
    assert (row.state, row.size, row.first, row.place, row.exemplars) == (
        "retired",
        0,
        None,
        None,
        (),
    )
    view.apply(feed.told)
    assert view.image("site", "a") is None


def test_a_forgotten_image_is_erased_from_the_file(tmp_path: Path) -> None:
    """Neither database nor log holds its vector, picture, labels or attributes."""
    path = tmp_path / "view.sqlite"
    view = open_view(f"sqlite:///{path}", IDENTITY)
    feed, album = Feed(view), Album()
    feed.tell(*(album.photo(f"i{n}", "c", founds=n == 0) for n in range(50)))
    secrets = {"attributes": {"owner": "SECRET-OWNER", "label": "SECRET-LABEL"}}
    feed.tell(album.photo("a", "own", label="SECRET-CLASS", **secrets))
    view.put_thumbnail("site", "a", b"SECRET-PICTURE" * 100)
    lost = [unit(album.lobes).tobytes(), unit(album.lobes).astype("<f8").tobytes()]
    feed.tell(album.command("n", NameCluster("own", "x"), Named("own", "x", "")))
    assert any(lost[0] in text for text in _bytes(tmp_path))
    feed.tell(album.command("f", ForgetImage("a"), Forgotten("own", "a#0", album.lobes)))
    view.close()
    left = _bytes(tmp_path)
    assert [word for word in (b"SECRET", *lost) for text in left if word in text] == []


def _bytes(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]
