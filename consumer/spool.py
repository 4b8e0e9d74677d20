"""Commands for a folder's worker while it runs: a file beside its state that is only appended to.

Anybody on this machine who may write there may command. A line is one command, durable before
`append` returns, and is read once: its end is its offset, committed like that of a photo.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from engine.command_message import command_record, parse_command, unreadable_command
from engine.errors import BadCommand, Misconfigured
from engine.ports import Source
from engine.types import Correction, Message, Origin, Rejection

COMMANDS: Final = "commands.jsonl"
"""Name of the file, and the source of what it holds."""
MAX_LINE_BYTES: Final = 8 * 1024 * 1024


class Spool:
    """The file of commands in a state directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / COMMANDS

    def append(self, correction: Correction) -> None:
        """Put a command at the end; raises Misconfigured where the file cannot be written."""
        record = command_record(correction)
        line = orjson.dumps({"scope": correction.scope, **orjson.loads(record.value or b"")})
        try:
            with self._path.open("ab+") as file, _alone(file):
                torn = _ends_in_a_torn_line(file)
                file.write(b"\n" * torn + line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Misconfigured(f"{self._path} cannot be written: {error.strerror}") from error

    def read(self, start: int, limit: int) -> Sequence[Correction | Rejection]:
        """Up to `limit` commands from a byte on; from the first where the file is another now."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(start if start <= size else 0)
            return list(_commands(file, limit))


class CommandedSource:
    """The Source port over photos and a spool; commands go first.

    position: last committed offset of a source and partition, where the spool is read on from.
    """

    def __init__(
        self, photos: Source, spool: Spool, position: Callable[[str, int], int | None]
    ) -> None:
        self._photos = photos
        self._spool = spool
        self._position = position
        self._read_to: int | None = None

    def poll(self, limit: int, timeout_s: float) -> Sequence[Message]:
        """Commands that wait, else photos."""
        commands = self._waiting(limit)
        if commands:
            self._read_to = commands[-1].origin.offset
            return commands
        return self._photos.poll(limit, timeout_s)

    @property
    def exhausted(self) -> bool:
        """True once there are no more photos, and no command waits."""
        return self._photos.exhausted and not self._waiting(1)

    @property
    def epoch(self) -> int:
        """That of the photos."""
        return self._photos.epoch

    @property
    def partitions(self) -> frozenset[int]:
        """Those of the photos."""
        return self._photos.partitions

    def keep_alive(self) -> None:
        """Say so for the photos."""
        self._photos.keep_alive()

    def rewind(self) -> None:
        """Read both again from what is committed."""
        self._photos.rewind()
        self._read_to = None

    def close(self) -> None:
        """Release the photos."""
        self._photos.close()

    def _waiting(self, limit: int) -> Sequence[Correction | Rejection]:
        read_to = self._position(COMMANDS, 0) if self._read_to is None else self._read_to
        return self._spool.read(read_to or 0, limit)


def _commands(file: BinaryIO, limit: int) -> Iterator[Correction | Rejection]:
    """What the next whole lines say; blank ones separate a torn line from the next."""
    while limit > 0 and _is_whole(line := file.readline(MAX_LINE_BYTES)):
        if line.strip():
            yield _command(line, Origin(COMMANDS, 0, file.tell()))
            limit -= 1


def _is_whole(line: bytes) -> bool:
    """Whether it will not grow any more; one that is too long is no command anyway."""
    return line.endswith(b"\n") or len(line) == MAX_LINE_BYTES


def _command(line: bytes, origin: Origin) -> Correction | Rejection:
    key = _scope_of(line)
    try:
        return parse_command(key, line, origin)
    except BadCommand as error:
        return unreadable_command(key, line, origin, error)


def _scope_of(line: bytes) -> bytes | None:
    try:
        scope = orjson.loads(line).get("scope")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return scope.encode() if isinstance(scope, str) else None


def _ends_in_a_torn_line(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


@contextmanager
def _alone(file: BinaryIO) -> Iterator[None]:
    """Keep other writers out, for as long as one line takes."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
