"""Pictures of photos and items: small, large, and side by side with what agrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from cairn.eyes import Eyes, open_eyes
from cairn.searching import EyesMatcher, EyesSearcher
from engine.errors import BadImage
from engine.profile import PROFILES
from engine.sight import View as Seen
from engine.types import Box, Outcome, Rgb
from engine.vision.decode import DecodeLimits
from engine.vision.explain import GAP
from exporters.api.port import Tools
from tests.album import album
from tests.api.kit import Served
from tests.api.sights import (
    SCOPE,
    Shelf,
    Sights,
    album_sights,
    as_jpeg,
    pixels_of,
)
from tests.images import encoded, gradient, lying_png, photo, seen_from_aside, shot
from tests.view.kit import Album


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sights]:
    with album_sights(tmp_path_factory.mktemp("sights")) as made:
        yield made


@pytest.fixture
def sights(shared: Sights) -> Sights:
    """With originals of its own."""
    shelf = Shelf(album())
    return Sights(shared.view, replace(shared.tools, originals=shelf), shelf)


def picture(response: Any) -> Rgb:
    """What an answer shows."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/jpeg"
    return pixels_of(response.content)


def two_things(one: Box, other: Box) -> Outcome:
    """A photo of 64 x 48 pixels with two items."""
    (outcome,) = [Album().photo("p", "c")]
    (item,) = outcome.items
    parts = (replace(item, box=one), replace(item, item_id="p#1", box=other))
    founding, assigned = outcome.events
    second = replace(assigned, seq=3, change=replace(assigned.change, item_id="p#1"))
    return replace(outcome, items=parts, events=(founding, assigned, second))


def test_an_item_is_cut_out_of_its_photos_thumbnail(api: Served) -> None:
    """By its box, whatever size the thumbnail has; one pixel at least."""
    api.feed.tell(two_things(Box(0, 0, 32, 48), Box(63.9, 47.9, 64, 48)))
    half = np.zeros((24, 32, 3), np.uint8)
    half[:, :16] = (250, 0, 0)
    api.view.put_thumbnail("site", "p", as_jpeg(half))
    left = picture(thumbnail_of(api.client, "p#0"))
    assert left.shape == (24, 16, 3)
    assert left[:, :12, 0].min() > 200
    assert picture(thumbnail_of(api.client, "p#1")).shape == (1, 1, 3)


def thumbnail_of(client: TestClient, item_id: str, **headers: str) -> Any:
    asked = {"scope": "site", "id": item_id}
    return client.get("/api/v1/item/thumbnail", params=asked, headers=headers)


def test_an_item_that_is_all_of_its_photo_has_its_thumbnail(api: Served) -> None:
    """Bit for bit; where there is none, or what is there cannot be read, nothing breaks."""
    api.feed.tell(two_things(Box(0, 0, 64, 48), Box(0, 0, 20, 20)))
    assert thumbnail_of(api.client, "p#0").status_code == 404
    jpeg = as_jpeg(gradient())
    api.view.put_thumbnail("site", "p", jpeg)
    assert thumbnail_of(api.client, "p#0").content == jpeg
    api.view.put_thumbnail("site", "p", b"no picture")
    assert thumbnail_of(api.client, "p#1").content == b"no picture"


def test_a_browser_asks_whether_a_picture_is_still_right(api: Served) -> None:
    """It gets nothing where it is, the new one where it is not, 404 where it was forgotten."""
    api.feed.tell(Album().photo("p", "c"))
    api.view.put_thumbnail("site", "p", as_jpeg(gradient()))
    asked = {"scope": "site", "id": "p"}
    first = api.client.get("/api/v1/image/thumbnail", params=asked)
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (first.headers["etag"], f'W/{first.headers["etag"]}, "x"'):
        headers = {"If-None-Match": known}
        again = api.client.get("/api/v1/image/thumbnail", params=asked, headers=headers)
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]
    tag = thumbnail_of(api.client, "p#0").headers["etag"]
    assert thumbnail_of(api.client, "p#0", **{"If-None-Match": tag}).status_code == 304
    api.view.put_thumbnail("site", "p", as_jpeg(gradient(30, 30)))
    assert api.client.get(
        "/api/v1/image/thumbnail", params=asked, headers={"If-None-Match": tag}
    ).content == as_jpeg(gradient(30, 30))
    api.view.reset()
    assert thumbnail_of(api.client, "p#0", **{"If-None-Match": tag}).status_code == 404


def test_a_photo_in_full(sights: Sights) -> None:
    """As large as it is, up to 1600 pixels, without what the camera wrote."""
    response = sights.get("image/picture", id="0-coffee.jpg")
    assert np.abs(picture(response).astype(int) - pixels_of(album()["0-coffee.jpg"])).mean() < 4
    assert b"Exif" not in response.content
    headers = {"If-None-Match": response.headers["etag"]}
    asked = {"scope": SCOPE, "id": "0-coffee.jpg"}
    again = sights.client.get("/api/v1/image/picture", params=asked, headers=headers)
    assert again.status_code == 304


def test_a_large_photo_is_reduced_and_turned(sights: Sights) -> None:
    """Originals are larger than any screen, and lie as the camera was held."""
    large = shot(gradient(2400, 1800), 0, orientation=6)
    assert sights.tools.renderer is not None
    shown = pixels_of(sights.tools.renderer.render(large))
    assert shown.shape == (1600, 1200, 3)


def test_what_is_not_at_hand_is_404(sights: Sights) -> None:
    """An unknown photo, a lost original, one that has become another, a server without any."""
    assert "'no'" in sights.refused(404, "image/picture", id="no")
    sights.shelf.photos["0-coffee.jpg"] = album()["0-rocket.jpg"]
    assert "another photo" in sights.refused(404, "image/picture", id="0-coffee.jpg")
    assert "another photo" in sights.refused(404, "item/matches", id="1-coffee.jpg#0")
    sights.shelf.photos.clear()
    assert "not at hand" in sights.refused(404, "image/picture", id="0-coffee.jpg")
    for tools in (Tools(), replace(sights.tools, originals=None)):
        bare = Sights(sights.view, tools, sights.shelf)
        assert "--images" in bare.refused(404, "image/picture", id="0-coffee.jpg")


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg/>", lying_png(60_000, 60_000), shot(gradient(), 0)[:400]],
    ids=["empty", "svg", "bomb", "cut"],
)
def test_hostile_originals_are_not_shown(sights: Sights, data: bytes) -> None:
    """Whatever has come to lie there is decoded within the guards, or not at all."""
    assert sights.tools.renderer is not None
    assert sights.tools.matcher is not None
    with pytest.raises(BadImage):
        sights.tools.renderer.render(data)
    with pytest.raises(BadImage):
        sights.tools.matcher.matches(data, data, Box(0, 0, 9, 9), Box(0, 0, 9, 9))


class Picky:
    """A renderer that accepts nothing."""

    def render(self, data: bytes) -> bytes:
        raise BadImage("too_many_pixels", "9 x 9; at most 8 are accepted")


def test_an_original_beyond_the_guards_is_named(sights: Sights) -> None:
    """They may have become narrower since it was clustered."""
    picky = Sights(sights.view, replace(sights.tools, renderer=Picky()), sights.shelf)
    told = picky.refused(404, "image/picture", id="0-coffee.jpg")
    assert "too_many_pixels" in told
    assert "0-coffee.jpg" in told


def lines_across(pixels: Rgb, width: int, height: int) -> int:
    """Rows in which something coloured crosses the gap behind a left photo of this shape."""
    column = pixels[:, round(width * pixels.shape[0] / height) + GAP // 2].astype(int)
    return int((np.ptp(column, axis=1) > 60).sum())


def test_why_an_item_lies_where_it_lies(sights: Sights) -> None:
    """Beside the photo that it agreed with, or any other one."""
    height, width = pixels_of(album()["2-coffee.jpg"]).shape[:2]
    with_best = picture(sights.get("item/matches", id="2-coffee.jpg#0"))
    assert lines_across(with_best, width, height) > 5
    asked = {"id": "2-coffee.jpg#0", "with": "0-coffee.jpg#0"}
    assert lines_across(picture(sights.get("item/matches", **asked)), width, height) > 5
    stranger = {"id": "2-coffee.jpg#0", "with": "0-rocket.jpg#0"}
    assert lines_across(picture(sights.get("item/matches", **stranger)), width, height) == 0


def test_matches_that_cannot_be_shown(sights: Sights) -> None:
    """Unknown items, an item that was compared with nothing, a server without eyes."""
    assert "'no'" in sights.refused(404, "item/matches", id="no")
    told = sights.refused(404, "item/matches", id="0-coffee.jpg#0", **{"with": "gone"})
    assert "'gone'" in told
    assert "`with`" in sights.refused(409, "item/matches", id="0-coffee.jpg#0")
    blind = Sights(sights.view, Tools(originals=sights.shelf), sights.shelf)
    assert "--encoder" in blind.refused(409, "item/matches", id="2-coffee.jpg#0")
    bare = Sights(sights.view, replace(sights.tools, originals=None), sights.shelf)
    assert "--images" in bare.refused(404, "item/matches", id="2-coffee.jpg#0")
    assert "'wiht'" in sights.refused(422, "item/matches", id="2-coffee.jpg#0", wiht="x")


class Halves:
    """A framing to which a photo shows two things, left and right."""

    identity = "halves"

    def __call__(self, image: Rgb) -> list[Seen]:
        height, width = image.shape[:2]
        middle = width // 2
        return [
            Seen(image[:, :middle], Box(0, 0, middle, height)),
            Seen(image[:, middle:], Box(middle, 0, width, height)),
        ]


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Eyes:
    eyes = open_eyes("builtin", PROFILES["place"], tmp_path_factory.mktemp("models"))
    return replace(eyes, framing=Halves())


COFFEE, CAT = photo("coffee.png")[:300, :400], photo("chelsea.png")[:300, :400]


def test_the_very_items_are_compared(halves: Eyes) -> None:
    """Not the first things on their photos; boxes are in pixels of the originals."""
    one = encoded(np.hstack([COFFEE, CAT]))
    other = encoded(np.hstack([CAT, seen_from_aside(COFFEE)]))
    matcher = EyesMatcher(halves, DecodeLimits(working_side=640))
    left, right = Box(0, 0, 400, 300), Box(400, 0, 800, 300)
    for boxes, agree in (((left, right), True), ((right, left), True), ((left, left), False)):
        shown = pixels_of(matcher.matches(one, other, *boxes))
        assert (lines_across(shown, 400, 300) > 5) == agree
    with pytest.raises(BadImage, match="not found"):
        matcher.matches(one, other, left, Box(0, 0, 50, 50))


def test_every_thing_on_a_photo_is_seen(halves: Eyes) -> None:
    """With its place in pixels of the original, and as alike to itself as can be."""
    eyes = EyesSearcher(halves, DecodeLimits(working_side=640), None, "x", lambda: "x")
    data = encoded(np.hstack([COFFEE, CAT]))
    (left, coffee), (right, cat) = eyes.of_image(data)
    assert (left, right) == (Box(0, 0, 400, 300), Box(400, 0, 800, 300))
    assert coffee @ coffee == pytest.approx(1, abs=1e-5)
    assert coffee @ cat < 0.9


class Blind:
    """A framing that never finds anything."""

    identity = "blind"

    def __call__(self, image: Rgb) -> list[Seen]:
        return []


def test_a_photo_with_nothing_on_it(halves: Eyes) -> None:
    """It cannot be searched by, and says so."""
    blind = replace(halves, framing=Blind())
    with pytest.raises(BadImage, match="nothing_found"):
        EyesSearcher(blind, DecodeLimits(), None, "x", lambda: "x").of_image(encoded(COFFEE))
    with pytest.raises(BadImage, match="nothing_found"):
        EyesMatcher(blind, DecodeLimits()).matches(
            encoded(COFFEE), encoded(CAT), Box(0, 0, 9, 9), Box(0, 0, 9, 9)
        )
