"""Commits numbered batches until it is killed, saying after each one that it is durable."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from engine.types import Batch, Origin
from state.store import open_store
from tests.builders import make_features, make_outcome, make_rejection

SIZE = 5


def numbered_batch(number: int) -> Batch:
    names = [f"{number}-{k}" for k in range(SIZE)]
    features = make_features(n=200)
    return Batch(
        tuple(make_outcome(name, features=features) for name in names),
        (make_rejection(str(number)),),
        (Origin("stream", 0, number),),
    )


def main(path: str) -> None:
    store = open_store(Path(path), "test")
    last = store.position("stream", 0)
    for number in count(0 if last is None else last + 1):
        store.commit(numbered_batch(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
