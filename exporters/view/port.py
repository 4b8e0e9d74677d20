"""The port of the read model: what feeds it, and what can be asked of it.

Every answer is consistent in itself. Asking is safe from many threads, while another feeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from engine.jobs.placements import Placement
from engine.types import Origin, Outcome, Rejection, Vector
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


class Feed(Protocol):
    """The side that follows the engine."""

    def apply(self, told: Sequence[tuple[Origin, Outcome | Rejection]]) -> None:
        """Write what is new, as one, with its place: in order, and each once, however often told.

        A place is (source, partition, offset) of the feed, not of the photo; offsets grow within
        a partition, and each scope's outcomes come through one.
        Raises Misconfigured where events are missing, StateMismatch for another encoder's
        vectors, Transient where the database is full, busy or away.
        """
        ...

    def position(self, source: str, partition: int) -> int | None:
        """Offset of the last thing that was written, None where nothing was."""
        ...

    def sources(self) -> frozenset[str]:
        """Names of the feeds that anything was written of since it was last empty."""
        ...

    def reset(self) -> None:
        """Forget all but thumbnails, so that the feed may begin anew."""
        ...

    def index(self) -> None:
        """Make the search by vector fast, once what there was has been told.

        Telling it is faster without, and search is exact until then. Costs next to nothing where
        it was done before.
        """
        ...

    def put_thumbnail(self, scope: str, image_id: str, jpeg: bytes) -> bool:
        """Keep a small picture until its image is forgotten; False where there is no such image.

        jpeg: empty where none can be had, so that nobody tries again before a `reset`.
        """
        ...

    def wanting(self, limit: int = 20) -> Sequence[ImageRow]:
        """Photos of all scopes for which no thumbnail was put yet, newest first."""
        ...

    def tell_behind(self, told: Sequence[Behind]) -> None:
        """Note how far the feed, or whoever it follows, is behind; call it now and then."""
        ...

    def refresh(self, scope: str) -> None:
        """Compute anew what is only computed now and then: the map, and clusters that look alike.

        Takes seconds where there are many items; call it from a thread of its own.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...


class View(Feed, Protocol):
    """The side that answers. What is not there is None; lists are never longer than `limit`."""

    def scopes(self) -> Sequence[str]:
        """Names, sorted."""
        ...

    def counts(self, scope: str | None = None) -> Counts:
        """How much there is, in one scope or in all."""
        ...

    def clusters(
        self,
        chosen: ClusterFilter,
        order: ClusterOrder = "changed",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ClusterRow]:
        """Clusters: changed last first, largest first, or by name; raises BadCursor."""
        ...

    def cluster(self, scope: str, cluster_id: str) -> ClusterRow | None:
        """One cluster, living or retired."""
        ...

    def members(
        self,
        scope: str,
        cluster_id: str,
        order: MemberOrder = "arrival",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ItemRow]:
        """Items of a cluster: newest first, or by capture time; raises BadCursor."""
        ...

    def lineage(
        self, scope: str, cluster_id: str, limit: int = 50, cursor: str | None = None
    ) -> Page[Told]:
        """Events about a cluster, newest first; raises BadCursor."""
        ...

    def similar(
        self, scope: str, cluster_id: str, k: int = 10
    ) -> Sequence[tuple[ClusterRow, float]]:
        """Other living clusters by the cosine of mean vectors, best first."""
        ...

    def image(self, scope: str, image_id: str) -> ImageRow | None:
        """A photo and its items."""
        ...

    def thumbnail(self, scope: str, image_id: str) -> bytes | None:
        """Its small picture, JPEG."""
        ...

    def cutout(self, scope: str, item_id: str) -> Cutout | None:
        """What shows an item; None where there is no such item, or no picture of its photo."""
        ...

    def explain(self, scope: str, item_id: str) -> Explained | None:
        """Why an item lies where it lies."""
        ...

    def vector(self, scope: str, item_id: str) -> Vector | None:
        """Embedding of an item."""
        ...

    def nearest(
        self, scope: str, vector: Vector, k: int = 10, without: Sequence[str] = ()
    ) -> Sequence[tuple[ItemRow, float]]:
        """Items by cosine to a unit vector, best first, but those of some ids."""
        ...

    def newest(self, scope: str | None = None, limit: int = 50) -> Sequence[ItemRow]:
        """Items that came last, newest first."""
        ...

    def placements(self, scope: str | None = None) -> Iterator[Placement]:
        """Every item of one scope or all, with its vector, in order of arrival within a scope.

        As of one moment, however long reading takes: read on, or close it.
        """
        ...

    def events_after(
        self, number: int, limit: int = 500, scope: str | None = None
    ) -> Sequence[Told]:
        """Events after that number, of one scope or all, in order."""
        ...

    def last_event(self) -> int:
        """Number of the last event, 0 before the first."""
        ...

    def suggestions(self, scope: str, limit: int = 20) -> Sequence[Suggestion]:
        """What a person might look at, most doubtful first."""
        ...

    def points(self, scope: str, limit: int = 50_000) -> Points:
        """The map as of the last `refresh`."""
        ...

    def commands(self, scope: str | None = None, limit: int = 50) -> Sequence[CommandRow]:
        """Commands that were settled last, newest first, in one scope or in all."""
        ...

    def command(self, scope: str, command_id: str) -> CommandRow | None:
        """What became of a command, None while it is not settled."""
        ...

    def rejections(self, scope: str | None = None, limit: int = 50) -> Sequence[RejectionRow]:
        """Messages that changed nothing, by the place they came from."""
        ...

    def rejection(self, origin: Origin) -> RejectionRow | None:
        """The message that came from there and changed nothing, None where there was none."""
        ...

    def behind(self) -> Sequence[Behind]:
        """How far each feed was behind when that was last told, by source and partition."""
        ...
