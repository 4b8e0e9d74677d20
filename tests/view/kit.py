"""Photos and commands for a view, and what the engine knows to compare it with."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from engine.commands import Order
from engine.lineage import Assigned, Change, Created, Event
from engine.profile import Profile
from engine.types import (
    Box,
    Correction,
    GeoPoint,
    ImageRecord,
    Item,
    Origin,
    Outcome,
    Rejection,
)
from engine.vectors import settle
from engine.verdict import Evidence, Trial
from exporters.view.answers import ClusterFilter, ItemRow
from exporters.view.port import View
from exporters.view.writing import Told
from tests.builders import agreeing, unit
from tests.shards import KINDS, SCOPE, Desk, attempt, drawn

IDENTITY = "fake/1"
ALL = 10_000
Step: TypeAlias = tuple[str, int, int, int]
Truth: TypeAlias = dict[str, tuple[object, ...]]


class Feed:
    """A feed that gives each thing the next place."""

    def __init__(self, view: View, source: str = "journal") -> None:
        self.view = view
        self.source = source
        self.told: list[Told] = []

    def tell(self, *things: Outcome | Rejection) -> None:
        start = len(self.told)
        self.told += [(Origin(self.source, 0, start + n), one) for n, one in enumerate(things)]
        self.view.apply(self.told[start:])


class Album:
    """Outcomes of one scope, by hand: each photo shows one thing."""

    def __init__(self, scope: str = "site") -> None:
        self.scope = scope
        self.seq = 0
        self.lobes = 0

    def photo(
        self,
        image_id: str,
        cluster_id: str,
        *,
        founds: bool = True,
        confidence: float = 1.0,
        more: Sequence[Change] = (),
        **shown: Any,
    ) -> Outcome:
        """A photo with one item on a cluster, on a lobe of its own.

        shown: vector, label; at, place and attributes of the photo.
        """
        vector, label = shown.get("vector"), shown.get("label", "")
        item_id, self.lobes = f"{image_id}#0", self.lobes + 1
        made = unit(self.lobes) if vector is None else settle(vector, len(vector))
        item = Item(item_id, made, Box(0, 0, 64, 48), label=label)
        origin = Origin("images", 0, self.lobes)
        image = ImageRecord(
            *(image_id, self.scope, origin, "hash", 64, 48),
            *(shown.get("at"), shown.get("place"), shown.get("attributes", {})),
        )
        trial = Trial("other", "rival#0", 0.5, agreeing(7), metres=3.0)
        evidence = Evidence("assign", 0.8, 0.6, (trial,))
        changes: list[Change] = [Created(cluster_id, item_id)] if founds else []
        changes.append(
            Assigned(
                cluster_id,
                item_id,
                self.lobes,
                founds=True,
                confidence=confidence,
                evidence=evidence,
            )
        )
        return Outcome(image, (item,), self.events(*changes, *more))

    def command(self, command_id: str, order: Order, *changes: Change) -> Outcome:
        """What an order changed."""
        cause = Correction(command_id, self.scope, Origin("commands", 0, 0), order, "ann", 1e9)
        return Outcome(cause, (), self.events(*changes))

    def events(self, *changes: Change) -> tuple[Event, ...]:
        start, self.seq = self.seq + 1, self.seq + len(changes)
        return tuple(Event(self.scope, start + n, change) for n, change in enumerate(changes))


def outcomes_with_times(desk: Desk) -> list[Outcome]:
    """Those of a desk, whose photos get times and places."""
    return [_dated(number, outcome) for number, outcome in enumerate(desk.outcomes)]


def _dated(number: int, outcome: Outcome) -> Outcome:
    if not isinstance(outcome.cause, ImageRecord):
        return outcome
    place = GeoPoint(number % 60, 170 + number % 20) if number % 3 else None
    at = float(number * 7 % 50) if number % 4 else None
    return replace(outcome, cause=replace(outcome.cause, captured_at=at, location=place))


def truth(desk: Desk) -> Truth:
    """What the engine knows of its clusters."""
    return {
        c.cluster_id: (
            *("confirmed" if c.confirmed else "pending", c.pinned, c.name, c.revision, c.count),
            sorted(desk.members_of(c.cluster_id)),
            sorted(lobe.exemplar for lobe in c.prototypes.values() if lobe.exemplar),
        )
        for c in desk.scope.clusters.values()
    }


def seen(view: View, scope: str = SCOPE) -> Truth:
    """The same by a view."""
    on: dict[str, list[ItemRow]] = defaultdict(list)
    for item in view.newest(scope, ALL):
        on[item.cluster_id].append(item)
    return {
        row.cluster_id: (
            *(row.state, row.pinned, row.name, row.revision, row.size),
            sorted(item.item_id for item in on[row.cluster_id]),
            sorted(item.item_id for item in on[row.cluster_id] if item.exemplar),
        )
        for row in view.clusters(ClusterFilter(scope=scope), limit=ALL).rows
    }


def everything(view: View, scope: str = SCOPE) -> list[object]:
    """All that a view says of a scope but numbers, which depend on how often it was made anew."""
    rows = [
        replace(row, changed=0, exemplars=())
        for state in (None, "retired")
        for row in view.clusters(ClusterFilter(scope=scope, state=state), limit=ALL).rows
    ]
    bodies = [told.body for told in view.events_after(0, ALL)]
    items = [replace(item, number=0) for item in view.newest(scope, ALL)]
    commands = [replace(one, events=None) for one in view.commands(scope, ALL)]
    return [sorted(rows, key=lambda row: row.cluster_id), bodies, items, commands]


def take(step: Step, desk: Desk) -> None:
    kind, *arguments = step
    if kind == "photo":
        desk.photo(arguments[0])
    else:
        attempt(desk, drawn(kind, *arguments, desk))


def told(outcomes: list[Outcome]) -> list[Told]:
    return [(Origin("journal", 0, number), one) for number, one in enumerate(outcomes)]


def made(script: list[Step], profile: Profile) -> Desk:
    desk = Desk(profile=profile)
    for step in script:
        take(step, desk)
    return desk


def history(seed: int, profile: Profile, length: int = 200) -> Desk:
    """A long one, drawn by number."""
    rng = random.Random(seed)
    kinds = ["photo"] * 8 + list(KINDS)
    numbers = [[rng.randrange(limit) for limit in (8, 40, 40)] for _ in range(length)]
    return made([(rng.choice(kinds), *drawn_by) for drawn_by in numbers], profile)
