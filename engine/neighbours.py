"""The port of indexes of vectors, and an index as plain arrays, for whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.types import Vector


@dataclass(frozen=True, slots=True, eq=False)
class Dump:
    """What an index holds. count: labels. dim: length of a vector. arrays: copies, by name."""

    count: int
    dim: int
    arrays: Mapping[str, NDArray[Any]]


class BadDump(ValueError):
    """A dump that no index like this one can have made."""


class Index(Protocol):
    """Nearest neighbours by cosine among labelled unit vectors."""

    def __len__(self) -> int: ...

    def put(self, label: int, vector: Vector) -> None:
        """Add a vector, or replace the one of the same label. Labels are never reused."""
        ...

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        ...

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label; fewer if there are fewer."""
        ...

    def labels(self) -> AbstractSet[int]:
        """Every label that is there."""
        ...

    @property
    def changes(self) -> int:
        """Puts and removes of this object; loading is none."""
        ...

    def dump(self, *, scrub: bool = False) -> Dump:
        """All it holds, copied: what loads it answers and goes on as this index does.

        scrub: without a trace of removed vectors; what loads that may find its way otherwise.
        """
        ...

    def load(self, dump: Dump) -> None:
        """Become, while empty, what an index made alike has dumped.

        Raises BadDump where it cannot have been; this index is of no use then.
        """
        ...


def array_of(dump: Dump, name: str, dtype: type[np.generic]) -> NDArray[Any]:
    """An array of a dump; raises BadDump where it is missing or of another kind."""
    array = dump.arrays.get(name)
    if array is None or array.dtype != dtype:
        raise BadDump(f"{name} is missing, or holds no {dtype.__name__}")
    return array


def parts(prefix: str, dump: Dump) -> dict[str, NDArray[Any]]:
    """The arrays of a dump that is part of another, under their names there."""
    return {f"{prefix}.{name}": array for name, array in dump.arrays.items()}


def part(prefix: str, dump: Dump) -> Dump | None:
    """The dump that is part of another, None where there is none; its count is not known."""
    start = f"{prefix}."
    found = {
        name.removeprefix(start): array
        for name, array in dump.arrays.items()
        if name.startswith(start)
    }
    return Dump(dump.count, dump.dim, found) if found else None


@dataclass(frozen=True, slots=True, eq=False)
class SavedIndexes:
    """Indexes of a shard as they were after its first so many outcomes, by scope."""

    outcomes: int
    dumps: Mapping[str, Dump]
