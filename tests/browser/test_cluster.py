"""A person looks at one cluster: its photos in space and time, and what happened to it."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from engine.commands import MergeClusters, NameCluster, Order
from engine.types import Correction, Origin
from exporters.view.answers import ClusterFilter
from tests.browser.kit import DAY_S, START, Site, Window

HOSTILE = "<img src=x onerror=alert(1)>"


def path_to(cluster_id: str, scope: str = "site") -> str:
    return "/cluster?" + urlencode({"scope": scope, "id": cluster_id})


def cluster_of(served: Site, item_id: str, scope: str = "site") -> str:
    found = served.view.explain(scope, item_id)
    assert found is not None
    return found.cluster.cluster_id


def correct(served: Site, order: Order, scope: str = "site") -> None:
    """Somebody else, at another machine."""
    name = f"other-{len(served.view.commands(scope))}"
    served.correct(Correction(name, scope, Origin("desk", 0, 0), order, "ann", 1e9))


def tiles(page: Page) -> list[str]:
    """Photos in the order they are shown."""
    return page.get_by_role("list", name="Photos").locator(".name").all_text_contents()


def test_members_in_two_orders(served: Site, window: Window) -> None:
    """The last that came stands first, or the first that was taken."""
    first = served.worker.photo(1, at=START + 9 * DAY_S)
    served.worker.photo(1, at=START)
    served.worker.photo(1, at=START + 5 * DAY_S)
    page = window.open(path_to(cluster_of(served, first)))
    photos = page.get_by_role("list", name="Photos").locator(".tile")
    expect(photos).to_have_count(3)
    assert tiles(page) == ["image-3", "image-2", "image-1"]
    page.get_by_label("Order").select_option(label="by capture time")
    expect(photos.first).to_contain_text("image-2")
    assert tiles(page) == ["image-2", "image-3", "image-1"]


def test_long_cluster_is_paged(served: Site, window: Window) -> None:
    """More photos are read as far as somebody scrolls."""
    items = served.worker.photos(*[1] * 70)
    page = window.open(path_to(cluster_of(served, items[0])))
    photos = page.get_by_role("list", name="Photos").locator(".tile")
    expect(photos).not_to_have_count(0)
    page.mouse.wheel(0, 20_000)
    expect(photos).to_have_count(70)


def test_timeline_shows_stretches_before_and_after(served: Site, window: Window) -> None:
    """Gaps part the time; looking at one stretch shows its photos alone."""
    days = [0, 1, 2, 100, 101, 200, 201, 202, 203]
    items = [served.worker.photo(1, at=START + day * DAY_S) for day in days]
    page = window.open(path_to(cluster_of(served, items[0])))
    stretches = page.get_by_role("group", name="Stretches of time").get_by_role("button")
    expect(stretches).to_have_count(3)
    expect(page.get_by_role("img", name="Timeline: 9 photos")).to_contain_text("3 months")
    stretches.nth(1).click()
    photos = page.get_by_role("list", name="Photos").locator(".tile")
    expect(photos).to_have_count(2)
    expect(page.get_by_role("button", pressed=True)).to_be_focused()
    phases = page.get_by_role("group", name="Before, during and after")
    expect(phases.get_by_role("button", name="Before 3")).to_be_visible()
    phases.get_by_role("button", name="After 4").click()
    expect(photos).to_have_count(4)
    page.get_by_role("button", name="All of the time").click()
    expect(photos).to_have_count(9)


def test_timeline_is_dragged(served: Site, window: Window) -> None:
    """A part of the axis is looked at by dragging over it."""
    items = [served.worker.photo(1, at=START + day * DAY_S) for day in range(10)]
    page = window.open(path_to(cluster_of(served, items[0])))
    axis = page.get_by_role("img", name="Timeline: 10 photos").bounding_box()
    assert axis is not None
    page.mouse.move(axis["x"] + 2, axis["y"] + 20)
    page.mouse.down()
    page.mouse.move(axis["x"] + axis["width"] * 0.5, axis["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.get_by_role("list", name="Photos").locator(".tile")).to_have_count(5)


def test_place_is_drawn_with_a_scale(served: Site, window: Window) -> None:
    """Dots, a bar of metres and the coordinates, which other programs open."""
    items = served.worker.photos(1, 1, 1)
    page = window.open(path_to(cluster_of(served, items[0])))
    expect(page.get_by_role("img", name="3 photos within")).to_contain_text("10 m")
    assert page.locator(".places .spot").count() == 3
    link = page.get_by_role("link", name="48.20020, 16.30020")
    assert (link.get_attribute("href") or "").startswith("geo:48.2002")


def test_history_is_told_in_sentences(served: Site, window: Window) -> None:
    """Who did what, newest first, with links to what it was about."""
    one, _, _, other, _ = served.worker.photos(1, 1, 1, 2, 2)
    kept, gone = cluster_of(served, one), cluster_of(served, other)
    correct(served, NameCluster(kept, HOSTILE))
    correct(served, MergeClusters((kept, gone)))
    page = window.open(path_to(kept))
    history = page.get_by_role("list", name="History").get_by_role("listitem")
    expect(history.first).to_contain_text(f"{gone[:10]} became part of it.")
    expect(history.first).to_contain_text("By ann, ")
    expect(history.nth(1)).to_contain_text(f"Named {HOSTILE}.")
    expect(history.last).to_contain_text("Founded by image-1.")
    expect(history.last.get_by_role("link", name="image-1")).to_have_attribute(
        "href", "/photo?scope=site&id=image-1%230"
    )


def test_retired_cluster_leads_to_its_heir(served: Site, window: Window) -> None:
    """Whoever has an old address finds out where the photos went."""
    one, other = served.worker.photos(1, 2)
    kept, gone = cluster_of(served, one), cluster_of(served, other)
    correct(served, MergeClusters((kept, gone)))
    page = window.open(path_to(gone))
    expect(page.get_by_text("This cluster is no more")).to_be_visible()
    expect(page.get_by_role("heading", name="Photos")).to_be_hidden()
    page.get_by_role("link", name="Go there").click()
    page.wait_for_url(f"**{path_to(kept)}")
    expect(page.get_by_role("list", name="Photos").locator(".tile")).to_have_count(2)


def test_new_photos_appear(served: Site, window: Window) -> None:
    """A photo that comes is there without anybody asking."""
    first = served.worker.photo(1)
    page = window.open(path_to(cluster_of(served, first)))
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    served.worker.photos(1, 2, 1)
    photos = page.get_by_role("list", name="Photos").locator(".tile")
    expect(photos).to_have_count(3)
    expect(photos.first).to_contain_text("image-4")
    expect(page.get_by_text("3 photos", exact=True)).to_be_visible()


def test_new_photos_let_somebody_write(served: Site, window: Window) -> None:
    """A name that is being written stays while photos come, and so does the focus."""
    first = served.worker.photo(1)
    page = window.open(path_to(cluster_of(served, first)))
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.get_by_role("button", name="Name it").click()
    page.get_by_label("Name of the cluster").fill("North")
    served.worker.photos(1, 1)
    expect(page.get_by_text("3 photos", exact=True)).to_be_visible()
    expect(page.get_by_label("Name of the cluster")).to_be_focused()
    page.keyboard.type(" gate")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="North gate")).to_be_visible()
    expect(page.get_by_role("button", name="Rename")).to_be_focused()


def test_changes_of_others_wait_for_whoever_chooses(served: Site, window: Window) -> None:
    """What is chosen stays chosen until somebody wants to see what has changed."""
    items = served.worker.photos(1, 1, 1)
    cluster = cluster_of(served, items[0])
    page = window.open(path_to(cluster))
    page.get_by_label("Select photo image-2").check()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    correct(served, NameCluster(cluster, "Gate"))
    expect(page.get_by_text("ann changed this cluster.")).to_be_visible()
    expect(page.get_by_label("Select photo image-2")).to_be_checked()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Gate")).to_be_visible()
    expect(page.get_by_text("ann changed this cluster.")).to_be_hidden()


def test_hostile_names_stay_text(served: Site, window: Window) -> None:
    """Scopes, photos and names that look like markup are shown as they are."""
    item = served.worker.photo(1, scope=HOSTILE, name=HOSTILE)
    cluster = cluster_of(served, item, HOSTILE)
    correct(served, NameCluster(cluster, HOSTILE), HOSTILE)
    page = window.open(path_to(cluster, HOSTILE))
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(page.get_by_role("list", name="Photos")).to_contain_text(HOSTILE)
    expect(page.get_by_label(f"Select photo {HOSTILE}")).to_have_count(1)


def test_timeline_by_keys_where_there_is_no_gap(served: Site, window: Window) -> None:
    """An even stretch of time has a beginning, a middle and an end to look at."""
    items = [served.worker.photo(1, at=START + day * DAY_S) for day in range(9)]
    page = window.open(path_to(cluster_of(served, items[0])))
    page.get_by_role("group", name="Stretches of time").get_by_role("button").last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Photos").locator(".tile")).to_have_count(3)
    expect(page.get_by_role("button", name="Before 6")).to_be_visible()


def test_a_failure_can_be_tried_again(served: Site, window: Window) -> None:
    """Where the photos cannot be read just now, the rest stands and the photos come later."""
    items = served.worker.photos(1, 1)
    window.page.route("**/cluster/members?*", lambda route: route.abort())
    page = window.open(path_to(cluster_of(served, items[0])))
    photos = page.get_by_role("region", name="Photos")
    expect(photos.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(page.get_by_role("list", name="History")).to_contain_text("Founded by image-1.")
    page.unroute("**/cluster/members?*")
    photos.get_by_role("button", name="Try again").click()
    expect(photos.locator(".tile")).to_have_count(2)
    window.wrong.clear()


def test_an_answer_of_somebody_else(served: Site, window: Window) -> None:
    """A proxy's own page in place of an answer is told, and is not waited on for ever."""
    items = served.worker.photos(1)
    html = "<html>"
    window.page.route("**/cluster/members?*", lambda route: route.fulfill(body=html), times=2)
    page = window.open(path_to(cluster_of(served, items[0])))
    photos = page.get_by_role("region", name="Photos")
    expect(photos.get_by_role("alert")).to_contain_text("What answers is not Cairn.")
    photos.get_by_role("button", name="Try again").click()
    expect(photos.locator(".tile")).to_have_count(1)


def test_nothing_to_show(served: Site, window: Window) -> None:
    """Without a name, and with one that nothing has, the page says what to do."""
    window.refusals = True
    page = window.open("/cluster")
    expect(page.get_by_text("Choose a cluster to look at.")).to_be_visible()
    served.worker.photo(1)
    window.open(path_to("nobody"))
    expect(page.get_by_role("alert")).to_contain_text("has no cluster 'nobody'")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert served.view.clusters(ClusterFilter(scope="site")).rows
    expect(page.get_by_role("link", name="All clusters")).to_be_visible()
