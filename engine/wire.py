"""Messages as bytes and back: records and their keys, events out, dead letters.

Pure, and the same for every carrier: a folder run and a Kafka run give one photo the same
event ids. `docs/asyncapi.yaml` describes the messages for other programs. Versions live in
the event types (`.v1`); a field may be added to a version, never changed or removed.
Photos have a file of their own, `engine/photo_message.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias
from urllib.parse import quote, unquote

import orjson

from engine.types import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    Confirmed,
    Created,
    Event,
    Evidence,
    Merged,
    Moved,
    Outcome,
    Rejection,
    Split,
)

IDENTITY = "made-with"
"""Header of a journal record: the encoder, local features and profile it belongs to."""
FRAMING_BYTES = 10
"""What a header weighs beyond its name and value, at most."""

Headers: TypeAlias = tuple[tuple[str, bytes], ...]

EVENT_TYPES: Mapping[type[Change], str] = {
    Created: "cairn.cluster.created.v1",
    Assigned: "cairn.item.assigned.v1",
    Confirmed: "cairn.cluster.confirmed.v1",
    Merged: "cairn.cluster.merged.v1",
    Split: "cairn.cluster.split.v1",
    Moved: "cairn.items.moved.v1",
    Carved: "cairn.items.carved.v1",
    Calibrated: "cairn.scope.calibrated.v1",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One message, whoever carries it. A value of None is a tombstone."""

    key: bytes
    value: bytes | None
    headers: Headers = ()


def encode_headers(fields: Mapping[str, str]) -> Headers:
    """Encode header texts as UTF-8, in order."""
    return tuple((name, text.encode()) for name, text in fields.items())


def event_records(outcome: Outcome) -> list[Record]:
    """Write an outcome's events by the CloudEvents Kafka binding, binary mode.

    The id depends on the photo and the event's place among those of the photo, so that a
    redelivered photo, or the same photo in another kind of run, gives the same ids.
    """
    image = outcome.image
    stem = hashlib.blake2b(f"{image.scope}\0{image.image_id}".encode(), digest_size=12).hexdigest()
    trace = {k: v for k, v in image.attributes.items() if k == "traceparent"}
    return [
        Record(
            image.scope.encode(),
            orjson.dumps(event_body(outcome, event)),
            encode_headers(
                {
                    "ce_specversion": "1.0",
                    "ce_id": f"{stem}-{index}",
                    "ce_type": EVENT_TYPES[type(event.change)],
                    "ce_source": f"/cairn/{quote(image.scope, safe='')}",
                    "ce_subject": _subject(event),
                    "content-type": "application/json",
                }
                | trace
            ),
        )
        for index, event in enumerate(outcome.events)
    ]


def event_body(outcome: Outcome, event: Event) -> dict[str, object]:
    """Describe one event in JSON-ready values; `docs/schemas` has a schema for each type."""
    return {
        "type": EVENT_TYPES[type(event.change)],
        "scope": event.scope,
        "seq": event.seq,
        "image_id": outcome.image.image_id,
        **_details(event.change),
    }


def _details(change: Change) -> dict[str, object]:
    """What only this kind of event says."""
    if isinstance(change, Calibrated):
        return {name: value for name, value in asdict(change).items() if name != "sample"}
    details: dict[str, object] = {"cluster_id": change.cluster_id}
    match change:
        case Created(item_id=item_id):
            details |= {"item_id": item_id}
        case Assigned(item_id=item_id, confidence=confidence, evidence=evidence):
            details |= {"item_id": item_id, "confidence": confidence}
            details |= {"evidence": _evidence_body(evidence)}
        case Merged(retired_id=retired_id):
            details |= {"retired_id": retired_id}
        case Split(parent_id=parent_id, item_ids=item_ids):
            details |= {"parent_id": parent_id, "item_ids": item_ids}
        case Moved(source_id=source_id, item_ids=item_ids):
            details |= {"source_id": source_id, "item_ids": item_ids}
        case Carved(taken=taken):
            details |= {"item_ids": [item_id for item_id, _ in taken]}
    return details


def _subject(event: Event) -> str:
    """The cluster an event is about, the scope where it is about all of them."""
    change = event.change
    return event.scope if isinstance(change, Calibrated) else change.cluster_id


def _evidence_body(evidence: Evidence) -> dict[str, object]:
    return {
        "kind": evidence.kind,
        "similarity": evidence.similarity,
        "runner_up": evidence.runner_up,
        "trials": [
            {
                "cluster_id": trial.cluster_id,
                "exemplar": trial.exemplar,
                "inliers": trial.verdict.inliers,
                "overlap": trial.verdict.overlap,
            }
            for trial in evidence.trials
        ],
    }


def dead_letter_record(rejection: Rejection, original: Record | None, max_bytes: int) -> Record:
    """Keep a rejected message as it came, with headers that say where from and why.

    An original over `max_bytes` is left out: a dead letter that no topic takes would block
    its partition for ever. The header `dead-letter-original` says what became of it.
    """
    kept = original if original is not None and _size(original) <= max_bytes else None
    why = {
        "dead-letter-topic": rejection.origin.source,
        "dead-letter-partition": str(rejection.origin.partition),
        "dead-letter-offset": str(rejection.origin.offset),
        "dead-letter-reason": rejection.reason,
        "dead-letter-detail": rejection.detail,
        "dead-letter-original": "kept" if kept else "omitted",
    }
    kept = kept or Record(rejection.scope.encode(), None)
    return Record(kept.key, kept.value, kept.headers + encode_headers(why))


def _size(record: Record) -> int:
    headers = sum(len(name.encode()) + len(raw) + FRAMING_BYTES for name, raw in record.headers)
    return len(record.key) + len(record.value or b"") + headers


def journal_key(kind: str, scope: str, name: str) -> bytes:
    """Name a journal record; the scope is quoted, so that a `/` in it cannot mislead."""
    return f"{kind}/{quote(scope, safe='')}/{name}".encode()


def parse_journal_key(key: bytes) -> tuple[str, str, str]:
    """Split a journal key into kind, scope and name."""
    kind, scope, name = key.decode().split("/", 2)
    return kind, unquote(scope), name


def cluster_key(scope: str, cluster_id: str) -> bytes:
    """Name a cluster's latest state: compaction keeps one record per key."""
    return f"{quote(scope, safe='')}/{cluster_id}".encode()
