"""Who lies on which lobe: what events say, laid over what is committed.

Memory grows with the items of the running batch alone; what is committed stays in the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from engine.lineage import Assigned, Carved, Event, Forgotten, Merged, Moved
from engine.ports import Members
from engine.types import Item


class Nobody:
    """The Members port with nobody in it."""

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        """No items."""
        return []

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        """Not there."""
        return None

    def fused_since(self, scope: str, prototype_ids: Collection[int], seq: int) -> bool:
        """Nothing was."""
        return False


NOBODY = Nobody()


@dataclass(slots=True)
class _Changes:
    """What one scope's events changed since the base was written.

    items: new ones, without local features. lobe_of, on: those that events name one by one;
    None for one that was forgotten. absorbed: lobes that the base still knows, by the lobe that
    took in their members. fused_at: sequence number of the last fusion of a lobe.
    """

    items: dict[str, Item] = field(default_factory=dict)
    lobe_of: dict[str, int | None] = field(default_factory=dict)
    on: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    absorbed: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    into: dict[int, int] = field(default_factory=dict)
    fused_at: dict[int, int] = field(default_factory=dict)

    def put(self, item_id: str, prototype_id: int | None) -> None:
        before = self.lobe_of.get(item_id)
        if before is not None:
            self.on[before].discard(item_id)
        self.lobe_of[item_id] = prototype_id
        if prototype_id is not None:
            self.on[prototype_id].add(item_id)

    def fuse(self, kept: int, absorbed: int, seq: int) -> None:
        for item_id in self.on.pop(absorbed, ()):
            self.lobe_of[item_id] = kept
            self.on[kept].add(item_id)
        self.absorbed[kept] |= {absorbed} | self.absorbed.pop(absorbed, set())
        self.into[absorbed] = kept
        self.fused_at[kept] = self.fused_at[absorbed] = seq

    def resolve(self, prototype_id: int) -> int:
        while prototype_id in self.into:
            prototype_id = self.into[prototype_id]
        return prototype_id


class Membership:
    """The MemberMemory port over a base, which is nothing where everything stays in memory."""

    def __init__(self, base: Members = NOBODY) -> None:
        self._base = base
        self._scopes: dict[str, _Changes] = defaultdict(_Changes)

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        """Ids of the items on these lobes, sorted."""
        changes = self._scopes[scope]
        wanted = set(prototype_ids)
        in_base = wanted.union(*(changes.absorbed.get(one, ()) for one in wanted))
        untouched = set(self._base.members(scope, in_base)) - changes.lobe_of.keys()
        return sorted(untouched.union(*(changes.on.get(one, ()) for one in wanted)))

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        """An item without local features, and its lobe; None where there is no such item."""
        changes = self._scopes[scope]
        if item_id not in changes.lobe_of:
            found = self._base.locate(scope, item_id)
            return found and (found[0], changes.resolve(found[1]))
        lobe = changes.lobe_of[item_id]
        if lobe is None:
            return None
        if item_id in changes.items:
            return changes.items[item_id], lobe
        found = self._base.locate(scope, item_id)
        return found and (found[0], lobe)

    def fused_since(self, scope: str, prototype_ids: Collection[int], seq: int) -> bool:
        """Whether any of these lobes was absorbed, or absorbed another, after that event."""
        fused_at = self._scopes[scope].fused_at
        if any(fused_at.get(one, 0) > seq for one in prototype_ids):
            return True
        return self._base.fused_since(scope, prototype_ids, seq)

    def remember(self, event: Event, items: Mapping[str, Item]) -> None:
        """Follow one event before its batch is committed; `items` are those of its outcome."""
        changes = self._scopes[event.scope]
        match event.change:
            case Assigned(item_id=item_id, prototype_id=prototype_id):
                changes.items[item_id] = replace(items[item_id], features=None)
                changes.put(item_id, prototype_id)
            case Carved(prototype_id=prototype_id, taken=taken):
                for item_id, _ in taken:
                    changes.put(item_id, prototype_id)
            case Merged(fused=fused) | Moved(fused=fused):
                for kept, absorbed in fused:
                    changes.fuse(kept, absorbed, event.seq)
            case Forgotten(item_id=item_id):
                changes.put(item_id, None)
                changes.items.pop(item_id, None)

    def settle(self) -> None:
        """Say that the running batch was committed: the base knows it now."""
        self._scopes.clear()
