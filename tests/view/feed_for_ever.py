"""Feeds a view from a desk's history, in batches, until it is killed or done.

python -m tests.view.feed_for_ever ADDRESS SEED
"""

from __future__ import annotations

import sys

from exporters.view.opening import open_view
from tests.shards import LOOSE
from tests.view.kit import IDENTITY, history, told

LENGTH = 80


def main() -> None:
    """Say a line for each batch that is written."""
    view = open_view(sys.argv[1], IDENTITY)
    feed = told(history(int(sys.argv[2]), LOOSE, LENGTH).outcomes)
    reached = view.position("journal", 0)
    start = 0 if reached is None else reached + 1
    for place in range(start, len(feed), 3):
        view.apply(feed[place : place + 3])
        sys.stdout.write(f"{place}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
