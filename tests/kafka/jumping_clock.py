"""The command line on a machine whose clock jumps a day ahead or back between its readings.

python -m tests.kafka.jumping_clock run --kafka HOST:PORT
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

DAY_S = 86_400.0


def jumping(clock: Callable[[], float]) -> Callable[[], float]:
    """A clock that is a day early or late, by chance."""
    chance = random.Random(11)
    return lambda: clock() + chance.choice((-DAY_S, DAY_S))


def main() -> None:
    time.time = jumping(time.time)
    from cairn.cli import main  # noqa: PLC0415  # what it loads keeps the clock that it finds

    main()


if __name__ == "__main__":
    main()
