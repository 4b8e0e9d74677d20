"""Every seam of the house as a Protocol: what the core asks of the world; `Index` lies apart.

Each port has one contract suite in `tests/contracts`, run against every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.lineage import Event
from engine.neighbours import Dump, SavedIndexes
from engine.sight import Decoded, Detection, Metadata, View
from engine.types import (
    Batch,
    Claim,
    Fetched,
    Item,
    LocalFeatures,
    Mask,
    Message,
    Outcome,
    Rejection,
    Rgb,
)
from engine.verdict import Verdict

Points: TypeAlias = NDArray[np.float32]
Fetcher: TypeAlias = Callable[[Claim, Callable[[], bool]], Fetched]
"""Gets the bytes of a claim, of its very SHA-256, or raises BadImage. Thread-safe; may wait for
minutes, but raises Stopped soon after the second argument says that nobody waits any more."""


class Decoder(Protocol):
    """Turns hostile bytes into pixels within limits. Thread-safe."""

    def __call__(self, data: bytes) -> Decoded:
        """Decode; raises BadImage where the bytes are no acceptable image."""
        ...


class MetadataReader(Protocol):
    """Reads what the camera wrote into a file. Never raises; thread-safe."""

    def __call__(self, data: bytes) -> Metadata:
        """Capture time, position, orientation; None for what is absent or absurd."""
        ...


class Detector(Protocol):
    """Finds things in an image. Thread-safe."""

    @property
    def identity(self) -> str:
        """Name and hash of the model, one word."""
        ...

    def detect(self, image: Rgb) -> Sequence[Detection]:
        """What is in the image, surest first; possibly nothing."""
        ...


class Framing(Protocol):
    """Makes the items of an image: the whole of it, crops, faces. Thread-safe."""

    @property
    def identity(self) -> str:
        """Method, parameters and models, one word: other framing makes other vectors."""
        ...

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view an item, in a fixed order; none where there is nothing to cluster."""
        ...


class Encoder(Protocol):
    """Turns images into unit vectors; the same image always gives the same vector."""

    @property
    def identity(self) -> str:
        """Name and hash of the model; state made with another identity is refused."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        """Embed n images as (n, dim) float32 rows of unit length. Thread-safe.

        A row without a direction (NaN, all zero) says that its image has no embedding.
        """
        ...


class TextEncoder(Protocol):
    """Turns texts into unit vectors in the space of an image encoder."""

    @property
    def identity(self) -> str:
        """Name and hash of the model, one word."""
        ...

    @property
    def space(self) -> str:
        """Name of the space, which the card of the image encoder says too."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed n texts as (n, dim) float32 rows of unit length. Thread-safe."""
        ...


class FeatureExtractor(Protocol):
    """Finds local features; the same image always gives the same features. Thread-safe."""

    @property
    def identity(self) -> str:
        """Method and parameters, one word: features of another identity do not match these."""
        ...

    def extract(self, image: Rgb, hidden: Mask | None = None) -> LocalFeatures:
        """Local features of an upright image, none (n = 0) where it is flat or `hidden`."""
        ...


class Verifier(Protocol):
    """Compares two images geometrically; deterministic and symmetric in its verdict's meaning."""

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """Inliers and overlap of the two views; zero inliers where nothing agrees."""
        ...


class Explainer(Verifier, Protocol):
    """A verifier that can show what its verdict rests on."""

    def agreement(self, query: LocalFeatures, exemplar: LocalFeatures) -> Points:
        """The inliers, to be shown to a person, (n, 4): x and y in either view, from 0 to 1.

        Shares of width and height: each kind of features has working images of its own size.
        """
        ...


class ExemplarFeatures(Protocol):
    """Local features of exemplars, by scope and item id."""

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        """Features kept for an item, None where none were kept."""
        ...


class ExemplarMemory(ExemplarFeatures, Protocol):
    """Exemplar features that also take in those of a photo whose batch is not committed yet."""

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        """Keep the features of a new exemplar until its batch is committed."""
        ...


class Members(Protocol):
    """Which items lie on which lobe."""

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        """Ids of the items on these lobes, sorted."""
        ...

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        """An item without local features, and its lobe; None where there is no such item."""
        ...

    def fused_since(self, scope: str, prototype_ids: Collection[int], seq: int) -> bool:
        """Whether any of these lobes was absorbed, or absorbed another, after that event."""
        ...


class MemberMemory(Members, Protocol):
    """Members that also take in the events of a batch that is not committed yet."""

    def remember(self, event: Event, items: Mapping[str, Item]) -> None:
        """Follow one event; `items` are those of its outcome."""
        ...


class Past(Protocol):
    """What was decided before, by what caused it."""

    def image_outcome(self, scope: str, image_id: str) -> Outcome | None:
        """What became of an image, None where it is new."""
        ...

    def command_outcome(self, scope: str, command_id: str) -> Outcome | None:
        """What a command changed, None where it is new or was refused."""
        ...


class Store(ExemplarFeatures, Members, Past, Protocol):
    """The durable state of one shard: journal, exemplar features, source positions.

    `commit` is atomic: after a crash either all of a batch is there or nothing of it.
    Of a forgotten image nothing comes back but its ids, hash and events, and zero vectors.
    """

    def commit(self, batch: Batch) -> None:
        """Append outcomes and rejections and advance the positions, as one transaction."""
        ...

    def outcomes(self) -> Iterator[Outcome]:
        """Every outcome in commit order; items come back without local features."""
        ...

    def rejections(self) -> Iterator[Rejection]:
        """Every rejection in commit order."""
        ...

    def content_hash(self, scope: str, image_id: str) -> str | None:
        """SHA-256 (hex) of an image already committed, None where it is new."""
        ...

    def position(self, source: str, partition: int) -> int | None:
        """Last committed offset of a source, None where nothing was read from it."""
        ...

    def save_indexes(self, make: Callable[[], Mapping[str, Dump]]) -> bool:
        """Keep what `make` dumps now, by scope, as the indexes of all that is committed.

        That may go on when this returns, and may fail without a sound: nothing depends on it.
        False where it cannot be now; `make` was not called then. To forget an image is to forget
        every dump made before.
        """
        ...

    def saved_indexes(self) -> Iterator[SavedIndexes]:
        """What `save_indexes` has kept, the newest first; possibly nothing."""
        ...

    def close(self) -> None:
        """Release the file; the store must not be used afterwards."""
        ...


class Source(Protocol):
    """Where photos and corrections come from, in order, and rejections of what is neither."""

    def poll(self, limit: int, timeout_s: float) -> Sequence[Message]:
        """Wait up to `timeout_s` seconds for up to `limit` messages."""
        ...

    def keep_alive(self) -> None:
        """Say that this worker still lives, without reading; called while slow work runs."""
        ...

    @property
    def epoch(self) -> int:
        """Changes when the set of owned partitions does: what is in flight is void then."""
        ...

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions this worker owns now."""
        ...

    def rewind(self) -> None:
        """Read again from behind the last committed message of every owned partition."""
        ...

    @property
    def exhausted(self) -> bool:
        """True once no further message will ever come (a folder read to its end, not watched)."""
        ...

    def close(self) -> None:
        """Release connections and files."""
        ...


class EventSink(Protocol):
    """One way out for committed batches; called after the commit, in commit order."""

    def publish(self, batch: Batch) -> None:
        """Tell the outside what a committed batch changed."""
        ...
