"""Corrections whose answers are lost or late: nothing is done twice or mistaken."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.kit import Site, Window
from tests.browser.test_cluster import cluster_of, path_to
from tests.browser.test_correcting import act, assert_agreed, choose, clusters, members, photos

COMMANDS = "**/api/v1/commands"
COMMAND = "**/api/v1/command?*"
PATIENCE_MS = 16_000


@pytest.fixture
def pile(served: Site) -> str:
    """A cluster of five photos."""
    return cluster_of(served, served.worker.photos(1, 1, 1, 1, 1)[0])


def split(page: Page, name: str) -> None:
    choose(page, name)
    act(page, "Split off")


def waiting(route: Route) -> None:
    route.fulfill(json={"scope": "site", "command_id": "any", "status": "waiting"})


def test_a_lost_answer(served: Site, window: Window, pile: str) -> None:
    """An order whose answer was lost is handed in again, and carried out once."""
    page = window.page
    ids: list[str] = []

    def lose(route: Route) -> None:
        route.fetch()
        ids.append(route.request.post_data_json["command_id"])
        route.abort()

    page.route(COMMANDS, lose, times=2)
    page.route(COMMAND, lambda route: route.fulfill(status=502, body="<html>"), times=2)
    window.open(path_to(pile))
    split(page, "image-2")
    expect(page.get_by_text("1 photo split off.")).to_be_visible()
    expect(photos(page)).to_have_count(4)
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert [row.size for row in clusters(served)] == [4, 1]
    assert_agreed(served)
    window.wrong.clear()


def test_undo_of_what_nobody_has_come_to(served: Site, window: Window, pile: str) -> None:
    """What was handed in last is taken back, though its worker was late; what was before stays."""
    page = window.page
    page.clock.install()
    window.open(path_to(pile))
    split(page, "image-2")
    expect(photos(page)).to_have_count(4)
    page.route(COMMAND, waiting)
    choose(page, "image-4")
    with page.expect_response(COMMAND):
        act(page, "Split off")
    page.clock.fast_forward(PATIENCE_MS)
    expect(page.get_by_text("No worker has come to it yet.")).to_be_visible()
    page.unroute(COMMAND)
    assert [row.size for row in clusters(served)] == [3, 1, 1]
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert members(served, pile) == {"image-1", "image-3", "image-4", "image-5"}
    assert_agreed(served)


def test_one_correction_at_a_time(served: Site, window: Window, pile: str) -> None:
    """A second order is refused while the first is under way."""
    page = window.page
    page.route(COMMAND, waiting)
    window.open(path_to(pile))
    choose(page, "image-2")
    with page.expect_response(COMMAND):
        act(page, "Split off")
    act(page, "Split off")
    expect(page.get_by_text("still under way")).to_be_visible()
    page.unroute(COMMAND)
    expect(page.get_by_text("1 photo split off.")).to_be_visible()
    assert [row.size for row in clusters(served)] == [4, 1]
    assert_agreed(served)
