"""Every page on a narrow screen, with names that have no place to be broken at."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from engine.commands import ConfirmCluster, NameCluster, Order
from engine.types import Correction, Origin, Rejection
from exporters.view.answers import ClusterFilter
from tests.browser.kit import Site, Window

LONG = "x" * 200
SCOPE = "s" * 200
NARROW = 360
PAGES = {
    "/": ".happening .subject",
    "/clusters": ".card.cluster h3",
    "/cluster": "#photos .tile",
    "/photo": "#why .why",
    "/review": ".doubtful .side",
    "/search": "#results .tile",
    "/map": "#legend .name",
}
"""What is there once a page is complete, by its path."""


def filled(served: Site) -> tuple[str, str]:
    """All that has a name has a long one; ids of a cluster and of an item on it."""
    items = [
        served.worker.photo(place, scope=SCOPE, name=f"{number}{LONG}")
        for number, place in enumerate((1, 1, 1, 2, 2))
    ]
    served.view.refresh(SCOPE)
    for cluster in served.view.clusters(ClusterFilter(scope=SCOPE)).rows:
        correct(served, ConfirmCluster(cluster.cluster_id))
        correct(served, NameCluster(cluster.cluster_id, LONG))
    correct(served, NameCluster(LONG, "nobody"))
    served.worker.feed.tell(Rejection(LONG, SCOPE, Origin("images", 0, 9), "not_an_image", LONG))
    found = served.view.explain(SCOPE, items[0])
    assert found is not None
    return found.cluster.cluster_id, items[0]


def correct(served: Site, order: Order) -> None:
    name = f"{len(served.view.commands(SCOPE))}{LONG}"
    served.correct(Correction(name, SCOPE, Origin("desk", 0, 0), order, LONG, time.time()))


def overflowing(page: Page) -> list[str]:
    """What reaches beyond the screen, where the page can be scrolled sideways."""
    found: list[str] = page.evaluate(
        """(width) => document.documentElement.scrollWidth <= width ? [] :
          [...document.querySelectorAll("body *")]
            .filter((node) => node.getBoundingClientRect().right > width + 1)
            .map((node) => `${node.tagName}#${node.id}.${node.getAttribute("class")}`)""",
        NARROW,
    )
    return found


@pytest.mark.parametrize("path", PAGES)
def test_nothing_overflows(served: Site, window: Window, path: str) -> None:
    """Nobody has to scroll sideways to read."""
    cluster, item = filled(served)
    window.refusals = True
    page = window.page
    page.set_viewport_size({"width": NARROW, "height": 740})
    query = {"scope": SCOPE}
    if path in {"/cluster", "/photo"}:
        query["id"] = cluster if path == "/cluster" else item
    if path == "/search":
        query["item"] = item
    window.open(f"{path}?{urlencode(query)}")
    page.locator(PAGES[path]).first.wait_for()
    assert overflowing(page) == []
    expect(page.get_by_role("link", name="Map", exact=True)).to_be_in_viewport(ratio=1)
