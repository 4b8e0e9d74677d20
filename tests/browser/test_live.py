"""Events are followed wherever the connection breaks, and only while somebody looks."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.kit import Site, Window
from tests.browser.sheet import cards
from tests.browser.test_overview import strip

EVENTS = "**/api/v1/events*"
LOOK_AWAY = """() => new Promise((resolve) => {
  const { close } = EventSource.prototype;
  EventSource.prototype.close = function () { close.call(this); resolve(); };
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
})"""
LOOK_AGAIN = """() => {
  Object.defineProperty(document, "hidden", { value: false });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""What a browser does with a window behind others; it has no other way to be told to."""


def test_a_window_behind_others(served: Site, window: Window) -> None:
    """It holds no connection, of which browsers have few, and catches up when looked at again."""
    served.worker.photos(1)
    page = window.open("/clusters?scope=site")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.evaluate(LOOK_AWAY)
    served.worker.photos(2, 3)
    page.evaluate(LOOK_AGAIN)
    expect(page.get_by_role("button", name="2 clusters changed: show")).to_be_visible()


def test_a_connection_that_is_refused(served: Site, window: Window) -> None:
    """Where a proxy answers for a server that starts again, the page connects until it stands."""
    page = window.page
    page.route(EVENTS, lambda route: route.fulfill(status=503, body="<html>"), times=1)
    served.worker.photos(1)
    window.open("/clusters?scope=site")
    expect(page.get_by_text("connecting…", exact=True)).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(cards(page)).to_have_count(1)
    served.worker.photos(2)
    expect(page.get_by_role("button", name="1 cluster changed: show")).to_be_visible()
    window.wrong.clear()


def test_what_came_while_nobody_looked(served: Site, window: Window) -> None:
    """The overview shows it, but does not take it for the pace of this minute."""
    served.worker.photos(1)
    page = window.open("/?scope=site")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    served.worker.photos(1)
    expect(page.get_by_text("1 photo in the last minute")).to_be_visible()
    page.evaluate(LOOK_AWAY)
    served.worker.photos(1, 1, 1)
    with page.expect_request(EVENTS) as asked:
        page.evaluate(LOOK_AGAIN)
    assert "after" not in asked.value.url
    expect(strip(page)).to_have_count(5)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.get_by_text("1 photo in the last minute")).to_be_visible()
