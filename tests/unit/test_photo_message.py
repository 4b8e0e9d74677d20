"""Photos as messages: what is written is read back, what is malformed is named."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadImage
from engine.photo_message import content_type_of, parse_photo, photo_record, rejection_of
from engine.types import Claim, GeoPoint, Origin, Photo, Rejection

ORIGIN = Origin("cairn.images", 2, 41)
GOOD = {"content-type": b"image/jpeg", "ce_id": b"a.jpg"}

printable = st.characters(codec="utf-8", exclude_categories=["Cc"])
names = st.text(printable, min_size=1, max_size=80)
texts = st.text(printable, max_size=80)
photos = st.builds(
    Photo,
    image_id=names,
    scope=names,
    origin=st.just(ORIGIN),
    data=st.binary(min_size=1, max_size=50) | st.just(Claim("file:///a.jpg", "0f" * 32)),
    captured_at=st.none() | st.integers(-(10**15), 10**15).map(lambda us: us / 1e6),
    location=st.none() | st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
    attributes=st.dictionaries(names | st.sampled_from(["source", "label"]), texts, max_size=4),
)


@given(photos)
def test_photo_survives_the_wire(photo: Photo) -> None:
    """Every photo that can be written is read back as it was, times to the microsecond."""
    record = photo_record(photo, content_type_of(photo.data))
    read = parse_photo(record.key, record.value, record.headers, ORIGIN)
    if photo.captured_at is None:
        assert read == photo
    else:
        assert read.captured_at == pytest.approx(photo.captured_at, abs=1e-6)
        assert (read.data, read.location) == (photo.data, photo.location)
        assert read.attributes == photo.attributes


@given(
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=20),
    st.lists(
        st.tuples(
            st.sampled_from(["content-type", "ce_id", "captured-at", "lat", "lon", "attr-x"]),
            st.binary(max_size=20) | st.sampled_from([b"image/png", b"application/json", b"1"]),
        ),
        max_size=6,
    ),
)
def test_any_message_is_a_photo_or_a_bad_image(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    """Whatever bytes arrive, parsing ends in a photo or in BadImage and a rejection."""
    try:
        read: object = parse_photo(key, value, headers, ORIGIN)
    except BadImage as error:
        read = rejection_of(key, headers, ORIGIN, error)
    assert isinstance(read, Photo | Rejection)


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"ce_id": None}, "ce_id is missing"),
        ({"ce_id": b""}, "ce_id is empty"),
        ({"ce_id": b"x" * 513}, "513 characters"),
        ({"ce_id": b"a\x00b"}, "control characters"),
        ({"ce_id": b"a\xc2\x85b"}, "control characters"),
        ({"ce_id": b"\xff\xfe"}, "not UTF-8"),
        ({"content-type": None}, "content-type is missing"),
        ({"content-type": b"text/html"}, "not an image"),
        ({"lat": b"91", "lon": b"0"}, "lat '91'"),
        ({"lat": b"nan", "lon": b"0"}, "lat 'nan'"),
        ({"lat": b"1", "lon": b"181"}, "lon '181'"),
        ({"lat": b"1"}, "lon is missing"),
        ({"captured-at": b"yesterday"}, "RFC 3339"),
        ({"captured-at": b"2024-05-01T12:00:00"}, "offset from UTC"),
        ({"label": b"x" * 4097}, "4097 characters"),
        ({"attr-note": b"\x01"}, "attr-note contains control characters"),
        ({f"attr-{n}": b"x" * 4000 for n in range(9)}, "32768 bytes in all"),
        ({"attr-note": b"\xff"}, "attr-note is not UTF-8"),
        ({f"attr-{n}": b"" for n in range(65)}, "more than 64 attributes"),
        ({"attr-" + "n" * 512: b""}, "a name over 512"),
    ],
)
def test_bad_header_is_named(headers: dict[str, bytes | None], complaint: str) -> None:
    """A malformed header is refused as a bad message whose detail names it."""
    fields = [(name, raw) for name, raw in (GOOD | headers).items() if raw is not None]
    with pytest.raises(BadImage, match=complaint) as refused:
        parse_photo(b"scope", b"bytes", fields, ORIGIN)
    assert refused.value.reason == "bad_message"


@pytest.mark.parametrize(("key", "value"), [(b"s", None), (b"s", b""), (None, b"x"), (b"", b"x")])
def test_empty_key_or_value_is_refused(key: bytes | None, value: bytes | None) -> None:
    """Tombstones, empty values and messages without a scope are bad messages."""
    with pytest.raises(BadImage) as refused:
        parse_photo(key, value, GOOD.items(), ORIGIN)
    assert refused.value.reason == "bad_message"


def claiming(**stated: object) -> bytes:
    return orjson.dumps({"uri": "https://h/a.jpg", "sha256": "AB" * 32} | stated)


def test_a_claim_may_state_everything_itself() -> None:
    """The fields of the headers, in JSON, degrees as numbers; what a header says goes first."""
    value = claiming(
        ce_id="a", lat=47.5, lon="8.25", label="x", source=None, unknown=[1], **{"attr-n": "1"}
    )
    headers = {"content-type": b"Application/JSON; charset=utf-8", "label": b"y"}
    read = parse_photo(b"s", value, headers.items(), ORIGIN)
    claim = Claim("https://h/a.jpg", "ab" * 32)
    attributes = {"label": "y", "n": "1"}
    assert read == Photo("a", "s", ORIGIN, claim, None, GeoPoint(47.5, 8.25), attributes)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (b"{", "not JSON"),
        (b"[]", "needs `uri` and `sha256`"),
        (b'{"uri": "https://h/a"}', "needs `uri` and `sha256`"),
        (claiming(uri=1), "needs `uri` and `sha256`"),
        (claiming(sha256="00"), "64 hexadecimal digits"),
        (claiming(sha256="ab" * 32 + "\n"), "64 hexadecimal digits"),
        (claiming(uri="https://h/" + "x" * 4096), "4106 characters"),
        (claiming(note="x" * 65_536), "more than 65536"),
        (claiming(uri="a.jpg"), "not SCHEME"),
        (claiming(uri="file:/a.jpg"), "not SCHEME"),
        (claiming(uri="https://h/a#b"), "write # as %23"),
        (claiming(uri="https://h/a b"), "percent-encode"),
        (claiming(uri="https://h/a\x00"), "percent-encode"),
        (claiming(uri="https://h/a\u2028"), "percent-encode"),
        (claiming(uri="https://h\\@e/a"), "percent-encode"),
        (claiming(uri="https://me:secret@h/a"), "a user or a password"),
        (claiming(label=["x"]), "label is list"),
        (claiming(lat=True, lon=1), "lat is bool"),
        (claiming(lat=91, lon=1), "lat '91'"),
        (claiming(ce_id=7), "ce_id is int"),
        (claiming(label="\x01"), "label contains control characters"),
    ],
)
def test_a_bad_claim_is_named(value: bytes, complaint: str) -> None:
    """A malformed claim is a bad message whose detail says what to mend."""
    headers = (GOOD | {"content-type": b"application/json"}).items()
    with pytest.raises(BadImage, match=complaint) as refused:
        parse_photo(b"s", value, headers, ORIGIN)
    assert refused.value.reason == "bad_message"


@given(
    st.sampled_from(["uri", "sha256", "lat", "captured-at", "label"]),
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=4),
)
def test_any_claim_is_a_photo_or_a_bad_image(name: str, stated: object) -> None:
    """Whatever a field of the JSON holds, nothing else comes of it."""
    headers = (GOOD | {"content-type": b"application/json"}).items()
    try:
        parse_photo(b"s", claiming(**{name: stated}), headers, ORIGIN)
    except BadImage as error:
        told = error.reason
    else:
        told = "bad_message"
    assert told == "bad_message"


def test_rejection_keeps_what_is_readable() -> None:
    """A rejection names scope and id where they can be read and leaves them empty where not."""
    error = BadImage("bad_message", "why")
    rejection = rejection_of(b"scope", [("ce_id", b"\xff")], ORIGIN, error)
    assert (rejection.scope, rejection.image_id, rejection.origin) == ("scope", "", ORIGIN)


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF1234WEBPVP8 ", "image/webp"),
        (b"hello", "image/x-unknown"),
    ],
)
def test_media_type_is_told_by_first_bytes(data: bytes, media: str) -> None:
    """The media type comes from the bytes, not from a file name."""
    assert content_type_of(data) == media
