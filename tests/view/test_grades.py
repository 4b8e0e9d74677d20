"""Quality of clusters: exact among few, and among very many read anew only now and then."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert, update

from exporters.view.opening import backend_of, open_view
from exporters.view.piles import KEPT_S, MANY, Grades
from exporters.view.tables import clusters, ledger
from tests.view.kit import IDENTITY


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def piles(count: int, spread: float) -> list[dict[str, object]]:
    return [
        {
            "n": n,
            "scope_n": 1,
            "cluster_id": f"c{n}",
            "state": "confirmed",
            "founded": 1,
            "revision": 1,
            "pinned": False,
            "name": "",
            "name_key": "",
            "size": 2,
            "spread": spread,
            "x": 0,
            "y": 0,
            "z": 0,
            "located": 0,
            "changed": n,
        }
        for n in range(1, count + 1)
    ]


def limits(url: str, count: int) -> list[float]:
    """What counts as wide at first, after all have changed, and a while later."""
    open_view(url, IDENTITY).close()
    clock = Clock()
    grades, found = Grades(clock), []
    with backend_of(url).engine.connect() as db:
        db.execute(insert(clusters), piles(count, 0.1))
        found.append(grades.limit(db))
        db.execute(update(clusters).values(spread=0.4))
        db.execute(update(ledger).values(events=ledger.c.events + 1))
        found.append(grades.limit(db))
        clock.now += KEPT_S
        return [*found, grades.limit(db)]


def test_few_are_read_after_every_event(tmp_path: Path) -> None:
    """What the result JSON says is what a view says."""
    first, changed, later = limits(f"sqlite:///{tmp_path}/view.db", 20)
    assert first < changed == later


def test_very_many_are_read_now_and_then(tmp_path: Path) -> None:
    """Or each answer after an event would wait for all of them."""
    first, changed, later = limits(f"sqlite:///{tmp_path}/view.db", MANY + 1)
    assert first == changed < later
