"""Give the items of a journal other vectors and local features, and nothing else.

What was decided stays: every item on its cluster, every id, every event with the evidence it
rested on then. A replay of the new journal gives the same clusters in the new encoder's space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TypeAlias, TypeVar

import numpy as np

from engine.errors import StateMismatch
from engine.ports import Store
from engine.sight import Prepared
from engine.types import Batch, ImageRecord, Item, Origin, Outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A photo whose pixels are needed once more. `content_hash`: SHA-256 of its file, in hex."""

    scope: str
    image_id: str
    content_hash: str


Look: TypeAlias = Callable[[Sequence[Wanted]], Iterable[Prepared]]
"""Sends photos through the pipeline of the new encoder."""


def own_photo(outcome: Outcome) -> Wanted | None:
    """The photo to be looked at again; None where no item is a part of it."""
    image = outcome.cause
    if not isinstance(image, ImageRecord):
        return None
    own = (item for item in outcome.items if _is_of(item.item_id, image.image_id))
    if all(_is_forgotten(item) for item in own):
        return None
    return Wanted(image.scope, image.image_id, image.content_hash)


def reembed(
    old: Store, new: Store, positions: Iterable[Origin], look: Look, dim: int, step: int
) -> Iterator[int]:
    """Fill an empty store with all that another holds, embedded anew.

    positions: those of the old store. dim: length of a new vector. step: outcomes looked at and
    committed at once. Yields how many each commit held; the new store is complete when the
    iterator ends.
    """
    for outcomes in chunks(old.outcomes(), step):
        wanted = [photo for outcome in outcomes if (photo := own_photo(outcome))]
        fresh = {
            (prepared.image.scope, item.item_id): item
            for prepared in look(wanted)
            for item in prepared.items
        }
        find = partial(_find, fresh, new)
        new.commit(Batch(tuple(renewed(outcome, find, dim) for outcome in outcomes)))
        yield len(outcomes)
    for rejections in chunks(old.rejections(), step):
        new.commit(Batch(rejections=tuple(rejections)))
    new.commit(Batch(marks=tuple(positions)))


def renewed(outcome: Outcome, find: Callable[[str, str], Item], dim: int) -> Outcome:
    """The same outcome with the vectors and local features of what `find` has of its items.

    What was forgotten keeps a zero vector, of the new length `dim`.
    """
    zeros = np.zeros(dim, np.float32)
    items = (
        replace(item, vector=zeros)
        if _is_forgotten(item)
        else _like(item, find(outcome.scope, item.item_id))
        for item in outcome.items
    )
    return replace(outcome, items=tuple(items))


def _like(item: Item, other: Item) -> Item:
    return replace(item, vector=other.vector, features=other.features)


def _is_forgotten(item: Item) -> bool:
    """What was forgotten has a zero vector, which no encoder gives."""
    return not item.vector.any()


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` values; the last may be shorter."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def _find(fresh: Mapping[tuple[str, str], Item], new: Store, scope: str, item_id: str) -> Item:
    """An item just looked at, or one of an earlier photo with the very vector it had there.

    Looked at twice, a vector might differ in its last bit, and could not be subtracted again.
    """
    if (scope, item_id) in fresh:
        return fresh[scope, item_id]
    located = new.locate(scope, item_id)
    if located is None:
        raise StateMismatch(
            f"item {item_id} of scope {scope!r} is found no more in its photo: the photo is cut "
            "into items in another way now, or `cairn state verify` tells what is wrong"
        )
    return located[0]


def _is_of(item_id: str, image_id: str) -> bool:
    return item_id.rpartition("#")[0] == image_id
