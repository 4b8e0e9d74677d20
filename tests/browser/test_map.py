"""The map: photos as points to turn, point at and open."""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from engine.commands import MergeClusters, NameCluster
from engine.types import Correction, Origin
from exporters.view.answers import ClusterFilter
from tests.browser.kit import Site, Window

HOSTILE = "<img src=x onerror=alert(1)>"


def mapped(served: Site, scope: str = "site") -> list[str]:
    """Two clusters on a drawn map; their ids."""
    served.worker.photos(1, 1, 1, 2, 2, scope=scope)
    served.view.refresh(scope)
    return [row.cluster_id for row in served.view.clusters(ClusterFilter(scope=scope), "size").rows]


def name(served: Site, cluster_id: str, called: str, scope: str = "site") -> None:
    order = NameCluster(cluster_id, called)
    served.correct(Correction(uuid4().hex, scope, Origin("x", 0, 0), order))


def drawn(page: Page) -> None:
    expect(page.get_by_role("img", name="Map of")).to_be_visible()


def point_at(page: Page, cluster_id: str) -> None:
    """Turn around a cluster of one photo, which then lies in the middle, and point there."""
    page.get_by_role("button", name=f"Highlight {cluster_id[:10]}").click()
    page.get_by_role("img", name="Map of").hover()


def test_nothing_on_the_map(served: Site, window: Window) -> None:
    """It says when there will be; and then there is, without anybody doing anything."""
    page = window.open("/map")
    expect(page.locator("#content")).to_contain_text("No photos have come yet")
    served.worker.photos(1, 2)
    page = window.open("/map")
    expect(page.locator("#content")).to_contain_text("drawn once a minute")
    served.view.refresh("site")
    expect(page.get_by_role("img", name="Map of 2 photos")).to_be_visible(timeout=20_000)


def test_a_photo_is_pointed_at_and_opened(served: Site, window: Window) -> None:
    """Its name under the pointer, and by a click what is known of it, with the way to its page."""
    mapped(served)
    alone = served.worker.photo(3)
    served.view.refresh("site")
    found = served.view.explain("site", alone)
    assert found is not None
    page = window.open("/map?scope=site")
    drawn(page)
    point_at(page, found.cluster.cluster_id)
    expect(page.locator("#hover")).to_contain_text(found.image.image_id)
    page.get_by_role("button", name="Reset view").click()
    point_at(page, found.cluster.cluster_id)
    page.get_by_role("img", name="Map of").click()
    chosen = page.get_by_role("region", name="Chosen photo")
    expect(chosen.get_by_role("heading")).to_have_text(found.image.image_id)
    chosen.get_by_role("button", name="Close").click()
    expect(chosen).to_be_hidden()
    page.get_by_role("img", name="Map of").click()
    chosen.get_by_role("button", name="Highlight its cluster").click()
    chosen.get_by_role("heading").get_by_role("link").click()
    page.wait_for_url("**/photo?scope=site&id=image-*")


def test_the_map_is_turned_by_keys_and_reset(served: Site, window: Window) -> None:
    """What is drawn changes, and is as it was after a reset."""
    mapped(served)
    page = window.open("/map?scope=site")
    drawn(page)
    canvas = page.get_by_role("img", name="Map of")
    before = canvas.screenshot()
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "+"):
        page.keyboard.press(key)
    canvas.blur()
    assert canvas.screenshot() != before
    page.keyboard.press("0")
    assert canvas.screenshot() == before


def test_a_cluster_is_found_and_highlighted(served: Site, window: Window) -> None:
    """By a part of its name; the list tells it from others without any colour."""
    large, small = mapped(served)
    name(served, large, "North Gate")
    page = window.open("/map?scope=site")
    rows = page.get_by_role("list").get_by_role("button")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("North Gate")
    page.keyboard.press("/")
    page.keyboard.type("gate")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 cluster found")).to_be_visible()
    rows.first.click()
    expect(rows.first).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Find by name or id").fill(small[:12])
    expect(rows).to_have_count(1)
    expect(page.get_by_role("link", name=f"Open {small[:10]}")).to_be_visible()
    page.get_by_label("Find by name or id").fill("nothing like it")
    expect(page.locator("#found")).to_have_text("There is none of that name.")


def test_each_cluster_has_a_colour_of_its_own(served: Site, window: Window) -> None:
    """The same at every visit, another on a dark page."""
    mapped(served)

    def colours() -> list[str]:
        page = window.open("/map?scope=site")
        drawn(page)
        return page.locator(".dot").evaluate_all("all => all.map(one => one.style.background)")

    first = colours()
    assert len(set(first)) == 2
    assert colours() == first
    window.page.get_by_label("Settings").click()
    window.page.get_by_label("dark", exact=True).check()
    assert set(colours()).isdisjoint(first)


def test_names_stay_text(served: Site, window: Window) -> None:
    """Whatever a scope or a cluster is called."""
    large, _ = mapped(served, HOSTILE)
    name(served, large, HOSTILE, HOSTILE)
    page = window.open("/map")
    expect(page.get_by_role("button", name=f"Highlight {HOSTILE}")).to_be_visible()
    assert page.locator("img[src='x']").count() == 0


def test_a_server_that_fails(served: Site, window: Window) -> None:
    """One sentence, and another try."""
    mapped(served)

    def fail(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "this cannot be answered just now: try again"})

    window.page.route("**/api/v1/map*", fail)
    page = window.open("/map?scope=site")
    expect(page.get_by_role("alert")).to_contain_text("This cannot be answered just now")
    page.unroute("**/api/v1/map*")
    page.get_by_role("button", name="Try again").click()
    drawn(page)
    window.wrong = [one for one in window.wrong if "503" not in one]


def test_a_browser_without_webgl(served: Site, window: Window) -> None:
    """It still tells the clusters."""
    mapped(served)
    window.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page = window.open("/map?scope=site")
    expect(page.locator("#content")).to_contain_text("draws no WebGL")
    expect(page.get_by_role("list").get_by_role("button")).to_have_count(2)


def test_a_merged_cluster_is_one_colour(served: Site, window: Window) -> None:
    """As soon as the page looks again."""
    mapped_ids = mapped(served)
    served.correct(Correction("m", "site", Origin("x", 0, 0), MergeClusters(tuple(mapped_ids))))
    page = window.open("/map?scope=site")
    expect(page.get_by_role("img", name="Map of 5 photos on 1 cluster")).to_be_visible()


def contrast(one: list[float], other: list[float]) -> float:
    """As WCAG 2.2 defines it, of colours of 0 to 255."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: list[float]) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_told_from_the_page(window: Window, scheme: Literal["light", "dark"]) -> None:
    """Each of them, in both modes: 3:1, as things that are not text have to have."""
    window.page.emulate_media(color_scheme=scheme)
    page = window.open("/map?scope=site")
    found = page.evaluate("""async () => {
      const { background, colourOf } = await import("/static/js/map/colours.js");
      const { dark, back } = background();
      return { back, colours: [...Array(500).keys()].map((n) => colourOf(`cluster-${n}`, dark)) };
    }""")
    assert min(contrast(colour, found["back"]) for colour in found["colours"]) >= 3
