"""Which failures of a database pass: what the world does to it, and not we."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from engine.errors import Transient

_TIMED_OUT = ("25P03", "25P04")
"""What a server ends that took longer than its operator allows: PostgreSQL's error codes."""


@contextmanager
def patiently() -> Iterator[None]:
    """Raise Transient where the database is away, busy or full, or gave up waiting for us."""
    try:
        yield
    except (OperationalError, InternalError) as error:
        if isinstance(error, InternalError) and _code(error) not in _TIMED_OUT:
            raise
        raise Transient(f"the view's database: {error.orig}") from error
    except NoConnection as error:
        raise Transient(f"the view's database: {error}") from error


def _code(error: InternalError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
