"""What is computed now and then: the map of a scope, and its clusters that look alike."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select

from exporters.view.layout import Layout, alike
from exporters.view.tables import clusters, pairs, points, vectors

MAX_POINTS = 50_000
MAX_CLUSTERS = 4000
"""Clusters that are compared with one another, the largest ones: a second of work."""
MAX_PAIRS = 200

Points = list[dict[str, object]]


def find_points(db: Connection, scope_n: int, layout: Layout) -> Points:
    """Rows of the map; of very many items, evenly chosen ones."""
    here = vectors.c.scope_n == scope_n
    count = db.scalar(select(func.count()).select_from(vectors).where(here)) or 0
    step = max(1, -(-count // MAX_POINTS))
    query = select(vectors.c.item_n, vectors.c.vector).where(here, vectors.c.item_n % step == 0)
    rows = db.execute(query.order_by(vectors.c.item_n)).all()
    if not rows:
        return []
    laid = layout(np.stack([row.vector for row in rows]))
    return [
        {"item_n": row.item_n, "scope_n": scope_n, "x": x, "y": y, "z": z}
        for row, (x, y, z) in zip(rows, laid.tolist(), strict=True)
    ]


def find_pairs(db: Connection, scope_n: int) -> Points:
    """Rows of the clusters of several members that are most alike."""
    c = clusters.c
    known = (c.scope_n == scope_n) & c.mean.is_not(None) & (c.size > 1)
    query = select(c.n, c.mean).where(known).order_by(c.size.desc(), c.n).limit(MAX_CLUSTERS)
    rows = db.execute(query).all()
    if len(rows) < 2:
        return []
    return [
        {
            "one_n": rows[one].n,
            "other_n": rows[other].n,
            "scope_n": scope_n,
            "similarity": cosine,
        }
        for one, other, cosine in alike(np.stack([row.mean for row in rows]), MAX_PAIRS)
    ]


def replace_all(db: Connection, scope_n: int, laid: Points, paired: Points) -> None:
    """Write what was found over what was found before, but for what was forgotten meanwhile."""
    for table, rows in ((points, laid), (pairs, paired)):
        db.execute(delete(table).where(table.c.scope_n == scope_n))
        if rows:
            db.execute(insert(table), rows)
    left = select(vectors.c.item_n).where(vectors.c.scope_n == scope_n)
    here = points.c.scope_n == scope_n
    db.execute(delete(points).where(here, points.c.item_n.not_in(left)))
