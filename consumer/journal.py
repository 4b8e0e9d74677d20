"""A journal partition read back into what the local store shall hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from engine.errors import Misconfigured, UnusableState
from engine.types import Batch, Item, Origin, Outcome
from engine.wire import Record, parse_journal_key
from state.records import decode_features, decode_image, decode_item, decode_outcome

JOURNAL = "journal"
"""Source name under which a store keeps the offset of the last journal record it holds."""
RESTORE_BATCH = 200
"""Outcomes per local commit while a journal is read."""


def journal_batches(records: Iterable[tuple[int, Record]], partition: int) -> Iterator[Batch]:
    """Local commits that bring a store up to a journal: each remembers how far it reaches.

    Raises Misconfigured where a record is not what was written: nothing can mend the journal.
    """
    shown = Shown()
    outcomes: list[Outcome] = []
    for offset, record in records:
        try:
            outcome = shown.outcome(record)
        except UnusableState as error:
            where = f"offset {offset} of the journal's partition {partition}"
            raise Misconfigured(f"{where} cannot be read: {error}") from error
        if outcome is None:
            continue
        outcomes.append(outcome)
        mark = Origin(JOURNAL, partition, offset)
        if len(outcomes) == RESTORE_BATCH:
            yield Batch(tuple(outcomes), marks=(mark,))
            outcomes = []
    if outcomes:
        yield Batch(tuple(outcomes), marks=(mark,))


class Shown:
    """What images showed, kept until their outcome comes; of a forgotten one there is nothing."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], bytes] = {}

    def outcome(self, record: Record) -> Outcome | None:
        """The outcome in a record, whole again; None where it is another kind of record."""
        kind, scope, name = parse_journal_key(record.key)
        if record.value is None:
            return None
        if kind not in ("outcome", "command"):
            self._values[kind, scope, name] = record.value
            return None
        image = self._values.pop(("image", scope, name), None) if kind == "outcome" else None
        record_of_image = None if image is None else decode_image(image)
        return decode_outcome(record.value, record_of_image, partial(self._item, scope))

    def _item(self, scope: str, item_id: str) -> Item | None:
        value = self._values.pop(("item", scope, item_id), None)
        features = self._values.pop(("features", scope, item_id), None)
        if value is None:
            return None
        return replace(
            decode_item(value), features=None if features is None else decode_features(features)
        )
