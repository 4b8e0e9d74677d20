"""The latest state of every cluster that was touched, for the compacted topic `clusters`."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from engine.book import Book
from engine.cluster import Cluster
from engine.lineage import clusters_of
from engine.types import Outcome
from engine.wire import Record, cluster_key


def cluster_upserts(outcome: Outcome, book: Book) -> Iterator[Record]:
    """One record a touched cluster; a tombstone for one that is retired or forgotten.

    The book is that of after the batch: a cluster that changes twice in it is written twice,
    alike, and a cluster that was retired later in the batch is a tombstone at once.
    """
    name = outcome.scope
    scope = book.scope(name)
    touched: dict[str, None] = {}
    for event in outcome.events:
        touched |= dict.fromkeys(clusters_of(event.change))
    for cluster_id in touched:
        cluster = scope.clusters.get(cluster_id)
        value = None if cluster is None else orjson.dumps(_body(name, cluster))
        yield Record(cluster_key(name, cluster_id), value)


def _body(scope: str, cluster: Cluster) -> dict[str, object]:
    return {
        "scope": scope,
        "cluster_id": cluster.cluster_id,
        "state": "confirmed" if cluster.confirmed else "pending",
        "name": cluster.name,
        "pinned": cluster.pinned,
        "size": cluster.count,
        "revision": cluster.revision,
        "exemplars": [lobe.exemplar for lobe in cluster.prototypes.values() if lobe.exemplar],
    }
