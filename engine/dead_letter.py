"""Dead letters: messages that could not be used, as they came, with the reason, and back again.

Written into headers beside those of the message, so that taking these away gives the message as
it was. A message that is sent again counts its attempts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.types import Origin, Rejection
from engine.wire import Headers, Record, encode_headers

PREFIX = "dead-letter-"
"""What the name of every header that is added begins with."""
FRAMING_BYTES = 10
"""What a header weighs beyond its name and value, at most."""
_ATTEMPT = f"{PREFIX}attempt"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter as it was read.

    name: id of the image or command, empty where it had none that can be read.
    attempt: how often the message was tried. original: the message, None where it was too large.
    """

    origin: Origin
    scope: str
    name: str
    reason: str
    detail: str
    attempt: int
    original: Record | None


def dead_letter_record(rejection: Rejection, original: Record | None, max_bytes: int) -> Record:
    """Keep a rejected message as it came, with headers that say where from and why.

    An original over `max_bytes` is left out: a dead letter that no topic takes would block
    its partition for ever. The header `dead-letter-original` says what became of it.
    """
    kept = original if original is not None and _size(original) <= max_bytes else None
    origin = rejection.origin
    why = {
        "topic": origin.source,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "scope": rejection.scope,
        "id": rejection.image_id,
        "reason": rejection.reason,
        "detail": rejection.detail,
        "attempt": str(_attempts(dict(original.headers)) if original else 1),
        "original": "kept" if kept else "omitted",
    }
    kept = kept or Record(rejection.scope.encode(), None)
    added = encode_headers({f"{PREFIX}{name}": text for name, text in why.items()})
    return Record(kept.key, kept.value, _without_ours(kept.headers) + added)


def read_dead_letter(record: Record) -> DeadLetter | None:
    """Read a dead letter; None where somebody else wrote something else there."""
    raw = dict(record.headers)
    ours = {n.removeprefix(PREFIX): _text(v) for n, v in raw.items() if n.startswith(PREFIX)}
    place = ours.get("partition", ""), ours.get("offset", "")
    if not {"topic", "reason", "original"} <= ours.keys() or not all(map(_is_number, place)):
        return None
    original = replace(record, headers=_without_ours(record.headers))
    return DeadLetter(
        Origin(ours["topic"], int(place[0]), int(place[1])),
        ours.get("scope", ""),
        ours.get("id", ""),
        ours["reason"],
        ours.get("detail", ""),
        _attempts(raw),
        original if ours["original"] == "kept" else None,
    )


def once_more(letter: DeadLetter, original: Record) -> Record:
    """The message as it is to be sent again: one attempt more."""
    count = encode_headers({_ATTEMPT: str(letter.attempt + 1)})
    return replace(original, headers=original.headers + count)


def _attempts(headers: Mapping[str, bytes]) -> int:
    """What a header of hostile senders says, if it is sensible."""
    text = _text(headers.get(_ATTEMPT, b""))
    return max(1, int(text)) if _is_number(text) else 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _without_ours(headers: Headers) -> Headers:
    return tuple((name, raw) for name, raw in headers if not name.startswith(PREFIX))


def _size(record: Record) -> int:
    headers = sum(len(name.encode()) + len(raw) + FRAMING_BYTES for name, raw in record.headers)
    return len(record.key) + len(record.value or b"") + headers
