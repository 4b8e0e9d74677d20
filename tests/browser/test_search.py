"""Search by words, by a photo that is dropped, pasted or chosen, and by one that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from engine.commands import NameCluster
from engine.errors import BadImage
from engine.types import Box, Correction, Origin, Vector
from exporters.api.port import NoTextModel, Tools
from tests.browser.kit import Site, Window, Worker, site
from tests.builders import unit

EVIL = "<img src=x onerror=alert(1)>"
WHOLE = Box(0, 0, 9, 9)
MOST_BYTES = 3 * 1024 * 1024 // 2
HAND_OVER = """([target, kind, name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File(["place 1".padEnd(bytes)], name, { type: "image/jpeg" }));
  const data = kind === "paste" ? { clipboardData: files } : { dataTransfer: files };
  const made = kind === "paste" ? ClipboardEvent : DragEvent;
  document.querySelector(target).dispatchEvent(
    new made(kind, { bubbles: true, cancelable: true, ...data }));
}"""
"""Browsers let no test drag a file in from outside."""


class Seer:
    """Sees the place that a photo names, and knows no words but those."""

    def of_image(self, data: bytes) -> Sequence[tuple[Box, Vector]]:
        if not data.startswith(b"place"):
            raise BadImage("not_an_image", "it is no photo")
        return [(WHOLE, self.of_words(data.decode()))]

    def of_words(self, words: str) -> Vector:
        if not words.startswith("place"):
            raise NoTextModel("there is no text model here: pip install 'imagecairn[text]'")
        return unit(1000 + int(words.split()[1]))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Site]:
    """A site that can search, with two photos of place 1 and one of place 2."""

    def tools(worker: Worker) -> Tools:
        return Tools(worker, searcher=Seer())

    with site(tmp_path, tools, max_image_bytes=MOST_BYTES) as made:
        made.worker.photos(1, 1, 2)
        yield made


def photo(name: str, content: bytes = b"place 1") -> FilePayload:
    return FilePayload(name=name, mimeType="image/jpeg", buffer=content)


def hand_over(page: Page, kind: str, name: str = "mine.jpg", size: int = 7) -> None:
    """What a browser tells a page when a photo of so many bytes is dropped or pasted."""
    page.evaluate(HAND_OVER, ["h1", kind, name, size])


def tiles(page: Page) -> Locator:
    return page.locator("#results").get_by_role("listitem")


def found(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("status")


def test_words(window: Window) -> None:
    """Photos that words describe, most alike first; an address brings the search back."""
    page = window.open("/search?scope=site")
    page.keyboard.press("/")
    page.keyboard.type("place 2")
    page.keyboard.press("Enter")
    expect(found(page)).to_have_text("3 photos found, most alike first.")
    expect(tiles(page).first).to_contain_text("image-3")
    page.wait_for_url("**/search?scope=site&words=place+2")
    page.reload()
    expect(page.get_by_label("Words")).to_have_value("place 2")
    expect(tiles(page)).to_have_count(3)
    page.go_back()
    expect(tiles(page)).to_have_count(0)


def test_groups(served: Site, window: Window) -> None:
    """What was found lies by cluster, which its name leads to, or one after another."""
    item = served.view.explain("site", "image-1#0")
    assert item is not None
    order = NameCluster(item.cluster.cluster_id, EVIL)
    served.correct(Correction("naming", "site", Origin("desk", 0, 0), order, "bob", 1e9))
    page = window.open("/search?scope=site&words=place+1")
    expect(page.get_by_role("heading", name=EVIL)).to_be_visible()
    expect(page.locator("#results section")).to_have_count(2)
    page.get_by_label("one group for each cluster").uncheck()
    expect(page.locator("#results section")).to_have_count(0)
    expect(tiles(page)).to_have_count(3)
    page.reload()
    expect(tiles(page)).to_have_count(3)
    expect(page.locator("#results section")).to_have_count(0)


def test_no_text_model(window: Window) -> None:
    """A server without words says what to install, not that something failed."""
    page = window.open("/search?scope=site&words=red")
    expect(page.get_by_role("alert")).to_contain_text("pip install 'imagecairn[text]'")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    window.wrong.clear()


def test_a_chosen_photo(window: Window) -> None:
    """It is shown beside what is like it; the same can be chosen again."""
    page = window.open("/search?scope=site")
    for _ in range(2):
        page.get_by_label("Choose a photo").set_input_files(photo(EVIL))
        expect(page.get_by_text(f"Photos like {EVIL}")).to_be_visible()
        expect(page.get_by_alt_text("The photo searched by")).to_be_visible()
        expect(tiles(page)).to_have_count(3)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_handed_over(window: Window, kind: str) -> None:
    """It may be dropped anywhere on the page, or pasted."""
    page = window.open("/search?scope=site")
    if kind == "drop":
        hand_over(page, "dragover")
        expect(page.get_by_text("Drop the photo to search by it")).to_be_visible()
    hand_over(page, kind)
    expect(page.get_by_text("Photos like mine.jpg")).to_be_visible()
    expect(tiles(page)).to_have_count(3)
    expect(page.get_by_text("Drop the photo to search by it")).to_be_hidden()


def test_what_is_no_photo(window: Window) -> None:
    """Other files are not even sent; what only looks like a photo is refused in a sentence."""
    page = window.open("/search?scope=site")
    text = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"x")
    page.get_by_label("Choose a photo").set_input_files(text)
    expect(page.get_by_text("“notes.txt” is not a photo.")).to_be_visible()
    hand_over(page, "drop", "huge.jpg", MOST_BYTES + 1)
    expect(page.get_by_text("is larger than 1.5 MB")).to_be_visible()
    assert window.wrong == []
    page.get_by_label("Choose a photo").set_input_files(photo("broken.jpg", b"no"))
    expect(page.get_by_role("alert")).to_contain_text("no photo")
    window.wrong.clear()


def test_a_photo_of_a_kind_that_the_browser_does_not_know(window: Window) -> None:
    """The end of its name tells, as for photos of some phones."""
    page = window.open("/search?scope=site")
    unknown = FilePayload(name="IMG_1.HEIC", mimeType="", buffer=b"place 1")
    with page.expect_request("**/api/v1/search/image?*") as asked:
        page.get_by_label("Choose a photo").set_input_files(unknown)
    assert asked.value.headers["content-type"] == "image/heic"
    expect(tiles(page)).to_have_count(3)


def test_an_answer_that_nobody_waits_for(window: Window) -> None:
    """Who went on before it came is not shown it."""
    page = window.page
    held: list[Route] = []
    page.route("**/api/v1/search/words?*", lambda route: held.append(route))  # noqa: PLW0108  it marks it
    window.open("/search?scope=site")
    page.get_by_label("Words").fill("place 1")
    with page.expect_request("**/api/v1/search/words?*"):
        page.keyboard.press("Enter")
    page.go_back()
    expect(page.get_by_text("Searching…")).to_be_hidden()
    with page.expect_response("**/api/v1/search/words?*") as answer:
        held[0].continue_()
    answer.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(tiles(page)).to_have_count(0)


def test_more_like_this(window: Window) -> None:
    """A photo that is there leads to others like it; the way back leads back."""
    page = window.open("/search?scope=site&words=place+2")
    tiles(page).filter(has_text="image-1").get_by_role("link", name="more like this").click()
    expect(page.get_by_text("Photos like image-1#0")).to_be_visible()
    expect(tiles(page).first).to_contain_text("image-2")
    page.go_back()
    expect(tiles(page).first).to_contain_text("image-3")


def test_by_an_image(window: Window) -> None:
    """An address may name an image; one that is not there is told of."""
    page = window.open("/search?scope=site&image=image-1")
    expect(tiles(page).first).to_contain_text("image-2")
    page = window.open("/search?scope=site&item=nobody")
    expect(page.get_by_role("alert")).to_contain_text("nobody")
    expect(page.get_by_alt_text("Photo nobody")).to_have_class("missing")
    window.wrong.clear()


def test_a_scope_is_taken(window: Window) -> None:
    """Search is of one scope: where none was chosen, the first there is, and the page says so."""
    page = window.open("/search?words=place+1")
    expect(tiles(page)).to_have_count(3)
    expect(page.get_by_role("combobox", name="Scope")).to_have_value("site")
