"""What a browser that has logged in bears instead of the token."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

COOKIE: Final = "cairn_session"
_PURPOSE: Final = b"cairn: a session of the page, version 1"


def session_of(token: str) -> str:
    """Hexadecimal digits that only who knows the token can have been given; they end with it."""
    return hmac.new(token.encode(), _PURPOSE, hashlib.sha256).hexdigest()
