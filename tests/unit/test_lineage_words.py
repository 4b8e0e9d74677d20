"""Lineage in words: what happened to a cluster, seen from it."""

from __future__ import annotations

import pytest

from engine.commands import ConfirmCluster
from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    Confirmed,
    Constrained,
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
from engine.types import Correction, Origin, Outcome
from engine.verdict import Evidence
from engine.wire import EVENT_TYPES, event_body
from exporters.lineage import in_words

STANDING = Standing(1, confirmed=True, pinned=False, name="")
LEFT = Inheritance((1,), STANDING, STANDING)
SENTENCES: list[tuple[Change, str | None, str | None]] = [
    (Merged("one", "two"), "Took in two", "Became part of one"),
    (
        Split("two", "one", (1,), ("a#0", "b#0")),
        "Gave 2 photos to two, split off",
        "Split off from one",
    ),
    (Moved("one", "two", (1,), ("a#0",)), "Got 1 photo from two", "Gave 1 photo to one"),
    (Revived("two", "one", LEFT, ("a#0",)), "Gave two its 1 photo back", "Came apart from one"),
    (Named("one", "<b>", ""), "Was named “<b>”", None),
    (Named("one", "", "<b>"), "Lost its name", None),
    (
        Vouched("one", confirmed=True, pinned=True, was_confirmed=False, was_pinned=False),
        "Was confirmed by a person",
        None,
    ),
    (
        Vouched("one", confirmed=False, pinned=False, was_confirmed=True, was_pinned=True),
        "Is no longer vouched for",
        None,
    ),
    (Constrained("one", ()), "Was told what belongs together, or does not", None),
    (Released("one", ()), "Was told that a link holds no more", None),
    (Forgotten("one", "a#0", 1), "Had a photo forgotten", None),
    (Created("one", "a#0"), None, None),
    (Assigned("one", "a#0", 1, founds=True, confidence=1, evidence=Evidence("spawn")), None, None),
    (Confirmed("one"), None, None),
    (Carved("one", 2, (("a#0", 1),)), None, None),
    (Calibrated(0.5, 0.5, 0.5, 9, drifted=False, sample=()), None, None),
]


@pytest.mark.parametrize(("change", "for_one", "for_two"), SENTENCES)
def test_what_happened_is_told_from_either_side(
    change: Change, for_one: str | None, for_two: str | None
) -> None:
    """And who asked for it; what every photo does is left out."""
    body = _body(change, "ann")
    assert in_words(body, "one") == (for_one and f"{for_one}, as ann asked.")
    if for_two is not None:
        assert in_words(body, "two") == f"{for_two}, as ann asked."


def test_every_kind_of_event_is_known() -> None:
    """A new one is told, or left out on purpose."""
    assert {type(change) for change, _, _ in SENTENCES} == set(EVENT_TYPES)


def test_nobody_asked_for_what_evidence_did() -> None:
    """Nor is a name made up for somebody who gave none."""
    merged = Merged("one", "two")
    assert in_words(_body(merged, ""), "one") == "Took in two, as somebody asked."
    by_photo = {k: v for k, v in _body(merged, "").items() if k not in {"command_id", "author"}}
    assert in_words(by_photo | {"image_id": "a"}, "one") == "Took in two, by evidence."


def _body(change: Change, author: str) -> dict[str, object]:
    cause = Correction("c", "site", Origin("x", 0, 0), ConfirmCluster("one"), author)
    event = Event("site", 1, change)
    return event_body(Outcome(cause, (), (event,)), event)
