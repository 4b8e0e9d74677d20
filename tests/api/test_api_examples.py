"""The OpenAPI document reads well: everything is named, described and shown by true examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from exporters.api.app import PREFIX, create_app
from exporters.api.port import Options, Tools
from exporters.view.port import View

OBVIOUS = frozenset(
    (
        *("ask", "attributes", "author", "body", "bottom", "box", "cluster", "cluster_id"),
        *("cluster_ids", "clusters", "command", "command_id", "content_hash", "count"),
        *("detail", "exemplars", "height", "id", "image", "image_id", "images", "item"),
        *("item_id", "item_ids", "items", "lat", "left", "limit", "location", "lon", "name"),
        *("offset", "partition", "pinned", "quality", "reason", "right", "rows", "scope"),
        *(
            "score",
            "size",
            "source",
            "spread",
            "state",
            "status",
            "title",
            "top",
            "type",
            "width",
            "x",
        ),
        *("y", "z"),
    )
)
"""Fields that say by their names what they are."""
NAMELESS = {"Health", "Page", "HTTPValidationError", "ValidationError"}
"""Answers that need no example: lists of what has one, and what the framework adds."""
Schema = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Schema:
    """No view is asked."""
    app = create_app(cast("View", None), Tools(), Options(), lambda: True)
    return app.openapi()


def operations(document: Schema) -> Iterator[tuple[str, Schema]]:
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            yield f"{method.upper()} {path}", call


def test_every_operation_says_what_it_is_for(document: Schema) -> None:
    """In a line, and more below it; no two alike."""
    summaries = [call.get("summary") for _, call in operations(document)]
    assert all(summaries)
    assert len(set(summaries)) == len(summaries)
    assert all(call.get("description") for _, call in operations(document))


def test_every_parameter_is_described(document: Schema) -> None:
    """In words; headers have their names from HTTP."""
    bare = [
        f"{name}: {parameter['name']}"
        for name, call in operations(document)
        for parameter in call.get("parameters", [])
        if not parameter.get("description") and parameter["in"] != "header"
    ]
    assert bare == []


def test_every_field_is_described_or_obvious(document: Schema) -> None:
    """And every answer as a whole."""
    models = document["components"]["schemas"]
    bare = [
        f"{model}.{name}"
        for model, schema in models.items()
        if model not in NAMELESS
        for name, field in schema["properties"].items()
        if not field.get("description") and name not in OBVIOUS
    ]
    assert bare == []
    mute = [model for model, schema in models.items() if not schema.get("description")]
    assert [model for model in mute if model.partition("_")[0] not in NAMELESS] == []


def test_every_answer_has_an_example(document: Schema) -> None:
    """But lists, whose rows have one."""
    models = document["components"]["schemas"].items()
    bare = [model for model, schema in models if not schema.get("examples")]
    assert [model for model in bare if model.partition("_")[0] not in NAMELESS] == []


def test_examples_are_what_they_are_examples_of(document: Schema) -> None:
    """Of answers, of parameters, of bodies: by the schemas that they stand in."""
    count = 0
    for schema in with_examples(document):
        validator = Draft202012Validator({**schema, "components": document["components"]})
        for example in schema["examples"]:
            validator.validate(example)
            count += 1
    assert count > 40
    assert PREFIX in next(iter(document["paths"]))


def with_examples(part: object) -> Iterator[Schema]:
    """Every schema that has examples."""
    if isinstance(part, dict):
        if isinstance(part.get("examples"), list):
            yield part
        for inner in part.values():
            yield from with_examples(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from with_examples(inner)
