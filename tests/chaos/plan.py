"""The seeded plan: which deaths, in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.chaos.failpoints import FAILPOINTS, Failpoint

FEWEST = 2
RANDOM_WITHIN_S = 6.0
ANYWHERE = "any moment"
NAMED = frozenset(
    (
        *("after decode", "after apply", "before send", "after send"),
        *("before commit", "after commit", "mid-snapshot", "mid-rename"),
    )
)
"""Every tenth death is at each of these; the others share what is left."""


@dataclass(frozen=True)
class Death:
    """failpoint: None for any moment, `after_s` into the life. nth: which pass of the failpoint.

    on_a_new_machine: the life that ends there began without a local store.
    """

    failpoint: Failpoint | None
    nth: int
    after_s: float
    on_a_new_machine: bool

    @property
    def where(self) -> str:
        return self.failpoint.name if self.failpoint else ANYWHERE


def deaths(kills: int, seed: int) -> list[Death]:
    """So many deaths, or as many as it takes to have each kind twice, in random order."""
    chance = random.Random(seed)
    named = [one for one in FAILPOINTS if one.name in NAMED]
    others = [None, *(one for one in FAILPOINTS if one.name not in NAMED)]
    each = max(FEWEST, kills // 10)
    rest = max(FEWEST, -(-(kills - each * len(named)) // len(others)))
    wanted: list[Failpoint | None] = [one for one in named for _ in range(each)]
    wanted += [one for one in others for _ in range(rest)]
    chance.shuffle(wanted)
    return [_death(kind, chance) for kind in wanted]


def _death(kind: Failpoint | None, chance: random.Random) -> Death:
    restoring = kind is not None and kind.name == "while restoring"
    return Death(
        failpoint=kind,
        nth=chance.randint(1, kind.latest if kind else 1),
        after_s=chance.uniform(0.0, RANDOM_WITHIN_S),
        on_a_new_machine=restoring or chance.random() < 0.15,
    )
