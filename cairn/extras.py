"""What some commands need beyond the plain installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import Misconfigured


@contextmanager
def extra(name: str, work: str) -> Iterator[None]:
    """Import what only an extra brings; raises Misconfigured, which says how to get it."""
    try:
        yield
    except ImportError as error:
        advice = f"pip install 'imagecairn[{name}]'"
        raise Misconfigured(f"{work} needs {error.name}: {advice}") from error
