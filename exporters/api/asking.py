"""What can be asked for, in the query of a request; anything else is refused."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.jobs.quality import Quality
from exporters.api import examples
from exporters.view.answers import ClusterFilter, ClusterOrder, MemberOrder, State

MAX_CHARS = 8192
MAX_WORDS = 1000
"""Characters; text models read some dozens of words."""
MAX_NUMBER = 2**63 - 1
MAX_ROWS = 200


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("no text holds the character NUL")
    return text


Text: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=MAX_CHARS), AfterValidator(_storable)
]
Words: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=MAX_WORDS), AfterValidator(_storable)
]
ScopeName: TypeAlias = Annotated[Text, Field(examples=[examples.SCOPE])]
Size: TypeAlias = Annotated[int, Field(ge=0, le=2**31 - 1)]
Number: TypeAlias = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Moment: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Rows: TypeAlias = Annotated[int, Field(ge=1, le=MAX_ROWS)]


class Asked(BaseModel):
    """A stranger to parameters it does not know, for a misspelt one would filter nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class InScope(Asked):
    """One scope."""

    scope: ScopeName
    """Scope to look at."""


class PerhapsInScope(Asked):
    """One scope, or all."""

    scope: ScopeName | None = None
    """Scope to look at; not given: all."""


class One(InScope):
    """One thing."""

    id: Annotated[Text, Field(examples=examples.IDS)]
    """Its id, whatever characters that holds."""


class Listed(InScope):
    """The first rows of a list."""

    limit: Rows = 20
    """Most rows to answer."""


class PerhapsListed(PerhapsInScope):
    """The first rows of a list of one scope or all."""

    limit: Rows = 50
    """Most rows to answer."""


class Near(One):
    """What is like one thing."""

    k: Rows = 10
    """Most rows to answer."""


class Searched(InScope):
    """What is like something that is sent."""

    k: Rows = 10
    """Most rows to answer."""


class Described(Searched):
    """What is like words."""

    words: Annotated[Words, Field(examples=["a red car"])]
    """What is to be seen: `a red car`."""


class Matched(One):
    """An item beside another."""

    other: Text | None = Field(None, alias="with", examples=["IMG_1.jpg#0"])
    """Id of the other item; not given: the one that it agreed with best."""


class Paged(One):
    """A part of a list about one thing."""

    limit: Rows = 50
    """Most rows to answer."""
    cursor: Text | None = None
    """Where to go on: the `cursor` of the answer before."""


class Members(Paged):
    """A part of a cluster's items."""

    order: MemberOrder = "arrival"
    """Newest first, or by capture time."""


class Clusters(PerhapsInScope):
    """A part of the clusters that are chosen."""

    state: State | None = None
    """Not given: all but retired ones."""
    min_size: Annotated[Size | None, Field(examples=[3])] = None
    """Fewest items."""
    max_size: Size | None = None
    """Most items."""
    quality: Quality | None = None
    """`low` where the spread of a cluster is an outlier."""
    since: Annotated[Moment | None, Field(examples=[1714564800])] = None
    """Seconds since the Unix epoch that its capture times reach."""
    until: Moment | None = None
    """Seconds since the Unix epoch before which its capture times begin."""
    label: Annotated[Text | None, Field(examples=["gate"])] = None
    """A detector's class, or the attribute `label` of a photo, of any member."""
    text: Annotated[Text | None, Field(examples=["north"])] = None
    """A part of the name, whatever its case."""
    order: ClusterOrder = "changed"
    """Changed last first, largest first, or by name."""
    limit: Rows = 50
    """Most rows to answer."""
    cursor: Text | None = None
    """Where to go on: the `cursor` of the answer before."""

    @property
    def chosen(self) -> ClusterFilter:
        """As the view is asked."""
        return ClusterFilter(**self.model_dump(exclude={"order", "limit", "cursor"}))


class After(PerhapsInScope):
    """Where to begin in the events."""

    after: Annotated[Number | None, Field(examples=[0])] = None
    """Number of the last event that is known; not given: only what comes from now on."""
