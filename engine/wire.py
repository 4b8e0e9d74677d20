"""Messages as bytes and back: records and their keys, events out.

Pure, and the same for every carrier: a folder run and a Kafka run give one photo the same
event ids. `docs/asyncapi.yaml` describes the messages for other programs. Versions live in
the event types (`.v1`); a field may be added to a version, never changed or removed.
Photos, commands and dead letters have files of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias
from urllib.parse import quote, unquote

import orjson

from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    ClusterChange,
    Confirmed,
    Constrained,
    Constraint,
    Created,
    Event,
    Forgotten,
    LobeChange,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Vouched,
)
from engine.types import Correction, ImageRecord, Outcome
from engine.verdict import Evidence

IDENTITY = "made-with"
"""Header of a journal record: the encoder, local features and profile it belongs to."""
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
    Revived: "cairn.cluster.revived.v1",
    Named: "cairn.cluster.named.v1",
    Vouched: "cairn.cluster.vouched.v1",
    Constrained: "cairn.constraint.added.v1",
    Released: "cairn.constraint.released.v1",
    Forgotten: "cairn.item.forgotten.v1",
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

    The id depends on the cause and the event's place among those of it, so that a redelivered
    photo, or the same photo in another kind of run, gives the same ids.
    """
    stem = hashlib.blake2b(_cause_name(outcome), digest_size=12).hexdigest()
    return [
        Record(
            outcome.scope.encode(),
            orjson.dumps(event_body(outcome, event)),
            encode_headers(
                {
                    "ce_specversion": "1.0",
                    "ce_id": f"{stem}-{index}",
                    "ce_type": EVENT_TYPES[type(event.change)],
                    "ce_source": f"/cairn/{quote(outcome.scope, safe='')}",
                    "ce_subject": subject(event),
                    "content-type": "application/json",
                }
                | _trace(outcome.cause)
            ),
        )
        for index, event in enumerate(outcome.events)
    ]


def _cause_name(outcome: Outcome) -> bytes:
    """Scope and id; no image id begins with a zero byte, as those of commands do here."""
    match outcome.cause:
        case ImageRecord(image_id=image_id):
            return f"{outcome.scope}\0{image_id}".encode()
        case Correction(command_id=command_id):
            return f"{outcome.scope}\0\0{command_id}".encode()


def _trace(cause: ImageRecord | Correction) -> dict[str, str]:
    attributes = cause.attributes if isinstance(cause, ImageRecord) else {}
    return {name: text for name, text in attributes.items() if name == "traceparent"}


def event_body(outcome: Outcome, event: Event) -> dict[str, object]:
    """Describe one event in JSON-ready values; `docs/schemas` has a schema for each type."""
    return {
        "type": EVENT_TYPES[type(event.change)],
        "scope": event.scope,
        "seq": event.seq,
        **_cause_body(outcome.cause),
        **_change_body(event.change),
        **_item_body(outcome, event.change),
    }


def _item_body(outcome: Outcome, change: Change) -> dict[str, object]:
    """Where an assigned item lies in its photo, and what a detector took it for."""
    assigned = change.item_id if isinstance(change, Assigned) else None
    for item in outcome.items:
        if item.item_id == assigned:
            box = item.box
            sides = [round(side, 1) for side in (box.left, box.top, box.right, box.bottom)]
            return {"box": sides, "class": item.label or None, "score": round(item.score, 4)}
    return {}


def _cause_body(cause: ImageRecord | Correction) -> dict[str, object]:
    if isinstance(cause, ImageRecord):
        return {"image_id": cause.image_id}
    return {"command_id": cause.command_id, "author": cause.author}


def subject(event: Event) -> str:
    """The cluster an event is about, the scope where it is about all of them."""
    change = event.change
    return event.scope if isinstance(change, Calibrated) else change.cluster_id


def _change_body(change: Change) -> dict[str, object]:
    """What only this kind of event says."""
    if isinstance(change, Calibrated):
        return {name: value for name, value in asdict(change).items() if name != "sample"}
    return {"cluster_id": change.cluster_id, **_cluster_body(change)}


def _cluster_body(change: ClusterChange) -> dict[str, object]:
    body: dict[str, object] = {}
    match change:
        case Created(item_id=item_id) | Forgotten(item_id=item_id):
            body = {"item_id": item_id}
        case Assigned(item_id=item_id, confidence=confidence, evidence=evidence):
            body = {"item_id": item_id, "confidence": confidence}
            body |= {"evidence": _evidence_body(evidence)}
        case Merged() | Split() | Moved() | Carved() | Revived():
            body = _lobes_body(change)
        case Named(name=name):
            body = {"name": name}
        case Vouched(confirmed=confirmed, pinned=pinned):
            body = {"confirmed": confirmed, "pinned": pinned}
        case Constrained(constraints=constraints) | Released(constraints=constraints):
            body = {"constraints": [_constraint_body(one) for one in constraints]}
    return body


def _lobes_body(change: LobeChange | Revived) -> dict[str, object]:
    match change:
        case Merged(retired_id=retired_id):
            return {"retired_id": retired_id}
        case Moved(source_id=source_id, item_ids=item_ids):
            return {"source_id": source_id, "item_ids": item_ids}
        case Carved(taken=taken):
            return {"item_ids": [item_id for item_id, _ in taken]}
    return {"parent_id": change.parent_id, "item_ids": change.item_ids}


def _constraint_body(constraint: Constraint) -> dict[str, object]:
    return {
        "prototypes": [constraint.one, constraint.other],
        "together": constraint.together,
        "explicit": constraint.explicit,
        "command_id": constraint.cause,
    }


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
