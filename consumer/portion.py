"""How many messages a batch may still take: bounded in number and in bytes."""

from __future__ import annotations

from collections.abc import Sequence

from engine.types import Message, Photo

AT_ONCE = 16
MOST_BYTES = 64 * 1024 * 1024
"""Messages that the client is asked for at once, and bytes from which on no more are taken."""


def room(limit: int, messages: Sequence[Message]) -> int:
    """How many more to ask for, where there may be `limit` in all; a claim weighs nothing yet."""
    photos = (message.data for message in messages if isinstance(message, Photo))
    size = sum(len(data) for data in photos if isinstance(data, bytes))
    return max(0, min(limit - len(messages), AT_ONCE)) if size < MOST_BYTES else 0
