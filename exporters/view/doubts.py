"""What a person might look at: assignments in doubt, clusters that look alike, small ones.

What somebody decided is not asked again: items that commands named, pairs told apart, clusters
that are vouched for; unless the command was undone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import orjson
from sqlalchemy import Connection, func, select

from exporters.view.answers import Suggestion
from exporters.view.loading import condition_on
from exporters.view.piles import LIVING, Grades, clusters_numbered
from exporters.view.reading import ITEMS, item_row, scope_number
from exporters.view.tables import apart, clusters, commands, items, pairs

SURE = 0.9
"""Confidence from which on nobody needs to look."""
EVEN = 0.5
"""Doubt of clusters that look the same: as with an item, at most as likely wrong as right."""
SMALL_DOUBT = 0.3
"""Of a pending cluster of two: less urgent than what may be wrong."""


def suggestions(db: Connection, grades: Grades, scope: str, limit: int) -> list[Suggestion]:
    """Most doubtful first."""
    scope_n = scope_number(db, scope)
    placed = _placed(db, scope_n)
    unsure = list(_unsure(db, grades, scope_n, placed, limit))
    small = _small(db, grades, scope_n, placed, limit)
    asked = {one.clusters[0].cluster_id for one in unsure}
    found = [
        *unsure,
        *_apart(db, grades, scope_n, limit),
        *(one for one in small if one.clusters[0].cluster_id not in asked),
    ]
    return sorted(found, key=lambda one: -one.doubt)[:limit]


def _placed(db: Connection, scope_n: int) -> set[str]:
    """Items that people said something about, but for what they took back."""
    c = commands.c
    query = select(c.command_id, c.body, c.told).where(c.scope_n == scope_n, c.applied)
    orders = [(row.told, row.command_id, orjson.loads(row.body)) for row in db.execute(query)]
    orders.sort(key=lambda one: (one[0], one[2]["command"] == "undo"), reverse=True)
    placed: set[str] = set()
    undone: set[str] = set()
    for _, command_id, order in orders:
        if command_id in undone:
            continue
        if order["command"] == "undo":
            undone.add(order["undone_id"])
        placed.update(order.get("item_ids", ()))
    return placed


def _unsure(
    db: Connection, grades: Grades, scope_n: int, placed: Collection[str], limit: int
) -> Iterator[Suggestion]:
    unsure = (items.c.scope_n == scope_n) & (items.c.confidence < SURE)
    query = (
        select(items.c.n, items.c.item_id)
        .join(clusters, clusters.c.n == items.c.cluster_n)
        .where(unsure, ~clusters.c.pinned, clusters.c.size > 1)
        .order_by(items.c.confidence, items.c.n)
        .limit(limit + len(placed))
    )
    numbers = [n for n, item_id in db.execute(query) if item_id not in placed][:limit]
    ordered = ITEMS.where(items.c.n.in_(numbers)).order_by(items.c.confidence, items.c.n)
    rows = db.execute(ordered).all()
    known = clusters_numbered(db, grades, {row.cluster_n for row in rows})
    for row in rows:
        yield Suggestion("unsure", 1 - row.confidence, (known[row.cluster_n],), item_row(row))


def _apart(db: Connection, grades: Grades, scope_n: int, limit: int) -> Iterator[Suggestion]:
    one, other = clusters.alias("one"), clusters.alias("other")
    query = (
        select(pairs)
        .join(one, one.c.n == pairs.c.one_n)
        .join(other, other.c.n == pairs.c.other_n)
        .where(pairs.c.scope_n == scope_n)
        .where(one.c.state.in_(LIVING), other.c.state.in_(LIVING))
        .order_by(pairs.c.similarity.desc(), pairs.c.one_n, pairs.c.other_n)
    )
    settled = told_apart(db, scope_n)
    rows = [r for r in db.execute(query) if frozenset((r.one_n, r.other_n)) not in settled][:limit]
    known = clusters_numbered(db, grades, {n for row in rows for n in (row.one_n, row.other_n)})
    for row in rows:
        both = known[row.one_n], known[row.other_n]
        cosine = max(0.0, min(1.0, row.similarity))
        yield Suggestion("apart", EVEN * cosine, both, cosine=cosine)


def told_apart(db: Connection, scope_n: int) -> set[frozenset[int]]:
    """Pairs of clusters that people said are not the same."""
    query = select(apart.c.one, apart.c.other).where(apart.c.scope_n == scope_n)
    links = db.execute(query).all()
    owner: dict[int, int] = {}
    for condition in condition_on(items.c.lobe, {lobe for link in links for lobe in link}):
        on = select(items.c.lobe, func.min(items.c.cluster_n)).group_by(items.c.lobe)
        owner.update(db.execute(on.where(items.c.scope_n == scope_n, condition)).all())
    return {frozenset((owner[a], owner[b])) for a, b in links if a in owner and b in owner}


def _small(
    db: Connection, grades: Grades, scope_n: int, placed: Collection[str], limit: int
) -> Iterator[Suggestion]:
    c = clusters.c
    small = (c.scope_n == scope_n) & (c.state == "pending") & (c.size == 2)
    newest = select(c.n).where(small).order_by(c.changed.desc()).limit(limit + len(placed))
    numbers = db.scalars(newest).all()
    settled: set[int] = set()
    for here in condition_on(items.c.cluster_n, numbers):
        members = db.execute(select(items.c.cluster_n, items.c.item_id).where(here))
        settled.update(n for n, item_id in members if item_id in placed)
    left = [n for n in numbers if n not in settled][:limit]
    known = clusters_numbered(db, grades, left)
    for n in left:
        yield Suggestion("small", SMALL_DOUBT, (known[n],))
