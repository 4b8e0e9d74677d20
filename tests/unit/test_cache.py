"""The cache answers as the store will, before the store can, and stays within its bound."""

from __future__ import annotations

from engine.types import Batch, LocalFeatures
from state.cache import ExemplarCache, FeatureMemory
from tests.builders import make_features, make_outcome
from tests.fakes import MemoryStore


class CountingStore(MemoryStore):
    """Counts what the cache did not answer itself."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        self.asked += 1
        return super().features(scope, item_id)


def filled(names: str) -> CountingStore:
    store = CountingStore()
    store.commit(Batch(tuple(make_outcome(name, features=make_features()) for name in names)))
    return store


def test_running_batch_is_visible_before_commit() -> None:
    """An exemplar can be verified against by the next photo of its own batch."""
    cache, features = ExemplarCache(MemoryStore(), FeatureMemory(4)), make_features()
    cache.remember("site", "a#0", features)
    assert cache.features("site", "a#0") is features
    assert cache.features("elsewhere", "a#0") is None


def test_settled_batch_is_served_from_memory() -> None:
    """A fresh exemplar is the likeliest to be asked for: the store is spared."""
    store = filled("a")
    cache, features = ExemplarCache(store, FeatureMemory(4)), make_features()
    cache.remember("site", "a#0", features)
    cache.settle()
    assert cache.features("site", "a#0") is features
    assert store.asked == 0


def test_pending_features_outlive_the_bound() -> None:
    """The running batch is never evicted: the store does not have it yet."""
    cache = ExemplarCache(MemoryStore(), FeatureMemory(1))
    for name in "abc":
        cache.remember("site", name, make_features())
    assert all(cache.features("site", name) is not None for name in "abc")


def test_least_recently_used_goes_first() -> None:
    """Beyond the bound the exemplar that was not asked for longest is read again from the store."""
    store = filled("abc")
    cache = ExemplarCache(store, FeatureMemory(2))
    for name in ("a#0", "b#0", "a#0", "c#0"):
        assert cache.features("site", name) is not None
    assert store.asked == 3
    cache.features("site", "a#0")
    assert store.asked == 3
    cache.features("site", "b#0")
    assert store.asked == 4


def test_works_without_memory() -> None:
    """With a bound of zero every question goes to the store, and is still answered."""
    cache = ExemplarCache(filled("a"), FeatureMemory(0))
    assert cache.features("site", "a#0") is not None
    assert cache.features("site", "a#0") is not None


def test_shards_share_a_bound_and_nothing_else() -> None:
    """What one shard used lets go what another did; equal names are not the same features."""
    memory, mine, theirs = FeatureMemory(1), filled("a"), filled("a")
    one, other = ExemplarCache(mine, memory), ExemplarCache(theirs, memory)
    for _ in range(2):
        assert one.features("site", "a#0") is not None
        assert other.features("site", "a#0") is not None
    assert (mine.asked, theirs.asked) == (2, 2)


def test_a_new_life_does_not_see_what_the_last_one_settled() -> None:
    """After a commit that came to nothing only the store knows what is true."""
    memory, store = FeatureMemory(4), MemoryStore()
    before = ExemplarCache(store, memory)
    before.remember("site", "a#0", make_features())
    before.settle()
    assert ExemplarCache(store, memory).features("site", "a#0") is None
