"""Commands as messages: what is written comes back, and hostile ones are refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.command_message import command_record, parse_command, unreadable_command
from engine.commands import ConfirmCluster, MoveItems
from engine.errors import BadCommand
from engine.types import Correction, Origin
from tests.unit.test_records import names, orders

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/cairn.command.v1.json").read_text())
ORIGIN = Origin("cairn.commands", 1, 7)
moments = st.none() | st.integers(0, 4_000_000_000).map(lambda seconds: seconds + 0.5)
corrections = st.builds(Correction, names, names, st.just(ORIGIN), orders, names, moments)


@settings(deadline=None)
@given(corrections)
def test_a_command_comes_back_and_matches_its_schema(correction: Correction) -> None:
    """Every kind of order, as the published schema describes it."""
    record = command_record(correction)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(orjson.loads(record.value or b""), SCHEMA)
    assert parse_command(record.key, record.value, ORIGIN) == correction


def test_a_move_without_a_target_founds_a_cluster() -> None:
    """Left out or null is the same."""
    body = {"command_id": "c", "command": "move", "item_ids": ["a#0"]}
    parsed = parse_command(b"site", orjson.dumps(body), ORIGIN)
    assert parsed.order == MoveItems(("a#0",), None)


WHOLE = {"command_id": "c", "command": "confirm", "cluster_id": "a"}


@pytest.mark.parametrize(
    ("key", "body", "what"),
    [
        (None, WHOLE, "key"),
        (b"", WHOLE, "key"),
        (b"\xff", WHOLE, "UTF-8"),
        (b"s" * 513, WHOLE, "513 characters"),
        (b"site", [], "JSON object"),
        (b"site", {}, "command_id"),
        (b"site", {**WHOLE, "command_id": "a\nb"}, "control characters"),
        (b"site", {**WHOLE, "command_id": 7}, "command_id"),
        (b"site", {**WHOLE, "command": "explode"}, "must be one of merge"),
        (b"site", {**WHOLE, "command": ["merge"]}, "must be one of merge"),
        (b"site", {**WHOLE, "cluster_id": None}, "cluster_id"),
        (b"site", {**WHOLE, "cluster_id": ""}, "empty"),
        (b"site", {**WHOLE, "author": 1}, "author"),
        (b"site", {**WHOLE, "asked_at": "yesterday"}, "RFC 3339"),
        (b"site", {**WHOLE, "asked_at": "2024-05-01T12:00:00"}, "offset from UTC"),
        (b"site", {**WHOLE, "asked_at": "9999-12-31T23:59:59-12:00"}, "year"),
        (b"site", {**WHOLE, "asked_at": "9999-12-31T23:59:59.999999Z"}, "year"),
        (b"site", {**WHOLE, "asked_at": "0001-01-01T00:00:00+12:00"}, "year"),
        (b"site", {**WHOLE, "command": "merge", "cluster_ids": ["a", "a"]}, "two"),
        (b"site", {**WHOLE, "command": "split", "item_ids": []}, "item_ids"),
        (b"site", {**WHOLE, "command": "split", "item_ids": ["a"] * 10_001}, "10000"),
        (b"site", {**WHOLE, "command": "link", "item_ids": ["a", "b"]}, "together"),
    ],
)
def test_what_is_no_command_is_refused(key: bytes | None, body: object, what: str) -> None:
    """One clear reason each; nothing of it is carried out."""
    with pytest.raises(BadCommand, match=what) as refused:
        parse_command(key, orjson.dumps(body), ORIGIN)
    assert refused.value.reason == "bad_command"


@pytest.mark.parametrize("value", [None, b"", b"{", b'{"command_id": "\\ud800"}', b"\xff\xfe"])
def test_what_is_no_json_is_refused(value: bytes | None) -> None:
    """Whatever the bytes."""
    with pytest.raises(BadCommand, match="not JSON"):
        parse_command(b"site", value, ORIGIN)


def test_a_refusal_tells_what_can_be_read() -> None:
    """Id and scope where they are whole, empty where they are not."""
    error = BadCommand("bad_command", "…")
    whole = unreadable_command(b"site", orjson.dumps({"command_id": "c"}), ORIGIN, error)
    assert (whole.image_id, whole.scope, whole.of) == ("c", "site", "command")
    broken = unreadable_command(b"\xff", b"{", ORIGIN, error)
    assert (broken.image_id, broken.scope, broken.origin) == ("", "", ORIGIN)


def test_a_command_says_who_and_when() -> None:
    """In words that other programs read."""
    made = Correction("c", "site", ORIGIN, ConfirmCluster("a"), "me", 1714564800.25)
    body = orjson.loads(command_record(made).value or b"")
    assert body["asked_at"] == "2024-05-01T12:00:00.250000+00:00"
    assert body["author"] == "me"


def test_a_command_says_what_it_expects() -> None:
    """Revisions by cluster id, there and back; anything else is refused."""
    made = Correction("c", "site", ORIGIN, ConfirmCluster("a"), expects=(("a", 7), ("b", 0)))
    record = command_record(made)
    assert orjson.loads(record.value or b"")["expects"] == {"a": 7, "b": 0}
    assert parse_command(record.key, record.value, ORIGIN) == made
    body = orjson.loads(record.value or b"")
    for wrong in ([], {"a": -1}, {"a": "1"}, {"a": True}, {"": 1}, {"a": 1.0}):
        with pytest.raises(BadCommand, match=r"expects|revision"):
            parse_command(b"site", orjson.dumps(body | {"expects": wrong}), ORIGIN)
