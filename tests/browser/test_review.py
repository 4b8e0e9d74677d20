"""The review queue: doubts decided one after another, by keys or by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from engine.commands import MergeClusters, NameCluster, Order
from engine.profile import PROFILES
from engine.types import Correction, Origin
from exporters.view.answers import ClusterFilter
from tests.browser.kit import Site, Window
from tests.fakes import MemoryStore
from tests.shards import shard_over

HOSTILE = "<img src=x onerror=alert(1)>"
DONE = re.compile("Nothing (else )?is doubtful just now")


def clusters(served: Site, scope: str = "site") -> dict[str, int]:
    """Sizes of living clusters by their ids."""
    rows = served.view.clusters(ClusterFilter(scope=scope), "size").rows
    return {row.cluster_id: row.size for row in rows}


def alike(served: Site, scope: str = "site") -> list[str]:
    """Two clusters that look alike, and nothing else to ask; their ids."""
    certain(served)
    served.worker.photos(1, 1, 1, 2, 2, 2, scope=scope)
    served.view.refresh(scope)
    return list(clusters(served, scope))


def certain(served: Site) -> None:
    """Let the worker be sure of whatever it puts together, and confirm it from three photos on."""
    profile = replace(PROFILES["object"], min_size=3, threshold=0.5)
    served.worker.shard = shard_over(MemoryStore(), profile)


def ask(served: Site, order: Order) -> None:
    served.correct(Correction(uuid4().hex, "site", Origin("x", 0, 0), order))


def settled(page: Page) -> None:
    expect(page.locator("#content")).to_contain_text(DONE)


def at(page: Page, progress: str) -> None:
    """Wait until a card can be decided."""
    expect(page.locator("#progress")).to_have_text(progress)
    expect(page.get_by_role("group", name="Decide")).to_be_visible()


def question(page: Page) -> str:
    heading = page.get_by_role("heading", level=2)
    expect(page.get_by_role("group", name="Decide")).to_be_visible()
    return heading.inner_text()


def test_nothing_in_doubt(served: Site, window: Window) -> None:
    """It says so, also where there is nothing at all."""
    page = window.open("/review")
    expect(page.locator("#content")).to_contain_text("No photos have come yet")
    served.worker.photo(1)
    settled(window.open("/review"))


def test_clusters_that_look_alike_are_merged(served: Site, window: Window) -> None:
    """By one key; then there is nothing more to ask."""
    alike(served)
    page = window.open("/review?scope=site")
    assert question(page) == "Do these two clusters belong together?"
    expect(page.locator(".side")).to_have_count(2)
    at(page, "1 of 1")
    page.keyboard.press("y")
    settled(page)
    expect(page.locator("#said")).to_contain_text("Merged.")
    assert list(clusters(served).values()) == [6]


def test_clusters_are_kept_apart(served: Site, window: Window) -> None:
    """For good: neither the page nor a new look at the map asks again."""
    alike(served)
    page = window.open("/review?scope=site")
    page.get_by_role("button", name="Different: keep apart").click()
    settled(page)
    assert sorted(clusters(served).values()) == [3, 3]
    served.view.refresh("site")
    settled(window.open("/review?scope=site"))


def test_a_pair_is_confirmed_or_taken_apart(served: Site, window: Window) -> None:
    """Two photos that are all there is of a cluster."""
    certain(served)
    served.worker.photos(1, 1, 2, 2)
    page = window.open("/review?scope=site")
    assert "two photos" in question(page)
    page.keyboard.press("1")
    at(page, "2 of 2")
    page.get_by_role("button", name="Not the same").click()
    settled(page)
    assert sorted(clusters(served).values()) == [1, 1, 2]
    assert served.view.counts("site").clusters["confirmed"] == 1


def test_doubtful_photos_are_settled_in_a_row(served: Site, window: Window) -> None:
    """Right, on its own, moved: faster than any of it is carried out, and no two collide."""
    served.worker.photos(1, 1, 1, 1, 2)
    page = window.open("/review?scope=site")
    at(page, "1 of 3")
    page.keyboard.press("y")
    at(page, "2 of 3")
    page.keyboard.press("3")
    at(page, "3 of 3")
    page.get_by_role("button", name="Move to the other").click()
    settled(page)
    assert sorted(clusters(served).values()) == [1, 2, 2]
    expect(page.locator(".toast.bad")).to_have_count(0)
    settled(window.open("/review?scope=site"))


def test_decisions_are_taken_back(served: Site, window: Window) -> None:
    """The last one first, and the card is asked anew."""
    before = alike(served)
    page = window.open("/review?scope=site")
    question(page)
    page.keyboard.press("y")
    settled(page)
    page.keyboard.press("u")
    question(page)
    expect(page.locator(".side")).to_have_count(2)
    page.wait_for_function(
        "fetch('/api/v1/clusters?scope=site').then(r => r.json()).then(b => b.rows.length == 2)"
    )
    assert sorted(clusters(served)) == sorted(before)
    page.keyboard.press("n")
    settled(page)
    assert len(clusters(served)) == 2
    page.get_by_role("button", name="Undo").click()
    question(page)


def test_what_is_skipped_can_be_looked_at_again(served: Site, window: Window) -> None:
    """Until the page is left; nothing is changed by it."""
    alike(served)
    page = window.open("/review?scope=site")
    question(page)
    page.keyboard.press("ArrowRight")
    settled(page)
    page.keyboard.press("ArrowLeft")
    question(page)
    page.keyboard.press("s")
    page.get_by_role("button", name="Look again at the 1 skipped").click()
    question(page)
    assert len(clusters(served)) == 2
    assert served.view.commands("site") == []


def test_many_doubts_come_part_by_part(served: Site, window: Window) -> None:
    """There are more than are asked for at once, and whoever skips them all has seen them all."""
    served.worker.photos(*[1] * 26)
    page = window.open("/review?scope=site")
    at(page, "1 of 20+")
    for number in range(1, 26):
        expect(page.locator("#progress")).to_have_text(re.compile(rf"^{number} of 2\d\+?$"))
        page.get_by_role("button", name="Skip").click()
    settled(page)
    expect(page.get_by_role("button", name="Look again at the 25 skipped")).to_be_visible()


def test_somebody_else_was_faster(served: Site, window: Window) -> None:
    """A decision about clusters that changed is refused, and asked anew as they are now."""
    ids = alike(served)
    page = window.open("/review?scope=site")
    question(page)
    ask(served, NameCluster(ids[0], "gate"))
    page.keyboard.press("y")
    expect(page.locator(".toast.bad")).to_contain_text("Somebody else changed this")
    expect(page.locator(".side")).to_have_count(2)
    expect(page.get_by_role("link", name="gate")).to_be_visible()
    page.keyboard.press("y")
    settled(page)
    assert list(clusters(served).values()) == [6]


def test_what_others_settle_is_not_decided(served: Site, window: Window) -> None:
    """The card stays, and says that there is nothing to decide any more."""
    ids = alike(served)
    page = window.open("/review?scope=site")
    question(page)
    ask(served, MergeClusters(tuple(ids)))
    expect(page.locator("#content")).to_contain_text("This has been settled meanwhile")
    page.get_by_role("button", name="Next").click()
    settled(page)


def test_new_doubts_appear_by_themselves(served: Site, window: Window) -> None:
    """While the page is open."""
    served.worker.photo(1)
    page = window.open("/review?scope=site")
    settled(page)
    served.worker.photos(1)
    assert "right cluster" in question(page)


def test_photos_are_looked_at_large(served: Site, window: Window) -> None:
    """Both, from the keyboard; points that agree on demand, or why there are none."""
    alike(served)
    page = window.open("/review?scope=site")
    question(page)
    page.keyboard.press(" ")
    dialog = page.get_by_role("dialog", name="Large photos")
    expect(dialog.get_by_role("img")).to_have_count(2)
    page.keyboard.press("m")
    expect(dialog.get_by_role("status")).to_contain_text("cannot compare photos")
    page.keyboard.press("m")
    expect(dialog.get_by_role("img")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Look at photo image-5 large").click()
    expect(dialog.get_by_role("link", name="image-5")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    window.wrong = [one for one in window.wrong if "404" not in one and "409" not in one]


def test_the_keyboard_stays_where_it_was(served: Site, window: Window) -> None:
    """Whoever decides with tab and enter finds the same answer at the next doubt."""
    served.worker.photos(1, 1, 1, 1)
    page = window.open("/review?scope=site")
    at(page, "1 of 3")
    skip = page.get_by_role("button", name="Skip")
    skip.focus()
    page.keyboard.press("Enter")
    at(page, "2 of 3")
    expect(skip).to_be_focused()
    page.keyboard.press(" ")
    at(page, "3 of 3")


def test_open(served: Site, window: Window) -> None:
    """Leads to the cluster."""
    alike(served)
    page = window.open("/review?scope=site")
    question(page)
    page.keyboard.press("o")
    page.wait_for_url("**/cluster?scope=site&id=*")


@pytest.mark.parametrize("name", [HOSTILE])
def test_names_stay_text(served: Site, window: Window, name: str) -> None:
    """Whatever a scope or a cluster is called."""
    ids = alike(served, name)
    order = NameCluster(ids[0], HOSTILE)
    served.correct(Correction("n", name, Origin("x", 0, 0), order))
    page = window.open("/review")
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    assert page.locator("img[src='x']").count() == 0


def test_a_server_that_fails(served: Site, window: Window) -> None:
    """One sentence, and another try."""
    alike(served)
    page = window.page

    def fail(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "this cannot be answered just now: try again"})

    page.route("**/api/v1/suggestions*", fail)
    window.open("/review?scope=site")
    expect(page.get_by_role("alert")).to_contain_text("This cannot be answered just now")
    page.unroute("**/api/v1/suggestions*")
    page.get_by_role("button", name="Try again").click()
    question(page)
    window.wrong = [one for one in window.wrong if "503" not in one]
