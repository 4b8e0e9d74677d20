"""Lineage in words, for a person who did not watch: bodies of events as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]
"""As `engine.wire.event_body` writes it."""


def in_words(body: Body, cluster_id: str) -> str | None:
    """What an event did to a cluster, and who asked for it; None for what any photo does."""
    kind = body["type"].removeprefix("cairn.").removesuffix(".v1")
    told = _about_others(kind, body, cluster_id) or _about_itself(kind, body)
    return told and f"{told}{_asked_by(body)}."


def _about_others(kind: str, body: Body, cluster_id: str) -> str | None:
    """Where items came from, or went to."""
    count = _photos(len(body.get("item_ids", ())))
    leading = body.get("cluster_id") == cluster_id
    match kind:
        case "cluster.merged":
            other = body["retired_id"] if leading else body["cluster_id"]
            return f"Took in {other}" if leading else f"Became part of {other}"
        case "cluster.split":
            other = body["parent_id"] if leading else body["cluster_id"]
            return f"Split off from {other}" if leading else f"Gave {count} to {other}, split off"
        case "items.moved":
            other = body["source_id"] if leading else body["cluster_id"]
            return f"Got {count} from {other}" if leading else f"Gave {count} to {other}"
        case "cluster.revived":
            other = body["parent_id"] if leading else body["cluster_id"]
            return f"Came apart from {other}" if leading else f"Gave {other} its {count} back"
    return None


def _about_itself(kind: str, body: Body) -> str | None:
    match kind:
        case "cluster.named":
            return f"Was named “{body['name']}”" if body["name"] else "Lost its name"
        case "cluster.vouched":
            return "Was confirmed by a person" if body["pinned"] else "Is no longer vouched for"
        case "constraint.added":
            return "Was told what belongs together, or does not"
        case "constraint.released":
            return "Was told that a link holds no more"
        case "item.forgotten":
            return "Had a photo forgotten"
    return None


def _photos(count: int) -> str:
    return f"{count} photo{'' if count == 1 else 's'}"


def _asked_by(body: Body) -> str:
    if "command_id" not in body:
        return ", by evidence"
    return f", as {body['author']} asked" if body["author"] else ", as somebody asked"
