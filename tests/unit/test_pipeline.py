"""The pipeline turns photos into items, in order, each as if it had come alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import BadImage, Misconfigured
from engine.pipeline import Pipeline, Senses, whole_image
from engine.sight import Decoded, Metadata
from engine.types import (
    Box,
    GeoPoint,
    LocalFeatures,
    Origin,
    Photo,
    Prepared,
    Rejection,
    Rgb,
)

WRITTEN = Metadata(captured_at=5.0, location=GeoPoint(1, 2))


def _decode(data: bytes) -> Decoded:
    """An image as wide as its first byte says, of an original five times as large."""
    if not data:
        raise BadImage("empty", "no bytes")
    width = data[0]
    return Decoded(np.full((10, width, 3), width, np.uint8), width * 5, 49)


@dataclass
class WidthEncoder:
    """Embeds an image as a direction, by its width in degrees; notes the sizes of its batches."""

    batch_size: int = 1
    identity: str = "width"
    dim: int = 2
    batches: list[int] = field(default_factory=list)

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        self.batches.append(len(images))
        turns = np.radians([image.shape[1] for image in images])
        return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


class WidthExtractor:
    def extract(self, image: Rgb) -> LocalFeatures:
        empty = np.empty((0, 4), np.float32)
        return LocalFeatures(empty, np.empty((0, 1), np.uint8), image.shape[1], image.shape[0])


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


def photo(data: bytes, **more: object) -> Photo:
    fields: dict[str, object] = {"image_id": f"i{data[:1].hex()}", "scope": "s", "data": data}
    return Photo(**{"origin": Origin("t", 3, 7), **fields, **more})  # type: ignore[arg-type]


def halves(image: Rgb) -> Sequence[Box]:
    """Left and right half; nothing in a narrow image."""
    height, width = image.shape[:2]
    if width < 10:
        return ()
    return (Box(0, 0, width / 2, height), Box(width / 2, 0, width, height))


def pipeline(pool: Executor, encoder: WidthEncoder, **senses: object) -> Pipeline:
    chosen = {"decode": _decode, "read_metadata": lambda _: WRITTEN, "detect": whole_image}
    return Pipeline(
        Senses(**{"extractor": None, **chosen, **senses}),  # type: ignore[arg-type]
        encoder,
        pool,
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


@pytest.mark.parametrize("size", [1, 2, 3, 64])
def test_the_encoders_batches_do_not_show(size: int, pool: Executor) -> None:
    """Crops of all photos are embedded together, cut as the encoder likes."""
    encoder = WidthEncoder(size)
    photos = [photo(bytes([width])) for width in (20, 5, 30, 40)]
    results = pipeline(pool, encoder, detect=halves).prepare(photos)
    assert [widths(result) for result in results] == [[10, 10], [], [15, 15], [20, 20]]
    assert sum(encoder.batches) == 6
    assert max(encoder.batches) == min(size, 6)


def test_items_are_numbered_and_boxed_in_the_upright_original(pool: Executor) -> None:
    """Each axis has its own scale: rounding makes them differ."""
    (result,) = pipeline(pool, WidthEncoder(), detect=halves).prepare([photo(b"\x14")])
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
    eyes = pipeline(pool, WidthEncoder(), extractor=WidthExtractor(), detect=halves)
    (result,) = eyes.prepare([photo(b"\x14")])
    found = [item.features for item in prepared(result).items]
    assert [features and features.width for features in found] == [10, 10]


def test_seconds_are_told_by_stage(pool: Executor) -> None:
    """A run of the encoder counts in equal parts for the crops in it."""
    (result,) = pipeline(pool, WidthEncoder(2), detect=halves).prepare([photo(b"\x14")])
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


@pytest.mark.parametrize("row", [[np.nan, 1], [np.inf, 1], [0, 0], [1, 0, 0], [1]])
def test_what_is_no_vector_is_refused_by_name(row: list[float], pool: Executor) -> None:
    """The image and the encoder are named before anything reaches the state."""
    encoder = BrokenEncoder()
    encoder.rows = np.array([row], np.float32)
    with pytest.raises(Misconfigured, match=r"i14: encoder width gave a vector"):
        pipeline(pool, encoder).prepare([photo(b"\x14")])


def test_no_photos_are_no_work(pool: Executor) -> None:
    """An empty batch never reaches the encoder."""
    encoder = WidthEncoder()
    assert pipeline(pool, encoder).prepare([]) == []
    assert encoder.batches == []
