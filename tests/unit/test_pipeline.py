"""The pipeline turns photos into items, in order, each as if it had come alone."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import BadImage, Misconfigured
from engine.pipeline import Pipeline, Pools, Senses
from engine.ports import Fetcher
from engine.sight import Decoded, Metadata, Prepared, View
from engine.types import (
    Box,
    Claim,
    Fetched,
    GeoPoint,
    LocalFeatures,
    Mask,
    Origin,
    Photo,
    Rejection,
    Rgb,
)
from engine.vision.framing import WholeImage
from tests.fetching import KeptImages, claim_on

WRITTEN = Metadata(captured_at=5.0, location=GeoPoint(1, 2))


def _decode(data: bytes) -> Decoded:
    """An image as wide as its first byte says, of an original five times as large."""
    if not data:
        raise BadImage("empty", "no bytes")
    width = data[0]
    return Decoded(np.full((10, width, 3), width, np.uint8), width * 5, 49)


@dataclass
class WidthEncoder:
    """Embeds an image as a direction, by its width in degrees; counts its calls."""

    identity: str = "width"
    dim: int = 2
    calls: int = 0

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        self.calls += 1
        turns = np.radians([image.shape[1] for image in images])
        return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


class WidthExtractor:
    """Sees the width of an image, and how much of it is hidden as its height."""

    identity: str = "width"

    def extract(self, image: Rgb, hidden: Mask | None = None) -> LocalFeatures:
        empty = np.empty((0, 4), np.float32)
        height = 0 if hidden is None else int(hidden.sum())
        return LocalFeatures(empty, np.empty((0, 1), np.uint8), image.shape[1], height)


@dataclass
class Ticks:
    """A clock that moves by one second a look."""

    now: float = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def photo(data: bytes | Claim, **more: object) -> Photo:
    name = "claimed" if isinstance(data, Claim) else f"i{data[:1].hex()}"
    fields: dict[str, object] = {"image_id": name, "scope": "s", "data": data}
    return Photo(**{"origin": Origin("t", 3, 7), **fields, **more})  # type: ignore[arg-type]


class Halves:
    """Left and right half, the latter poor and with a hidden column; nothing in a narrow image."""

    identity: str = "halves"

    def __call__(self, image: Rgb) -> Sequence[View]:
        height, width = image.shape[:2]
        if width < 10:
            return ()
        left, right = image[:, : width // 2], image[:, width // 2 :]
        hidden = np.zeros(right.shape[:2], np.bool_)
        hidden[:, 0] = True
        return (
            View(left, Box(0, 0, width / 2, height), label="left", score=0.9),
            View(right, Box(width / 2, 0, width, height), hidden, "right", 0.8, quality=0.5),
        )


def pipeline(pool: Executor, encoder: WidthEncoder, **senses: object) -> Pipeline:
    chosen = {"decode": _decode, "read_metadata": lambda _: WRITTEN, "framing": WholeImage()}
    return Pipeline(
        Senses(**{"extractor": None, "encoder": encoder, **chosen, **senses}),  # type: ignore[arg-type]
        Pools(pool, pool),
        Ticks(),
    )


def prepared(result: Prepared | Rejection) -> Prepared:
    assert isinstance(result, Prepared)
    return result


def widths(result: Prepared | Rejection) -> list[int]:
    """What each item's vector says, in degrees."""
    vectors = [item.vector for item in prepared(result).items]
    return [round(np.degrees(np.arctan2(up, along))) for along, up in vectors]


def test_results_come_in_order_with_refusals_in_their_place(pool: Executor) -> None:
    """A broken photo shifts nobody else's vector."""
    photos = [photo(b"\x14"), photo(b""), photo(b"\x1e")]
    first, second, third = pipeline(pool, WidthEncoder()).prepare(photos)
    assert widths(first) == [20]
    assert second == Rejection("i", "s", Origin("t", 3, 7), "empty", "no bytes")
    assert widths(third) == [30]


def test_an_image_gives_as_many_items_as_views(pool: Executor) -> None:
    """None is a result as well; the encoder is asked once a photo, and not for nothing."""
    encoder = WidthEncoder()
    photos = [photo(bytes([width])) for width in (20, 5, 30, 40)]
    results = pipeline(pool, encoder, framing=Halves()).prepare(photos)
    assert [widths(result) for result in results] == [[10, 10], [], [15, 15], [20, 20]]
    assert encoder.calls == 3


def test_what_a_view_is_taken_for_stays_with_its_item(pool: Executor) -> None:
    """Class, score and quality, as its framing told."""
    (result,) = pipeline(pool, WidthEncoder(), framing=Halves()).prepare([photo(b"\x14")])
    told = [(item.label, item.score, item.quality) for item in prepared(result).items]
    assert told == [("left", 0.9, 1.0), ("right", 0.8, 0.5)]


def test_items_are_numbered_and_boxed_in_the_upright_original(pool: Executor) -> None:
    """Each axis has its own scale: rounding makes them differ."""
    (result,) = pipeline(pool, WidthEncoder(), framing=Halves()).prepare([photo(b"\x14")])
    items = prepared(result).items
    assert [item.item_id for item in items] == ["i14#0", "i14#1"]
    assert items[0].box == Box(0, 0, 50, pytest.approx(49))
    assert items[1].box == Box(50, 0, 100, pytest.approx(49))


def test_what_the_message_says_goes_before_what_the_camera_wrote(pool: Executor) -> None:
    """Time zero and place zero are values, not gaps."""
    own = photo(b"\x14", captured_at=0.0, location=GeoPoint(0, 0), attributes={"label": "x"})
    told, bare = pipeline(pool, WidthEncoder()).prepare([own, photo(b"\x14")])
    record = prepared(told).image
    assert (record.captured_at, record.location) == (0.0, GeoPoint(0, 0))
    assert record.attributes == {"label": "x"}
    assert (record.width, record.height) == (100, 49)
    assert record.content_hash == hashlib.sha256(b"\x14").hexdigest()
    assert prepared(bare).image.captured_at == WRITTEN.captured_at
    assert prepared(bare).image.location == WRITTEN.location


def test_local_features_are_those_of_the_crop(pool: Executor) -> None:
    """And absent where nobody verifies."""
    (bare,) = pipeline(pool, WidthEncoder()).prepare([photo(b"\x14")])
    assert prepared(bare).items[0].features is None
    eyes = pipeline(pool, WidthEncoder(), extractor=WidthExtractor(), framing=Halves())
    (result,) = eyes.prepare([photo(b"\x14")])
    found = [item.features for item in prepared(result).items]
    assert [features and (features.width, features.height) for features in found] == [
        (10, 0),
        (10, 10),
    ]


def test_seconds_are_told_by_stage(pool: Executor) -> None:
    """One lap of the clock each."""
    (result,) = pipeline(pool, WidthEncoder(), framing=Halves()).prepare([photo(b"\x14")])
    assert prepared(result).timings == {
        "decode": 1,
        "detect": 1,
        "local_features": 1,
        "embed": 1,
    }


class BrokenEncoder(WidthEncoder):
    """Gives what it was told to give."""

    rows: NDArray[np.float32]

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        return self.rows


@pytest.mark.parametrize("row", [[np.nan, 1], [np.inf, 1], [0, 0]])
def test_an_image_without_a_vector_is_refused(row: list[float], pool: Executor) -> None:
    """It alone, as whatever else is wrong with an image; the encoder is named."""
    encoder = BrokenEncoder()
    encoder.rows = np.array([row], np.float32)
    (result,) = pipeline(pool, encoder).prepare([photo(b"\x14")])
    assert isinstance(result, Rejection)
    assert result.reason == "no_vector"
    assert "encoder width gave a vector" in result.detail


@pytest.mark.parametrize("row", [[1, 0, 0], [1]])
def test_a_vector_of_another_length_is_the_models_fault(row: list[float], pool: Executor) -> None:
    """No photo is refused for it."""
    encoder = BrokenEncoder()
    encoder.rows = np.array([row], np.float32)
    with pytest.raises(Misconfigured, match=r"a vector of shape"):
        pipeline(pool, encoder).prepare([photo(b"\x14")])


def test_no_photos_are_no_work(pool: Executor) -> None:
    """An empty batch never reaches the encoder."""
    encoder = WidthEncoder()
    assert pipeline(pool, encoder).prepare([]) == []
    assert encoder.calls == 0


@pytest.fixture
def arrivals() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def fetching(pool: Executor, arrivals: Executor, fetch: Fetcher) -> Pipeline:
    senses = Senses(_decode, lambda _: WRITTEN, WholeImage(), WidthEncoder(), None)
    return Pipeline(senses, Pools(pool, arrivals), Ticks(), fetch)


def test_a_claimed_photo_is_as_one_that_brings_its_bytes(
    pool: Executor, arrivals: Executor
) -> None:
    """The same result in the same place, and beside it how long fetching took."""
    images = KeptImages({"file:///a": b"\x14"})
    claim = claim_on(b"\x14", "file:///a")
    photos = [photo(b"\x14", image_id="claimed"), photo(claim), photo(b"\x1e")]
    inline, claimed, other = fetching(pool, arrivals, images).prepare(photos)
    assert [widths(one) for one in (inline, claimed, other)] == [[20], [20], [30]]
    assert prepared(inline).image == prepared(claimed).image
    assert prepared(claimed).timings == {"fetch": 0.5, **prepared(inline).timings}


def test_a_claim_that_cannot_be_kept_refuses_its_photo_alone(
    pool: Executor, arrivals: Executor
) -> None:
    """In its place, as a broken image; where nothing is fetched at all, every claim."""
    photos = [photo(Claim("file:///no", "00" * 32)), photo(b"\x1e")]
    bad, good = fetching(pool, arrivals, KeptImages()).prepare(photos)
    assert isinstance(bad, Rejection)
    assert (bad.image_id, bad.reason) == ("claimed", "unreachable")
    assert widths(good) == [30]
    (bare,) = pipeline(pool, WidthEncoder()).prepare(photos[:1])
    assert isinstance(bare, Rejection)
    assert bare.reason == "uri_not_allowed"


def test_a_claim_that_is_waited_for_keeps_no_eyes_from_looking(
    pool: Executor, arrivals: Executor
) -> None:
    """One image comes only after the other batch, which was asked for later, has been seen."""
    seen = threading.Event()

    def late(_claim: Claim, _ended: Callable[[], bool], /) -> Fetched:
        assert seen.wait(60)
        return Fetched(b"\x14", 1.0)

    eyes = fetching(pool, arrivals, late)
    with ThreadPoolExecutor(1) as ahead:
        first = ahead.submit(eyes.prepare, [photo(Claim("file:///a", "00" * 32))])
        assert widths(*eyes.prepare([photo(b"\x1e")])) == [30]
        seen.set()
        assert widths(*first.result(60)) == [20]
