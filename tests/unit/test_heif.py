"""HEIC, where it was asked for."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from engine.errors import BadImage
from engine.vision.decode import DecodeLimits, decode
from engine.vision.exif import read_metadata
from engine.vision.heif import accept_heif

HEIF_TOO = DecodeLimits(formats=frozenset({"JPEG", "HEIF"}))


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A red photo that lies on its side, with a time."""
    accept_heif()
    pixels = np.full((60, 80, 3), (200, 30, 30), np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.DateTime] = "2024:05:01 12:00:00"
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "HEIF", exif=exif)
    return file.getvalue()


def test_heic_is_decoded_where_it_is_accepted(photo: bytes) -> None:
    """Pixels, size and capture time of a phone's photo."""
    decoded = decode(photo, HEIF_TOO)
    assert (decoded.width, decoded.height) == decoded.image.shape[1::-1]
    assert np.allclose(decoded.image.mean(axis=(0, 1)), (200, 30, 30), atol=12)
    assert read_metadata(photo).captured_at == 1714564800.0


def test_heic_is_refused_unless_asked_for(photo: bytes) -> None:
    """Another decoder is another risk: it is opt-in."""
    with pytest.raises(BadImage) as refused:
        decode(photo, DecodeLimits())
    assert refused.value.reason == "unsupported_format"


def test_truncated_heic_is_the_senders_fault(photo: bytes) -> None:
    """Half a file is corrupt, not a crash."""
    with pytest.raises(BadImage) as refused:
        decode(photo[: len(photo) // 2], HEIF_TOO)
    assert refused.value.reason == "corrupt"
