"""Items and embeddings as Parquet, for notebooks and other tools; needs the extra `[parquet]`.

PyArrow is imported where it is needed: without the extra everything else works.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import Misconfigured
from engine.jobs.placements import Placement
from engine.jobs.quality import Quality
from exporters.result import qualities

ROWS_AT_ONCE = 4096


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
    dim = len(found[0].item.vector) if found else 1
    schema = pa.schema([*_columns(pa), ("vector", pa.list_(pa.float32(), dim))])
    quality = qualities(found)
    try:
        with parquet.ParquetWriter(path, schema) as writer:
            for start in range(0, len(found), ROWS_AT_ONCE):
                rows = [_row(one, quality[one.key]) for one in found[start : start + ROWS_AT_ONCE]]
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    except OSError as error:
        raise Misconfigured(f"cannot write {path}: {error}") from error


def _row(one: Placement, quality: Quality) -> dict[str, object]:
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
        "quality": quality,
        "vector": item.vector,
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
