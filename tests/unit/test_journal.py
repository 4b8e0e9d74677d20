"""A journal partition gives a store back, however far its topic has been compacted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.connection import Broker
from consumer.journal import JOURNAL, RESTORE_BATCH, journal_batches
from consumer.transaction import Codecs, CommitSettings, KafkaCommitter
from engine.types import Batch, Outcome
from engine.wire import Record
from state.records import encode_features, encode_image, encode_item, encode_outcome
from tests.builders import make_features, make_outcome
from tests.fakes import MemoryStore
from tests.invariants import snapshot
from tests.shards import KINDS, SCOPE, Desk, attempt, drawn, shard_over

Log = list[tuple[int, Record]]
numbers = st.integers(0, 40)
photos = st.tuples(st.just("photo"), st.integers(0, 4), numbers, numbers)
commands = st.tuples(st.sampled_from((*KINDS, "forget")), numbers, numbers, numbers)


def journal_of(outcomes: Sequence[Outcome]) -> Log:
    """What a worker writes; control records leave gaps between the offsets."""
    codecs = Codecs(encode_outcome, encode_image, encode_item, encode_features, "tests")
    committer = KafkaCommitter(Broker("nowhere:9092"), CommitSettings("w"), codecs)
    records = committer._journal_records(Batch(tuple(outcomes)))
    return [(2 * n, record) for n, (_, record) in enumerate(records)]


def compacted(log: Log) -> Log:
    """The last record of each key, in its place; those that a tombstone follows are gone."""
    last = {record.key: offset for offset, record in log}
    return [
        (offset, record)
        for offset, record in log
        if last[record.key] == offset and record.value is not None
    ]


def restored(log: Log) -> MemoryStore:
    store = MemoryStore()
    for batch in journal_batches(log, 0):
        store.commit(batch)
    return store


def history(script: Sequence[tuple[str, int, int, int]]) -> Desk:
    desk = Desk()
    for kind, one, two, three in script:
        if kind == "photo":
            desk.photo(one)
        else:
            attempt(desk, drawn(kind, one, two, three, desk))
    return desk


@settings(max_examples=60, deadline=None)
@given(st.lists(photos | commands, max_size=40), st.booleans())
def test_a_journal_restores_the_book(
    script: list[tuple[str, int, int, int]], compact: bool
) -> None:
    """Bit for bit, with what was forgotten in it or compacted away."""
    desk = history(script)
    log = journal_of(desk.outcomes)
    shard = shard_over(restored(compacted(log) if compact else log))
    assert snapshot(shard.book.scope(SCOPE)) == snapshot(desk.scope)
    assert [o.events for o in shard.store.outcomes()] == [o.events for o in desk.outcomes]
    for item_id, item in desk.items.items():
        found = shard.members.locate(SCOPE, item_id)
        assert found is not None
        assert found[0].vector.tobytes() == item.vector.tobytes()


def test_compaction_erases_what_was_forgotten() -> None:
    """No record has the vector any more, nor what was known of the photo."""
    desk = history([("photo", 0, 0, 0), ("photo", 0, 0, 0), ("forget", 0, 0, 0)])
    traces = [np.ascontiguousarray(desk.outcomes[0].items[0].vector).tobytes(), b'"width":640']
    for log, present in ((journal_of(desk.outcomes[:1]), True), (desk_log(desk), False)):
        values = b"".join(record.value or b"" for _, record in log if b"image-2" not in record.key)
        assert [trace in values for trace in traces] == [present] * 2


def desk_log(desk: Desk) -> Log:
    return compacted(journal_of(desk.outcomes))


def test_each_batch_remembers_how_far_it_reaches() -> None:
    """A restore that stops in between goes on after the last outcome it has."""
    outcomes = [make_outcome(f"p{n}", scope=f"s{n}") for n in range(RESTORE_BATCH + 5)]
    log = journal_of(outcomes)
    batches = list(journal_batches(log, 3))
    assert [len(batch.outcomes) for batch in batches] == [RESTORE_BATCH, 5]
    for batch in batches:
        [mark] = batch.marks
        assert (mark.source, mark.partition) == (JOURNAL, 3)
    rest = [entry for entry in log if entry[0] > batches[0].marks[0].offset]
    [last] = journal_batches(rest, 3)
    assert [o.events for o in last.outcomes] == [o.events for o in outcomes[-5:]]


@pytest.mark.parametrize("founds", [True, False])
def test_features_come_with_their_exemplars(*, founds: bool) -> None:
    """And those of other items are not in the journal at all."""
    outcome = make_outcome("a", founds=founds, features=make_features())
    store = restored(journal_of([outcome]))
    assert (store.features("site", "a#0") is not None) == founds
