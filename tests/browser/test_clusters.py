"""Clusters as contact sheets: filtered, read part by part, followed, come back to."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from engine.commands import MergeClusters
from tests.browser.kit import DAY_S, START, Site, Window, drawn
from tests.browser.sheet import card, cards, focused, order, pile, piles

EVIL = "<img src=x onerror=alert(1)>"


def test_clusters_are_shown(served: Site, window: Window) -> None:
    """Each card tells name, size, state, days, place and shows photos; the count says how many."""
    piles(served, "Gate", "Tower")
    page = window.open("/clusters")
    expect(cards(page)).to_have_count(2)
    gate = card(page, "Gate")
    expect(gate).to_contain_text("2 photos")
    expect(gate).to_contain_text("pending")
    expect(gate).to_contain_text("Mar 4, 2024 to Mar 5, 2024")
    expect(gate).to_contain_text("48.20")
    expect(gate.get_by_role("img")).to_have_count(2)
    expect(page.get_by_text("2 clusters shown")).to_be_visible()


def test_pictures_come_later(served: Site, window: Window) -> None:
    """A photo without its picture is a stone, until there is one."""
    served.worker.photos(1)
    served.view.put_thumbnail("site", "image-1", b"")
    page = window.page
    page.clock.install()
    window.open("/clusters")
    picture = cards(page).get_by_role("img")
    expect(picture).to_have_class("missing")
    served.view.put_thumbnail("site", "image-1", drawn(1, 1))
    page.clock.fast_forward(5_000)
    expect(picture).not_to_have_class("missing")
    window.wrong.clear()


def test_nothing_yet(window: Window) -> None:
    """Without clusters the page says where they come from."""
    page = window.open("/clusters")
    expect(page.get_by_text("There are no clusters yet")).to_be_visible()


def test_filters_live_in_the_address(served: Site, window: Window) -> None:
    """What is chosen is in the address, and an address brings it back."""
    piles(served, "North gate", "South gate", "Tower")
    page = window.open("/clusters?scope=site")
    page.get_by_label("Name contains").fill("GATE")
    expect(cards(page)).to_have_count(2)
    page.get_by_label("Order").select_option("name")
    page.wait_for_url(re.compile("scope=site.*text=GATE.*order=name"))
    expect(cards(page).first).to_contain_text("North gate")
    page.reload()
    expect(page.get_by_label("Name contains")).to_have_value("GATE")
    expect(page.get_by_label("Order")).to_have_value("name")
    expect(cards(page)).to_have_count(2)
    page.get_by_role("button", name="Clear filters").click()
    expect(cards(page)).to_have_count(3)
    page.wait_for_url(re.compile(r"/clusters\?scope=site$"))


def test_an_address_may_say_anything(served: Site, window: Window) -> None:
    """What no filter can be is left out."""
    piles(served, "Gate")
    page = window.open("/clusters?state=gone&min_size=-1&order=up&nothing=1")
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_label("Min. photos")).to_have_value("")


def test_days_reach_to_their_end(served: Site, window: Window) -> None:
    """The last day counts as a whole."""
    served.worker.photo(1, at=START)
    served.worker.photo(2, at=START + 10 * DAY_S)
    page = window.open("/clusters?since=2024-03-03&until=2024-03-04")
    expect(cards(page)).to_have_count(1)
    page.get_by_label("Taken from").fill("2024-03-06")
    page.get_by_label("to", exact=True).fill("2024-03-30")
    expect(page.get_by_text("1 cluster shown")).to_be_visible()
    page.get_by_label("Taken from").fill("2024-03-20")
    expect(page.get_by_text("No cluster is like that")).to_be_visible()


def test_sizes_and_states_are_chosen(served: Site, window: Window) -> None:
    """Clusters by how many photos they hold, and retired ones, which lead to their heirs."""
    served.correct(order(MergeClusters((pile(served, 1, "Gate"), pile(served, 2, "")))))
    served.worker.photos(3)
    page = window.open("/clusters")
    expect(cards(page)).to_have_count(2)
    page.get_by_label("Min. photos").fill("3")
    expect(cards(page)).to_have_count(1)
    page.get_by_label("Min. photos").fill("")
    page.get_by_label("State").select_option("retired")
    expect(cards(page)).to_contain_text(["It became"])
    expect(cards(page).get_by_role("checkbox")).to_have_count(0)


def test_read_part_by_part(served: Site, window: Window) -> None:
    """A long list goes on as somebody scrolls."""
    served.worker.photos(*range(60))
    page = window.open("/clusters")
    expect(page.get_by_text("48 clusters shown, more below")).to_be_visible()
    cards(page).last.scroll_into_view_if_needed()
    expect(page.get_by_text("60 clusters shown", exact=True)).to_be_attached()


def test_news_wait_for_the_reader(served: Site, window: Window) -> None:
    """New photos do not move what is read: a button tells of them, and shows them."""
    piles(served, "Gate", "Tower")
    page = window.open("/clusters?scope=site")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(cards(page)).to_have_count(2)
    served.worker.photos(7, 8)
    page.get_by_role("button", name="2 clusters changed: show").click()
    expect(cards(page)).to_have_count(4)
    expect(page.get_by_role("button", name="changed: show")).to_be_hidden()


def test_news_do_not_repeat_what_was_said(served: Site, window: Window) -> None:
    """A screen reader is not told of the selection with every photo that comes."""
    gate, _ = piles(served, "Gate", "Tower")
    page = window.open("/clusters?scope=site")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.get_by_label(f"Select {gate}").check()
    page.evaluate("""() => {
      window.said = 0;
      const said = new MutationObserver((all) => { window.said += all.length; });
      const all = { childList: true, characterData: true };
      said.observe(document.querySelector("#picked-what"), all);
    }""")
    served.worker.photos(7)
    expect(page.get_by_role("button", name="1 cluster changed: show")).to_be_visible()
    served.worker.photos(8)
    expect(page.get_by_role("button", name="2 clusters changed: show")).to_be_visible()
    assert page.evaluate("window.said") == 0


def test_coming_back(served: Site, window: Window) -> None:
    """Who opened a cluster and goes back is where they were, as far down as it was."""
    served.worker.photos(*range(60))
    page = window.open("/clusters?scope=site")
    cards(page).last.scroll_into_view_if_needed()
    expect(cards(page)).to_have_count(60)
    cards(page).nth(55).get_by_role("heading").get_by_role("link").press("Enter")
    page.wait_for_url("**/cluster?**")
    opened = re.search("id=(.*)", page.url)
    page.go_back()
    expect(cards(page)).to_have_count(60)
    assert opened is not None
    expect(focused(page)).to_have_attribute("title", opened[1])


def test_hostile_names_stay_text(served: Site, window: Window) -> None:
    """Markup in a name or scope is shown as it was written, in cards, bar and dialog."""
    _, door = piles(served, EVIL, "", scope=EVIL)
    page = window.open("/clusters")
    expect(card(page, EVIL)).to_contain_text(EVIL)
    page.get_by_label(f"Select {EVIL}").check()
    page.get_by_label(f"Select {door}").check()
    expect(page.get_by_role("region", name="Selected")).to_contain_text(EVIL)
    card(page, door).drag_to(card(page, EVIL))
    expect(page.get_by_role("dialog")).to_contain_text(EVIL)


def test_a_failure_can_be_tried_again(served: Site, window: Window) -> None:
    """Where the server does not answer, the page says so, and goes on when it does."""
    piles(served, "Gate")
    page = window.page
    page.route("**/api/v1/clusters?*", lambda route: route.abort())
    window.open("/clusters?order=size")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.unroute("**/api/v1/clusters?*")
    page.get_by_role("button", name="Try again").click()
    expect(cards(page)).to_have_count(1)
    window.wrong.clear()
