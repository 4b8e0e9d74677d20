"""The result JSON: one object an item, for viewers and for `cairn evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import orjson

from engine.jobs.evaluate import NOISE
from engine.jobs.placements import ClusterKey, Placement, group_numbers, piles
from engine.jobs.project import project
from engine.jobs.quality import Quality, grade, spread

DECIMALS = 6
"""Of x, y and z: what float32 tells apart."""


def result_json(found: Sequence[Placement]) -> bytes:
    """The array of `result_rows`, indented, UTF-8."""
    return orjson.dumps(result_rows(found), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def result_rows(found: Sequence[Placement]) -> list[dict[str, object]]:
    """One row an item, in the order given.

    filename, label: as the message says. cluster_id, item: ids. confidence: 0 to 1.
    x, y, z: principal components within [-1, 1]. group: number of the confirmed cluster, -1
    for an item on none. name: what a person called the cluster, null where nobody did.
    box: left, top, right, bottom in pixels of the upright original. class: what a detector took
    the item for, null for a whole image; score: how surely, 0 to 1.
    """
    groups = group_numbers(found)
    quality = qualities(found)
    points = _points(found)
    return [
        {
            "filename": placement.name,
            "label": placement.image.attributes.get("label"),
            "x": x,
            "y": y,
            "z": z,
            "group": groups.get(placement.key, NOISE),
            "name": placement.called or None,
            "quality": quality[placement.key],
            "cluster_id": placement.cluster_id,
            "item": placement.item.item_id,
            "box": _corners(placement),
            "class": placement.item.label or None,
            "score": round(placement.item.score, 4),
            "confidence": round(placement.confidence, 4),
        }
        for placement, (x, y, z) in zip(found, points, strict=True)
    ]


def qualities(found: Sequence[Placement]) -> Mapping[ClusterKey, Quality]:
    """Quality of every cluster, from the spread of its members."""
    members = piles(found)
    spreads = {
        key: spread(np.stack([member.item.vector for member in pile]))
        for key, pile in members.items()
        if len(pile) > 1
    }
    grades = grade(spreads)
    return {key: grades.get(key, "high") for key in members}


def _points(found: Sequence[Placement]) -> list[list[float]]:
    if not found:
        return []
    vectors = np.stack([placement.item.vector for placement in found])
    points: list[list[float]] = np.round(project(vectors).astype(np.float64), DECIMALS).tolist()
    return points


def _corners(placement: Placement) -> list[float]:
    box = placement.item.box
    return [round(side, 1) for side in (box.left, box.top, box.right, box.bottom)]
