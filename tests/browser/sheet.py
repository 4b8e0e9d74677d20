"""Clusters for the page of contact sheets, and what is seen of them."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from engine.commands import MergeClusters, NameCluster
from engine.types import Correction, Origin
from exporters.view.answers import ClusterFilter
from tests.browser.kit import Site


def order(what: MergeClusters | NameCluster, scope: str = "site") -> Correction:
    return Correction(f"other-{what}", scope, Origin("desk", 0, 0), what, "bob", 1e9)


def pile(site: Site, place: int, called: str, scope: str = "site") -> str:
    """A cluster of two photos, with a name where there is one; its id."""
    item_id = site.worker.photos(place, place, scope=scope)[0]
    found = site.view.explain(scope, item_id)
    assert found is not None
    if called:
        site.correct(order(NameCluster(found.cluster.cluster_id, called), scope))
    return found.cluster.cluster_id


def piles(site: Site, *names: str, scope: str = "site") -> list[str]:
    """What the clusters of these names are called on the page; the last one changed last."""
    made = [pile(site, place, called, scope) for place, called in enumerate(names, start=1)]
    return [called or cluster_id[:10] for called, cluster_id in zip(names, made, strict=True)]


def cards(page: Page) -> Locator:
    return page.get_by_role("list", name="Clusters").locator("> li:not([hidden])")


def card(page: Page, called: str) -> Locator:
    return cards(page).filter(has=page.get_by_role("heading", name=called, exact=True))


def focused(page: Page) -> Locator:
    return page.locator("h3 a:focus")


def living(site: Site, scope: str = "site") -> int:
    return len(site.view.clusters(ClusterFilter(scope=scope)).rows)
