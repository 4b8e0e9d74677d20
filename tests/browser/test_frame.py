"""What stands around every page: menu, scope, colours, login, and a policy against all foreign."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from exporters.page.pages import PAGES
from tests.browser.kit import Site, Window, site

WORD = "open sesame"


@pytest.mark.parametrize("path", [page.path for page in PAGES if page.in_menu])
def test_pages_are_guarded_by_a_policy(served: Site, path: str) -> None:
    """Each page forbids scripts, styles and frames of others."""
    answer = httpx.get(served.url + path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


def test_scope_goes_with_the_menu(served: Site, window: Window) -> None:
    """Who chose a scope stays in it."""
    served.worker.photos(1, 2, scope="a/b & c")
    page = window.open("/clusters")
    page.get_by_role("combobox", name="Scope").fill("a/b & c")
    page.get_by_role("combobox", name="Scope").press("Enter")
    page.wait_for_url("**/clusters?scope=*")
    page.get_by_role("link", name="Overview").click()
    page.wait_for_url("**/?scope=*")
    expect(page.get_by_role("combobox", name="Scope")).to_have_value("a/b & c")


def test_colours_are_remembered(window: Window) -> None:
    """Dark stays dark on the next page."""
    page = window.open("/")
    page.get_by_label("Settings").click()
    page.get_by_label("dark", exact=True).check()
    window.open("/clusters")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_shortcuts_are_listed(window: Window) -> None:
    """A question mark tells which keys there are."""
    page = window.open("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("this list")


def test_shortcuts_can_be_switched_off(served: Site, window: Window) -> None:
    """Who dictates can do without keys that act by themselves; the list of them stays."""
    served.worker.photos(1)
    page = window.open("/clusters")
    page.get_by_label("Settings").click()
    page.get_by_label("shortcuts of a single character").uncheck()
    window.open("/clusters")
    box = page.get_by_label("Select", exact=False).first
    page.get_by_role("article").get_by_role("heading").get_by_role("link").focus()
    page.keyboard.press("x")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).not_to_be_checked()
    page.get_by_label("Settings").click()
    page.get_by_label("shortcuts of a single character").check()
    page.get_by_role("article").get_by_role("heading").get_by_role("link").focus()
    page.keyboard.press("x")
    expect(box).to_be_checked()


def test_a_key_held_down_acts_once(served: Site, window: Window) -> None:
    """Repeats of a key are of no more effect, for corrections cannot be meant by the dozen."""
    served.worker.photos(1)
    page = window.open("/clusters")
    expect(page.get_by_role("article")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.down("x")
    page.keyboard.down("x")
    expect(page.get_by_label("Select", exact=False).first).to_be_checked()


def test_login(browser: Browser, tmp_path: Path) -> None:
    """With a token nothing is shown before it was given, and then what was wanted."""
    with site(tmp_path, token=WORD) as made:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{made.url}/clusters?scope=site")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("not the token")
        page.get_by_label("Token").fill(WORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/clusters?scope=site")
        assert page.evaluate("fetch('/api/v1/scopes').then(answer => answer.status)") == 200
        assert WORD not in str(context.cookies())
        page.get_by_label("Settings").click()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        assert httpx.get(f"{made.url}/api/v1/scopes").status_code == 401
        context.close()


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_login_leads_nowhere_else(tmp_path: Path, wanted: str) -> None:
    """A link to the login of this server cannot lead to another."""
    with site(tmp_path, token=WORD) as made:
        answer = httpx.post(f"{made.url}/login", data={"token": WORD, "next": wanted})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie


def test_a_form_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Nobody who has no token may fill the memory of the server."""
    with site(tmp_path, token=WORD) as made:
        assert httpx.post(f"{made.url}/login", content=b"token=" + b"x" * 20_000).status_code == 413
