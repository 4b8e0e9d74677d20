"""Maps and pairs, computed beside everything else, in both kinds of databases."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from engine.commands import ForgetImage, LinkItems
from engine.lineage import Constrained, Constraint, Forgotten
from exporters.view.database import Database
from exporters.view.layout import alike, lay_out
from exporters.view.opening import backend_of, open_view
from exporters.view.port import View
from exporters.view.reading import scope_number
from exporters.view.refreshing import read_subject
from tests.view.kit import IDENTITY, Album, Feed


def near(*shares: float) -> NDArray[np.float32]:
    """Unit vectors that have the first axis in common, less and less."""
    rows = np.eye(len(shares) + 1, dtype=np.float32)[1:]
    rows = rows * np.sqrt(1 - np.square(shares))[:, None].astype(np.float32)
    rows[:, 0] = shares
    return rows


def test_nothing_is_held_open_while_a_map_is_laid_out(address: str, album: Album) -> None:
    """What is told meanwhile is written, and what is forgotten meanwhile is not on the map."""
    open_view(address, IDENTITY).close()
    backend = backend_of(address)

    def layout(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        assert backend.engine.pool.checkedout() == 0
        feed.tell(album.command("f", ForgetImage("b"), Forgotten("c2", "b#0", 2)))
        return lay_out(vectors)

    view = Database(backend, layout)
    feed = Feed(view)
    feed.tell(album.photo("a", "c1"), album.photo("b", "c2"))
    view.refresh("site")
    assert list(view.points("site").items) == ["a#0"]
    view.close()


def test_a_sample_is_of_its_own_scope(address: str) -> None:
    """However the photos of another lie between: evenly chosen, from the first on."""
    view = open_view(address, IDENTITY)
    both = {"site": Album(), "other": Album("other")}
    feed = Feed(view)
    for number in range(8):
        for scope, album in both.items():
            feed.tell(album.photo(f"{scope}{number}", f"c{number}"))
    backend = backend_of(address)
    with backend.engine.begin() as db:
        found = {
            scope: list(read_subject(db, scope_number(db, scope), most=4).items) for scope in both
        }
    backend.engine.dispose()
    numbers = {item.number: item.item_id for item in view.newest(limit=16)}
    assert {scope: [numbers[n] for n in chosen] for scope, chosen in found.items()} == {
        scope: [f"{scope}{number}#0" for number in (0, 2, 4, 6)] for scope in both
    }
    view.close()


def test_who_was_told_apart_crowds_nobody_out() -> None:
    """Three that are not the same are each closest to the others; the fourth is found still."""
    means = near(0.9, 0.89, 0.88, 0.6)
    told = list(combinations(range(3), 2))
    assert (2, 3) not in {(one, other) for one, other, _ in alike(means, 9)}
    assert [(one, other) for one, other, _ in alike(means, 9, told)] == [(0, 3), (1, 3)]
    assert alike(means, 9, list(combinations(range(4), 2))) == []


def test_pairs_told_apart_are_not_drawn(view: View, feed: Feed, album: Album) -> None:
    """Nor do they stand in the way of what nobody was asked about yet."""
    vectors = near(0.9, 0.89, 0.88, 0.6)
    for n, vector in enumerate(vectors):
        for m in range(2):
            feed.tell(album.photo(f"p{n}{m}", f"c{n}", founds=not m, vector=vector))
    lobes = [1, 3, 5]
    links = [Constraint(*pair, together=False, cause="apart") for pair in combinations(lobes, 2)]
    order = LinkItems(("p00#0", "p10#0"), together=False)
    feed.tell(album.command("apart", order, Constrained("c0", tuple(links))))
    view.refresh("site")
    asked = [one for one in view.suggestions("site") if one.kind == "apart"]
    assert [{row.cluster_id for row in one.clusters} for one in asked] == [
        {"c0", "c3"},
        {"c1", "c3"},
    ]
