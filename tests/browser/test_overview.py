"""The overview: how much there is, what comes in, and what happens to it, as it happens."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect

from engine.commands import NameCluster
from engine.types import Correction, Origin, Rejection
from exporters.view.answers import Behind
from tests.browser.kit import Site, Window

EVIL = "<img src=x onerror=alert(1)>"


def names(site: Site, item_id: str, called: str, scope: str = "site") -> None:
    """Somebody gives the cluster of an item a name."""
    found = site.view.explain(scope, item_id)
    assert found is not None
    order = NameCluster(found.cluster.cluster_id, called)
    command_id = f"command-{called}"
    site.correct(Correction(command_id, scope, Origin("desk", 0, 0), order, "bob", time.time()))


def refuse(site: Site, image_id: str, scope: str = "site") -> None:
    origin = Origin("images", 0, 0)
    site.worker.feed.tell(Rejection(image_id, scope, origin, "not_an_image", "it is a text"))


def total(page: Page, name: str) -> Locator:
    return page.locator("#totals > div").filter(has=page.get_by_text(name, exact=True))


def strip(page: Page) -> Locator:
    return page.get_by_role("list", name="Newest photos").get_by_role("listitem")


def test_nothing_yet(served: Site, window: Window) -> None:
    """An empty server says how photos get in, and shows the first one that does."""
    page = window.open("/")
    expect(page.get_by_text("cairn run --source photos/ --serve")).to_be_visible()
    expect(page.get_by_text("cairn produce")).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    served.worker.photo(1)
    expect(strip(page)).to_have_count(1)
    expect(page.get_by_text("cairn produce")).to_be_hidden()


def test_a_scope_without_photos(served: Site, window: Window) -> None:
    """Who looks at an empty scope is led to all of them."""
    served.worker.photo(1)
    page = window.open("/?scope=elsewhere")
    expect(page.get_by_text("In the scope “elsewhere”")).to_be_visible()
    page.get_by_role("link", name="Look at all scopes").click()
    expect(strip(page)).to_have_count(1)


def test_numbers(served: Site, window: Window) -> None:
    """Photos, clusters by state and refusals by reason, of one scope or of all."""
    served.worker.photos(1, 1, 2)
    served.worker.photos(3, scope="other")
    refuse(served, "notes.txt")
    page = window.open("/")
    expect(total(page, "photos")).to_contain_text("4")
    expect(total(page, "pending clusters")).to_contain_text("3")
    expect(total(page, "refused messages")).to_contain_text("not an image 1")
    window.open("/?scope=other")
    expect(total(page, "photos")).to_contain_text("1")


def test_photos_come_in_live(served: Site, window: Window) -> None:
    """A new photo is counted, shown first, and its cluster moves to the front."""
    served.worker.photos(1, 2)
    page = window.open("/?scope=site")
    expect(strip(page)).to_have_count(2)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    served.worker.photos(1)
    expect(strip(page)).to_have_count(3)
    expect(strip(page).first).to_contain_text("image-3")
    expect(total(page, "photos")).to_contain_text("3")
    expect(page.get_by_role("article").first).to_contain_text("2 photos")
    expect(page.get_by_text("1 photo in the last minute")).to_be_visible()


def test_the_strip_holds_still(served: Site, window: Window) -> None:
    """What somebody points at does not move: new photos wait until they go away."""
    served.worker.photos(1, 2)
    page = window.open("/?scope=site")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    strip(page).first.hover()
    served.worker.photos(3)
    expect(page.get_by_role("button", name="1 new one: show").first).to_be_visible()
    expect(strip(page).first).to_contain_text("image-2")
    page.get_by_role("heading", name="Overview").hover()
    expect(strip(page).first).to_contain_text("image-3")
    strip(page).first.get_by_role("link").focus()
    served.worker.photos(4)
    page.get_by_role("button", name="1 new one: show").first.press("Enter")
    expect(strip(page).first).to_contain_text("image-4")
    expect(strip(page).first.get_by_role("link")).to_be_focused()


def test_corrections_and_refusals(served: Site, window: Window) -> None:
    """Who corrected what, whether it was done, and what was refused and why."""
    item_id = served.worker.photos(1)[0]
    page = window.open("/")
    expect(page.get_by_text("Nobody corrected anything yet.")).to_be_visible()
    expect(page.get_by_text("Nothing was refused.")).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    refuse(served, "notes.txt")
    names(served, item_id, "Gate")
    done = page.get_by_role("list", name="Corrected lately")
    expect(done).to_contain_text("Named a cluster “Gate”")
    expect(done).to_contain_text("by bob")
    expect(page.get_by_role("list", name="Refused lately")).to_contain_text("notes.txt")
    done.get_by_role("link").click()
    page.wait_for_url("**/cluster?scope=site&id=*")


def test_how_far_behind(served: Site, window: Window) -> None:
    """The page tells whether what it shows is up to date, or that nobody knows."""
    served.worker.photos(1)
    page = window.open("/")
    expect(page.get_by_text("is not known")).to_be_visible()
    served.view.tell_behind([Behind("journal", 0, 0, time.time()), late(120)])
    page.reload()
    expect(page.get_by_text("workers are 120 photos behind")).to_be_visible()
    served.view.tell_behind([late(0)])
    expect(page.get_by_text("up to date")).to_be_visible(timeout=20_000)


def late(photos: int) -> Behind:
    return Behind("images", 0, photos, time.time())


def test_hostile_names_stay_text(served: Site, window: Window) -> None:
    """Markup in names, ids, reasons and scopes is shown as it was written."""
    item_id = served.worker.photos(1, scope=EVIL)[0]
    names(served, item_id, EVIL, EVIL)
    refuse(served, EVIL, EVIL)
    page = window.open("/")
    expect(page.get_by_role("heading", name=EVIL)).to_be_visible()
    expect(page.get_by_role("list", name="Refused lately")).to_contain_text(EVIL)
    expect(page.get_by_role("list", name="Corrected lately")).to_contain_text(EVIL)


def test_a_part_that_fails(served: Site, window: Window) -> None:
    """The rest is followed, and what is said of it stays as it is, with the focus it has."""
    served.worker.photos(1)
    page = window.page
    page.route("**/api/v1/feed", lambda route: route.abort())
    window.open("/?scope=site")
    again = page.get_by_role("alert").get_by_role("button", name="Try again")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    again.focus()
    for count in (2, 3):
        served.worker.photos(count)
        expect(total(page, "photos")).to_contain_text(str(count))
    expect(again).to_be_focused()
    window.wrong.clear()


def test_an_outage(served: Site, window: Window) -> None:
    """Where the server does not answer, the page says so and keeps what it knew."""
    served.worker.photos(1)
    page = window.open("/?scope=site")
    expect(strip(page)).to_have_count(1)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.route(re.compile("/api/v1/(counts|feed)"), lambda route: route.abort())
    served.worker.photos(2)
    expect(page.get_by_role("alert")).to_contain_text("does not answer", timeout=20_000)
    expect(strip(page)).to_have_count(1)
    page.unroute(re.compile("/api/v1/(counts|feed)"))
    page.get_by_role("button", name="Try again").click()
    expect(strip(page)).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(0)
    window.wrong.clear()
