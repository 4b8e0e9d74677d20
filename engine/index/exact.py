"""Exact search by one matrix product: the truth, and the faster choice for small scopes."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from engine.neighbours import BadDump, Dump, array_of
from engine.types import Vector

_FIRST_CAPACITY = 4  # a scope may hold one photo, and there may be very many scopes
_ROUNDING = 1e-5


class ExactIndex:
    """Rows of unit vectors searched by brute force; removal swaps the last row in."""

    def __init__(self, dim: int) -> None:
        self._rows: NDArray[np.float32] = np.zeros((_FIRST_CAPACITY, dim), np.float32)
        self._labels: NDArray[np.int64] = np.zeros(_FIRST_CAPACITY, np.int64)
        self._row_of: dict[int, int] = {}
        self.changes = 0

    def __len__(self) -> int:
        return len(self._row_of)

    def put(self, label: int, vector: Vector) -> None:
        """Add or replace a unit vector of shape (dim,)."""
        row = self._row_of.get(label, len(self._row_of))
        if row == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
            self._labels = np.concatenate([self._labels, np.zeros_like(self._labels)])
        self._rows[row] = vector
        self._labels[row] = label
        self._row_of[label] = row
        self.changes += 1

    def remove(self, label: int) -> None:
        """Forget a label; raises KeyError where it is unknown."""
        row = self._row_of.pop(label)
        last = len(self._row_of)
        if row != last:
            self._rows[row] = self._rows[last]
            self._labels[row] = self._labels[last]
            self._row_of[int(self._labels[row])] = row
        self.changes += 1

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k pairs (label, cosine), best first, ties by label."""
        best = self._shortlist(vector, k)
        # Row by row, because a BLAS product rounds the same row differently in another place,
        # and a restart may put it there.
        scores = (self._rows[best] * vector).sum(axis=1)
        order = np.lexsort((self._labels[best], -scores))[:k]
        return [(int(self._labels[best[n]]), float(scores[n])) for n in order]

    def _shortlist(self, vector: Vector, k: int) -> NDArray[np.int64]:
        """Rows that may be among the k best: all that come within rounding of the k-th."""
        count = len(self._row_of)
        if k >= count:
            return np.arange(count)
        scores = self._rows[:count] @ vector
        least = np.partition(scores, count - k)[count - k]
        return np.flatnonzero(scores >= least - _ROUNDING)

    def labels(self) -> AbstractSet[int]:
        """Every label that is there."""
        return self._row_of.keys()

    def dump(self, *, scrub: bool = False) -> Dump:
        """Labels in the order they were put, and their rows; nothing else is there to scrub."""
        rows = self._rows[list(self._row_of.values())]
        labels = np.array(list(self._row_of), np.int64)
        return Dump(len(self), rows.shape[1], {"rows": rows, "labels": labels})

    def load(self, dump: Dump) -> None:
        """Become the index that was dumped; raises BadDump."""
        rows, labels = array_of(dump, "rows", np.float32), array_of(dump, "labels", np.int64)
        if rows.shape != (len(labels), self._rows.shape[1]) or not np.isfinite(rows).all():
            raise BadDump(f"rows of {rows.shape} for {len(labels)} labels")
        for label, row in zip(labels.tolist(), rows, strict=True):
            self.put(label, row)
        if len(self) < len(labels):
            raise BadDump("a label is there twice")
        self.changes = 0

    def pop_oldest(self) -> tuple[int, Vector]:
        """Take out the label that was put first, with its vector."""
        label, row = next(iter(self._row_of.items()))
        vector = self._rows[row].copy()
        self.remove(label)
        return label, vector
