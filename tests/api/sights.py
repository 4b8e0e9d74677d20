"""An API over a view of real photos, with the eyes that its state was made with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from cairn.options import settings_of
from cairn.sections import Settings
from cairn.tools import tools_of
from engine.types import Rgb
from exporters.api.app import create_app
from exporters.api.port import Options, Tools
from exporters.view.database import Database
from exporters.view.opening import open_filled_view
from exporters.view.port import View
from tests.album import album, write
from tests.api.kit import HERE
from tests.api.test_api_refusing import complaint
from tests.commands import cairn
from tests.images import encoded

SCOPE = "default"


class Shelf:
    """Originals that a test lays down."""

    def __init__(self, photos: dict[str, bytes]) -> None:
        self.photos = dict(photos)

    def read(self, scope: str, image_id: str) -> bytes | None:
        return self.photos.get(image_id) if scope == SCOPE else None


@dataclass
class Sights:
    """A view of real photos and who asks about them."""

    view: View
    tools: Tools
    shelf: Shelf
    options: Options = field(default_factory=Options)

    @cached_property
    def client(self) -> TestClient:
        return client_over(self.view, self.tools, self.options)

    def found(self, response: Any) -> list[tuple[str, float]]:
        """The photos of an answer, with their cosines."""
        assert response.status_code == 200, response.text
        return [(row["item"]["image_id"], row["cosine"]) for row in response.json()["rows"]]

    def by_image(self, data: bytes, kind: str = "image/jpeg", **query: Any) -> Any:
        return self.client.post(
            "/api/v1/search/image",
            params={"scope": SCOPE, **query},
            content=data,
            headers={"Content-Type": kind},
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", params={"scope": SCOPE, **query})

    def refused(self, status: int, path: str, **query: Any) -> str:
        return complaint(self.get(path, **query), status)


def client_over(view: View, tools: Tools, options: Options | None = None) -> TestClient:
    app = create_app(view, tools, options or Options(), lambda: False)
    return TestClient(app, base_url=HERE)


def clustered(folder: Path, photos: dict[str, bytes], *options: object) -> str:
    """Let the commands cluster photos; address of the view of them."""
    source = write(folder / "photos", photos)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CAIRN_METRICS__PORT", "0")  # others may run at the same time
        cairn("run", "--source", source, "--once", "--state", folder / "state", *options)
    url = f"sqlite:///{folder}/view.db"
    cairn("view", "--state", folder / "state", "--to", url)
    return url


@contextmanager
def sights_of(url: str, settings: Settings, photos: dict[str, bytes]) -> Iterator[Sights]:
    shelf = Shelf(photos)
    with closing(open_filled_view(url)) as view:
        yield Sights(view, tools_of(settings, view, originals=shelf), shelf)


@contextmanager
def album_sights(folder: Path) -> Iterator[Sights]:
    """Those of the album."""
    with sights_of(clustered(folder, album()), settings_of(None), album()) as made:
        yield made


def opened(url: str) -> Database:
    return open_filled_view(url)


def pixels_of(jpeg: bytes) -> Rgb:
    """What a JPEG shows."""
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found[:, :, ::-1], np.uint8)


def as_jpeg(pixels: Any) -> bytes:
    return encoded(pixels, "JPEG", quality=92)
