"""Examples in the OpenAPI document: one gate, photographed for years, as every answer shows it."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from pydantic import JsonValue

Example: TypeAlias = dict[str, Any]

SCOPE: Final = "site-7"
CLUSTER_ID: Final = "1f8e0c"
IMAGE_ID: Final = "IMG_4.jpg"
ITEM_ID: Final = "IMG_4.jpg#0"
COMMAND_ID: Final = "9b1deb4d"
IDS: Final = [CLUSTER_ID, IMAGE_ID, ITEM_ID, COMMAND_ID]


def shown(example: Example) -> dict[str, JsonValue]:
    """What a model adds to its schema to be shown by this example."""
    return {"examples": [example]}


PLACE: Final[Example] = {"lat": 48.137154, "lon": 11.576124}
BOX: Final[Example] = {"left": 0.0, "top": 0.0, "right": 4032.0, "bottom": 3024.0}
ITEM: Final[Example] = {
    "number": 9041,
    "scope": SCOPE,
    "item_id": ITEM_ID,
    "image_id": IMAGE_ID,
    "cluster_id": CLUSTER_ID,
    "box": BOX,
    "label": "",
    "tag": "gate",
    "score": 1.0,
    "quality": 0.94,
    "captured_at": 1714564800.0,
    "location": PLACE,
    "confidence": 0.987,
    "exemplar": True,
}
CLUSTER: Final[Example] = {
    "scope": SCOPE,
    "cluster_id": CLUSTER_ID,
    "state": "confirmed",
    "name": "North gate",
    "pinned": False,
    "revision": 3,
    "size": 12,
    "quality": "high",
    "spread": 0.21,
    "first": 1714564800.0,
    "last": 1763683200.0,
    "place": PLACE,
    "changed": 18231,
    "exemplars": [ITEM],
}
IMAGE: Final[Example] = {
    "scope": SCOPE,
    "image_id": IMAGE_ID,
    "content_hash": "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
    "width": 4032,
    "height": 3024,
    "captured_at": 1714564800.0,
    "location": PLACE,
    "attributes": {"filename": IMAGE_ID, "label": "gate"},
    "items": [ITEM],
}
VERDICT: Final[Example] = {
    "inliers": 61,
    "matches": 84,
    "support": 61,
    "overlap": 0.58,
    "belief": 9.3,
}
EXPLAINED: Final[Example] = {
    "item": ITEM,
    "cluster": CLUSTER,
    "image": IMAGE,
    "evidence": {
        "kind": "assign",
        "similarity": 0.81,
        "runner_up": 0.44,
        "trials": [
            {
                "cluster_id": CLUSTER_ID,
                "exemplar": "IMG_1.jpg#0",
                "similarity": 0.81,
                "verdict": VERDICT,
                "metres": 4.2,
                "seconds": 86400.0,
            }
        ],
    },
}
LIKE_CLUSTER: Final[Example] = {"cluster": CLUSTER, "cosine": 0.62}
LIKE_ITEM: Final[Example] = {"item": ITEM, "cosine": 0.93}
MAP: Final[Example] = {
    "items": [ITEM_ID],
    "clusters": [CLUSTER_ID],
    "names": ["North gate"],
    "cluster": [0],
    "x": [0.41],
    "y": [-0.27],
    "z": [0.08],
}
EVENT: Final[Example] = {
    "number": 18231,
    "body": {
        "type": "cairn.cluster.merged.v1",
        "scope": SCOPE,
        "seq": 977,
        "command_id": COMMAND_ID,
        "author": "ann",
        "cluster_id": CLUSTER_ID,
        "retired_id": "77ab42",
    },
}
SUGGESTION: Final[Example] = {
    "kind": "unsure",
    "doubt": 0.4,
    "clusters": [CLUSTER],
    "item": ITEM,
}
REFUSALS: Final[Example] = {"of": "image", "reason": "too_large", "count": 2}
COUNTS: Final[Example] = {
    "images": 9040,
    "items": 9041,
    "clusters": {"pending": 120, "confirmed": 640, "retired": 31},
    "singles": 92,
    "rejections": [REFUSALS],
}
REJECTION: Final[Example] = {
    "scope": SCOPE,
    "of": "image",
    "id": "IMG_9.jpg",
    "source": "cairn.images",
    "partition": 0,
    "offset": 9042,
    "reason": "too_large",
    "detail": "the photo has 412 megapixels, at most 100 are read",
}
BEHIND: Final[Example] = {
    "source": "journal",
    "partition": 0,
    "behind": 3,
    "told_at": 1763683200.0,
}
COMMAND: Final[Example] = {
    "scope": SCOPE,
    "command_id": COMMAND_ID,
    "status": "applied",
    "body": {"command": "merge", "cluster_ids": [CLUSTER_ID, "77ab42"]},
    "author": "ann",
    "asked_at": 1763683200.0,
    "events": [18231, 18231],
}
ACCEPTED: Final[Example] = {
    "scope": SCOPE,
    "command_id": COMMAND_ID,
    "ask": f"/api/v1/command?scope={SCOPE}&id={COMMAND_ID}",
}
ORDER: Final[Example] = {
    "scope": SCOPE,
    "command": "merge",
    "cluster_ids": [CLUSTER_ID, "77ab42"],
    "author": "ann",
    "expects": {CLUSTER_ID: 3, "77ab42": 1},
}
PROBLEM: Final[Example] = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "scope 'site-7' has no cluster 'lost'",
}
