"""An API over an empty view, and a database server for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.kit import Served, served
from tests.view.server import some_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL."""
    with some_server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with served(f"sqlite:///{tmp_path}/view.db") as made:
        yield made
