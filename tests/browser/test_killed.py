"""Corrections made in the browser outlive the worker that carried them out, killed by kill -9."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, expect

from cairn.folder_run import VIEW_FILE
from tests.recovery.test_served_live import Site, put, serving


def cluster_of(site: Site, image_id: str) -> str:
    return str(site.get("item", id=f"{image_id}#0")["cluster"]["cluster_id"])


def on_page(site: Site, cluster_id: str, browser: Browser) -> Page:
    """The page of a cluster, as whoever runs the worker opens it."""
    base = str(site.http.base_url).removesuffix("/api/v1/")
    page = browser.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{base}/cluster?{urlencode({'scope': 'default', 'id': cluster_id})}")
    return page


def split_and_name(page: Page, photo: str, name: str) -> None:
    """Split one photo off, and name what stays."""
    page.get_by_label(f"Select photo {photo}", exact=True).check()
    bar = page.get_by_role("toolbar", name="Corrections")
    bar.get_by_role("button", name="Split off").click()
    expect(page.get_by_text("1 photo split off.")).to_be_visible()
    page.get_by_role("button", name="Name it").click()
    page.get_by_label("Name of the cluster").fill(name)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_corrections_outlive_a_kill(browser: Browser, tmp_path: Path) -> None:
    """After kill -9 and a view that is made anew, photos lie where a person has put them."""
    photos, state = tmp_path / "photos", tmp_path / "state"
    put(photos, 0, 2, 4)
    with serving(photos, state) as site:
        site.until_told(3)
        pile = cluster_of(site, "p0.jpg")
        assert cluster_of(site, "p4.jpg") == pile
        split_and_name(on_page(site, pile, browser), "p4.jpg", "North gate")
        alone = cluster_of(site, "p4.jpg")
        assert alone != pile
        site.life.kill()
    (state / VIEW_FILE).unlink()
    with serving(photos, state) as site:
        site.until_told(3)
        assert (cluster_of(site, "p0.jpg"), cluster_of(site, "p4.jpg")) == (pile, alone)
        page = on_page(site, pile, browser)
        expect(page.get_by_role("heading", name="North gate", exact=True)).to_be_visible()
        assert site.life.stop() == 0
