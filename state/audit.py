"""Whether a state file is sound: every record read, everything replayed, counts compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.book import Book
from engine.lineage import Assigned, Forgotten
from engine.types import ImageRecord, Outcome, Vector
from state.identity import NO_FEATURES, Identity, parse
from state.records import CorruptRecord
from state.survey import NoIndex, StateFile

_UNIT_TOLERANCE: Final = 1e-3


def audit(state: StateFile) -> Iterator[str]:
    """Every fault of a state file, a line each; nothing where it is sound.

    Only records that are whole are replayed, each scope up to its first fault: what comes later
    rests on it.
    """
    identity = parse(state.identity)
    if identity is None:
        yield f"nobody can tell what it was made with: {state.identity!r}"
        return
    damaged = list(state.damaged())
    yield from (f"{name}: its checksum is wrong" for name in damaged)
    if not damaged:
        yield from _Replay(state, identity).run()


class _Replay:
    """Applies outcomes, and counts on its own what the book should then hold."""

    def __init__(self, state: StateFile, identity: Identity) -> None:
        self._state = state
        self._identity = identity
        self._book = Book(NoIndex)
        self._assigned: Counter[str] = Counter()
        self._broken: set[str] = set()

    def run(self) -> Iterator[str]:
        """Replay the journal to its end, or to where it cannot be read."""
        try:
            for outcome in self._state.store.outcomes():
                yield from self._take(outcome)
        except CorruptRecord as error:
            yield str(error).removeprefix(f"{self._state.path}: ")
        else:
            yield from self._miscounts()

    def _take(self, outcome: Outcome) -> Iterator[str]:
        """Apply an outcome where its scope is whole so far; what is wrong with it."""
        scope = outcome.scope
        if scope in self._broken:
            return
        faults = list(self._faults(outcome)) or list(self._applied(outcome))
        if faults:
            self._broken.add(scope)
        for fault in faults:
            yield f"{_cause(outcome)} of scope {scope!r}: {fault}"

    def _miscounts(self) -> Iterator[str]:
        """Scopes whose clusters hold another number of items than were assigned."""
        for name, scope in self._book.scopes().items():
            members = sum(cluster.count for cluster in scope.clusters.values())
            if members != self._assigned[name] and name not in self._broken:
                yield (
                    f"scope {name!r}: its clusters hold {members} items, "
                    f"{self._assigned[name]} were assigned"
                )

    def _faults(self, outcome: Outcome) -> Iterator[str]:
        for item in outcome.items:
            if item.vector.any() and not _is_unit(item.vector, self._identity.dim):
                yield f"item {item.item_id}: no unit vector of {self._identity.dim} numbers"
        if self._identity.features == NO_FEATURES:
            return
        kept = {item.item_id for item in outcome.items if item.vector.any()}
        for change in _assignments(outcome):
            if (
                change.item_id in kept
                and change.founds
                and not self._state.has_features(outcome.scope, change.item_id)
            ):
                yield f"item {change.item_id}: an exemplar without local features"

    def _applied(self, outcome: Outcome) -> Iterator[str]:
        try:
            self._book.apply(outcome)
        except (ValueError, KeyError) as error:
            yield f"its events cannot be replayed: {error!r}"
        self._assigned[outcome.scope] += len(_assignments(outcome)) - _forgotten(outcome)


def _assignments(outcome: Outcome) -> list[Assigned]:
    changes = (event.change for event in outcome.events)
    return [change for change in changes if isinstance(change, Assigned)]


def _forgotten(outcome: Outcome) -> int:
    return sum(isinstance(event.change, Forgotten) for event in outcome.events)


def _cause(outcome: Outcome) -> str:
    if isinstance(outcome.cause, ImageRecord):
        return f"image {outcome.cause.image_id!r}"
    return f"command {outcome.cause.command_id!r}"


def _is_unit(vector: Vector, dim: int) -> bool:
    return len(vector) == dim and abs(float(np.linalg.norm(vector)) - 1) < _UNIT_TOLERANCE
