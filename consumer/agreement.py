"""Whether a local copy says what the journal partition says that it is a copy of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile, zip_longest

from consumer.journal import JOURNAL, journal_batches
from engine.ports import Store
from engine.types import Correction, ImageRecord, Outcome
from engine.wire import Record
from state.records import encode_features, encode_image, encode_item, encode_outcome


def disagreements(
    copy: Store, records: Iterable[tuple[int, Record]], partition: int, rebuilt: Store
) -> Iterator[str]:
    """Every outcome that a copy has otherwise than its journal, a line each, and what is missing.

    records: (offset, record) of the journal partition from its beginning; those beyond what the
    copy knows are left alone. rebuilt: an empty store, which takes in what the journal says.
    """
    known = copy.position(JOURNAL, partition)
    if known is None:
        if next(iter(copy.outcomes()), None) is not None:
            yield f"it knows no offset of partition {partition} of the journal, but has outcomes"
        return
    for batch in journal_batches(takewhile(lambda one: one[0] <= known, records), partition):
        rebuilt.commit(batch)
    if rebuilt.position(JOURNAL, partition) != known:
        yield f"it knows offset {known} of the journal, where the journal has no outcome"
    for mine, theirs in zip_longest(copy.outcomes(), rebuilt.outcomes()):
        if _written(mine, copy) != _written(theirs, rebuilt):
            yield f"it has {_name(mine)} where the journal has {_name(theirs)}"


def _written(outcome: Outcome | None, store: Store) -> list[bytes]:
    """All that is kept of an outcome, as bytes."""
    if outcome is None:
        return []
    image = [encode_image(outcome.cause)] if isinstance(outcome.cause, ImageRecord) else []
    kept = (store.features(outcome.scope, item.item_id) for item in outcome.items)
    features = [encode_features(one) for one in kept if one is not None]
    return [encode_outcome(outcome), *image, *map(encode_item, outcome.items), *features]


def _name(outcome: Outcome | None) -> str:
    if outcome is None:
        return "nothing"
    match outcome.cause:
        case ImageRecord(image_id=image_id):
            return f"image {image_id!r} of scope {outcome.scope!r}"
        case Correction(command_id=command_id):
            return f"command {command_id!r} of scope {outcome.scope!r}"
