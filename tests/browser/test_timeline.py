"""The timeline of a cluster while photos come."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.kit import DAY_S, START, Site, Window
from tests.browser.test_cluster import cluster_of, path_to


def opened(served: Site, window: Window, *days: float) -> None:
    """A cluster with a photo at each of these days, once the page hears what comes."""
    items = [served.worker.photo(1, at=START + day * DAY_S) for day in days]
    page = window.open(path_to(cluster_of(served, items[0])))
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Timeline")).to_be_visible()


def test_new_photos_leave_the_focus(served: Site, window: Window) -> None:
    """At a stretch of time, which counts them."""
    opened(served, window, 0, 1, 2, 100, 101, 102)
    stretch = window.page.get_by_role("group", name="Stretches of time").get_by_role("button").last
    stretch.focus()
    served.worker.photo(1, at=START + 101.5 * DAY_S)
    expect(stretch.locator(".much")).to_have_text("4")
    expect(stretch).to_be_focused()


def test_new_photos_leave_what_is_dragged(served: Site, window: Window) -> None:
    """A part of the axis that somebody is about to choose; then it has the new photo too."""
    opened(served, window, *range(10))
    page = window.page
    axis = page.get_by_role("img", name="Timeline: 10 photos").bounding_box()
    assert axis is not None
    page.mouse.move(axis["x"] + 2, axis["y"] + 20)
    page.mouse.down()
    page.mouse.move(axis["x"] + axis["width"] * 0.5, axis["y"] + 20, steps=4)
    served.worker.photo(1, at=START + 2.5 * DAY_S)
    expect(page.get_by_role("list", name="Photos").locator(".tile")).to_have_count(11)
    expect(page.locator(".axis .band")).to_be_visible()
    page.mouse.up()
    expect(page.get_by_role("list", name="Photos").locator(".tile")).to_have_count(6)


def test_the_focus_goes_on_at_the_photos(served: Site, window: Window) -> None:
    """Where the button that had it is there no more."""
    opened(served, window, 0, 1)
    page = window.page
    page.get_by_role("button", name="Confirm cluster").press("Enter")
    expect(page.get_by_role("button", name="Confirm cluster")).to_be_hidden()
    expect(page.get_by_role("list", name="Photos")).to_be_focused()
