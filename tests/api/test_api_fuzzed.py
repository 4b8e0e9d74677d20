"""No question that anybody may think of is an error of the server."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.api.kit import Served, Tray, client_of, served
from tests.shards import SCOPE, Desk
from tests.view.server import blank

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
WORDS = st.sampled_from(["changed", "size", "name", "arrival", "captured", "lineage", "low"])
VALUES = TEXTS | NUMBERS | WORDS | st.sampled_from([SCOPE, "image-1", "image-2#0", "pending"])
CURSORS = st.builds(
    lambda *parts: urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("="),
    *(WORDS, TEXTS | st.integers(-(2**63), 2**64 - 1) | st.floats(), st.integers(-1, 2**64 - 1)),
)
ORDERS = ["merge", "split", "move", "confirm", "name", "link", "forget", "regroup", "undo"]
JSON = st.recursive(
    VALUES.filter(lambda value: not isinstance(value, int) or abs(value) < 2**63),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('fuzzed')}/view.db"
    address: str = request.getfixturevalue("server")
    blank(address)
    return address


@pytest.fixture(scope="module")
def filled(url: str) -> Iterator[Served]:
    with served(url) as api:
        bench = Desk()
        bench.photos(1, 1, 2, 3)
        api.fill(bench)
        api.client = client_of(api.view, Tray(), stopping=True)
        yield api


@pytest.fixture(scope="module")
def questions(filled: Served) -> list[tuple[str, list[str]]]:
    """Every address that answers a GET, and its parameters."""
    paths = filled.get("openapi.json")["paths"]
    return [
        (path, [one["name"] for one in calls["get"].get("parameters", []) if one["in"] == "query"])
        for path, calls in paths.items()
        if "get" in calls
    ]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_question_breaks_the_server(
    filled: Served, questions: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    """It is answered, or refused in words."""
    path, names = data.draw(st.sampled_from(questions))
    query: dict[str, Any] = {
        name: data.draw(CURSORS if name == "cursor" else VALUES)
        for name in names
        if data.draw(st.booleans())
    }
    if "scope" in names and data.draw(st.booleans()):
        query["scope"] = SCOPE
    check(filled.client, path, query)


def check(client: TestClient, path: str, query: dict[str, Any]) -> None:
    response = client.get(path, params=query)
    assert response.status_code in {200, 404, 409, 422}, response.text
    if response.status_code != 200:
        assert response.json()["detail"]


@settings(max_examples=200, deadline=None)
@given(
    body=st.dictionaries(
        st.sampled_from(["scope", "command_id", "cluster_id", "item_ids", "expects", "asked_at"]),
        JSON,
    ),
    order=st.sampled_from(ORDERS),
)
def test_no_command_breaks_the_server(filled: Served, body: dict[str, Any], order: str) -> None:
    """It is handed on, or refused in words."""
    content = orjson.dumps({**body, "command": order})
    kind = {"Content-Type": "application/json"}
    response = filled.client.post("/api/v1/commands", content=content, headers=kind)
    assert response.status_code in {202, 422}, response.text
