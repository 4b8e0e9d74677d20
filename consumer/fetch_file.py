"""A claimed image on disk: a regular file that really lies below an allowed directory.

Links are followed first and judged by where they end. The file is then opened from the allowed
directory down without following any: a name that was swapped for a link meanwhile is not read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from consumer.allow import NOT_ALLOWED
from engine.errors import BadImage, Transient

_DIRECTORY = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_file(path: Path, directories: Sequence[Path], max_bytes: int) -> bytes:
    """Read a file within one of the directories.

    Raises BadImage where it lies elsewhere, is no regular file or too large, Transient where it
    cannot be read: it may come yet.
    """
    try:
        with open(_open_within(path, directories), "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > max_bytes:
                raise too_large(size, max_bytes)
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise Transient(error.strerror or str(error)) from error
    if len(data) > max_bytes:
        raise too_large(len(data), max_bytes)
    return data


def too_large(size: int, max_bytes: int) -> BadImage:
    """The error for an image over the limit."""
    return BadImage("too_large", f"{size} bytes or more, {max_bytes} are allowed")


def _open_within(path: Path, directories: Sequence[Path]) -> int:
    real = Path(os.path.realpath(path, strict=True))
    for directory in directories:
        root = Path(os.path.realpath(directory))
        if real.is_relative_to(root):
            return _open(root, real.relative_to(root).parts)
    raise BadImage(NOT_ALLOWED, f"{path} is a link to what is within no prefix of `fetch.allow`")


def _open(root: Path, parts: Sequence[str]) -> int:
    """Open a regular file below a directory, with no link on the way."""
    at = os.open(root, _DIRECTORY)
    try:
        for name in parts[:-1]:
            below = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        # Looked at before it is opened: opening a device may do something.
        if not parts or not _is_regular(os.stat(parts[-1], dir_fd=at, follow_symlinks=False)):
            raise BadImage(NOT_ALLOWED, f"{root.joinpath(*parts)} is no regular file")
        return os.open(parts[-1], _FILE, dir_fd=at)
    finally:
        os.close(at)


def _is_regular(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)
