"""The page's own files: small, of this house alone, with no way for text to become markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture import FILE_LINES

PAGE = Path(__file__).parents[2] / "exporters" / "page"
SCRIPTS = sorted(PAGE.rglob("*.js"))
TEMPLATES = sorted(PAGE.rglob("*.j2"))
FILES = [*SCRIPTS, *TEMPLATES, *sorted(PAGE.rglob("*.css"))]
NAMESPACES = "http://www.w3.org/"
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|DOMParser|srcdoc|\beval\(|new Function|javascript:"
)
INLINE = re.compile(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|\|\s*safe")
IMPORTED = re.compile(r"""(?:from|import)\s*\(?["']([^"']+)["']""")


def named(path: Path) -> str:
    return path.relative_to(PAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_files_are_small_and_ours(path: Path) -> None:
    """A newcomer reads each in one sitting, and none loads anything from elsewhere."""
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES
    assert re.search(r"https?://", text.replace(NAMESPACES, "")) is None


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_scripts_write_no_markup(path: Path) -> None:
    """Text of strangers goes into the document as text; what a script imports is there."""
    text = path.read_text()
    assert SINKS.search(text) is None
    for imported in IMPORTED.findall(text):
        assert (path.parent / imported).is_file()


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_templates_hold_no_script_or_style(path: Path) -> None:
    """The content security policy forbids them, so they would silently do nothing."""
    assert INLINE.search(path.read_text()) is None
