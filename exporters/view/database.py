"""The View port over SQLAlchemy, for every backend alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from engine.jobs.placements import Placement
from engine.types import Origin, Outcome, Rejection, Vector
from exporters.view import doubts, history, listing, pictures, piles, reading, refreshing, writing
from exporters.view.answers import (
    Behind,
    ClusterFilter,
    ClusterOrder,
    ClusterRow,
    CommandRow,
    Counts,
    Cutout,
    Explained,
    ImageRow,
    ItemRow,
    MemberOrder,
    Page,
    Points,
    RejectionRow,
    Suggestion,
    Told,
)
from exporters.view.backend import Backend
from exporters.view.layout import Layout, lay_out
from exporters.view.ledger import Ledger, read_ledger
from exporters.view.transient import patiently


class Database:
    """The View port over a backend that `open_view` made."""

    def __init__(self, backend: Backend, layout: Layout = lay_out) -> None:
        self._backend = backend
        self._layout = layout
        self._grades = piles.Grades()
        self._unscrubbed = True  # whoever was killed may not have come to it

    @property
    def identity(self) -> str:
        """What the state that it follows is made with."""
        with self._reading() as db:
            return _counted(db).identity

    def apply(self, told: Sequence[tuple[Origin, Outcome | Rejection]]) -> None:
        """Write what is new, as one."""
        with self._writing() as (db, counted):
            forgotten = writing.write(db, self._backend, counted, told)
        if forgotten:
            self._unscrubbed = True
        self.scrub()

    def position(self, source: str, partition: int) -> int | None:
        """Offset of the last thing that was written."""
        with self._reading() as db:
            return writing.position(db, source, partition)

    def sources(self) -> frozenset[str]:
        """Names of the feeds that it was told of."""
        with self._reading() as db:
            return writing.sources(db)

    def reset(self) -> None:
        """Forget all but thumbnails."""
        with self._writing() as (db, counted):
            writing.empty(db, self._backend, counted)

    def index(self) -> None:
        """Index the vectors, if there are any."""
        with self._writing() as (db, counted):
            if counted.dim is not None:
                self._backend.index(db, counted.dim)
        self.scrub()

    def scrub(self) -> None:
        """Overwrite what was forgotten, where that is still due; where it fails it stays due."""
        if self._unscrubbed:
            # First, for another thread may forget something meanwhile.
            self._unscrubbed = False
            if not self._backend.scrub():
                self._unscrubbed = True

    def put_thumbnail(self, scope: str, image_id: str, jpeg: bytes) -> bool:
        """Keep a small picture."""
        with self._writing() as (db, _):
            return pictures.put_thumbnail(db, scope, image_id, jpeg)

    def wanting(self, limit: int = 20) -> Sequence[ImageRow]:
        """Photos without a thumbnail."""
        with self._reading() as db:
            return pictures.wanting(db, limit)

    def tell_behind(self, told: Sequence[Behind]) -> None:
        """Note how far the feed is behind."""
        with self._writing() as (db, _):
            writing.tell_behind(db, told)

    def refresh(self, scope: str) -> None:
        """Compute the map and the pairs while no transaction is open."""
        with self._reading() as db:
            subject = refreshing.read_subject(db, reading.scope_number(db, scope))
        chart = refreshing.drawn(subject, self._layout)
        with self._writing() as (db, _):
            refreshing.replace_all(db, chart)

    def close(self) -> None:
        """Release connections."""
        self._backend.engine.dispose()

    def scopes(self) -> Sequence[str]:
        """Names, sorted."""
        with self._reading() as db:
            return reading.scope_names(db)

    def counts(self, scope: str | None = None) -> Counts:
        """How much there is."""
        with self._reading() as db:
            return reading.counts(db, scope)

    def clusters(
        self,
        chosen: ClusterFilter,
        order: ClusterOrder = "changed",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ClusterRow]:
        """A list of clusters."""
        with self._reading() as db:
            return piles.listed(db, self._grades, chosen, order, limit, cursor)

    def cluster(self, scope: str, cluster_id: str) -> ClusterRow | None:
        """One cluster."""
        with self._reading() as db:
            n = piles.cluster_number(db, scope, cluster_id)
            return piles.clusters_numbered(db, self._grades, [n]).get(n)

    def members(
        self,
        scope: str,
        cluster_id: str,
        order: MemberOrder = "arrival",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ItemRow]:
        """Items of a cluster."""
        with self._reading() as db:
            n = piles.cluster_number(db, scope, cluster_id)
            return reading.members(db, n, order, limit, cursor)

    def lineage(
        self, scope: str, cluster_id: str, limit: int = 50, cursor: str | None = None
    ) -> Page[Told]:
        """Events about a cluster."""
        with self._reading() as db:
            n = piles.cluster_number(db, scope, cluster_id)
            return history.about(db, n, limit, cursor)

    def similar(
        self, scope: str, cluster_id: str, k: int = 10
    ) -> Sequence[tuple[ClusterRow, float]]:
        """Other clusters by mean vectors."""
        with self._reading() as db:
            n = piles.cluster_number(db, scope, cluster_id)
            mean = piles.mean_of(db, n)
            if mean is None:
                return []
            scope_n = reading.scope_number(db, scope)
            near = self._backend.nearest_clusters(db, scope_n, mean, k + 1)
            others = [(one, cosine) for one, cosine in near if one != n][:k]
            known = piles.clusters_numbered(db, self._grades, [one for one, _ in others])
            return [(known[one], cosine) for one, cosine in others if one in known]

    def image(self, scope: str, image_id: str) -> ImageRow | None:
        """A photo and its items."""
        with self._reading() as db:
            return reading.image(db, scope, image_id)

    def thumbnail(self, scope: str, image_id: str) -> bytes | None:
        """Its small picture."""
        with self._reading() as db:
            return pictures.thumbnail(db, scope, image_id)

    def cutout(self, scope: str, item_id: str) -> Cutout | None:
        """What shows an item."""
        with self._reading() as db:
            return pictures.cutout(db, scope, item_id)

    def explain(self, scope: str, item_id: str) -> Explained | None:
        """Why an item lies where it lies."""
        with self._reading() as db:
            found = reading.item(db, scope, item_id)
            if found is None:
                return None
            item, evidence = found
            photo = reading.image(db, scope, item.image_id)
            n = piles.cluster_number(db, scope, item.cluster_id)
            cluster = piles.clusters_numbered(db, self._grades, [n])[n]
            return None if photo is None else Explained(item, cluster, photo, evidence)

    def vector(self, scope: str, item_id: str) -> Vector | None:
        """Embedding of an item."""
        with self._reading() as db:
            return reading.vector(db, scope, item_id)

    def nearest(
        self, scope: str, vector: Vector, k: int = 10, without: Sequence[str] = ()
    ) -> Sequence[tuple[ItemRow, float]]:
        """Items by cosine."""
        with self._reading() as db:
            scope_n = reading.scope_number(db, scope)
            hidden = frozenset(reading.numbers_of(db, scope_n, without))
            near = self._backend.nearest_items(db, scope_n, vector, k, hidden)
            known = reading.items_numbered(db, [n for n, _ in near])
            return [(known[n], cosine) for n, cosine in near if n in known]

    def newest(self, scope: str | None = None, limit: int = 50) -> Sequence[ItemRow]:
        """Items that came last."""
        with self._reading() as db:
            return reading.newest(db, scope, limit)

    def placements(self, scope: str | None = None) -> Iterator[Placement]:
        """Every item where it lies."""
        with self._reading() as db:
            yield from listing.placements(db, scope)

    def events_after(
        self, number: int, limit: int = 500, scope: str | None = None
    ) -> Sequence[Told]:
        """Events of one scope, or all."""
        with self._reading() as db:
            return history.after(db, number, limit, scope)

    def last_event(self) -> int:
        """Number of the last event."""
        with self._reading() as db:
            return history.last(db)

    def suggestions(self, scope: str, limit: int = 20) -> Sequence[Suggestion]:
        """What a person might look at."""
        with self._reading() as db:
            return doubts.suggestions(db, self._grades, scope, limit)

    def points(self, scope: str, limit: int = 50_000) -> Points:
        """The map."""
        with self._reading() as db:
            return reading.map_points(db, scope, limit)

    def commands(self, scope: str | None = None, limit: int = 50) -> Sequence[CommandRow]:
        """Commands that were settled last."""
        with self._reading() as db:
            return history.settled(db, scope, limit)

    def command(self, scope: str, command_id: str) -> CommandRow | None:
        """What became of a command."""
        with self._reading() as db:
            return history.command(db, scope, command_id)

    def rejections(self, scope: str | None = None, limit: int = 50) -> Sequence[RejectionRow]:
        """Messages that changed nothing."""
        with self._reading() as db:
            return reading.rejected(db, scope, limit)

    def rejection(self, origin: Origin) -> RejectionRow | None:
        """The message from there, where it changed nothing."""
        with self._reading() as db:
            return reading.rejection(db, origin)

    def behind(self) -> Sequence[Behind]:
        """How far each feed was behind."""
        with self._reading() as db:
            return reading.behind(db)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with patiently(), self._backend.engine.begin() as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Ledger]]:
        writer = self._backend.engine.execution_options(writing=True)
        with patiently(), writer.begin() as db:
            yield db, _counted(db)


def _counted(db: Connection) -> Ledger:
    counted = read_ledger(db)
    if counted is None:
        raise ValueError("a view that was never opened")
    return counted
