"""What is computed now and then: the map of a scope, and its clusters that look alike.

Read, computed and written apart: what takes long holds no transaction open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, delete, exists, func, insert, select

from exporters.view.doubts import told_apart
from exporters.view.layout import Layout, alike
from exporters.view.tables import clusters, pairs, points, vectors

MAX_POINTS = 50_000
MAX_CLUSTERS = 4000
"""Clusters that are compared with one another, the largest ones: a second of work."""
MAX_PAIRS = 200

Rows = list[dict[str, object]]
Numbered = Mapping[int, NDArray[np.float32]]
"""Vectors by the numbers of what they are of."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a chart is drawn of. apart: pairs of clusters that people said are not the same."""

    scope_n: int
    items: Numbered
    means: Numbered
    apart: frozenset[frozenset[int]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows of the map, and of clusters that look alike."""

    scope_n: int
    points: Rows
    pairs: Rows


def read_subject(db: Connection, scope_n: int, most: int = MAX_POINTS) -> Subject:
    """Items and clusters of several members; of very many items `most`, evenly chosen."""
    apart = frozenset(told_apart(db, scope_n))
    return Subject(scope_n, _items(db, scope_n, most), _means(db, scope_n), apart)


def drawn(subject: Subject, layout: Layout) -> Chart:
    """Compute, which may take long."""
    return Chart(subject.scope_n, _points(subject, layout), _pairs(subject))


def replace_all(db: Connection, chart: Chart) -> None:
    """Write what was found over what was found before, but for what was forgotten meanwhile."""
    _replace(db, points, chart.scope_n, chart.points)
    _replace(db, pairs, chart.scope_n, chart.pairs)
    kept = exists().where(vectors.c.item_n == points.c.item_n)
    db.execute(delete(points).where(points.c.scope_n == chart.scope_n, ~kept))


def _items(db: Connection, scope_n: int, most: int) -> Numbered:
    here = vectors.c.scope_n == scope_n
    count = db.scalar(select(func.count()).select_from(vectors).where(here)) or 0
    step = max(1, -(-count // most))
    place = func.row_number().over(order_by=vectors.c.item_n) - 1
    placed = select(vectors.c.item_n, place.label("place")).where(here).subquery()
    query = (
        select(vectors.c.item_n, vectors.c.vector)
        .join(placed, placed.c.item_n == vectors.c.item_n)
        .where(placed.c.place % step == 0)
        .order_by(vectors.c.item_n)
    )
    return dict(db.execute(query).all())


def _means(db: Connection, scope_n: int) -> Numbered:
    c = clusters.c
    known = (c.scope_n == scope_n) & c.mean.is_not(None) & (c.size > 1)
    query = select(c.n, c.mean).where(known).order_by(c.size.desc(), c.n).limit(MAX_CLUSTERS)
    return dict(db.execute(query).all())


def _points(subject: Subject, layout: Layout) -> Rows:
    if not subject.items:
        return []
    laid = layout(np.stack(list(subject.items.values())))
    return [
        {"item_n": n, "scope_n": subject.scope_n, "x": x, "y": y, "z": z}
        for n, (x, y, z) in zip(subject.items, laid.tolist(), strict=True)
    ]


def _pairs(subject: Subject) -> Rows:
    if len(subject.means) < 2:
        return []
    numbers = list(subject.means)
    place = {n: at for at, n in enumerate(numbers)}
    both = (pair for pair in subject.apart if len(pair) == 2 and pair <= place.keys())
    apart = [[place[n] for n in pair] for pair in both]
    means = np.stack(list(subject.means.values()))
    return [
        {
            "one_n": numbers[one],
            "other_n": numbers[other],
            "scope_n": subject.scope_n,
            "similarity": cosine,
        }
        for one, other, cosine in alike(means, MAX_PAIRS, apart)
    ]


def _replace(db: Connection, table: Table, scope_n: int, rows: Rows) -> None:
    db.execute(delete(table).where(table.c.scope_n == scope_n))
    if rows:
        db.execute(insert(table), rows)
