"""An index as plain arrays, for whoever keeps it and gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Dump:
    """What an index holds. count: labels. dim: length of a vector. arrays: copies, by name."""

    count: int
    dim: int
    arrays: Mapping[str, NDArray[Any]]


class BadDump(ValueError):
    """A dump that no index like this one can have made."""


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
