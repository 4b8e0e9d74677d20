"""Empty views in both kinds of databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.view.opening import open_view
from exporters.view.port import View
from tests.view.kit import IDENTITY, Album, Feed
from tests.view.server import blank, some_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL."""
    with some_server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'view.sqlite'}"
    url: str = request.getfixturevalue("server")
    blank(url)
    return url


@pytest.fixture
def view(address: str) -> Iterator[View]:
    """A view of nothing yet."""
    made = open_view(address, IDENTITY)
    yield made
    made.close()


@pytest.fixture
def album() -> Album:
    return Album()


@pytest.fixture
def feed(view: View) -> Feed:
    return Feed(view)
