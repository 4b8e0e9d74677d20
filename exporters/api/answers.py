"""What the API answers, version 1: these names stay, whatever the read model becomes."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from engine.jobs.quality import Quality
from exporters.api import examples
from exporters.api.examples import shown
from exporters.view.answers import CommandRow, State
from exporters.view.answers import Counts as Counted

Row = TypeVar("Row")


class Answer(BaseModel):
    """Made from a row of the view."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Page(Answer, Generic[Row]):
    """A list, or a part of one."""

    rows: list[Row]
    cursor: str | None = None
    """Where the list goes on; null at its end."""


class Health(Answer):
    """The server and its database answer."""

    status: Literal["ok"] = "ok"


class Place(Answer, json_schema_extra=shown(examples.PLACE)):
    """Where a photo was taken, in degrees (WGS 84)."""

    lat: float
    lon: float


class Box(Answer, json_schema_extra=shown(examples.BOX)):
    """Pixels of the upright original."""

    left: float
    top: float
    right: float
    bottom: float


class Item(Answer, json_schema_extra=shown(examples.ITEM)):
    """An item where it lies now."""

    number: int
    """Grows with arrival, over all scopes."""
    scope: str
    item_id: str
    image_id: str
    cluster_id: str
    box: Box
    label: str
    """What a detector took it for."""
    tag: str
    """The attribute `label` of its photo."""
    score: float
    """How sure the detector was, 0 to 1."""
    quality: float
    captured_at: float | None
    """Seconds since the Unix epoch."""
    location: Place | None
    confidence: float
    """Of its assignment, 0 to 1."""
    exemplar: bool
    """It stands for a lobe of its cluster."""


class Cluster(Answer, json_schema_extra=shown(examples.CLUSTER)):
    """A cluster, living or retired."""

    scope: str
    cluster_id: str
    state: State
    heir: str | None = None
    """Where a retired one leads to, at the end of all redirects; null where nothing is left."""
    name: str
    pinned: bool
    revision: int
    """What a command that expects the cluster unchanged has to name."""
    size: int
    quality: Quality
    spread: float
    first: float | None
    """First capture time, in seconds since the Unix epoch."""
    last: float | None
    """Last capture time, in seconds since the Unix epoch."""
    place: Place | None
    """Mean of its members' places."""
    changed: int
    """Number of the last event about it."""
    exemplars: list[Item]
    """A few items to show it by."""


class Image(Answer, json_schema_extra=shown(examples.IMAGE)):
    """A photo and its items."""

    scope: str
    image_id: str
    content_hash: str
    width: int
    height: int
    captured_at: float | None
    """Seconds since the Unix epoch."""
    location: Place | None
    attributes: dict[str, str]
    items: list[Item]


class Explained(Answer, json_schema_extra=shown(examples.EXPLAINED)):
    """An item, and why it came where it came."""

    item: Item
    cluster: Cluster
    image: Image
    evidence: dict[str, Any]
    """kind, similarity, runner_up, and trials: clusters it was compared with, and the verdicts."""


class LikeCluster(Answer, json_schema_extra=shown(examples.LIKE_CLUSTER)):
    """A cluster that is like another."""

    cluster: Cluster
    cosine: float
    """Of mean vectors, -1 to 1."""


class LikeItem(Answer, json_schema_extra=shown(examples.LIKE_ITEM)):
    """An item that is like another."""

    item: Item
    cosine: float
    """Of embeddings, -1 to 1."""


class Event(Answer, json_schema_extra=shown(examples.EVENT)):
    """Something that happened."""

    number: int
    """Grows over all scopes."""
    body: dict[str, Any]
    """As in the topic of events, but without box, class and score."""


class Suggestion(Answer, json_schema_extra=shown(examples.SUGGESTION)):
    """Something a person might look at."""

    kind: Literal["unsure", "apart", "small"]
    """An assignment of low confidence, two clusters that look alike, a pending cluster of two."""
    doubt: float
    """0 to 1, most doubtful first."""
    clusters: list[Cluster]
    item: Item | None
    cosine: float | None = None
    """Of the mean vectors of two clusters."""


class Map(Answer, json_schema_extra=shown(examples.MAP)):
    """Items in three dimensions, column by column."""

    items: list[str]
    """Ids, in order of arrival."""
    clusters: list[str]
    """Ids of the clusters that these items lie on."""
    names: list[str]
    """Names of those clusters, empty where they have none."""
    cluster: list[int]
    """The cluster of each item, as a place in `clusters`, from 0."""
    x: list[float]
    """Within -1 and 1, as y and z, to four decimals."""
    y: list[float]
    z: list[float]


class Refusals(Answer, json_schema_extra=shown(examples.REFUSALS)):
    """How many messages changed nothing for one reason."""

    of: str
    """`image` or `command`."""
    reason: str
    count: int


class Counts(Answer, json_schema_extra=shown(examples.COUNTS)):
    """How much there is."""

    images: int
    items: int
    clusters: dict[State, int]
    singles: int
    """Pending clusters of one item."""
    rejections: list[Refusals]
    """Messages that changed nothing, by reason."""

    @classmethod
    def told(cls, counts: Counted) -> Counts:
        """As the view counts."""
        refused = [
            Refusals(of=of, reason=reason, count=count)
            for (of, reason), count in sorted(counts.rejections.items())
        ]
        return cls(
            images=counts.images,
            items=counts.items,
            clusters=dict(counts.clusters),
            singles=counts.singles,
            rejections=refused,
        )


class Rejection(Answer, json_schema_extra=shown(examples.REJECTION)):
    """A message that changed nothing, and why."""

    scope: str
    of: str
    """`image` or `command`."""
    id: str
    source: str
    partition: int
    offset: int
    reason: str
    detail: str


class Behind(Answer, json_schema_extra=shown(examples.BEHIND)):
    """How far something is behind what it follows."""

    source: str
    """`journal`, `dead-letters`, `state`: what the view follows; `images`: what workers do."""
    partition: int
    behind: int
    """Records that are not read yet."""
    told_at: float
    """When that was last known, in seconds since the Unix epoch."""


class Command(Answer, json_schema_extra=shown(examples.COMMAND)):
    """What became of a command."""

    scope: str
    command_id: str
    status: Literal["waiting", "applied", "refused"]
    """`waiting` where nothing is known of it: no worker has come to it, or it was never sent."""
    body: dict[str, Any] = {}
    """The order, or reason and detail of its refusal."""
    author: str = ""
    asked_at: float | None = None
    """Seconds since the Unix epoch."""
    events: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None
    """Numbers of the first and the last event it made."""

    @classmethod
    def settled(cls, row: CommandRow) -> Command:
        """A command that a worker has come to."""
        return cls(
            scope=row.scope,
            command_id=row.command_id,
            status="applied" if row.applied else "refused",
            body=dict(row.body),
            author=row.author,
            asked_at=row.asked_at,
            events=None if row.events is None else list(row.events),
        )


class Accepted(Answer, json_schema_extra=shown(examples.ACCEPTED)):
    """A command was handed to the workers."""

    scope: str
    command_id: str
    ask: str
    """Where to ask what became of it; also in the header Location."""


class Problem(Answer, json_schema_extra=shown(examples.PROBLEM)):
    """An error, after RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    """What is wrong, in one sentence."""
