"""The OpenAPI document keeps its word: schemathesis asks by it, on both kinds of databases.

API_FUZZ_EXAMPLES is how many questions of each kind it draws for each address.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.openapi import from_asgi

from engine.commands import MergeClusters, NameCluster
from engine.lineage import Confirmed, Merged, Named
from engine.pipeline import content_hash
from engine.types import Box, GeoPoint, ImageRecord, Origin, Outcome, Rejection, Vector
from exporters.api import examples
from exporters.api.app import PREFIX, create_app
from exporters.api.port import Options, Tools
from tests.api.kit import Tray, bearing, served
from tests.builders import unit
from tests.view.kit import Album
from tests.view.server import blank

EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "8"))
TOKEN = "secret"  # noqa: S105 # of nothing
JPEG = b"\xff\xd8"
UNCHECKED = {
    "positive_data_acceptance": {"enabled": False},  # a cursor of our making is no random text
}
LENIENT = {
    "include-path": f"{PREFIX}/commands",
    # As in messages, fields of other orders are no concern of an order.
    "checks": {"negative_data_rejection": {"enabled": False}},
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('documented')}/view.db"
    address: str = request.getfixturevalue("server")
    blank(address)
    return address


@pytest.fixture(scope="module")
def app(url: str) -> Iterator[FastAPI]:
    """The API over a view of what the examples tell, whose streams of events end at once."""
    album, place = Album(examples.SCOPE), GeoPoint(**examples.PLACE)
    gate, twin, command_id = examples.CLUSTER_ID, "77ab42", examples.COMMAND_ID
    shown = {"at": 1714564800.0, "place": place, "attributes": {"label": "gate"}}
    with served(url) as api:
        api.feed.tell(
            kept(album.photo(examples.IMAGE_ID, gate, label="door", **shown)),
            kept(album.photo("IMG_1.jpg", gate, founds=False, more=[Confirmed(gate)])),
            album.photo("IMG_6.jpg", twin),
            album.command(command_id, MergeClusters((gate, twin)), Merged(gate, twin)),
            album.command("named", NameCluster(gate, "North gate"), Named(gate, "North gate", "")),
            album.photo("IMG_7.jpg", "other"),
            Rejection("IMG_9.jpg", examples.SCOPE, Origin("images", 0, 9), "too_large", "412 MP"),
        )
        api.view.put_thumbnail(examples.SCOPE, examples.IMAGE_ID, JPEG)
        api.view.refresh(examples.SCOPE)
        eyes = Eyes()
        tools = Tools(Tray(), eyes, eyes, eyes, eyes)
        yield create_app(api.view, tools, Options(TOKEN), lambda: True)


def kept(outcome: Outcome) -> Outcome:
    """A photo whose original is `JPEG`."""
    assert isinstance(outcome.cause, ImageRecord)
    return replace(outcome, cause=replace(outcome.cause, content_hash=content_hash(JPEG)))


class Eyes:
    """All tools that look at photos: whatever they are asked, they see the same."""

    def of_image(self, data: bytes) -> Sequence[tuple[Box, Vector]]:
        return [(Box(0, 0, 64, 48), unit(1))]

    def of_words(self, words: str) -> Vector:
        return unit(1)

    def read(self, scope: str, image_id: str) -> bytes:
        return JPEG

    def render(self, data: bytes) -> bytes:
        return JPEG

    def matches(self, one: bytes, other: bytes, box_one: Box, box_other: Box) -> bytes:
        return JPEG


def config() -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "headers": bearing(TOKEN),
            "checks": UNCHECKED,
            "operations": [LENIENT],
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
            "phases": {"stateful": {"enabled": False}},
        }
    )


def test_answers_are_as_documented(app: FastAPI) -> None:
    """No error of the server, no status that is not documented, no answer of another shape.

    And wherever an answer is documented, one was seen.
    """
    document = from_asgi(f"{PREFIX}/openapi.json", app, config=config(), headers=bearing(TOKEN))
    answered: set[str] = set()
    wrong: set[str] = set()
    for event in from_schema(document).execute():
        assert not isinstance(event, events.FatalError), event.exception
        if isinstance(event, events.NonFatalError):
            wrong.add(f"{event.label}: {event.value}")
        if isinstance(event, events.ScenarioFinished):
            wrong.update(failures(event))
            answered.update(f"{event.label}" for status in statuses(event) if status < 300)
    assert not wrong, "\n".join(sorted(wrong))
    assert answered == {one.ok().label for one in document.get_all_operations()}


def statuses(event: events.ScenarioFinished) -> Iterator[int]:
    """Of all answers."""
    for interaction in event.recorder.interactions.values():
        if interaction.response is not None:
            yield interaction.response.status_code


def failures(event: events.ScenarioFinished) -> Iterator[str]:
    """What is wrong, and how to ask for it again."""
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                told = " ".join(failure.message.split())
                yield f"{event.label}: {failure.title}: {told}\n  {check.failure_info.code_sample}"
