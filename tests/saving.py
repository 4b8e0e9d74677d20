"""A shard whose indexes are small enough to have graphs soon, over a store that saves them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from consumer.keeper import Keeper
from consumer.replay import replayed
from consumer.shard import Shard
from engine.clusterer import Clusterer
from engine.command_message import command_record, parse_command
from engine.commands import ForgetImage
from engine.corrections import Corrector
from engine.index.adaptive import AdaptiveIndex
from engine.members import Membership
from engine.ports import Store
from engine.profile import PROFILES
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import Correction, Origin
from state.cache import ExemplarCache, FeatureMemory
from state.snapshot_file import Disk
from state.store import SqliteStore, open_store
from tests.builders import DIM, prepared
from tests.fakes import SamePlaceVerifier
from tests.snapshot import snapshot

SCOPES = ("site", "yard")
RECENT = 5
"""Prototypes that are searched exactly; the older ones lie in a graph."""
EVERY = 20
new_index = partial(AdaptiveIndex, DIM, recent=RECENT)


def store_in(directory: Path, disk: Disk | None = None, name: str = "shard.sqlite") -> SqliteStore:
    """The store of a shard."""
    return open_store(directory / name, "test", disk=disk)


def shard_of(store: Store, every: int = EVERY) -> Shard:
    """A shard with all that its store remembers."""
    book = replayed(store, new_index, lambda: False)
    exemplars, members = ExemplarCache(store, FeatureMemory(3)), Membership(store)
    place = PROFILES["place"]
    clusterer = Clusterer(book, RULES["place"], place, SamePlaceVerifier(), exemplars, members)
    corrector = Corrector(book, members, clusterer)
    keeper = Keeper(book, store, every)
    return Shard(book, clusterer, corrector, exemplars, members, store, keeper=keeper)


def photo(number: int, scope: str = SCOPES[0]) -> Prepared:
    """A photo of a place of its own."""
    made = prepared(number)
    return replace(made, image=replace(made.image, scope=scope))


def take(shard: Shard, numbers: Iterable[int]) -> None:
    """Commit photo by photo, two of three of the first scope, and wait for what that saves."""
    for number in numbers:
        shard.commit(shard.decide([photo(number, SCOPES[number % 3 == 0])]))
        if isinstance(shard.store, SqliteStore):
            shard.store.snapshots.wait()


def forget(shard: Shard, number: int) -> None:
    """Forget a photo of the first scope."""
    origin = Origin("desk", 0, number)
    order = ForgetImage(f"image-{number}")
    record = command_record(Correction(f"forget-{number}", SCOPES[0], origin, order))
    shard.commit(shard.correct(parse_command(record.key, record.value, origin)))


def knowledge(shard: Shard) -> object:
    """All that a shard knows, its answers included, comparable with ==."""
    return {name: snapshot(scope) for name, scope in shard.book.scopes().items()}


def files_of(directory: Path) -> list[str]:
    """Names of the files of all snapshots there."""
    return sorted(path.name for path in directory.glob("*.snapshots/*"))
