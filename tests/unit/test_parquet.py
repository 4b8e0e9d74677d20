"""Items as Parquet: what is written is read back, with types that do not depend on the rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from engine.errors import Misconfigured
from engine.types import GeoPoint
from exporters.parquet import write_parquet
from tests.unit.test_result import placed


def test_items_come_back_with_their_vectors(tmp_path: Path) -> None:
    """Bit for bit, beside where and when and on which cluster."""
    first, second = placed(1, attributes={"filename": "ü.jpg"}), placed(2, "d", confirmed=False)
    image = replace(first.image, captured_at=1714564800.25, location=GeoPoint(47.5, 8.25))
    first = replace(first, image=image)
    write_parquet(tmp_path / "items.parquet", [first, second])
    table = parquet.read_table(tmp_path / "items.parquet")
    one, other = table.drop_columns(["vector"]).to_pylist()
    assert one["captured_at"] == datetime(2024, 5, 1, 12, 0, 0, 250_000, UTC)
    assert (one["filename"], one["latitude"], one["longitude"]) == ("ü.jpg", 47.5, 8.25)
    assert (other["cluster_id"], other["confirmed"], other["captured_at"]) == ("d", False, None)
    vectors = np.stack(table["vector"].to_numpy())
    assert vectors.dtype == np.float32
    assert vectors.tobytes() == first.item.vector.tobytes() + second.item.vector.tobytes()


def test_no_items_make_a_table_of_the_same_columns(tmp_path: Path) -> None:
    """What reads it needs no exception for an empty state."""
    for name, found in (("none", []), ("one", [placed(1)])):
        write_parquet(tmp_path / name, found)
    none, one = (parquet.read_schema(tmp_path / name) for name in ("none", "one"))
    assert none.names == one.names
    assert none.remove(len(none.names) - 1) == one.remove(len(one.names) - 1)


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    """One line."""
    with pytest.raises(Misconfigured, match="cannot write"):
        write_parquet(tmp_path / "nowhere" / "items.parquet", [placed(1)])
