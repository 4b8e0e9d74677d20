"""KafkaCommitter and read_journal against a real broker: both or neither, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest
from kafka import KafkaProducer

from consumer.connection import Broker
from consumer.kafka import KafkaSource, open_source
from consumer.restore import check_journal, made_with, read_journal
from consumer.transaction import (
    MAX_DEAD_BYTES,
    Codecs,
    CommitSettings,
    Extras,
    KafkaCommitter,
)
from engine.commands import ForgetImage
from engine.errors import CommitAborted, Misconfigured, StateMismatch
from engine.types import Batch, Correction, LocalFeatures, Origin, Outcome, Rejection
from engine.wire import Record, cluster_key, event_records, journal_key, parse_journal_key
from tests.kafka import kit

pytestmark = pytest.mark.kafka

FEATURES = LocalFeatures(np.zeros((1, 4), np.float32), np.zeros((1, 8), np.uint8), 4, 3)
MADE_WITH = "encoder tests (2 numbers), items whole, local features none, profile place"
CODECS = Codecs(
    outcome=lambda _: b"outcome",
    image=lambda _: b"image",
    item=lambda _: b"item",
    features=lambda _: b"features",
    identity=MADE_WITH,
)
RECORDS = [
    (kind, "site", name) for kind, name in (("item", "a#0"), ("image", "a"), ("outcome", "a"))
]


@pytest.fixture
def source(broker: Broker, prefix: str) -> Iterator[KafkaSource]:
    settings = kit.settings_of(prefix)
    with closing(kit.open_ready(broker, settings)) as source:
        yield source


@pytest.fixture
def start(broker: Broker, prefix: str) -> Iterator[Callable[[str], KafkaCommitter]]:
    """Starts committers by transactional id and closes them in the end."""
    started: list[KafkaCommitter] = []

    def start(name: str) -> KafkaCommitter:
        settings = CommitSettings(f"{prefix}-{name}", prefix, max_message_bytes=400_000)
        started.append(KafkaCommitter(broker, settings, CODECS))
        started[-1].start()
        return started[-1]

    yield start
    for committer in started:
        committer.close()


def read_batch(broker: Broker, prefix: str, source: KafkaSource, *image_ids: str) -> Batch:
    """Photos sent, read and turned into outcomes, as the loop would."""
    kit.send_photos(broker, f"{prefix}.images", *image_ids)
    photos = kit.read(source, len(image_ids))
    outcomes = [kit.outcome(p.image_id, p.origin) for p in photos]
    return Batch(tuple(outcomes), positions=tuple(p.origin for p in photos))


def keys(broker: Broker, topic: str) -> list[bytes]:
    return [record.key for record in kit.committed_records(broker, topic)]


def journal(broker: Broker, prefix: str, start: int = 0) -> list[tuple[int, Record]]:
    return list(read_journal(broker, (f"{prefix}.journal", 0), start, lambda: None))


def test_large_originals_stay_behind(broker: Broker, prefix: str, source: KafkaSource) -> None:
    """Over 1 MiB a dead letter comes without its original, whatever a message may have."""
    kit.send_photos(broker, f"{prefix}.images", "a")
    (photo,) = kit.read(source, 1)
    batch = Batch(
        rejections=(Rejection("a", "site", photo.origin, "corrupt", "torn"),),
        positions=(photo.origin,),
    )
    extras = Extras(originals={photo.origin: Record(b"site", bytes(MAX_DEAD_BYTES))})
    with closing(KafkaCommitter(broker, CommitSettings(f"{prefix}-w", prefix), CODECS)) as writer:
        writer.start()
        writer.commit(batch, source.group_metadata(), extras)
    (letter,) = kit.committed_records(broker, f"{prefix}.dead-letters")
    assert (letter.key, letter.value) == (b"site", None)
    assert dict(letter.headers)["dead-letter-original"] == b"omitted"


def test_one_commit_writes_everything(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """Journal, events, clusters, dead letters and offsets are all there after one commit."""
    original = Record(b"site", b"broken", (("ce_id", b"bad"),))
    kit.send_photos(broker, f"{prefix}.images", "a")
    kit.send(broker, f"{prefix}.images", [original])
    photo, rejection = kit.read(source, 2)
    assert isinstance(rejection, Rejection)
    outcome = kit.outcome("a", photo.origin, FEATURES)
    batch = Batch((outcome,), (rejection,), (photo.origin, rejection.origin))
    extras = Extras(
        [Record(cluster_key("site", "c1"), b"{}"), Record(cluster_key("site", "c0"), None)],
        {rejection.origin: original},
    )
    last = start("w").commit(batch, source.group_metadata(), extras)

    records = journal(broker, prefix)
    names = [(parse_journal_key(r.key), r.value) for _, r in records]
    features = (("features", "site", "a#0"), b"features")
    assert names == [features, *((key, key[0].encode()) for key in RECORDS)]
    assert last == {0: records[-1][0]}
    (event,) = kit.committed_records(broker, f"{prefix}.events")
    assert Record(event.key, event.value, tuple(event.headers)) == event_records(outcome)[0]
    clusters = kit.committed_records(broker, f"{prefix}.clusters")
    assert {r.key: r.value for r in clusters} == {b"site/c1": b"{}", b"site/c0": None}
    (letter,) = kit.committed_records(broker, f"{prefix}.dead-letters")
    assert letter.value == b"broken"
    assert dict(letter.headers)["dead-letter-reason"] == b"bad_message"
    assert kit.committed(source, 0)["images"] == 2


def test_a_forgotten_image_leaves_tombstones(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """What it showed is erased under its keys, in the transaction that holds the command."""
    batch = read_batch(broker, prefix, source, "a")
    committer = start("w")
    committer.commit(batch, source.group_metadata(), Extras())
    origin = Origin(f"{prefix}.commands", 0, 0)
    command = Correction("c1", "site", origin, ForgetImage("a"))
    forgetting = Outcome(command, batch.outcomes[0].items, ())
    committer.commit(Batch((forgetting,), positions=(origin,)), source.group_metadata(), Extras())
    told = [(parse_journal_key(r.key), r.value) for _, r in journal(broker, prefix)[len(RECORDS) :]]
    erased = [("features", "a#0"), ("item", "a#0"), ("image", "a")]
    expected = [((kind, "site", name), None) for kind, name in erased]
    assert told == [*expected, (("command", "site", "c1"), b"outcome")]
    assert kit.committed(source, 0) == {"images": 1, "commands": 1}


def test_refused_record_takes_all_down(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """One record no topic takes: nothing of its batch is visible, offsets stay, the next works."""
    committer = start("w")
    batch = read_batch(broker, prefix, source, "a")
    too_large = Extras([Record(b"site/c1", bytes(400_000))])
    with pytest.raises(Misconfigured, match="refuses"):
        committer.commit(batch, source.group_metadata(), too_large)
    assert keys(broker, f"{prefix}.journal") == keys(broker, f"{prefix}.events") == []
    assert kit.committed(source, 0) == {"images": None, "commands": None}

    source.seek_to_committed(0)
    (photo,) = kit.read(source, 1)
    assert photo.origin == batch.positions[0]
    committer.commit(batch, source.group_metadata(), Extras())
    assert keys(broker, f"{prefix}.journal") == [journal_key(*key) for key in RECORDS]
    assert kit.committed(source, 0)["images"] == 1


def test_second_producer_fences_the_first(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """Where another worker took the transactional id, the commit is aborted, then recovers."""
    first = start("w")
    batch = read_batch(broker, prefix, source, "a")
    start("w")
    with pytest.raises(CommitAborted, match=r"Fenced.*same transactional id"):
        first.commit(batch, source.group_metadata(), Extras())
    assert keys(broker, f"{prefix}.journal") == []
    first.commit(batch, source.group_metadata(), Extras())
    assert keys(broker, f"{prefix}.journal") == [journal_key(*key) for key in RECORDS]


def test_stale_member_cannot_commit(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """What was read before a rebalance cannot be committed after it, even under the new one."""
    batch = read_batch(broker, prefix, source, "a")
    settings = kit.settings_of(prefix)
    with closing(open_source(broker, settings)) as second:
        kit.until(lambda: kit.rebalanced(source, second))
        with pytest.raises(CommitAborted, match="CommitFailed"):
            start("w").commit(batch, source.group_metadata(), Extras())
    assert keys(broker, f"{prefix}.events") == []


def test_dead_workers_transaction_is_settled_by_its_successor(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """A restart under the same name aborts what was left open, and restore sees none of it."""
    with closing(_producer(broker, f"{prefix}-w")) as dead:
        dead.begin_transaction()
        dead.send(f"{prefix}.journal", b"x", b"outcome/site/lost", partition=0).get(10)
        committer = start("w")
        batch = read_batch(broker, prefix, source, "a")
        last = committer.commit(batch, source.group_metadata(), Extras())
        offsets, records = zip(*journal(broker, prefix), strict=True)
        assert [record.key for record in records] == [journal_key(*key) for key in RECORDS]
        assert last == {0: offsets[-1]}
        assert offsets[0] > 0


def test_restore_goes_on_after_what_is_known(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """From the offset after the last known one come exactly the later records, then none."""
    committer = start("w")
    for name in ("a", "b", "c"):
        batch = read_batch(broker, prefix, source, name)
        last = committer.commit(batch, source.group_metadata(), Extras())
    offsets, records = zip(*journal(broker, prefix), strict=True)
    outcomes = [r.key for r in records if r.key.startswith(b"outcome")]
    assert outcomes == [b"outcome/site/a", b"outcome/site/b", b"outcome/site/c"]
    assert journal(broker, prefix, offsets[0] + 1) == list(zip(offsets, records, strict=True))[1:]
    assert journal(broker, prefix, last[0] + 1) == []
    with pytest.raises(StateMismatch, match="delete it"):
        journal(broker, prefix, last[0] + 100)


def test_a_journal_of_another_encoder_is_refused(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """At the first record that says so, or says nothing; an empty partition objects to nobody."""
    topic = f"{prefix}.journal"
    check_journal(broker, topic, MADE_WITH, never)
    batch = read_batch(broker, prefix, source, "a")
    start("w").commit(batch, source.group_metadata(), Extras())
    check_journal(broker, topic, MADE_WITH, never)
    assert list(made_with(MADE_WITH, journal(broker, prefix), (topic, 0))) == journal(
        broker, prefix
    )
    with pytest.raises(StateMismatch, match=r"journal partition 0.*tests.*place, but other"):
        check_journal(broker, topic, "other", never)
    kit.send(broker, topic, [Record(b"outcome/site/b", b"b")])
    checked = made_with(MADE_WITH, journal(broker, prefix), (topic, 0))
    assert [next(checked)[1].key for _ in RECORDS][-1] == b"outcome/site/a"
    with pytest.raises(StateMismatch, match="something unknown"):
        next(checked)


def test_restore_waits_for_an_open_transaction(broker: Broker, prefix: str) -> None:
    """Another worker's open transaction holds the reader up, which stays alive, till it commits."""
    with closing(_producer(broker, f"{prefix}-other")) as other:
        other.begin_transaction()
        other.send(f"{prefix}.journal", b"x", b"outcome/site/late", partition=0).get(10)
        waits = 0

        def keep_alive() -> None:
            nonlocal waits
            waits += 1
            if waits == 3:
                other.commit_transaction()

        late = list(read_journal(broker, (f"{prefix}.journal", 0), 0, keep_alive))
    assert [record.key for _, record in late] == [b"outcome/site/late"]
    assert waits >= 3


def test_duplicates_only_move_the_offsets(
    broker: Broker, prefix: str, source: KafkaSource, start: Callable[[str], KafkaCommitter]
) -> None:
    """A batch without outcomes commits its positions and answers with no journal offset."""
    batch = Batch(positions=read_batch(broker, prefix, source, "a", "b").positions)
    assert start("w").commit(batch, source.group_metadata(), Extras()) == {}
    assert kit.committed(source, 0)["images"] == 2


def test_bug_in_a_codec_is_not_an_abort(broker: Broker, prefix: str, source: KafkaSource) -> None:
    """Our own errors come out as they are, so that they crash the worker."""

    def broken(_: object) -> bytes:
        raise ZeroDivisionError

    settings = CommitSettings(f"{prefix}-w", prefix)
    codecs = Codecs(broken, broken, broken, broken, MADE_WITH)
    with closing(KafkaCommitter(broker, settings, codecs)) as committer:
        committer.start()
        batch = Batch((kit.outcome("a", Origin("t", 0, 0)),))
        with pytest.raises(ZeroDivisionError):
            committer.commit(batch, source.group_metadata(), Extras())


def never() -> None:
    """Nobody asks to stop."""


def _producer(broker: Broker, transactional_id: str) -> KafkaProducer:
    producer = KafkaProducer(**broker.options(), transactional_id=transactional_id)
    producer.init_transactions()
    return producer
