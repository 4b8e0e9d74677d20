"""Decisions of the review queue are on their way when somebody leaves, or the worker is slow."""

from __future__ import annotations

from playwright.sync_api import Dialog, expect

from engine.commands import NameCluster
from tests.browser.kit import Site, Window, held
from tests.browser.test_review import alike, ask, clusters, question, settled

ORDERS = "**/api/v1/commands"
STATUS = "**/api/v1/command?*"


def test_leaving_is_asked_about(served: Site, window: Window) -> None:
    """While a decision is on its way, and no longer once it is carried out."""
    alike(served)
    page = window.open("/review?scope=site")
    question(page)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    release = held(page, ORDERS)
    page.keyboard.press("y")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Search").click()
    assert asked == ["beforeunload"]
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    release()
    settled(page)
    assert list(clusters(served).values()) == [6]
    page.get_by_role("link", name="Search").click()
    page.wait_for_url("**/search?*")
    assert asked == ["beforeunload"]


def test_opening_waits_for_decisions(served: Site, window: Window) -> None:
    """The key that opens a cluster leads there once all is carried out."""
    served.worker.photos(1, 1, 1)
    window.refusals = True  # there are no originals
    page = window.open("/review?scope=site")
    question(page)
    release = held(page, ORDERS)
    page.keyboard.press("y")
    expect(page.locator("#progress")).to_have_text("2 of 2")
    question(page)
    page.keyboard.press("o")
    expect(page.get_by_text("Working…")).to_be_visible()
    release()
    page.wait_for_url("**/photo?*")
    assert len(served.view.commands("site")) == 1


def test_opening_stays_where_something_was_refused(served: Site, window: Window) -> None:
    """Whoever goes on would not read why."""
    alike(served)
    served.worker.photos(9, 9)
    page = window.open("/review?scope=site")
    question(page)
    release = held(page, ORDERS)
    for cluster_id in clusters(served):
        ask(served, NameCluster(cluster_id, "gate"))
    page.keyboard.press("y")
    expect(page.locator("#progress")).to_contain_text("2 of")
    question(page)
    page.keyboard.press("o")
    release()
    expect(page.locator(".toast.bad")).to_contain_text("Somebody else changed this")
    expect(page.get_by_text("Working…")).to_be_hidden()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()


def test_a_decision_nobody_came_to_yet(served: Site, window: Window) -> None:
    """It stays decided and is not asked anew; taking it back undoes it all the same."""
    before = alike(served)
    page = window.page
    page.clock.install()
    page.route(STATUS, lambda route: route.fulfill(json={"status": "waiting"}))
    window.open("/review?scope=site")
    question(page)
    with page.expect_response(STATUS):
        page.keyboard.press("y")
    page.clock.fast_forward(60_000)
    expect(page.locator(".toast.bad")).to_contain_text("No worker has come to it yet")
    page.unroute(STATUS)
    settled(page)
    page.keyboard.press("u")
    question(page)
    page.wait_for_function(
        "fetch('/api/v1/clusters?scope=site').then(r => r.json()).then(b => b.rows.length == 2)"
    )
    assert sorted(clusters(served)) == sorted(before)
