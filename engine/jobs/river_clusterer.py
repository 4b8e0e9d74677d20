"""The engine behind river's interface, to be compared and composed with river's own clusterers.

river passes one sample at a time as a dictionary of features; here they are the components of
an embedding, ordered by name. Only the `similarity` rule applies: a dictionary holds no photo.
"""

from __future__ import annotations

import numpy as np
from river import base

from engine.book import Book
from engine.cluster import UNKNOWN
from engine.clusterer import NOTHING, Clusterer
from engine.decide import Assign
from engine.index.adaptive import AdaptiveIndex
from engine.members import Membership
from engine.profile import PROFILES, Profile
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import Box, ImageRecord, Item, LocalFeatures, Origin, Vector
from engine.verdict import Verdict

SCOPE = "river"


class _NoMemory:
    """There are no local features to remember."""

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return None

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        pass

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        return NOTHING


class CairnClusterer(base.Clusterer):
    """Cairn as a river clusterer; clusters are numbered from 0 in the order they were founded."""

    def __init__(self, profile: Profile = PROFILES["object"]) -> None:
        self.profile = profile
        self._seen = 0
        self._engine: tuple[Clusterer, Book] | None = None

    def learn_one(self, x: dict[base.typing.FeatureName, float]) -> None:
        """Put one sample on its cluster."""
        vector = _unit(x)
        image = ImageRecord(str(self._seen), SCOPE, Origin(SCOPE, 0, self._seen), "", 0, 0)
        item = Item(f"{self._seen}#0", vector, Box(0.0, 0.0, 0.0, 0.0))
        clusterer, _ = self._started(len(vector))
        clusterer.process(Prepared(image, (item,), {}))
        self._seen += 1

    def predict_one(self, x: dict[base.typing.FeatureName, float]) -> int:
        """Number of the cluster this sample would join; the next free one if it would join none."""
        vector = _unit(x)
        item = Item("?", vector, Box(0.0, 0.0, 0.0, 0.0))
        clusterer, book = self._started(len(vector))
        decision = clusterer.decide(item, SCOPE, UNKNOWN)
        clusters = list(book.scope(SCOPE).clusters)
        return (
            clusters.index(decision.cluster_id) if isinstance(decision, Assign) else len(clusters)
        )

    def _started(self, dim: int) -> tuple[Clusterer, Book]:
        """The engine, made when the first sample tells the length of a vector."""
        if self._engine is None:
            nothing, book = _NoMemory(), Book(lambda: AdaptiveIndex(dim))
            rule = RULES["similarity"]
            self._engine = Clusterer(book, rule, self.profile, nothing, nothing, Membership()), book
        return self._engine


def _unit(x: dict[base.typing.FeatureName, float]) -> Vector:
    vector = np.array([x[name] for name in sorted(x, key=str)], np.float32)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
