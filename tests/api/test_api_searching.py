"""Search by a photo that is sent, by words, by a photo that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from cairn.options import settings_of
from cairn.tools import tools_of
from engine.errors import Misconfigured
from engine.types import Box, Rgb, Vector
from engine.vectors import settle
from exporters.api.port import Options, Tools
from exporters.view.opening import open_view
from tests.album import album
from tests.api.kit import Served
from tests.api.sights import (
    SCOPE,
    Shelf,
    Sights,
    album_sights,
    as_jpeg,
    client_over,
    clustered,
    opened,
    pixels_of,
)
from tests.api.test_api_refusing import complaint
from tests.builders import unit
from tests.commands import cairn
from tests.images import encoded, lying_png, photo, shot
from tests.view.kit import Album
from tests.words import COLOURS, image_tower, plain, text_tower


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sights]:
    with album_sights(tmp_path_factory.mktemp("sights")) as made:
        yield made


def test_a_photo_that_is_there_finds_itself_first(sights: Sights) -> None:
    """Every one of them, as exactly alike as can be, and then those of its scene."""
    for name, data in album().items():
        (first, cosine), (second, _), *_ = sights.found(sights.by_image(data, k=3))
        assert first == name
        assert cosine == pytest.approx(1, abs=1e-4)
        assert "alone" in name or scene_of(second) == scene_of(name)


def scene_of(name: str) -> str:
    return name.removesuffix(".jpg").split("-")[1]


def tilted(pixels: Rgb) -> Rgb:
    """Held a little aslant, without the corners that this leaves empty."""
    height, width = pixels.shape[:2]
    turn = np.deg2rad(8)
    y, x = np.mgrid[:height, :width]
    across, down = x - width / 2, y - height / 2
    rows = (down * np.cos(turn) + across * np.sin(turn) + height / 2).astype(int)
    columns = (across * np.cos(turn) - down * np.sin(turn) + width / 2).astype(int)
    seen = pixels[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.asarray(seen[height // 8 : -height // 8, width // 8 : -width // 8])


def test_parts_and_turns_of_a_photo_find_its_scene(sights: Sights) -> None:
    """What somebody has cut, held aslant, saved anew in another format."""
    for name in ("0-coffee.jpg", "0-chelse.jpg", "0-rocket.jpg"):
        pixels = pixels_of(album()[name])
        height, width = pixels.shape[:2]
        variants = [
            as_jpeg(pixels[height // 10 : -height // 10, width // 10 : -width // 10]),
            as_jpeg(tilted(pixels)),
            encoded(pixels, "PNG"),
            encoded(pixels, "WEBP"),
        ]
        for data in variants:
            (first, _), *_ = sights.found(sights.by_image(data, k=1))
            assert scene_of(first) == scene_of(name)


def test_a_photo_is_looked_at_upright(sights: Sights) -> None:
    """As its camera says that it was held."""
    upright = pixels_of(album()["0-coffee.jpg"])
    lying = shot(np.ascontiguousarray(np.rot90(upright)), 0, orientation=6)
    (first, cosine), *_ = sights.found(sights.by_image(lying, k=1))
    assert first == "0-coffee.jpg"
    assert cosine > 0.99


GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(20)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
CUT = shot(photo("coffee.png"), 0)[:9000]


@pytest.mark.parametrize(
    ("data", "kind", "status", "word"),
    [
        (b"", "image/jpeg", 422, "empty"),
        (CUT, "image/jpeg", 422, "corrupt"),
        (lying_png(60_000, 60_000), "image/png", 422, "too_many_pixels"),
        (lying_png(300, 300), "image/png", 422, "corrupt"),
        (SVG, "image/svg+xml", 422, "unsupported_format"),
        (GIF, "image/gif", 422, "unsupported_format"),
        (bytes(30 * 1024 * 1024), "image/jpeg", 413, "larger than 26214400 bytes"),
        (CUT, "text/plain", 415, "Content-Type: image/jpeg"),
        (CUT, "", 415, "Content-Type: image/jpeg"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "image/jpeg"),
    ],
    ids=["empty", "cut", "bomb", "lying", "svg", "gif", "huge", "text", "untyped", "form"],
)
def test_what_is_no_photo_is_refused(
    sights: Sights, data: bytes, kind: str, status: int, word: str
) -> None:
    """With the proper status, in one sentence."""
    assert word in complaint(sights.by_image(data, kind), status)


def test_how_much_is_sent_is_a_setting(sights: Sights) -> None:
    """Whether its length is told or not."""
    client = client_over(sights.view, sights.tools, Options(max_image_bytes=1000))
    for content in (CUT, iter([CUT])):
        response = client.post(
            "/api/v1/search/image",
            params={"scope": SCOPE},
            content=content,
            headers={"Content-Type": "image/jpeg"},
        )
        assert "larger than 1000 bytes" in complaint(response, 413)


def test_every_search_is_of_one_scope(sights: Sights) -> None:
    """It is not left out, and another one has nothing of this."""
    data = album()["0-coffee.jpg"]
    assert sights.found(sights.by_image(data, scope="elsewhere")) == []
    assert "scope" in complaint(sights.by_image(data, scope=""), 422)
    for path in ("search/words", "image/similar"):
        assert "scope" in complaint(sights.client.get(f"/api/v1/{path}"), 422)
    assert "'knd'" in complaint(sights.by_image(data, knd=1), 422)


def test_photos_like_one_that_is_there(sights: Sights) -> None:
    """Without itself; an unknown one is named."""
    found = sights.found(sights.get("image/similar", id="0-coffee.jpg", k=2))
    assert {name for name, _ in found} == {"1-coffee.jpg", "2-coffee.jpg"}
    assert "'no'" in sights.refused(404, "image/similar", id="no")


def test_photos_like_one_that_is_there_need_no_eyes(sights: Sights) -> None:
    """Their vectors are known."""
    asked = {"scope": SCOPE, "id": "0-coffee.jpg"}
    bare = client_over(sights.view, Tools())
    assert bare.get("/api/v1/image/similar", params=asked).status_code == 200


class Seer:
    """A searcher to which every photo shows things in given directions."""

    def __init__(self, *directions: Vector) -> None:
        self.directions = directions

    def of_image(self, data: bytes) -> Sequence[tuple[Box, Vector]]:
        return [(Box(0, 0, 9, 9), settle(one, len(one))) for one in self.directions]

    def of_words(self, words: str) -> Vector:
        raise Misconfigured("the model is broken")


def test_each_thing_on_a_photo_is_searched_by(api: Served) -> None:
    """The best of all comes first, each item once."""
    one, other = unit(1), unit(2)
    made = Album()
    api.feed.tell(
        made.photo("a", "first", vector=one),
        made.photo("b", "second", vector=other),
        made.photo("c", "third", vector=one + 0.5 * other),
    )
    client = client_over(api.view, Tools(searcher=Seer(one, other)))
    response = client.post(
        "/api/v1/search/image",
        params={"scope": "site", "k": 3},
        content=b"x",
        headers={"Content-Type": "image/png"},
    )
    rows = [(row["item"]["image_id"], row["cosine"]) for row in response.json()["rows"]]
    assert [name for name, _ in rows] == ["a", "b", "c"]
    assert [cosine for _, cosine in rows] == pytest.approx([1, 1, rows[2][1]], abs=1e-3)
    assert 0.5 < rows[2][1] < 0.99


def test_a_server_without_eyes_says_what_to_start(sights: Sights) -> None:
    """And one without words what to add; a broken model is the operator's."""
    bare = Sights(sights.view, Tools(), sights.shelf)
    assert "--encoder" in complaint(bare.by_image(b"x"), 409)
    assert "--text" in bare.refused(409, "search/words", words="red")
    told = sights.refused(409, "search/words", words="red")
    assert "--text" in told
    assert "[text]" in told
    broken = Sights(sights.view, Tools(searcher=Seer()), sights.shelf)
    assert "its log" in broken.refused(503, "search/words", words="red")


@pytest.mark.parametrize("words", ["", "x" * 1001, "\0"])
def test_words_are_bounded(sights: Sights, words: str) -> None:
    """Before any model reads them."""
    assert "words" in sights.refused(422, "search/words", words=words)


def test_vectors_of_other_eyes_are_never_compared(tmp_path: Path) -> None:
    """Eyes that were chosen are refused at the start, others left out; also once it is served."""
    url = clustered(tmp_path, {"a.jpg": album()["0-coffee.jpg"]})
    with closing(opened(url)) as view:
        with pytest.raises(Misconfigured, match=r"profile place.*profile object"):
            tools_of(settings_of(None, engine__profile="object"), view)
        with pytest.raises(Misconfigured, match="shares no space"):
            tools_of(settings_of(None, serve__text="words"), view)
        served = Sights(view, tools_of(settings_of(None), view), Shelf({}))
        assert served.found(served.by_image(album()["0-coffee.jpg"]))
        with closing(open_view(url, "encoder other", anew=True)):
            assert "its log" in complaint(served.by_image(album()["0-coffee.jpg"]), 503)
        assert tools_of(settings_of(None), view).searcher is None


def test_many_may_look_at_once(sights: Sights) -> None:
    """Each is answered as if alone, to the bit."""
    searcher, photos = sights.tools.searcher, list(album().values())
    assert searcher is not None

    def look(data: bytes) -> list[bytes]:
        return [vector.tobytes() for _, vector in searcher.of_image(data)]

    alone = [look(data) for data in photos]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(look, photos * 4)) == alone * 4


def test_words_find_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a space in which photos of a colour and its name lie together."""
    monkeypatch.chdir(tmp_path)
    Path("cairn.toml").write_text("[profiles.object]\nthreshold = 0.9\n")
    for name, card, kind in (
        ("pixels", image_tower(tmp_path / "i"), "image-encoder"),
        ("words", text_tower(tmp_path / "t"), "text-encoder"),
    ):
        (model,) = card.parent.glob("*.onnx")
        cairn("models", "add", model, "--card", card, "--name", name, "--kind", kind)
    colours = {f"{colour}.png": encoded(plain(colour)) for colour in COLOURS}
    common = ("--profile", "object", "--encoder", "pixels", "--config", "cairn.toml")
    url = clustered(tmp_path, colours, *common)
    chosen = {"engine__profile": "object", "engine__encoder": "pixels", "serve__text": "words"}
    settings = settings_of(Path("cairn.toml"), **chosen)
    with closing(opened(url)) as view:
        served = Sights(view, tools_of(settings, view), Shelf({}))
        for colour in ("red", "blue"):  # `green` is no token of its own to the made tower
            (first, cosine), *others = served.found(served.get("search/words", words=colour))
            assert first == f"{colour}.png"
            assert cosine > 0.8
            assert all(other < 0.5 for _, other in others)
        searcher, words = served.tools.searcher, [*COLOURS, "red and blue"] * 50
        assert searcher is not None
        alone = [searcher.of_words(one).tobytes() for one in words]
        with ThreadPoolExecutor(8) as threads:
            at_once = threads.map(lambda one: searcher.of_words(one).tobytes(), words)
            assert list(at_once) == alone
