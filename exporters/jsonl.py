"""Events and rejections as files of JSON lines that survive kill -9.

The state is the truth and a file a copy of it: after a crash it may lack its last lines or end
within one, never hold more. Catching up at the start makes it whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from engine.errors import Misconfigured
from engine.lineage import Event
from engine.types import Batch, Outcome, Rejection

_CHUNK_BYTES: Final = 1 << 20

EventBody = Callable[[Outcome, Event], Mapping[str, object]]
"""The body of an event as it leaves the house: `engine.wire.event_body`."""


class JsonLines:
    """One file that holds one row a line, in order, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def catch_up(self, rows: Iterable[bytes]) -> None:
        """Make the file hold exactly `rows`, all there are, of which it has the first ones.

        Raises Misconfigured where it holds more lines than that, or cannot be written.
        """
        with self._writing() as file:
            written = _drop_torn_line(file)
            remaining = iter(rows)
            known = sum(1 for _ in islice(remaining, written))
            if known < written:
                raise Misconfigured(
                    f"{self._path} has {written} lines, the state knows of {known}: "
                    "it belongs to another state, or the state lost its end; move it away"
                )
            _write(file, remaining)

    def append(self, rows: Iterable[bytes]) -> None:
        """Add rows to a file that was caught up before."""
        with self._writing() as file:
            _write(file, rows)

    @contextmanager
    def _writing(self) -> Iterator[BinaryIO]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                yield file
        except OSError as error:
            raise Misconfigured(
                f"{self._path} cannot be written: {error.strerror}; nothing is lost: "
                "make room or give access, and start again"
            ) from error


class JsonLinesSink:
    """The EventSink port over two files, `events` and `rejected`."""

    def __init__(self, events: JsonLines, rejected: JsonLines, event_body: EventBody) -> None:
        self._events = events
        self._rejected = rejected
        self._event_body = event_body

    def catch_up(self, outcomes: Iterable[Outcome], rejections: Iterable[Rejection]) -> None:
        """Bring both files up to a state's whole history; to be called once, before publishing."""
        self._events.catch_up(event_rows(outcomes, self._event_body))
        self._rejected.catch_up(map(rejection_row, rejections))

    def publish(self, batch: Batch) -> None:
        """Append what a committed batch changed."""
        self._events.append(event_rows(batch.outcomes, self._event_body))
        self._rejected.append(map(rejection_row, batch.rejections))


def event_rows(outcomes: Iterable[Outcome], event_body: EventBody) -> Iterator[bytes]:
    """One row an event, in order."""
    for outcome in outcomes:
        for event in outcome.events:
            yield orjson.dumps(event_body(outcome, event))


def rejection_row(rejection: Rejection) -> bytes:
    """Lay a rejection flat, with the source, partition and offset of its origin."""
    origin = rejection.origin
    return orjson.dumps(
        {
            f"{rejection.of}_id": rejection.image_id,
            "scope": rejection.scope,
            "source": origin.source,
            "partition": origin.partition,
            "offset": origin.offset,
            "reason": rejection.reason,
            "detail": rejection.detail,
        }
    )


def _drop_torn_line(file: BinaryIO) -> int:
    """Cut off what follows the last line break; the number of lines that stay."""
    lines = end = 0
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        lines += chunk.count(b"\n")
        if b"\n" in chunk:
            end = file.tell() - len(chunk) + chunk.rindex(b"\n") + 1
    file.truncate(end)
    file.seek(0, os.SEEK_END)
    return lines


def _write(file: BinaryIO, rows: Iterable[bytes]) -> None:
    file.writelines(row + b"\n" for row in rows)
