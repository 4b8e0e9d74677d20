"""Decoding: every readable file becomes upright RGB, every other one a BadImage with a slug."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import BadImage
from engine.types import Rgb
from engine.vision.decode import REASONS, DecodeLimits, decode
from tests.images import encoded, gradient, lying_png, photo

LIMITS = DecodeLimits()
TIFF_TOO = DecodeLimits(formats=frozenset({"JPEG", "PNG", "WEBP", "TIFF"}))


def reason(data: bytes, limits: DecodeLimits = LIMITS) -> str:
    with pytest.raises(BadImage) as caught:
        decode(data, limits)
    assert caught.value.reason in REASONS
    return caught.value.reason


def animation(kind: str) -> bytes:
    frames = [Image.fromarray(np.full((8, 8, 3), shade, np.uint8)) for shade in (0, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def looks_like(image: Rgb, expected: Rgb, tolerance: float = 6) -> bool:
    gap = np.abs(image.astype(int) - expected.astype(int))
    return image.shape == expected.shape and bool(gap.mean() < tolerance)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_usual_formats_come_out_as_they_went_in(kind: str) -> None:
    """A photo survives each accepted format, with its size."""
    decoded = decode(encoded(gradient(), kind), LIMITS)
    assert looks_like(decoded.image, gradient())
    assert (decoded.width, decoded.height) == (64, 48)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("L", "1", "P", "RGBA", "LA")),
        *(("JPEG", mode) for mode in ("L", "CMYK")),
        ("WEBP", "RGBA"),
    ],
)
def test_every_mode_becomes_eight_bit_rgb(kind: str, mode: str) -> None:
    """Grey, palette, alpha and CMYK all end as the same picture in uint8 RGB."""
    image = decode(encoded(gradient(), kind, mode), LIMITS).image
    expected = np.asarray(Image.fromarray(gradient()).convert(mode).convert("RGB"))
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert looks_like(image, expected)


def test_sixteen_bits_keep_their_upper_eight() -> None:
    """A 16-bit grey PNG is scaled, not clipped to white."""
    deep = np.full((8, 8), 0x8000, np.uint16)
    assert np.unique(decode(encoded(deep), LIMITS).image).tolist() == [0x80]


def test_thirty_two_bit_samples_are_refused() -> None:
    """A floating-point TIFF has no agreed range, so it is not guessed at."""
    assert reason(encoded(np.ones((4, 4), np.float32), "TIFF"), TIFF_TOO) == "unsupported_format"


def test_transparency_is_laid_on_white() -> None:
    """What is fully transparent is white, whatever colour hides below."""
    clear = np.zeros((4, 4, 4), np.uint8)
    assert np.unique(decode(encoded(clear), LIMITS).image).tolist() == [255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    """A camera held any way round gives the same upright picture and size."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = Image.fromarray(gradient())
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encoded(np.asarray(stored), "PNG", exif=exif), LIMITS)
    assert np.array_equal(decoded.image, gradient())
    assert (decoded.width, decoded.height) == (64, 48)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_images_shrink_to_the_working_side(kind: str) -> None:
    """The working image is bounded; the size told is the original's."""
    decoded = decode(encoded(gradient(3001, 1500), kind), DecodeLimits(working_side=512))
    assert decoded.image.shape == (256, 512, 3)
    assert (decoded.width, decoded.height) == (3001, 1500)
    assert looks_like(decoded.image, gradient(512, 256))


def test_small_images_are_never_enlarged() -> None:
    """One pixel stays one pixel."""
    assert decode(encoded(np.zeros((1, 1, 3), np.uint8)), LIMITS).image.shape == (1, 1, 3)


def test_a_phone_jpeg_with_a_preview_appended_is_a_jpeg() -> None:
    """An MPO file holds several frames, of which the first is the photo."""
    first, second = Image.fromarray(gradient()), Image.new("RGB", (16, 12))
    buffer = io.BytesIO()
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    with Image.open(io.BytesIO(buffer.getvalue())) as opened:
        assert opened.format == "MPO"
    assert looks_like(decode(buffer.getvalue(), LIMITS).image, gradient())


def test_bytes_after_the_end_of_a_jpeg_are_legal() -> None:
    """Phones append films and maps to their photos."""
    assert looks_like(decode(encoded(gradient(), "JPEG") + bytes(5000), LIMITS).image, gradient())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_corrupt(kind: str, share: float) -> None:
    """Half a photo is refused, not clustered as a grey one."""
    data = encoded(photo("coffee.png"), kind)
    assert reason(data[: int(len(data) * share)]) == "corrupt"


def test_a_truncated_progressive_jpeg_is_corrupt() -> None:
    """A missing scan counts as truncation, also where decoding is reduced."""
    data = encoded(photo("coffee.png"), "JPEG", progressive=True)
    assert reason(data[: len(data) // 2], DecodeLimits(working_side=100)) == "corrupt"


def test_a_jpeg_of_endless_segments_is_refused() -> None:
    """Every scan costs a pass over all pixels, and takes only a few bytes of the file."""
    data = encoded(gradient(), "JPEG", progressive=True)
    end, last = data.rindex(b"\xff\xd9"), data.rindex(b"\xff\xda")
    scan, note = data[last:end], b"\xff\xfe\0\x02"
    assert looks_like(decode(data[:end] + 20 * scan + data[end:], LIMITS).image, gradient())
    assert looks_like(decode(data + 200 * scan, LIMITS).image, gradient())
    assert reason(data[:end] + 200 * scan + data[end:]) == "too_many_segments"
    assert reason(data[:2] + 2000 * note + data[2:]) == "too_many_segments"
    assert reason(data[:2] + 100_000 * b"\xff" + data[2:]) == "corrupt"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind: str) -> None:
    """Which frame would be the photo?"""
    assert reason(animation(kind)) == "animated"


def test_other_formats_are_refused_by_their_first_bytes() -> None:
    """Only what is asked for is ever handed to a parser."""
    assert reason(animation("GIF")) == "unsupported_format"
    assert reason(encoded(gradient(), "TIFF")) == "unsupported_format"
    assert reason(b"hello") == "unsupported_format"
    assert reason(encoded(gradient(), "PNG"), DecodeLimits(formats=frozenset())) == (
        "unsupported_format"
    )
    assert looks_like(decode(encoded(gradient(), "TIFF"), TIFF_TOO).image, gradient())


def test_sizes_are_judged_before_anything_is_decoded() -> None:
    """Bytes, pixels and sides each have a limit, read from the header alone."""
    assert reason(b"") == "empty"
    assert reason(bytes(11), DecodeLimits(max_bytes=10)) == "too_large"
    assert reason(lying_png(10_000, 10_000)) == "too_many_pixels"
    assert reason(lying_png(20_000, 1)) == "too_many_pixels"
    assert reason(lying_png(2**31 - 1, 2**31 - 1)) == "too_many_pixels"


def test_a_header_that_promises_too_much_is_corrupt() -> None:
    """The promised pixels never come."""
    assert reason(lying_png(1000, 1000)) == "corrupt"


@pytest.mark.filterwarnings("ignore")  # Pillow warns; a user sees the verdict
@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b"II*\0"]),
    st.binary(max_size=200),
)
def test_random_bytes_are_never_our_crash(start: bytes, rest: bytes) -> None:
    """Whatever is sent, the answer is a BadImage."""
    assert reason(start + rest, TIFF_TOO) in {"empty", "unsupported_format", "corrupt"}


SEEDS = [encoded(gradient(), kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF")]


@pytest.mark.filterwarnings("ignore")  # Pillow warns; a user sees the verdict
@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_files_decode_or_are_refused(seed: bytes, damage: list[tuple[float, int]]) -> None:
    """A flipped byte may spoil a photo; it never raises anything but BadImage."""
    data = bytearray(seed)
    for place, value in damage:
        data[int(place * len(data))] = value
    try:
        shape = decode(bytes(data), TIFF_TOO).image.shape
    except BadImage:
        return
    assert shape[2] == 3
