"""Events, dead letters and keys, checked against the published schemas."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import ConfirmCluster
from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    Confirmed,
    Constrained,
    Constraint,
    Created,
    Event,
    Forgotten,
    Inheritance,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Standing,
    Vouched,
)
from engine.photo_message import content_type_of, parse_photo, photo_record
from engine.types import Box, Claim, Correction, GeoPoint, ImageRecord, Item, Origin, Outcome, Photo
from engine.verdict import Evidence, Trial, Verdict
from engine.wire import (
    EVENT_TYPES,
    Record,
    cluster_key,
    event_body,
    event_records,
    journal_key,
    parse_journal_key,
)

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

DOCS = Path(__file__).parents[2] / "docs"
ASYNCAPI = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())
SCHEMAS = ASYNCAPI["components"]["schemas"]
ORIGIN = Origin("t", 0, 1)
TRIAL = Trial("c0", "b.jpg#0", 0.75, Verdict(31, 40, 15.5, 0.5, 12.0))
CHANGES: tuple[Change, ...] = (
    Created("c1", "a.jpg#0"),
    Assigned("c1", "a.jpg#0", 1, True, 1.0, Evidence("spawn", 0.25, None, (TRIAL,))),
    Confirmed("c1"),
    Merged("c1", "c0"),
    Carved("c1", 4, (("a.jpg#0", 1),)),
    Split("c2", "c1", (4,), ("a.jpg#0",)),
    Moved("c3", "c2", (4,), ("a.jpg#0",)),
    Calibrated(0.41, 0.3, 1.0, 120, drifted=False, sample=(0, 1)),
)
STANDING = Standing(1, confirmed=True, pinned=False, name="door")
LINK = Constraint(1, 4, together=False, cause="command-1", explicit=True)
CORRECTED: tuple[Change, ...] = (
    *CHANGES[2:],
    Revived("c0", "c1", Inheritance((1,), STANDING, STANDING), ("a.jpg#0",)),
    Named("c1", "gate", "door"),
    Vouched("c1", confirmed=True, pinned=True, was_confirmed=True, was_pinned=False),
    Constrained("c1", (LINK,)),
    Released("c1", (LINK,)),
    Forgotten("c1", "a.jpg#0", 4),
)


def outcome(origin: Origin, **attributes: str) -> Outcome:
    image = ImageRecord("dir/a.jpg", "site/1", origin, "ff", 4, 3, attributes=attributes)
    item = Item("a.jpg#0", np.ones(1, np.float32), Box(0, 0, 4, 3))
    events = tuple(Event("site/1", n, change) for n, change in enumerate(CHANGES, start=7))
    return Outcome(image, (item,), events)


def corrected(command_id: str = "command-1") -> Outcome:
    order = ConfirmCluster("c1")
    command = Correction(command_id, "site/1", Origin("t", 0, 1), order, author="me")
    events = tuple(Event("site/1", n, change) for n, change in enumerate(CORRECTED, start=7))
    return Outcome(command, (), events)


def headers(record: Record) -> dict[str, str]:
    return {name: raw.decode() for name, raw in record.headers}


def check(instance: Any, schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(instance)


@pytest.mark.parametrize("by_hand", [True, False])
def test_events_match_their_schemas(*, by_hand: bool) -> None:
    """Every kind of event has a schema file that its body and headers satisfy."""
    assert {type(change) for change in (*CHANGES, *CORRECTED)} == EVENT_TYPES.keys()
    for record in event_records(corrected() if by_hand else outcome(Origin("t", 0, 1))):
        check(headers(record), SCHEMAS["eventHeaders"])
        schema = json.loads((DOCS / "schemas" / f"{headers(record)['ce_type']}.json").read_text())
        body = orjson.loads(record.value or b"")
        check(body, schema)
        others = {"image_id"} if by_hand else {"command_id", "author"}
        assert set(body) == set(schema["properties"]) - others
        assert body["type"] == headers(record)["ce_type"]


@pytest.mark.parametrize(("label", "told"), [("", None), ("dog", "dog")])
def test_an_assignment_says_what_was_seen(label: str, told: str | None) -> None:
    """Box, class and score of the item that joined."""
    whole = outcome(Origin("t", 0, 1))
    item = replace(whole.items[0], box=Box(1.04, 2, 3, 4.06), label=label, score=0.87654)
    body = event_body(replace(whole, items=(item,)), whole.events[1])
    assert (body["box"], body["class"], body["score"]) == ([1.0, 2.0, 3.0, 4.1], told, 0.8765)


def test_a_calibration_is_about_its_scope() -> None:
    """It names no cluster, and the scope is its subject."""
    *clusters, scope = event_records(outcome(Origin("t", 0, 1)))
    assert headers(scope)["ce_subject"] == "site/1"
    assert {headers(record)["ce_subject"] for record in clusters} == {"c1", "c2", "c3"}
    assert "cluster_id" not in orjson.loads(scope.value or b"")


def test_asyncapi_refers_to_files_that_exist() -> None:
    """Each event message of the AsyncAPI document points at the schema of one event type."""
    messages = ASYNCAPI["components"]["messages"].values()
    payloads = {m["payload"]["$ref"] for m in messages if "payload" in m}
    files = {reference for reference in payloads if not reference.startswith("#")}
    assert files == {f"schemas/{path.name}" for path in (DOCS / "schemas").iterdir()}


def test_event_id_depends_on_photo_alone() -> None:
    """Another partition, offset or carrier gives the same ids; another photo or event does not."""
    in_kafka, in_folder = outcome(Origin("cairn.images", 3, 9)), outcome(Origin("file:a", 0, 1))
    ids = [headers(r)["ce_id"] for r in event_records(in_kafka)]
    assert ids == [headers(r)["ce_id"] for r in event_records(in_folder)]
    assert len(set(ids)) == len(CHANGES)
    of_commands = {headers(r)["ce_id"] for r in event_records(corrected("dir/a.jpg"))}
    assert of_commands.isdisjoint(ids)


def test_traceparent_is_handed_on() -> None:
    """A photo's trace context is on its events, other attributes are not."""
    record = event_records(outcome(Origin("t", 0, 1), traceparent="00-ab-cd-01", label="x"))[0]
    assert headers(record)["traceparent"] == "00-ab-cd-01"
    assert "label" not in headers(record)


def test_body_says_why() -> None:
    """An assignment carries its evidence, trials included."""
    told = outcome(Origin("t", 0, 1))
    evidence = event_body(told, told.events[1])["evidence"]
    trial = {"cluster_id": "c0", "exemplar": "b.jpg#0", "inliers": 31, "overlap": 0.5}
    assert evidence == {"kind": "spawn", "similarity": 0.25, "runner_up": None, "trials": [trial]}


def test_photo_headers_match_the_document() -> None:
    """What a producer writes is what the AsyncAPI document promises."""
    attributes = {"source": "cam", "label": "l", "note": "free", "traceparent": "00-ab-cd-01"}
    photo = Photo(
        "a", "s", Origin("f", 0, 0), b"x", 1714564800.25, GeoPoint(-1e-07, 12.5), attributes
    )
    record = photo_record(photo, "image/png")
    check(headers(record), SCHEMAS["photoHeaders"])
    assert headers(record)["captured-at"] == "2024-05-01T12:00:00.250000+00:00"


def test_a_claim_matches_its_schema() -> None:
    """As it is written here, and as others may write it, with everything in the value."""
    schema = json.loads((DOCS / "schemas" / "cairn.claim.v1.json").read_text())
    claim = Claim("https://h/a.jpg?x=1", "0f" * 32)
    record = photo_record(Photo("a", "s", Origin("f", 0, 0), claim), content_type_of(claim))
    check(headers(record), SCHEMAS["claimHeaders"])
    stated = orjson.loads(record.value or b"")
    check(stated, schema)
    stated |= {"ce_id": "a", "lat": -1.5, "lon": "2", "label": None, "attr-x": "1"}
    check(stated, schema)
    read = parse_photo(b"s", orjson.dumps(stated), [("content-type", b"application/json")], ORIGIN)
    assert (read.data, read.location) == (claim, GeoPoint(-1.5, 2.0))
    for wrong in ("a.jpg", "https://me@h/a", "https://h/a#b", "https://h/a b"):
        assert not jsonschema.Draft202012Validator(schema).is_valid(stated | {"uri": wrong})


@given(st.text(min_size=1), st.text(min_size=1))
def test_journal_key_is_read_back(scope: str, name: str) -> None:
    """Slashes in scopes and names never make two keys collide."""
    assert parse_journal_key(journal_key("outcome", scope, name)) == ("outcome", scope, name)
    assert cluster_key(scope, name) == journal_key("x", scope, name).removeprefix(b"x/")
