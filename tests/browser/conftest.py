"""One browser for all tests, a fresh site and window for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.kit import Site, Window, browsing, site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed after the last of these tests: while it is open, its event loop is this thread's."""
    expect.set_options(timeout=20_000)
    with browsing() as opened:
        yield opened


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Site]:
    """A site with nothing in it yet."""
    with site(tmp_path) as made:
        yield made


@pytest.fixture
def window(browser: Browser, served: Site) -> Iterator[Window]:
    """A window on the site; whatever its console complained about fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(20_000)
    opened = Window(context.new_page(), served.url)
    yield opened
    context.close()
    assert opened.wrong == []
