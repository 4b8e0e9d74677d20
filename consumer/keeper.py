"""When the indexes of a shard are worth saving, and what of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.book import Book
from engine.neighbours import Dump, Index
from engine.ports import Store
from engine.types import Batch
from state.store import forgotten_image

_SHARE = 5
"""What has to change of the indexes: one label in so many."""
_LOOKS = 50
"""Outcomes between two looks at the indexes: `every` by so many."""


@dataclass(slots=True)
class Keeper:
    """Follows the commits of a shard, and has its indexes saved when much has changed in them.

    every: changes of indexes between two saves at least, and a fifth of their size; a scope with
    less than a fifth of `every` prototypes is replayed in no time, and left out.
    """

    book: Book
    store: Store
    every: int
    _saved: int = 0
    _unseen: int = 0
    _forgetful: set[str] = field(default_factory=set)

    def committed(self, batch: Batch) -> None:
        """Look after a batch that is durable now; the book must hold nothing else."""
        forgetful = {o.scope for o in batch.outcomes if forgotten_image(o) is not None}
        if forgetful:
            # What was saved is gone. The next one waits its turn, however many are forgotten.
            self._forgetful |= forgetful
            self._saved = _changes(self._worth_it())
        self._unseen += len(batch.outcomes)
        if self._unseen >= self.every / _LOOKS:
            self._unseen = 0
            self._look()

    def _look(self) -> None:
        indexes = self._worth_it()
        changes, size = _changes(indexes), sum(map(len, indexes.values()))
        due = changes - self._saved >= max(self.every, size / _SHARE)
        if due and self.store.save_indexes(lambda: self._dumps(indexes)):
            self._saved = changes

    def _worth_it(self) -> dict[str, Index]:
        return {
            name: scope.index
            for name, scope in self.book.scopes().items()
            if len(scope.index) >= self.every / _SHARE
        }

    def _dumps(self, indexes: Mapping[str, Index]) -> dict[str, Dump]:
        """Copies; of a scope that has forgotten something only what is still there."""
        return {name: index.dump(scrub=name in self._forgetful) for name, index in indexes.items()}


def _changes(indexes: Mapping[str, Index]) -> int:
    return sum(index.changes for index in indexes.values())
