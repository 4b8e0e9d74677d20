"""A shard over fakes, and commands drawn for it by number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from consumer.shard import Shard
from engine.book import Book, ScopeBook
from engine.clusterer import Clusterer
from engine.command_message import command_record, parse_command
from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    SplitCluster,
    UndoCommand,
)
from engine.corrections import Corrector
from engine.errors import BadCommand
from engine.index.exact import ExactIndex
from engine.lineage import Created, Split
from engine.members import Membership
from engine.ports import Store
from engine.profile import PROFILES, Profile
from engine.rules import RULES
from engine.types import Batch, Correction, Item, Origin, Outcome
from engine.vectors import settle
from state.cache import ExemplarCache, FeatureMemory
from tests.builders import DIM, prepared, unit
from tests.fakes import MemoryStore, SamePlaceVerifier, key_of

SCOPE = "site"
SMALL = replace(PROFILES["place"], max_prototypes=3, verifications=2)
"""Fuses lobes soon, and misses partners at first, so that clusters merge later."""
LOOSE = replace(PROFILES["object"], max_prototypes=3, free_prototypes=12)
"""Goes by similarity, and fuses lobes soon."""
NOISE = 0.7


def shard_over(store: Store, profile: Profile = SMALL) -> Shard:
    """A shard with everything the store remembers."""
    book = Book(lambda: ExactIndex(DIM))
    for outcome in store.outcomes():
        book.apply(outcome)
    exemplars, members = ExemplarCache(store, FeatureMemory(3)), Membership(store)
    verifier, rule = SamePlaceVerifier(), RULES[profile.rule]
    clusterer = Clusterer(book, rule, profile, verifier, exemplars, members)
    corrector = Corrector(book, members, clusterer)
    return Shard(book, clusterer, corrector, exemplars, members, store)


class Desk:
    """Photos and commands for one scope of a shard, one at a time; it knows what there ever was."""

    def __init__(self, store: Store | None = None, profile: Profile = SMALL) -> None:
        self.store = store or MemoryStore()
        self.profile = profile
        self.shard = shard_over(self.store, profile)
        self._numbers = count(1)
        self._waiting: list[Outcome] = []
        self._past: dict[tuple[str, str], Outcome] = {}
        self.outcomes: list[Outcome] = []
        self.items: dict[str, Item] = {}
        self.clusters: list[str] = []
        self.commands: list[str] = []

    @property
    def scope(self) -> ScopeBook:
        return self.shard.book.scope(SCOPE)

    def photo(self, place: int) -> str:
        """Take in one photo of a place; its item id. Places look somewhat alike."""
        number = next(self._numbers)
        vector = settle(unit(1000 + place) + NOISE * unit(number), DIM)
        made = prepared(number, vector, place)
        self._take(self.shard.clusterer.process(made))
        self.items[made.items[0].item_id] = made.items[0]
        return made.items[0].item_id

    def photos(self, *places: int) -> list[str]:
        return [self.photo(place) for place in places]

    def cluster_of(self, item_id: str) -> str:
        found = self.shard.members.locate(SCOPE, item_id)
        assert found is not None
        return self.scope.owners[found[1]]

    def members_of(self, cluster_id: str) -> list[str]:
        """The items on a living cluster; none on another."""
        cluster = self.scope.clusters.get(cluster_id)
        return self.shard.members.members(SCOPE, list(cluster.prototypes)) if cluster else []

    def order(self, order: Order, command_id: str | None = None) -> Outcome:
        """Carry out an order; raises BadCommand."""
        name = command_id or f"command-{len(self.commands) + 1}"
        origin = Origin("desk", 0, len(self.outcomes))
        record = command_record(Correction(name, SCOPE, origin, order))
        command = parse_command(record.key, record.value, origin)
        self._take(self.shard.corrector.correct(command, self))
        self.commands.append(name)
        if isinstance(order, ForgetImage):
            self.items.pop(f"{order.image_id}#0", None)
        return self.outcomes[-1]

    def undo(self, outcome: Outcome) -> Outcome:
        assert isinstance(outcome.cause, Correction)
        return self.order(UndoCommand(outcome.cause.command_id))

    def commit(self) -> None:
        """Make all of it durable."""
        self.shard.commit(Batch(tuple(self._waiting)))
        self._waiting.clear()

    def restart(self) -> None:
        """Begin anew from what is durable."""
        self.shard = shard_over(self.store, self.profile)

    def image_outcome(self, scope: str, image_id: str) -> Outcome | None:
        return self._past.get(("image", image_id))

    def command_outcome(self, scope: str, command_id: str) -> Outcome | None:
        return self._past.get(("command", command_id))

    def _take(self, outcome: Outcome) -> None:
        self._past[key_of(outcome)[1:]] = outcome
        self.outcomes.append(outcome)
        self._waiting.append(outcome)
        self.clusters.extend(_born(outcome))


def _born(outcome: Outcome) -> Iterable[str]:
    return (e.change.cluster_id for e in outcome.events if isinstance(e.change, Created | Split))


def drawn(kind: str, one: int, two: int, three: int, desk: Desk) -> Order:
    """An order by numbers: about clusters and items that are, or were, or never will be."""
    clusters, commands = [*desk.clusters, "nobody"], [*desk.commands, "never"]
    items = [*(f"image-{n}#0" for n in range(1, len(desk.items) + 2)), "nothing#0"]
    a, b = clusters[one % len(clusters)], clusters[two % len(clusters)]
    some = tuple(dict.fromkeys(items[n % len(items)] for n in (one, two, three)))
    if kind == "split" and two % 4:
        some = tuple(desk.members_of(a)[: 1 + three % 2]) or some
    item, other = items[one % len(items)], items[two % len(items)]
    made: dict[str, Order] = {
        "merge": MergeClusters((a, b)),
        "split": SplitCluster(a, some[: 1 + three % 2]),
        "move": MoveItems(some[: 1 + three % 3], None if three % 4 == 0 else b),
        "confirm": ConfirmCluster(a),
        "name": NameCluster(a, ("", "door", "gate")[two % 3]),
        "link": LinkItems((item, other), bool(three % 2)),
        "forget": ForgetImage(item.removesuffix("#0")),
        "undo": UndoCommand(commands[one % len(commands)]),
    }
    return made[kind]


KINDS = ("merge", "split", "move", "confirm", "name", "link", "forget", "undo")


def attempt(desk: Desk, order: Order) -> bool:
    """Carry an order out where that can be."""
    try:
        desk.order(order)
    except BadCommand:
        return False
    return True
