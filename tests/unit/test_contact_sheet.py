"""The contact sheet: complete, self-contained, and safe with hostile names."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser

import numpy as np
import pytest

from engine.types import GeoPoint, Origin, Rejection
from exporters.contact_sheet import ClusterCard, Member, Report, render_contact_sheet, thumbnail

HOSTILE = '"><img src=x onerror=alert(1)>.jpg'


class Page(HTMLParser):
    """Collects start tags and text as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _member(name: str, at: float | None = None) -> Member:
    return Member(name, b"\xff\xd8jpeg", at, 0.875)


def _report(**changes: object) -> Report:
    fields: dict[str, object] = {
        "title": "Demo",
        "encoder": "builtin",
        "profile": "place",
        "seconds": 2.0,
        "clusters": (),
    }
    return Report(**{**fields, **changes})  # type: ignore[arg-type]


def test_hostile_names_stay_text() -> None:
    """Markup in names, ids, titles and reasons is shown and never becomes an element."""
    card = ClusterCard(HOSTILE, "confirmed", (_member(HOSTILE),))
    rejection = Rejection(HOSTILE, "demo", Origin("x", 0, 1), "truncated", HOSTILE)
    report = _report(title=HOSTILE, encoder=HOSTILE, clusters=(card,), rejected=(rejection,))
    page = Page(render_contact_sheet(report))
    assert len(page.all("img")) == 1
    assert not [1 for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) >= 6


def test_nothing_is_fetched_and_no_script_may_run() -> None:
    """Every reference is a data URI or a fragment; the policy pins the one style sheet."""
    html = render_contact_sheet(
        _report(clusters=(ClusterCard("c1", "confirmed", (_member("a"),)),))
    )
    page = Page(html)
    links = [a[key] or "" for _, a in page.tags for key in ("src", "href") if key in a]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not page.all("script")
    assert "url(" not in html
    assert "@import" not in html
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page.all("meta")[1]["content"] or ""
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert f"style-src 'sha256-{digest}'" in policy


def test_members_lie_in_time_order_and_long_piles_are_cut() -> None:
    """Oldest first, unknown times last; beyond the limit the sheet says how many more."""
    members = (*(_member(f"p{n:02d}", 1000.0 - n) for n in range(30)), _member("untimed"))
    page = Page(render_contact_sheet(_report(clusters=(ClusterCard("c", "confirmed", members),))))
    shown = [image["alt"] for image in page.all("img")]
    assert shown[:2] == ["Photo p29", "Photo p28"]
    assert len(shown) == 24
    assert "+7 more" in page.text


def test_the_header_counts_everything() -> None:
    """Totals cover piles, singles and rejected; B-cubed shows only where labels are known."""
    report = _report(
        clusters=(
            ClusterCard("a", "confirmed", (_member("1"), _member("2")), "high", GeoPoint(1.5, 2.5)),
            ClusterCard("b", "pending", (_member("3"),)),
        ),
        singles=(_member("4"),),
        rejected=(Rejection("5", "demo", Origin("x", 0, 1), "truncated", "ends early"),),
        bcubed=0.98765,
    )
    text = " ".join(Page(render_contact_sheet(report)).text.split())
    for fact in ("images 5", "confirmed cluster 1", "pending 1", "single 1", "rejected 1"):
        assert fact in text
    assert "B-cubed F 0.988" in text
    assert "1.50000, 2.50000" in text
    assert "truncated" in text
    assert "ends early" in text
    assert "B-cubed" not in render_contact_sheet(_report())


def test_the_page_is_built_for_screen_readers() -> None:
    """Landmarks, one h1, a skip link, an alternative text for each picture, lazy loading."""
    card = ClusterCard("c", "confirmed", (_member("a"), _member("b")))
    page = Page(render_contact_sheet(_report(clusters=(card,), singles=(_member("s"),))))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0]["href"] == "#clusters"
    for image in page.all("img"):
        assert image["alt"]
        assert image["loading"] == "lazy"
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    named = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert named <= ids


@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 900, 3), (20, 30, 3), (900, 300, 3)])
def test_thumbnails_are_small(shape: tuple[int, int, int]) -> None:
    """Whatever the picture, its thumbnail is a JPEG that a page can carry by the thousand."""
    noise = np.random.default_rng(1).normal(128, 40, shape).clip(0, 255).astype(np.uint8)
    data = thumbnail(noise)
    assert data.startswith(b"\xff\xd8")
    assert len(data) <= 8_000
