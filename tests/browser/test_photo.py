"""A person looks at one photo: what is known of it, why it lies there, how to put it right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from engine.pipeline import content_hash
from engine.types import Box, Item
from exporters.api.port import Tools
from tests.browser.kit import Site, Window, Worker, drawn, site
from tests.browser.test_cluster import HOSTILE, cluster_of
from tests.browser.test_correcting import assert_agreed, clusters, members
from tests.builders import features_of, prepared, unit


class Shelf:
    """The photos of the kit as they came; they are JPEGs, so showing them is handing them on."""

    def read(self, scope: str, image_id: str) -> bytes | None:
        number = re.fullmatch(r"image-(\d+)", image_id)
        return drawn(1, int(number[1]) if number else 1)

    def render(self, data: bytes) -> bytes:
        return data

    def matches(self, one: bytes, other: bytes, box_one: Box, box_other: Box) -> bytes:
        return one


def with_originals(worker: Worker) -> Tools:
    shelf = Shelf()
    return Tools(worker, originals=shelf, renderer=shelf, matcher=shelf)


def path_to(item_id: str, scope: str = "site") -> str:
    return "/photo?" + urlencode({"scope": scope, "id": item_id})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Site]:
    """A site with the originals of photos of place 1."""
    with site(tmp_path, with_originals) as made:
        yield made


def test_photo_with_its_facts(served: Site, window: Window) -> None:
    """The picture, time, place, size and cluster."""
    item = served.worker.photos(1, 1, 1)[1]
    page = window.open(path_to(item))
    expect(page.get_by_role("heading", name="image-2")).to_be_visible()
    expect(page.get_by_role("img", name="Photo image-2").first).to_have_attribute(
        "src", re.compile("image/picture")
    )
    facts = page.get_by_role("region", name="Facts")
    expect(facts).to_contain_text(re.compile("640 . 480 pixels"))
    expect(facts).to_contain_text("2024")
    expect(facts.get_by_role("link", name="48.20020, 16.30020")).to_be_visible()
    page.get_by_role("link", name=cluster_of(served, item)[:10]).first.click()
    page.wait_for_url("**/cluster?**")


def test_photo_explains_its_place(served: Site, window: Window) -> None:
    """What it was compared with, how well they agree, and what would have been enough."""
    items = served.worker.photos(1, 2, 1)
    window.refusals = True  # of the original of place 2
    page = window.open(path_to(items[2]))
    why = page.get_by_role("region", name="Why it lies here")
    expect(why).to_contain_text("It shows the same place as image-1: 8 of 8 matching points")
    trials = why.get_by_role("listitem")
    expect(trials).to_have_count(2)
    expect(trials.nth(0)).to_contain_text("8 of 8 agree")
    expect(trials.nth(0)).to_contain_text("needed 4.5")
    expect(trials.nth(0)).to_contain_text("2 days")
    expect(trials.nth(1)).to_contain_text("no matching points")
    window.open(path_to(items[1]))
    expect(why).to_contain_text("It founded a cluster: none of the 1 photo")
    window.open(path_to(items[0]))
    expect(why).to_contain_text("there was nothing to compare it with yet")


def test_matching_points_are_shown(served: Site, window: Window) -> None:
    """Two photos side by side, on request."""
    items = served.worker.photos(1, 1)
    page = window.open(path_to(items[1]))
    page.get_by_role("button", name="Show matching points").click()
    expect(page.get_by_role("img", name="Lines between points")).to_be_visible()


def test_neighbours_by_keys(served: Site, window: Window) -> None:
    """Arrows lead along the cluster, in order of time."""
    items = served.worker.photos(1, 2, 1, 1)
    page = window.open(path_to(items[2]))
    expect(page.get_by_text("2 of 3")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**" + path_to(items[3]))
    expect(page.get_by_text("3 of 3")).to_be_visible()
    expect(page.get_by_role("link", name="Next photo")).to_have_count(0)
    page.keyboard.press("k")
    page.wait_for_url("**" + path_to(items[2]))


def test_photo_is_split_off_and_back(served: Site, window: Window) -> None:
    """A correction of one photo shows its new cluster at once."""
    items = served.worker.photos(1, 1, 1)
    page = window.open(path_to(items[1]))
    expect(page.get_by_text("3 photos", exact=True)).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_text("1 photo", exact=True)).to_be_visible()
    assert len(clusters(served)) == 2
    page.keyboard.press("u")
    expect(page.get_by_text("3 photos", exact=True)).to_be_visible()
    assert_agreed(served)


def test_photo_is_linked_with_another(served: Site, window: Window) -> None:
    """Two photos of two clusters are said to show the same."""
    items = served.worker.photos(1, 2)
    page = window.open(path_to(items[0]))
    page.get_by_role("button", name="Link with another…").click()
    dialog = page.get_by_role("dialog", name="Link image-1 with another photo")
    dialog.get_by_role("button", name="image-2").click()
    dialog.get_by_role("button", name="They show the same").click()
    expect(page.get_by_text("2 photos", exact=True)).to_be_visible()
    assert len(clusters(served)) == 1
    assert_agreed(served)


def test_a_link_that_cannot_be_made(served: Site, window: Window) -> None:
    """Where the other photo's cluster cannot be asked for, the page says so."""
    items = served.worker.photos(1, 2)
    page = window.open(path_to(items[0]))
    page.get_by_role("button", name="Link with another…").click()
    dialog = page.get_by_role("dialog", name="Link image-1 with another photo")
    dialog.get_by_role("button", name="image-2").click()
    page.route("**/api/v1/cluster?*", lambda route: route.abort())
    dialog.get_by_role("button", name="They show the same").click()
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    assert len(clusters(served)) == 2
    window.wrong.clear()


def test_everything_on_a_photo_is_framed(served: Site, window: Window) -> None:
    """What was found on one photo is framed, and each frame leads to what it holds."""
    one = prepared(7, place=1, content=content_hash(drawn(1, 7)))
    car = replace(one.items[0], box=Box(10, 20, 200, 300), label="car", score=0.9)
    dog = Item("image-7#1", unit(8), Box(300, 200, 500, 400), features_of(8), label="dog")
    served.worker.take(replace(one, items=(car, dog)))
    served.view.put_thumbnail("site", "image-7", drawn(1, 7))
    page = window.open(path_to("image-7#0"))
    expect(page.get_by_role("region", name="Facts")).to_contain_text("car, 90 % sure")
    expect(page.locator(".framed .own")).to_have_attribute("width", "190")
    page.get_by_role("link", name="Also on this photo: dog (image-7#1)").click()
    page.wait_for_url("**" + path_to("image-7#1"))
    expect(page.get_by_role("link", name="Also on this photo: car (image-7#0)")).to_be_visible()


def test_forgotten_photo_leads_back(served: Site, window: Window) -> None:
    """Once it is gone, its cluster is the way on."""
    items = served.worker.photos(1, 1)
    window.refusals = True
    page = window.open(path_to(items[0]))
    page.get_by_role("button", name="Forget photo…").click()
    page.get_by_role("button", name="Forget for good").click()
    expect(page.get_by_text("This photo was forgotten.")).to_be_visible()
    assert members(served, clusters(served)[0].cluster_id) == {"image-2"}
    page.get_by_role("link", name="Its cluster").click()
    page.wait_for_url("**/cluster?**")


def test_hostile_names_stay_text(served: Site, window: Window) -> None:
    """An image id, a label or an attribute that looks like markup is shown as it is."""
    served.worker.photo(1, name=HOSTILE)
    one = prepared(7, place=1, content=content_hash(drawn(1, 7)))
    image = replace(one.image, attributes={HOSTILE: HOSTILE})
    served.worker.take(replace(one, image=image, items=(replace(one.items[0], label=HOSTILE),)))
    served.view.put_thumbnail("site", "image-7", drawn(1, 7))
    page = window.open(path_to("image-7#0"))
    expect(page.get_by_role("term").filter(has_text=HOSTILE)).to_be_visible()
    why = page.get_by_role("region", name="Why it lies here")
    expect(why).to_contain_text(f"It shows the same place as {HOSTILE}")
    window.open(path_to(f"{HOSTILE}#0"))
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_without_originals(tmp_path: Path, browser: Browser) -> None:
    """The small picture stands in, and the page says what is missing for the matching points."""
    with site(tmp_path) as bare:
        items = bare.worker.photos(1, 1)
        context = browser.new_context()
        page = context.new_page()
        page.goto(bare.url + path_to(items[1]))
        page.get_by_role("button", name="Show matching points").click()
        expect(page.get_by_role("alert")).to_contain_text("This server")
        picture = page.get_by_role("img", name="Photo image-2").first
        expect(picture).to_have_attribute("src", re.compile("image/thumbnail"))
        page.goto(bare.url + path_to("nothing#0"))
        expect(page.get_by_role("alert")).to_contain_text("has no item 'nothing#0'")
        page.goto(bare.url + "/photo")
        expect(page.get_by_text("Choose a photo to look at.")).to_be_visible()
        context.close()
