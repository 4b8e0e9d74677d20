"""A scope that grows: photos of a crowd of things go through the real clusterer, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.crowd import FACES, PLACES, SCOPE, Crowd, Oracle
from engine.book import Book, ScopeBook
from engine.cluster import id_for
from engine.clusterer import Clusterer
from engine.index.adaptive import AdaptiveIndex
from engine.lineage import Assigned, Created, Event
from engine.members import Membership
from engine.profile import PROFILES, Profile
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import Outcome
from engine.verdict import Evidence

DECIDED = {"place": 10, "similarity": 1}
"""While a scope grows, every so many photos the clusterer decides, by rule; the others found."""
PROBES, QUERIES, SHUFFLED = 2000, 200, 1000
_ROWS = 10_000  # vectors that brute force holds at once


@dataclass(slots=True)
class Pauses:
    """The longest that any photo took, in seconds.

    busy: of the processor, when the index held `at` prototypes. clock: on the wall.
    """

    busy: float = 0.0
    at: int = 0
    clock: float = 0.0

    def add(self, busy: float, clock: float, size: int) -> None:
        """Take in one photo."""
        self.clock = max(self.clock, clock)
        if busy > self.busy:
            self.busy, self.at = busy, size


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one size is like, and how the scope got there.

    seconds: of each probe. spent: verifications of each of them that shows a new thing. found:
    share of the others that joined a cluster. resident, sums: bytes of the process that the
    scope takes, and of its prototypes' sums. recall: share of the true neighbours that the
    index returns, before and after labels were taken out and put back in `replaced` seconds.
    """

    prototypes: int
    clusters: int
    pauses: Pauses
    seconds: NDArray[np.float64]
    spent: NDArray[np.int64]
    found: float
    resident: int
    sums: int
    recall: tuple[float, float]
    replaced: NDArray[np.float64]


@dataclass(slots=True)
class World:
    """A scope under the real clusterer, and the crowd that fills it."""

    crowd: Crowd
    oracle: Oracle
    book: Book
    clusterer: Clusterer
    members: Membership
    profile: Profile
    things: int = 0
    photos: int = 0
    pauses: Pauses = field(default_factory=Pauses)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    @property
    def scope(self) -> ScopeBook:
        """The one scope."""
        return self.book.scope(SCOPE)

    def new(self) -> Prepared:
        """The first photo of the next thing."""
        self.things += 1
        return self._photo(self.things - 1)

    def known(self) -> Prepared:
        """Another photo of a thing seen before."""
        return self._photo(int(self.rng.integers(self.things)))

    def stream(self, photo: Prepared) -> tuple[Outcome, float]:
        """Put a photo through the clusterer; also the processor seconds it took.

        As if each were a batch, and the store knew no members of what moves.
        """
        self.members.settle()
        return self._timed(partial(self.clusterer.process, photo))

    def found(self, photo: Prepared) -> None:
        """Let a photo found a cluster by the events that do so, as a replay does."""
        outcome = founding(photo, self.scope)

        def apply() -> Outcome:
            self.book.apply(outcome)
            return outcome

        self._timed(apply)

    def _photo(self, thing: int) -> Prepared:
        self.photos += 1
        return self.crowd.photo(thing, self.photos)

    def _timed(self, work: Callable[[], Outcome]) -> tuple[Outcome, float]:
        clock, started = time.perf_counter(), time.thread_time()
        outcome = work()
        busy = time.thread_time() - started
        self.pauses.add(busy, time.perf_counter() - clock, len(self.scope.index))
        return outcome, busy


def world_of(profile: str, dim: int) -> World:
    """An empty scope."""
    oracle, chosen = Oracle(), PROFILES[profile]
    book = Book(partial(AdaptiveIndex, dim))
    members = Membership()
    clusterer = Clusterer(book, RULES[chosen.rule], chosen, oracle, oracle, members)
    crowd = Crowd(PLACES if chosen.rule == "place" else FACES, dim)
    return World(crowd, oracle, book, clusterer, members, chosen)


def founding(photo: Prepared, scope: ScopeBook) -> Outcome:
    """The outcome of a photo that founds a pending cluster."""
    (item,) = photo.items
    cluster_id = id_for(SCOPE, item.item_id)
    evidence, prototype_id = Evidence("spawn"), scope.next_prototype
    changes = (
        Created(cluster_id, item.item_id),
        Assigned(
            cluster_id, item.item_id, prototype_id, founds=True, confidence=1.0, evidence=evidence
        ),
    )
    events = (Event(SCOPE, scope.seq + n, change) for n, change in enumerate(changes, start=1))
    return Outcome(photo.image, photo.items, tuple(events))


def measure(world: World, size: int, empty: int) -> Measured:
    """Grow to a size and look closely; `empty`: bytes the process had before all that came."""
    world.pauses = Pauses()
    grow(world, size)
    prototypes, clusters = len(world.scope.index), len(world.scope.clusters)
    resident, sums = resident_bytes() - empty, bytes_of_sums(world.scope)
    seconds, spent, found = probe(world, min(PROBES, size // 4))
    before = recall(world)
    replaced = replace_some(world, min(SHUFFLED, size // 10))
    return Measured(
        prototypes=prototypes,
        clusters=clusters,
        pauses=world.pauses,
        seconds=seconds,
        spent=spent,
        found=found,
        resident=resident,
        sums=sums,
        recall=(before, recall(world)),
        replaced=replaced,
    )


def grow(world: World, size: int) -> None:
    """Let photos come until the index holds `size` prototypes."""
    every = DECIDED[world.profile.rule]
    while len(world.scope.index) < size:
        if world.photos % every or not world.things:
            world.found(world.new())
        else:
            world.stream(world.known() if world.photos % (2 * every) else world.new())


def probe(world: World, photos: int) -> tuple[NDArray[np.float64], NDArray[np.int64], float]:
    """Seconds of photos of new and known places in turn, trials of the new, joins of the known."""
    seconds, spent, joined = [], [], 0
    for number in range(photos):
        new, calls = number % 2 == 0, world.oracle.calls
        outcome, busy = world.stream(world.new() if new else world.known())
        seconds.append(busy)
        if new:
            spent.append(world.oracle.calls - calls)
        else:
            joined += not any(isinstance(event.change, Created) for event in outcome.events)
    return np.array(seconds), np.array(spent), joined / (photos // 2)


def recall(world: World) -> float:
    """Share of the truly nearest prototypes of fresh photos that the index returns."""
    sample = range(0, world.things, 2 * world.things // QUERIES or 1)
    known = [world.crowd.photo(thing, 0) for thing in sample]
    new = [world.crowd.photo(world.things + n, 0) for n in range(len(known))]
    queries = np.stack([photo.items[0].vector for photo in (*known, *new)])
    truth = nearest(queries, world.scope, world.profile.neighbours)
    found = [
        {label for label, _ in world.scope.index.search(query, world.profile.neighbours)}
        for query in queries
    ]
    hits = [len(one & set(true)) / len(true) for one, true in zip(found, truth, strict=True)]
    return float(np.mean(hits))


def nearest(queries: NDArray[np.float32], scope: ScopeBook, k: int) -> list[list[int]]:
    """Ids of the k prototypes nearest to each of (n, d) unit vectors, by brute force."""
    best = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full((len(queries), k), -1, np.int64)
    lobes = [lobe for cluster in scope.clusters.values() for lobe in cluster.prototypes.values()]
    for start in range(0, len(lobes), _ROWS):
        some = lobes[start : start + _ROWS]
        scores = np.hstack([best, queries @ np.stack([lobe.direction() for lobe in some]).T])
        labels = np.array([lobe.prototype_id for lobe in some])
        wide = np.hstack([ids, np.broadcast_to(labels, (len(queries), len(some)))])
        order = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        best, ids = (np.take_along_axis(rows, order, axis=1) for rows in (scores, wide))
    return [[label for label in row if label >= 0] for row in ids.tolist()]


def replace_some(world: World, count: int) -> NDArray[np.float64]:
    """Seconds of taking a label out of the index and putting it back, for some."""
    index, seconds = world.scope.index, []
    for label in world.rng.choice(sorted(world.scope.owners), count, replace=False).tolist():
        lobe = world.scope.clusters[world.scope.owners[label]].prototypes[label]
        started = time.thread_time()
        index.remove(label)
        index.put(label, lobe.direction())
        seconds.append(time.thread_time() - started)
    return np.array(seconds)


def bytes_of_sums(scope: ScopeBook) -> int:
    """Bytes of the vectors that prototypes add up."""
    clusters = scope.clusters.values()
    return sum(lobe.sums.nbytes for cluster in clusters for lobe in cluster.prototypes.values())


def resident_bytes() -> int:
    """Memory of this process that is in use, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])
