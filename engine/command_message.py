"""Commands as messages: JSON in the value, the scope in the key, hostile until parsed.

`docs/schemas/cairn.command.v1.json` describes the body. The journal keeps orders in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson

from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    RegroupCluster,
    SplitCluster,
    UndoCommand,
)
from engine.errors import BadCommand
from engine.photo_message import CONTROL_CHARACTERS, MAX_ID_CHARS
from engine.types import Correction, Origin, Rejection
from engine.wire import Record, encode_headers

MAX_NAMED = 10_000
"""Clusters or items that one command may name."""


def command_record(correction: Correction) -> Record:
    """Write a command as a message; `parse_command` reads it back."""
    body: dict[str, object] = {"command_id": correction.command_id}
    if correction.author:
        body["author"] = correction.author
    if correction.asked_at is not None:
        body["asked_at"] = datetime.fromtimestamp(correction.asked_at, UTC).isoformat()
    if correction.expects:
        body["expects"] = dict(correction.expects)
    headers = encode_headers({"content-type": "application/json"})
    body |= order_body(correction.order)
    return Record(correction.scope.encode(), orjson.dumps(body), headers)


def order_body(order: Order) -> dict[str, object]:
    """Describe an order in JSON-ready values: the word for it, and its fields."""
    word = next(word for word, (kind, _) in _ORDERS.items() if type(order) is kind)
    return {"command": word, **asdict(order)}


def parse_command(key: bytes | None, value: bytes | None, origin: Origin) -> Correction:
    """Read the command in a message; raises BadCommand for everything that is not one."""
    return command_of(_body(value), _decoded(key), origin)


def command_of(body: Mapping[str, Any], scope: object, origin: Origin) -> Correction:
    """Read the command in JSON values; raises BadCommand for everything that is not one."""
    asked_at = body.get("asked_at")
    return Correction(
        command_id=_id("command_id", body.get("command_id")),
        scope=_id("scope (key)", scope),
        origin=origin,
        order=order_of(body),
        author=_text("author", body.get("author", "")),
        asked_at=None if asked_at is None else _moment(asked_at),
        expects=_revisions(body.get("expects", {})),
    )


def refused(correction: Correction, error: BadCommand) -> Rejection:
    """Say that a command changes nothing, and why."""
    origin, scope = correction.origin, correction.scope
    return Rejection(correction.command_id, scope, origin, error.reason, error.detail, of="command")


def unreadable_command(
    key: bytes | None, value: bytes | None, origin: Origin, error: BadCommand
) -> Rejection:
    """Say what is known of a message that is no command; unreadable names become empty."""

    def readable(read: Callable[[], str]) -> str:
        try:
            return read()
        except BadCommand:
            return ""

    name = readable(lambda: _id("", _body(value).get("command_id")))
    scope = readable(lambda: _id("", _decoded(key)))
    return Rejection(name, scope, origin, error.reason, error.detail, of="command")


def order_of(body: Mapping[str, Any]) -> Order:
    """Invert `order_body`; raises BadCommand."""
    word = body.get("command")
    if not isinstance(word, str) or word not in _ORDERS:
        shown = str(word)[:MAX_ID_CHARS]
        raise _bad(f"command must be one of {', '.join(_ORDERS)}, not {shown!r}")
    kind, readers = _ORDERS[word]
    return kind(**{name: read(name, body.get(name)) for name, read in readers.items()})


def _body(value: bytes | None) -> dict[str, Any]:
    try:
        body = orjson.loads(value or b"")
    except orjson.JSONDecodeError as error:
        raise _bad(f"the value is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise _bad("the value is not a JSON object")
    return body


def _ids(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_NAMED:
        raise _bad(f"{name} must be a list of 1 to {MAX_NAMED} ids")
    return tuple(_id(name, one) for one in value)


def _several(name: str, value: object) -> tuple[str, ...]:
    ids = _ids(name, value)
    if len(set(ids)) < 2:
        raise _bad(f"{name} must name two at least")
    return ids


def _pair(name: str, value: object) -> tuple[str, str]:
    one, other, *more = _several(name, value)
    if more:
        raise _bad(f"{name} must name two")
    return one, other


def _id_or_none(name: str, value: object) -> str | None:
    return None if value is None else _id(name, value)


def _id(name: str, value: object) -> str:
    text = _text(name, value)
    if not text:
        raise _bad(f"{name} is empty")
    return text


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _bad(f"{name} is missing or no text")
    if len(value) > MAX_ID_CHARS:
        raise _bad(f"{name} has {len(value)} characters, more than {MAX_ID_CHARS}")
    if CONTROL_CHARACTERS.search(value):
        raise _bad(f"{name} contains control characters")
    return value


def _name(name: str, value: object) -> str:
    return _text(name, value).strip()


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(f"{name} must be true or false")
    return value


def _revisions(value: object) -> tuple[tuple[str, int], ...]:
    """Read revisions by cluster id."""
    if not isinstance(value, dict) or len(value) > MAX_NAMED:
        raise _bad(f"expects must be an object of at most {MAX_NAMED} revisions by cluster id")
    for cluster_id, revision in value.items():
        _id("expects", cluster_id)
        if type(revision) is not int or revision < 0:
            raise _bad(f"the revision of {cluster_id!r} must be a number from 0")
    return tuple(value.items())


def _moment(value: object) -> float:
    text = _text("asked_at", value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(f"asked_at {text!r} is no RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _bad(f"asked_at {text!r} lacks its offset from UTC")
    seconds = moment.timestamp()
    try:
        datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError):
        raise _bad(f"asked_at {text!r} is in a year that UTC has no date of") from None
    return seconds


def _decoded(key: bytes | None) -> str | None:
    try:
        return None if key is None else key.decode()
    except UnicodeDecodeError:
        raise _bad("key (scope) is not UTF-8") from None


def _bad(detail: str) -> BadCommand:
    return BadCommand("bad_command", detail)


_ORDERS: Mapping[str, tuple[type[Order], Mapping[str, Callable[[str, object], Any]]]] = {
    "merge": (MergeClusters, {"cluster_ids": _several}),
    "split": (SplitCluster, {"cluster_id": _id, "item_ids": _ids}),
    "move": (MoveItems, {"item_ids": _ids, "cluster_id": _id_or_none}),
    "confirm": (ConfirmCluster, {"cluster_id": _id}),
    "name": (NameCluster, {"cluster_id": _id, "name": _name}),
    "link": (LinkItems, {"item_ids": _pair, "together": _flag}),
    "forget": (ForgetImage, {"image_id": _id}),
    "regroup": (RegroupCluster, {"cluster_id": _id}),
    "undo": (UndoCommand, {"undone_id": _id}),
}
