"""A clusterer with all it stands on, and what an onlooker makes of its events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.book import Book, ScopeBook
from engine.clusterer import Clusterer
from engine.index.exact import ExactIndex
from engine.jobs.placements import placements
from engine.lineage import Assigned, Change, Created, Event, Merged, Moved, Split
from engine.members import Membership
from engine.profile import PROFILES, Profile
from engine.rules import RULES
from engine.types import Batch, Outcome, Vector
from engine.verdict import Evidence
from tests.blobs import DIM
from tests.builders import prepared
from tests.fakes import KeptFeatures, MemoryStore, SamePlaceVerifier

OBJECT = PROFILES["object"]


class Run:
    """A clusterer over a book, with a store beneath who lies where."""

    def __init__(self, profile: Profile = OBJECT) -> None:
        self.book = Book(lambda: ExactIndex(DIM))
        self.store = MemoryStore()
        self.members = Membership(self.store)
        self.outcomes: list[Outcome] = []
        parts = SamePlaceVerifier(), KeptFeatures(), self.members
        self._clusterer = Clusterer(self.book, RULES[profile.rule], profile, *parts)

    @property
    def scope(self) -> ScopeBook:
        return self.book.scope("site")

    @property
    def changes(self) -> list[Change]:
        return [event.change for outcome in self.outcomes for event in outcome.events]

    def feed(self, vectors: Iterable[Vector], batch: int = 10**6) -> Run:
        photos = [prepared(n, v) for n, v in enumerate(vectors, start=len(self.outcomes))]
        for start in range(0, len(photos), batch):
            self.commit([self._clusterer.process(p) for p in photos[start : start + batch]])
        return self

    def commit(self, fresh: Sequence[Outcome]) -> None:
        self.outcomes.extend(fresh)
        self.store.commit(Batch(tuple(fresh)))
        self.members.settle()

    def recovered(self, profile: Profile = OBJECT) -> Run:
        """Another run that was told the outcomes so far, and nothing else."""
        other = Run(profile)
        for outcome in self.outcomes:
            other.book.apply(outcome)
        other.commit(self.outcomes)
        return other

    def tell(self, vector: Vector, cluster_id: str) -> None:
        """A photo that was put on a cluster, rightly or wrongly."""
        photo = prepared(len(self.outcomes), vector)
        [item] = photo.items
        lobe = self.scope.next_prototype
        joined = Assigned(cluster_id, item.item_id, lobe, True, 1.0, Evidence("assign"))
        changes: tuple[Change, ...] = (joined,)
        if cluster_id not in self.scope.clusters:
            changes = (Created(cluster_id, item.item_id), joined)
        seq = self.scope.seq + 1
        events = tuple(Event("site", seq + n, change) for n, change in enumerate(changes))
        outcome = Outcome(photo.image, photo.items, events)
        self.book.apply(outcome)
        self.commit([outcome])

    def labels(self) -> list[str]:
        """The cluster of every photo, in order of arrival."""
        return [placement.cluster_id for placement in placements(self.outcomes)]


def number(item_id: str) -> int:
    return int(item_id.removeprefix("image-").removesuffix("#0"))


def followed(changes: Iterable[Change]) -> dict[str, str]:
    """The cluster of every item, as somebody who reads the events alone has it."""
    lies: dict[str, str] = {}
    for change in changes:
        match change:
            case Assigned():
                lies[change.item_id] = change.cluster_id
            case Merged():
                moved = [item for item, here in lies.items() if here == change.retired_id]
                lies.update(dict.fromkeys(moved, change.cluster_id))
            case Split(parent_id=source) | Moved(source_id=source):
                assert {lies[item_id] for item_id in change.item_ids} == {source}
                lies.update(dict.fromkeys(change.item_ids, change.cluster_id))
    return lies
