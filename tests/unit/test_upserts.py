"""Latest states of clusters, as the compacted topic `clusters` gets them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from consumer.upserts import cluster_upserts
from engine.book import Book
from engine.cluster import id_for
from engine.index.exact import ExactIndex
from engine.lineage import Assigned, Change, Confirmed, Created, Event, Merged, Moved, Split
from engine.types import Outcome
from engine.verdict import Evidence
from engine.wire import cluster_key
from tests.builders import DIM, prepared

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "docs" / "asyncapi.yaml").read_text())
CLUSTER = DOCUMENT["components"]["schemas"]["cluster"]


def founding(number: int, *further: Change, seq: int) -> Outcome:
    """A photo that founds a cluster, and what else it changes."""
    photo = prepared(number)
    (item,) = photo.items
    cluster = id_for("site", item.item_id)
    joined = Assigned(cluster, item.item_id, number, True, 1.0, Evidence("spawn"))
    changes = (Created(cluster, item.item_id), joined, *further)
    events = (Event("site", n, change) for n, change in enumerate(changes, start=seq))
    return Outcome(photo.image, photo.items, tuple(events))


def test_a_living_cluster_is_told_and_a_retired_one_is_a_tombstone() -> None:
    """One record for each cluster that a photo touched, as the document describes it."""
    first, second = (id_for("site", f"image-{number}#0") for number in (1, 2))
    book = Book(lambda: ExactIndex(DIM))
    book.apply(founding(1, seq=1))
    merging = founding(2, Merged(first, second), Confirmed(first), seq=3)
    book.apply(merging)
    told = {record.key: record.value for record in cluster_upserts(merging, book)}
    assert told.keys() == {cluster_key("site", first), cluster_key("site", second)}
    assert told[cluster_key("site", second)] is None
    body = orjson.loads(told[cluster_key("site", first)] or b"")
    jsonschema.validate(body, CLUSTER)
    assert set(body) == set(CLUSTER["properties"])
    assert (body["state"], body["size"]) == ("confirmed", 2)
    assert body["exemplars"] == ["image-1#0", "image-2#0"]


def test_both_sides_of_a_split_and_of_a_move_are_told() -> None:
    """The one that lost items changed as much as the one that got them."""
    first, second, third = (id_for("site", f"image-{number}#0") for number in (1, 2, 3))
    book = Book(lambda: ExactIndex(DIM))
    book.apply(founding(1, seq=1))
    book.apply(founding(2, Merged(first, second), seq=3))
    splitting = founding(3, Split("child", first, (2,), ("image-2#0",)), seq=6)
    book.apply(splitting)
    sizes = {
        record.key: orjson.loads(record.value or b"")["size"]
        for record in cluster_upserts(splitting, book)
    }
    assert sizes == {cluster_key("site", name): 1 for name in (first, third, "child")}
    moving = founding(4, Merged(first, third), Moved("child", first, (3,), ()), seq=9)
    book.apply(moving)
    touched = {record.key for record in cluster_upserts(moving, book)}
    assert touched >= {cluster_key("site", name) for name in (first, third, "child")}
