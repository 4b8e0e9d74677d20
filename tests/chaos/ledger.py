"""The reckoning: what was sent against what the group made of it, a line for each fault."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import orjson

from cairn.compose import Means, means_of, preparing, shard_of, store_at
from cairn.sections import Settings
from consumer.connection import Broker
from consumer.journal import JOURNAL
from consumer.upserts import _body
from engine.book import Book
from engine.lineage import Assigned
from engine.types import Correction, Origin, Outcome
from engine.wire import EVENT_TYPES, cluster_key, event_records
from state.records import encode_outcome
from tests.chaos.calm import Calm, calm_run
from tests.chaos.load import PARTITIONS
from tests.chaos.topics import Topics
from tests.snapshot import snapshot


def faults(broker: Broker, prefix: str, states: Iterable[Path], scratch: Path) -> list[str]:
    """Every way in which the end differs from that of a calm run; nothing where it does not."""
    topics = Topics.read(broker, prefix)
    settings = Settings()
    means = means_of(settings)
    with preparing(settings, means) as prepare:
        calm = {
            partition: calm_run(topics, partition, means, prepare, scratch)
            for partition in range(PARTITIONS)
        }
    return [
        *_counted(topics),
        *(fault for one, run in calm.items() for fault in _decided(topics.outcomes(one), run)),
        *_told(topics, calm),
        *_buried(topics, calm),
        *_upserted(topics, calm),
        *_restored(topics, calm, means, list(states), scratch),
    ]


def _counted(topics: Topics) -> Iterator[str]:
    """Count ids in the topic of events alone, trusting nothing of ours but the words."""
    bodies = [orjson.loads(record.value or b"") for one in topics.events.values() for record in one]
    assigned = Counter(
        body["image_id"]
        for body in bodies
        if body["type"] == EVENT_TYPES[Assigned] and "image_id" in body
    )
    sent = {photo.image_id for photos in topics.photos.values() for photo in photos}
    wanted = {image_id for image_id in sent if not image_id.startswith("torn")}
    yield from (f"{image_id} is lost" for image_id in sorted(wanted - assigned.keys()))
    yield from (f"{image_id} came from nowhere" for image_id in sorted(assigned.keys() - wanted))
    yield from (f"{one} is told {n} times" for one, n in sorted(assigned.items()) if n > 1)
    for scope, records in topics.events.items():
        numbers = [orjson.loads(record.value or b"")["seq"] for record in records]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"events of {scope.decode()} are numbered {numbers}"
    ids = Counter(dict(record.headers)["ce_id"] for one in topics.events.values() for record in one)
    yield from (f"event id {name.decode()} occurs {n} times" for name, n in ids.items() if n > 1)


def _decided(found: list[Outcome], calm: Calm) -> Iterator[str]:
    """Compare decisions, one by one, to the last bit."""
    if len(found) != len(calm.outcomes):
        yield f"{len(found)} outcomes in the journal, {len(calm.outcomes)} in a calm run"
    for number, (one, other) in enumerate(zip(found, calm.outcomes, strict=False)):
        if one.cause != other.cause or encode_outcome(one) != encode_outcome(other):
            yield f"outcome {number}: {one.cause} {one.events}; calm: {other.cause} {other.events}"
            return


def _told(topics: Topics, calm: dict[int, Calm]) -> Iterator[str]:
    """Compare the topic of events with those of a calm run, scope by scope."""
    wanted: dict[bytes, list[tuple[bytes | None, bytes]]] = {}
    for run in calm.values():
        for outcome in run.outcomes:
            told = wanted.setdefault(outcome.scope.encode(), [])
            told += [(r.value, dict(r.headers)["ce_id"]) for r in event_records(outcome)]
    for scope in sorted(wanted.keys() | topics.events.keys()):
        found = [(r.value, dict(r.headers)["ce_id"]) for r in topics.events.get(scope, [])]
        if found != wanted.get(scope, []):
            yield f"{scope.decode()} tells {len(found)} events, calm: {len(wanted.get(scope, []))}"


def _buried(topics: Topics, calm: dict[int, Calm]) -> Iterator[str]:
    """Each message that could not be used is one dead letter, and nothing else is."""
    found = Counter(letter.origin for letter in topics.letters)
    wanted = {rejection.origin for run in calm.values() for rejection in run.rejections}
    wanted |= set(_refused(topics))
    yield from (f"{origin} is {n} dead letters" for origin, n in found.items() if n > 1)
    yield from (f"{origin} is no dead letter" for origin in wanted - found.keys())
    yield from (f"{origin} is a dead letter" for origin in found.keys() - wanted)
    yield from (
        f"the original of {letter.origin} is missing"
        for letter in topics.letters
        if letter.original is None
    )


def _refused(topics: Topics) -> Iterator[Origin]:
    """Where commands lie that changed nothing, and are no repetition of one that did."""
    for partition, commands in topics.commands.items():
        causes = [outcome.cause for outcome in topics.outcomes(partition)]
        done = {cause.command_id: cause.origin for cause in causes if isinstance(cause, Correction)}
        for command in commands:
            if command.origin.offset < done.get(command.command_id, command.origin).offset:
                yield command.origin  # refused then, carried out when it came again
            elif command.command_id not in done:
                yield command.origin


def _upserted(topics: Topics, calm: dict[int, Calm]) -> Iterator[str]:
    """The last word on each cluster is what it is; a retired one has none."""
    wanted = {
        cluster_key(name, cluster.cluster_id): orjson.dumps(_body(name, cluster))
        for run in calm.values()
        for name, scope in run.book.scopes().items()
        for cluster in scope.clusters.values()
    }
    last = {key: value for key, value in topics.clusters.items() if value is not None}
    for key in sorted(wanted.keys() | last.keys()):
        if wanted.get(key) != last.get(key):
            yield f"cluster {key!r} is {wanted.get(key)!r}, but {last.get(key)!r} is told"


def _restored(
    topics: Topics, calm: dict[int, Calm], means: Means, states: list[Path], scratch: Path
) -> Iterator[str]:
    """A new machine's state, and each worker's, come to the same as the memory of a calm run."""
    for partition, run in calm.items():
        end = topics.journal.get(partition, [(-1, None)])[-1][0]
        fresh = scratch / f"fresh-{partition}.sqlite"
        kept = [path for state in states for path in state.glob(f"*-{partition}.sqlite")]
        aside = [path for state in states for path in state.glob(f"*-{partition}.sqlite.unusable")]
        yield from (f"{path} was damaged" for path in aside)
        reached = -1
        for path in [fresh, *kept]:
            before, state_hash = _brought_up(path, topics, partition, means)
            reached = max(reached, before)
            if state_hash != digest(run.book, means.eyes.encoder.dim):
                yield f"{path} from journal offset {before} on comes to {state_hash}"
        if reached != end:
            yield f"partition {partition}: no store is at the journal's end {end}, but at {reached}"


def _brought_up(path: Path, topics: Topics, partition: int, means: Means) -> tuple[int, str]:
    """How far a store had come, and its state hash once it has all the journal knows."""
    with ExitStack() as stack:
        store = stack.enter_context(closing(store_at(path, means)))
        known = store.position(JOURNAL, partition)
        before = -1 if known is None else known
        for batch in topics.journal_from(partition, before + 1):
            store.commit(batch)
        return before, digest(shard_of(store, means, lambda: False).book, means.eyes.encoder.dim)


def digest(book: Book, dim: int) -> str:
    """State hash (SHA-256): every scope's clusters, constraints and what it has learned."""
    known = {
        name: (
            snapshot(scope, dim),
            {one: cluster.standing for one, cluster in scope.clusters.items()},
            (list(scope.constraints), scope.rapport, scope.confirmed, scope.corrections),
        )
        for name, scope in book.scopes().items()
    }
    return hashlib.sha256(repr(_canonical(known)).encode()).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return [(key, _canonical(value[key])) for key in sorted(value)]
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    return value
