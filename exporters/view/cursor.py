"""Where a list goes on: opaque to who keeps it, and checked when it comes back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import TypeAlias

import orjson

from engine.errors import CairnError

Key: TypeAlias = int | float | str
MAX_CHARS = 2000
MAX_NUMBER = 2**63 - 1


class BadCursor(CairnError, ValueError):
    """The asker's fault: this is not where any list goes on."""


def write_cursor(order: str, key: Key, n: int) -> str:
    """After the row `n` whose sorting key is `key`, in a list in that order."""
    return urlsafe_b64encode(orjson.dumps([order, key, n])).decode().rstrip("=")


def read_cursor(
    cursor: str, order: str, kind: type[Key], most: int = MAX_NUMBER
) -> tuple[Key, int]:
    """Key and row to go on after; raises BadCursor. most: largest key, where it is a number."""
    try:
        padded = cursor[:MAX_CHARS].encode("ascii") + b"=" * (-len(cursor[:MAX_CHARS]) % 4)
        values = orjson.loads(urlsafe_b64decode(padded))
    except (Error, UnicodeEncodeError, orjson.JSONDecodeError):
        values = None
    if not isinstance(values, list) or len(values) != 3 or values[0] != order:
        raise _bad(order)
    _, key, n = values
    if kind is float and type(key) is int:
        key = float(key)
    if type(key) is not kind or type(n) is not int or not 0 <= n <= MAX_NUMBER:
        raise _bad(order)
    if (isinstance(key, int) and abs(key) > most) or (isinstance(key, str) and "\0" in key):
        raise _bad(order)
    return key, n


def _bad(order: str) -> BadCursor:
    return BadCursor(f"this cursor is of no list in the order {order!r}: begin without one")
