"""`cairn serve` with eyes, as a process."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.album import album
from tests.api.sights import SCOPE, clustered, pixels_of
from tests.api.test_serve_process import PATIENCE_S, serving
from tests.commands import complaint


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A view of one photo."""
    return clustered(tmp_path, {"a.jpg": album()["0-coffee.jpg"]})


def test_a_server_finds_photos_by_photos(tmp_path: Path, url: str) -> None:
    """With the models that the state was made with."""
    asked = {"scope": SCOPE}
    headers = {"Content-Type": "image/jpeg"}
    photos = tmp_path / "photos"
    options = ("--view", url, "--encoder", "builtin", "--images", str(photos))
    with serving(tmp_path, *options) as server:
        response = httpx.post(
            f"{server.url()}/api/v1/search/image",
            params=asked,
            headers=headers,
            content=album()["1-coffee.jpg"],
            timeout=PATIENCE_S,
        )
        assert [row["item"]["image_id"] for row in response.json()["rows"]] == ["a.jpg"]
        shown = httpx.get(
            f"{server.url()}/api/v1/image/picture",
            params={**asked, "id": "a.jpg"},
            timeout=PATIENCE_S,
        )
        assert pixels_of(shown.content).shape == pixels_of(album()["0-coffee.jpg"]).shape
        assert server.stop() == 0
        assert "Traceback" not in server.said.read_text()


def test_eyes_that_do_not_fit_are_refused(tmp_path: Path, url: str) -> None:
    """At the start, with what is configured and what the state was made with."""
    told = complaint("serve", "--port", "0", "--view", url, "--profile", "object")
    assert "profile place, but" in told
    assert "profile object" in told
    assert "shares no space" in complaint("serve", "--port", "0", "--view", url, "--text", "words")
    lost = complaint("serve", "--port", "0", "--view", url, "--images", tmp_path / "lost")
    assert "there is no directory" in lost
