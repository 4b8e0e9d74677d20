"""Clusters merged on the page: by selection, by keys, by drag; undone; or told why not."""

from __future__ import annotations

from playwright.sync_api import expect

from engine.commands import MergeClusters
from tests.browser.kit import Site, Window
from tests.browser.sheet import card, cards, focused, living, order, pile, piles


def test_merged_by_selection_and_undone(served: Site, window: Window) -> None:
    """Two cards become one, and two again when that is undone; nothing else moves."""
    _, door, _ = piles(served, "Gate", "", "Tower")
    page = window.open("/clusters?scope=site")
    page.get_by_label("Select Gate").check()
    expect(page.get_by_role("region", name="Selected")).to_contain_text("select another")
    page.get_by_label(f"Select {door}").check()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("Merged 2 clusters into Gate.")).to_be_visible()
    expect(cards(page)).to_have_count(2)
    expect(card(page, "Gate")).to_contain_text("4 photos")
    expect(page.get_by_role("region", name="Selected")).to_be_hidden()
    expect(page.get_by_role("button", name="changed: show")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(cards(page)).to_have_count(3)
    expect(card(page, "Gate")).to_contain_text("2 photos")
    assert living(served) == 3


def test_merged_by_keys_alone(served: Site, window: Window) -> None:
    """No pointer is needed: find, walk, select, merge, and the focus stays on the pile."""
    _, door, _ = piles(served, "Gate", "", "Tower")
    page = window.open("/clusters?scope=site")
    expect(cards(page)).to_have_count(3)
    page.keyboard.press("j")
    expect(focused(page)).to_have_text("Tower")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    expect(focused(page)).to_have_text(door)
    page.keyboard.press("k")
    expect(focused(page)).to_have_text("Tower")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("m")
    expect(page.get_by_text("Merged 2 clusters into Tower.")).to_be_visible()
    expect(focused(page)).to_have_text("Tower")
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Selected")).to_be_hidden()
    page.keyboard.press("u")
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(cards(page)).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.type("tow")
    page.wait_for_url("**text=tow")
    expect(cards(page)).to_have_count(1)


def test_undo_waits_for_whoever_is_at_it(served: Site, window: Window) -> None:
    """What is said goes after a while, but not under a pointer or the focus."""
    _, door = piles(served, "Gate", "")
    page = window.page
    page.clock.install()
    window.open("/clusters?scope=site")
    page.get_by_label("Select Gate").check()
    page.get_by_label(f"Select {door}").check()
    page.get_by_role("button", name="Merge").click()
    undo = page.get_by_role("button", name="Undo")
    undo.hover()
    page.clock.fast_forward(30_000)
    expect(undo).to_be_visible()
    undo.focus()
    page.mouse.move(0, 0)
    page.clock.fast_forward(30_000)
    expect(undo).to_be_visible()
    undo.blur()
    page.clock.fast_forward(30_000)
    expect(undo).to_be_hidden()
    page.keyboard.press("u")
    expect(cards(page)).to_have_count(2)


def test_merged_by_drag(served: Site, window: Window) -> None:
    """A card dropped on another joins it, once somebody said yes."""
    _, door = piles(served, "Gate", "")
    page = window.open("/clusters?scope=site")
    dialog = page.get_by_role("dialog")
    card(page, door).drag_to(card(page, "Gate"))
    dialog.get_by_role("button", name="Cancel").click()
    expect(cards(page)).to_have_count(2)
    card(page, door).drag_to(card(page, "Gate"))
    expect(dialog).to_contain_text(f"{door} (2 photos) becomes part of Gate (2 photos).")
    dialog.get_by_role("button", name="Merge").click()
    expect(cards(page)).to_have_count(1)
    expect(card(page, "Gate")).to_contain_text("4 photos")


def test_a_cluster_that_changed_meanwhile(served: Site, window: Window) -> None:
    """What somebody else changed is not merged unseen: the page says so."""
    gate, door, tower = (pile(served, place, name) for place, name in enumerate(("Gate", "", "")))
    page = window.open("/clusters?scope=site")
    page.get_by_label("Select Gate").check()
    page.get_by_label(f"Select {door[:10]}").check()
    served.correct(order(MergeClusters((gate, tower))))
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("Somebody else changed this meanwhile")).to_be_visible()
    assert living(served) == 2
    page.get_by_role("button", name="Look again").click()
    expect(card(page, "Gate")).to_contain_text("4 photos")


def test_selection_survives_a_search(served: Site, window: Window) -> None:
    """Two clusters that are far apart in the list are found one after the other and merged."""
    _, door = piles(served, "Gate", "")
    page = window.open("/clusters?scope=site")
    page.get_by_label(f"Select {door}").check()
    page.get_by_label("Name contains").fill("gate")
    expect(cards(page)).to_have_count(1)
    page.get_by_label("Select Gate").check()
    page.keyboard.press("m")
    expect(page.get_by_text(f"Merged 2 clusters into {door}.")).to_be_visible()
    assert living(served) == 1


def test_what_cannot_be_merged(served: Site, window: Window) -> None:
    """Clusters of two scopes or two names cannot become one, and the page says why."""
    piles(served, "Gate", scope="a/b & c")
    piles(served, "Door", "Tower", scope="other")
    page = window.open("/clusters")
    expect(card(page, "Gate")).to_contain_text("a/b & c")
    page.get_by_label("Select Door").check()
    page.get_by_label("Select Tower").check()
    expect(page.get_by_text("They are called Door and Tower")).to_be_visible()
    page.get_by_label("Select Gate").check()
    expect(page.get_by_text("different scopes cannot be merged")).to_be_visible()
    expect(page.get_by_role("button", name="Merge")).to_be_disabled()
    card(page, "Door").drag_to(card(page, "Tower"))
    expect(page.get_by_text("They are called Tower and Door")).to_be_visible()
