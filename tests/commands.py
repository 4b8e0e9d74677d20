"""Run a command of Cairn within the test's process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from typer.testing import CliRunner, Result

from cairn.cli import app
from engine.errors import CairnError


def cairn(*arguments: object) -> Result:
    """Run a command that works; what it wrote is in `stdout` and `stderr`."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result


def complaint(*arguments: object) -> str:
    """The one line of a command that cannot work."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert isinstance(result.exception, CairnError), result.output or result.exception
    return str(result.exception)


def rows(path: Path) -> list[dict[str, Any]]:
    """A result."""
    found: list[dict[str, Any]] = orjson.loads(path.read_bytes())
    return found


def piles(path: Path) -> set[frozenset[str]]:
    """The groups of a result as sets of file names; photos on none are left out."""
    groups: dict[int, set[str]] = {}
    for row in rows(path):
        groups.setdefault(row["group"], set()).add(row["filename"])
    groups.pop(-1, None)
    return {frozenset(pile) for pile in groups.values()}
