"""Dead letters: written beside the message, read back, and the message as it was."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.dead_letter import dead_letter_record, once_more, read_dead_letter
from engine.types import Origin, Rejection
from engine.wire import Headers, Record

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())["components"]["schemas"]
AT = Origin("cairn.images", 1, 5)
REFUSED = Rejection("a", "site", AT, "bad_message", "lat 'x'")

texts = st.text(max_size=20)
names = texts.filter(lambda name: not name.startswith("dead-letter-"))
messages = st.builds(
    Record, st.binary(), st.binary(), st.lists(st.tuples(names, st.binary())).map(tuple)
)
rejections = st.builds(
    Rejection,
    texts,
    texts,
    st.builds(Origin, texts, st.integers(0, 9), st.integers(0, 2**62)),
    st.just("corrupt"),
    texts,
)


def fields(record: Record) -> dict[str, str]:
    return {name: raw.decode() for name, raw in record.headers}


@given(rejections, messages)
def test_a_message_comes_back_as_it_was(rejection: Rejection, original: Record) -> None:
    """With where it came from, what it was and why it died."""
    letter = read_dead_letter(dead_letter_record(rejection, original, max_bytes=10_000))
    assert letter is not None
    assert letter.original == original
    assert (letter.origin, letter.scope, letter.name) == (
        rejection.origin,
        rejection.scope,
        rejection.image_id,
    )
    assert (letter.reason, letter.detail, letter.attempt) == ("corrupt", rejection.detail, 1)


def test_the_headers_are_as_documented() -> None:
    """Those of the message stay beside them."""
    record = dead_letter_record(REFUSED, Record(b"key", b"value", (("ce_id", b"a"),)), 100)
    assert (record.key, record.value, record.headers[0]) == (b"key", b"value", ("ce_id", b"a"))
    jsonschema.validate(fields(record), SCHEMA["deadLetterHeaders"])


def test_every_further_try_is_counted() -> None:
    """The message sent again differs by the count alone, and so does its next dead letter."""
    original = Record(b"k", b"v", (("ce_id", b"a"),))
    for attempt in (1, 2, 3):
        record = dead_letter_record(REFUSED, original, 1000)
        letter = read_dead_letter(record)
        assert letter is not None
        assert letter.attempt == attempt
        assert letter.original == Record(b"k", b"v", (("ce_id", b"a"),))
        assert len(record.headers) == 10
        original = once_more(letter, letter.original)


@pytest.mark.parametrize("count", [b"", b"-1", b"\xff", b"9" * 5000, "²".encode()])
def test_a_count_that_somebody_made_up_is_no_count(count: bytes) -> None:
    """Headers come from outside."""
    original = Record(b"k", b"v", (("dead-letter-attempt", count),))
    letter = read_dead_letter(dead_letter_record(REFUSED, original, 100_000))
    assert letter is not None
    assert letter.attempt == 1


@pytest.mark.parametrize(
    "original",
    [
        Record(b"k", b"123456"),
        Record(b"123456", b""),
        Record(b"", b"", (("h", b"123456"),)),
        Record(b"k", b"v", (("", b""),) * 1000),  # empty headers weigh something too
        None,
    ],
)
def test_what_no_topic_takes_is_left_out(original: Record | None) -> None:
    """An original over the limit, be it in its value, its key or its headers."""
    record = dead_letter_record(REFUSED, original, max_bytes=5)
    assert (record.key, record.value, len(record.headers)) == (b"site", None, 9)
    assert fields(record)["dead-letter-original"] == "omitted"
    letter = read_dead_letter(record)
    assert letter is not None
    assert letter.original is None


STRANGE: list[Headers] = [
    (),
    (("dead-letter-topic", b"t"),),
    tuple(
        (f"dead-letter-{name}", b"x")
        for name in ("topic", "reason", "original", "partition", "offset")
    ),
]


@pytest.mark.parametrize("headers", STRANGE)
def test_what_somebody_else_wrote_is_none(headers: Headers) -> None:
    """The topic may hold other things."""
    assert read_dead_letter(Record(b"", b"", headers)) is None
