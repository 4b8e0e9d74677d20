"""Items and embeddings as Parquet, for notebooks and other tools; needs the extra `[parquet]`.

PyArrow is imported where it is needed: without the extra everything else works.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import Misconfigured
from engine.jobs.placements import Placement
from exporters.result import qualities


def write_parquet(path: Path, found: Sequence[Placement]) -> None:
    """One row an item, in the order given; `vector` is a list of float32 of fixed length.

    Times are UTC; `latitude` and `longitude` are degrees (WGS 84); the box is in pixels of the
    upright original. Raises Misconfigured without PyArrow, or where the file cannot be written.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured("Parquet needs an extra: pip install 'imagecairn[parquet]'") from error
    dim = len(found[0].item.vector) if found else 0
    vectors = np.concatenate([one.item.vector for one in found]) if found else np.empty(0, "f4")
    table = pa.Table.from_pylist(rows(found), schema=pa.schema(_columns(pa)))
    embedded = pa.FixedSizeListArray.from_arrays(pa.array(vectors, pa.float32()), max(dim, 1))
    try:
        parquet.write_table(table.append_column("vector", embedded), path)
    except OSError as error:
        raise Misconfigured(f"cannot write {path}: {error}") from error


def rows(found: Sequence[Placement]) -> list[dict[str, object]]:
    """Everything about each item but its vector."""
    quality = qualities(found)
    return [{**_row(one), "quality": quality[one.key]} for one in found]


def _row(one: Placement) -> dict[str, object]:
    image, item, place = one.image, one.item, one.image.location
    taken = image.captured_at
    return {
        "item": item.item_id,
        "image": image.image_id,
        "scope": image.scope,
        "filename": one.name,
        "label": image.attributes.get("label"),
        "cluster_id": one.cluster_id,
        "confirmed": one.confirmed,
        "name": one.called or None,
        "confidence": one.confidence,
        "class": item.label or None,
        "score": item.score,
        "captured_at": None if taken is None else datetime.fromtimestamp(taken, UTC),
        "latitude": None if place is None else place.lat,
        "longitude": None if place is None else place.lon,
        "left": item.box.left,
        "top": item.box.top,
        "right": item.box.right,
        "bottom": item.box.bottom,
        "sha256": image.content_hash,
    }


def _columns(pa: Any) -> list[tuple[str, object]]:
    """Names and types, written down lest an empty or a uniform column be guessed wrongly."""
    text, number, flag = pa.string(), pa.float64(), pa.bool_()
    words = ("item", "image", "scope", "filename", "label", "cluster_id")
    sides = ("latitude", "longitude", "left", "top", "right", "bottom")
    return [
        *((name, text) for name in words),
        ("confirmed", flag),
        ("name", text),
        ("confidence", number),
        ("class", text),
        ("score", number),
        ("captured_at", pa.timestamp("us", "UTC")),
        *((name, number) for name in sides),
        ("sha256", text),
        ("quality", text),
    ]
