"""Files a command writes: what cannot be written is said before the work, not after it."""

from __future__ import annotations

from pathlib import Path

from engine.errors import Misconfigured


def check_writable(path: Path) -> None:
    """Raise Misconfigured where this file cannot be written; one that exists keeps its content."""
    existed = path.exists()
    try:
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole; raises Misconfigured where that fails, as on a full disk."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it; raises Misconfigured where that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> Misconfigured:
    return Misconfigured(f"cannot write {path}: {error.strerror}")
