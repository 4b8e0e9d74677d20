"""A person puts a cluster right, by mouse or keys; others do so at the same time."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.commands import NameCluster
from exporters.view.answers import ClusterFilter, ClusterRow
from tests.browser.kit import DAY_S, START, Site, Window
from tests.browser.test_cluster import cluster_of, correct, path_to


def photos(page: Page) -> Locator:
    return page.get_by_role("list", name="Photos").locator(".tile")


def choose(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select photo {name}", exact=True).check()


def act(page: Page, name: str) -> None:
    page.get_by_role("toolbar", name="Corrections").get_by_role("button", name=name).click()


def clusters(served: Site) -> list[ClusterRow]:
    return sorted(served.view.clusters(ClusterFilter(scope="site")).rows, key=lambda row: -row.size)


def members(served: Site, cluster_id: str) -> set[str]:
    return {row.image_id for row in served.view.members("site", cluster_id).rows}


def assert_agreed(served: Site) -> None:
    """What the view shows is what the shard's book holds."""
    shard = served.worker.shard
    book = shard.book.scope("site")
    assert {row.cluster_id for row in clusters(served)} == set(book.clusters)
    for row in clusters(served):
        cluster = book.clusters[row.cluster_id]
        lying = shard.members.members("site", list(cluster.prototypes))
        shown = {item.item_id for item in served.view.members("site", row.cluster_id).rows}
        assert shown == set(lying)
        assert (row.revision, row.name) == (cluster.revision, cluster.name)


@pytest.fixture
def pile(served: Site) -> str:
    """A cluster of five photos."""
    return cluster_of(served, served.worker.photos(1, 1, 1, 1, 1)[0])


def test_split_off_and_undo(served: Site, window: Window, pile: str) -> None:
    """Photos leave in two clicks and come back in one; the page shows it without a reload."""
    page = window.open(path_to(pile))
    choose(page, "image-2", "image-4")
    expect(page.get_by_text("2 photos chosen")).to_be_visible()
    act(page, "Split off")
    expect(photos(page)).to_have_count(3)
    expect(page.get_by_text("2 photos split off.")).to_be_visible()
    assert members(served, clusters(served)[1].cluster_id) == {"image-2", "image-4"}
    assert_agreed(served)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(photos(page)).to_have_count(5)
    assert len(clusters(served)) == 1
    assert_agreed(served)


def test_split_by_keys_alone(served: Site, window: Window, pile: str) -> None:
    """Nobody needs a mouse: walk, choose, split, undo."""
    page = window.open(path_to(pile))
    expect(photos(page)).to_have_count(5)
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("2 photos chosen")).to_be_visible()
    page.keyboard.press("s")
    expect(photos(page)).to_have_count(3)
    assert members(served, pile) == {"image-1", "image-2", "image-5"}
    expect(page.get_by_role("list", name="Photos")).to_be_focused()
    page.keyboard.press("u")
    expect(photos(page)).to_have_count(5)
    assert_agreed(served)


def test_choosing_by_range_and_all(window: Window, pile: str) -> None:
    """Shift, control and escape do what they do in any list of files."""
    page = window.open(path_to(pile))
    photos(page).nth(0).click(modifiers=["ControlOrMeta"])
    photos(page).nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("3 photos chosen")).to_be_visible()
    photos(page).nth(1).click()
    expect(page.get_by_text("2 photos chosen")).to_be_visible()
    page.keyboard.press("ControlOrMeta+a")
    expect(page.get_by_text("5 photos chosen")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="Corrections")).to_be_hidden()


def test_a_stretch_of_time_stays_looked_at(served: Site, window: Window) -> None:
    """Who works through a part of the time goes on there after a correction."""
    days = [0, 1, 2, 100, 101, 102]
    items = [served.worker.photo(1, at=START + day * DAY_S) for day in days]
    page = window.open(path_to(cluster_of(served, items[0])))
    page.get_by_role("group", name="Stretches of time").get_by_role("button").last.click()
    expect(photos(page)).to_have_count(3)
    choose(page, "image-5")
    act(page, "Split off")
    expect(photos(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Before 3")).to_be_visible()


def test_choosing_by_touch(window: Window, pile: str) -> None:
    """Where there are no keys to hold, a mode lets every touch choose."""
    page = window.open(path_to(pile))
    page.get_by_role("button", name="Select", exact=True).click()
    photos(page).nth(1).click()
    photos(page).nth(3).click()
    expect(page.get_by_text("2 photos chosen")).to_be_visible()


def test_move_to_a_cluster_by_name(served: Site, window: Window, pile: str) -> None:
    """The dialog finds clusters by a part of their name; Escape leaves all as it is."""
    other = cluster_of(served, served.worker.photo(2))
    correct(served, NameCluster(other, "North gate"))
    page = window.open(path_to(pile))
    choose(page, "image-3")
    act(page, "Move to…")
    dialog = page.get_by_role("dialog", name="Move 1 photo to…")
    expect(dialog.get_by_role("button", name="North gate")).to_be_visible()
    dialog.get_by_label("Name").fill("nowhere")
    expect(dialog.get_by_text("Nothing is found.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert members(served, pile) == {f"image-{n}" for n in range(1, 6)}
    page.keyboard.press("m")
    dialog.get_by_label("Name").fill("north")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(photos(page)).to_have_count(4)
    assert members(served, other) == {"image-3", "image-6"}
    assert_agreed(served)


def test_drop_photos_on_another_cluster(served: Site, window: Window, pile: str) -> None:
    """What is chosen goes where it is dropped."""
    other = cluster_of(served, served.worker.photo(2))
    page = window.open(path_to(pile))
    choose(page, "image-1", "image-3")
    target = page.get_by_role("list", name="Similar clusters").get_by_role("article")
    photos(page).filter(has_text="image-3").hover()
    page.mouse.down()
    target.hover()
    expect(page.locator("body.dragging")).to_be_visible()
    target.hover()  # it came nearer
    page.mouse.up()
    expect(photos(page)).to_have_count(3)
    assert members(served, other) == {"image-1", "image-3", "image-6"}
    assert_agreed(served)


def test_merge_with_a_similar_cluster(served: Site, window: Window, pile: str) -> None:
    """One click puts two clusters together."""
    served.worker.photo(2)
    page = window.open(path_to(pile))
    page.get_by_role("button", name="Merge with this one").click()
    expect(photos(page)).to_have_count(6)
    expect(page.get_by_text("No other cluster is like it.")).to_be_visible()
    assert [row.cluster_id for row in clusters(served)] == [pile]
    assert_agreed(served)


def test_not_the_same(served: Site, window: Window, pile: str) -> None:
    """Two photos are kept apart for good."""
    page = window.open(path_to(pile))
    choose(page, "image-1", "image-2")
    act(page, "Not the same")
    expect(page.get_by_text("Kept apart: they do not show the same.")).to_be_visible()
    assert len(clusters(served)) == 2
    expect(page.get_by_role("list", name="History")).to_contain_text("Two photos kept apart")
    assert_agreed(served)


def test_name_and_confirm(served: Site, window: Window, pile: str) -> None:
    """A name is written where it stands, and a person vouches."""
    page = window.open(path_to(pile))
    page.get_by_role("button", name="Name it").click()
    page.get_by_label("Name of the cluster").fill("North gate")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="North gate")).to_be_visible()
    page.get_by_role("button", name="Confirm cluster").click()
    expect(page.get_by_text("confirmed by a person", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Confirm cluster")).to_be_hidden()
    shown = clusters(served)[0]
    assert (shown.name, shown.pinned) == ("North gate", True)
    assert_agreed(served)


def test_forgetting_asks_first(served: Site, window: Window, pile: str) -> None:
    """A photo is gone for good only once somebody said so twice."""
    page = window.open(path_to(pile))
    choose(page, "image-5")
    act(page, "Forget photo…")
    dialog = page.get_by_role("dialog", name="Forget image-5?")
    expect(dialog).to_contain_text("cannot be undone")
    dialog.get_by_role("button", name="Cancel").click()
    assert served.view.image("site", "image-5") is not None
    act(page, "Forget photo…")
    dialog.get_by_role("button", name="Forget for good").click()
    expect(photos(page)).to_have_count(4)
    assert served.view.image("site", "image-5") is None
    assert_agreed(served)


def test_two_people_correct_one_cluster(served: Site, window: Window, pile: str) -> None:
    """The second learns that the first was there, and nothing of either is lost or done twice."""
    page = window.open(path_to(pile))
    expect(photos(page)).to_have_count(5)
    second = page.context.browser
    assert second is not None
    context = second.new_context()
    other = context.new_page()
    other.goto(window.url + path_to(pile))
    choose(other, "image-1", "image-2")
    choose(page, "image-2", "image-3")
    act(page, "Split off")
    expect(photos(page)).to_have_count(3)
    expect(other.get_by_text("Somebody changed this cluster.")).to_be_visible()
    expect(other.get_by_text("2 photos chosen")).to_be_visible()
    act(other, "Split off")
    expect(other.get_by_text("Somebody else changed this meanwhile")).to_be_visible()
    assert members(served, pile) == {"image-1", "image-4", "image-5"}
    other.get_by_role("button", name="Look again").click()
    expect(photos(other)).to_have_count(3)
    choose(other, "image-1")
    act(other, "Split off")
    expect(photos(other)).to_have_count(2)
    assert [row.size for row in clusters(served)] == [2, 2, 1]
    assert_agreed(served)
    context.close()


def test_a_refusal_is_told(served: Site, window: Window) -> None:
    """What cannot be done is said in a sentence, and all stays as it is."""
    alone = cluster_of(served, served.worker.photo(1))
    page = window.open(path_to(alone))
    choose(page, "image-1")
    act(page, "Split off")
    expect(page.get_by_text("Nothing was done")).to_be_visible()
    expect(page.get_by_text("1 photo chosen")).to_be_visible()
    assert_agreed(served)
