"""Give the items of a journal other vectors and local features, and nothing else.

What was decided stays: every item on its cluster, every id, every event with the evidence it
rested on then. A replay of the new journal gives the same clusters in the new encoder's space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias, TypeVar

from engine.errors import Misconfigured
from engine.ports import Store
from engine.types import Batch, Item, Origin, Outcome, Prepared

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A photo whose pixels are needed once more. `content_hash`: SHA-256 of its file, in hex."""

    scope: str
    image_id: str
    content_hash: str


Look: TypeAlias = Callable[[Sequence[Wanted]], Iterable[Prepared]]
"""Sends photos through the pipeline of the new encoder."""


def photos_of(outcome: Outcome, store: Store) -> list[Wanted]:
    """The photos that an outcome's items are parts of, each once: its own, and earlier ones.

    Raises Misconfigured where the store does not know one of them.
    """
    scope = outcome.image.scope
    names = dict.fromkeys(item.item_id.rpartition("#")[0] for item in outcome.items)
    return [Wanted(scope, name, _content_hash(scope, name, store)) for name in names]


def reembed(
    old: Store, new: Store, positions: Iterable[Origin], look: Look, step: int
) -> Iterator[int]:
    """Fill an empty store with all that another holds, embedded anew.

    positions: those of the old store. step: outcomes looked at and committed at once. Yields
    how many each commit held; the new store is complete when the iterator ends.
    """
    for outcomes in chunks(old.outcomes(), step):
        wanted = dict.fromkeys(photo for o in outcomes for photo in photos_of(o, old))
        fresh = {
            (prepared.image.scope, item.item_id): item
            for prepared in look(list(wanted))
            for item in prepared.items
        }
        new.commit(Batch(tuple(renewed(outcome, fresh) for outcome in outcomes)))
        yield len(outcomes)
    for rejections in chunks(old.rejections(), step):
        new.commit(Batch(rejections=tuple(rejections)))
    new.commit(Batch(marks=tuple(positions)))


def renewed(outcome: Outcome, fresh: Mapping[tuple[str, str], Item]) -> Outcome:
    """The same outcome with the vectors and local features of `fresh`, by scope and item id."""
    found = [fresh[outcome.image.scope, item.item_id] for item in outcome.items]
    items = tuple(
        replace(item, vector=other.vector, features=other.features)
        for item, other in zip(outcome.items, found, strict=True)
    )
    return replace(outcome, items=items)


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` values; the last may be shorter."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def _content_hash(scope: str, image_id: str, store: Store) -> str:
    known = store.content_hash(scope, image_id)
    if known is None:
        raise Misconfigured(
            f"the state has items of {image_id!r} in scope {scope!r}, but not the photo: "
            "`cairn state verify` tells what else is wrong"
        )
    return known
