"""Photos are chosen while the page still asks what there is by now."""

from __future__ import annotations

from playwright.sync_api import expect

from engine.commands import NameCluster
from tests.browser.kit import DAY_S, START, Site, Window, held
from tests.browser.test_cluster import cluster_of, correct, path_to

MEMBERS = "**/api/v1/cluster/members?*"


def test_photos_that_go_are_not_chosen(served: Site, window: Window) -> None:
    """A click on one that is about to be drawn anew chooses nothing that nobody sees."""
    items = served.worker.photos(1, 1, 1)
    page = window.open(path_to(cluster_of(served, items[0])))
    photos = page.get_by_role("list", name="Photos").locator(".tile")
    expect(photos).to_have_count(3)
    release = held(page, MEMBERS)
    with page.expect_request(MEMBERS):
        page.get_by_label("Order").select_option(label="by capture time")
    page.get_by_label("Select photo image-2").click()
    expect(page.get_by_label("Select photo image-2")).not_to_be_checked()
    release()
    expect(photos.first).to_contain_text("image-1")
    expect(page.get_by_role("toolbar", name="Corrections")).to_be_hidden()
    page.get_by_role("button", name="Select", exact=True).focus()
    page.keyboard.press("Tab")
    expect(photos.first.get_by_role("link")).to_be_focused()


def test_what_is_chosen_goes_with_what_was_seen(served: Site, window: Window) -> None:
    """Until all is there, a correction of photos of before conflicts with that of others."""
    days = [0, 1, 2, 100, 101, 102]
    items = [served.worker.photo(1, at=START + day * DAY_S) for day in days]
    cluster = cluster_of(served, items[0])
    page = window.open(path_to(cluster))
    page.get_by_role("group", name="Stretches of time").get_by_role("button").last.click()
    expect(page.get_by_role("list", name="Photos").locator(".tile")).to_have_count(3)
    page.get_by_label("Select photo image-5").check()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    correct(served, NameCluster(cluster, "Gate"))
    expect(page.get_by_text("ann changed this cluster.")).to_be_visible()
    release = held(page, MEMBERS)
    window.refusals = True
    with page.expect_request(MEMBERS):
        page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("button", name="Split off").click()
    expect(page.locator(".toast.bad")).to_contain_text("Somebody else changed this")
    release()
    expect(page.get_by_role("heading", name="Gate")).to_be_visible()
    expect(page.get_by_role("toolbar", name="Corrections")).to_be_hidden()
    assert cluster_of(served, items[4]) == cluster
