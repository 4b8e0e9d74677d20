"""Taking a command back: the inverse of each of its changes, the last one first.

What joined a cluster or a lobe since goes with it. Where lobes were fused with others since, or
went elsewhere, nobody could tell any more who belonged to whom: then the command stays. A link
alone is lifted in any case; what it merged or split is put back where that can be.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from engine.commands import ConfirmCluster, ForgetImage, LinkItems
from engine.draft import Draft
from engine.errors import BadCommand
from engine.lineage import (
    Constrained,
    Event,
    Forgotten,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Vouched,
)
from engine.types import Correction, Outcome


def undo(past: Outcome, draft: Draft) -> None:
    """Plan the inverse of a command; raises BadCommand where it cannot be exact any more."""
    correction = past.cause
    if not isinstance(correction, Correction) or isinstance(correction.order, ForgetImage):
        raise BadCommand("irreversible", "what was forgotten is gone: send the photo anew")
    for event in reversed(past.events):
        if isinstance(correction.order, LinkItems):
            with suppress(BadCommand):
                _invert(event, correction, draft)
        else:
            _invert(event, correction, draft)


def _invert(event: Event, correction: Correction, draft: Draft) -> None:
    match event.change:
        case Constrained():
            draft.release(draft.constraints.caused_by(correction.command_id))
        case Released(constraints=constraints):
            draft.constrain([c for c in constraints if _holds(c.one, c.other, c.together, draft)])
        case Named(cluster_id=cluster_id, name=name, former=former):
            _same(cluster_id, draft.find(cluster_id))
            if draft.standing(cluster_id).name != name:
                raise _changed(f"{cluster_id} got another name since")
            draft.name(cluster_id, former)
        case Vouched():
            _doubt(event.change, draft, wanted=isinstance(correction.order, ConfirmCluster))
        case _:
            _restore(event, draft)


def _doubt(change: Vouched, draft: Draft, *, wanted: bool) -> None:
    """Take back that somebody vouched; what only followed from a merge ends with its cluster."""
    living = draft.find(change.cluster_id)
    if living != change.cluster_id and not wanted:
        return
    _same(change.cluster_id, living)
    now = draft.standing(living)
    if (now.confirmed, now.pinned) != (change.confirmed, change.pinned):
        raise _changed(f"somebody else vouched for {living} since")
    draft.vouch(living, confirmed=change.was_confirmed, pinned=change.was_pinned)


def _same(cluster_id: str, living: str) -> None:
    if living != cluster_id:
        raise _changed(f"{cluster_id} has become part of {living}")


def _restore(event: Event, draft: Draft) -> None:
    """Give lobes back to the cluster they came from."""
    if isinstance(event.change, Merged | Moved) and event.change.fused:
        raise _changed("lobes were fused with others by it")
    match event.change:
        case Merged(cluster_id=kept, retired_id=retired, inheritance=inheritance):
            if inheritance is None:
                raise _changed(f"what {retired} was is not known any more")
            parent = draft.find(kept)
            draft.revive(
                retired, parent, _exact(inheritance.prototypes, event, parent, draft), inheritance
            )
        case Revived(cluster_id=child, parent_id=parent, inheritance=inheritance):
            _exact(inheritance.prototypes, event, child, draft)
            draft.merge(_other(parent, child, draft), child)
        case Split(cluster_id=child, parent_id=parent, prototypes=prototypes):
            _exact(prototypes, event, child, draft)
            draft.merge(_other(parent, child, draft), child)
        case Moved(cluster_id=target, source_id=source, prototypes=prototypes):
            living = draft.find(target)
            leaving = _exact(prototypes, event, living, draft)
            draft.move(living, _other(source, living, draft), leaving)
        case Forgotten():
            raise BadCommand("irreversible", "what was forgotten is gone: send the photo anew")


def _exact(prototypes: Collection[int], event: Event, cluster_id: str, draft: Draft) -> set[int]:
    """Those of the lobes that are left, if all lie on this cluster, as they were; BadCommand."""
    found = draft.by_cluster(prototypes)
    if draft.fused_since(prototypes, event.seq):
        raise _changed("lobes were fused with others since")
    if not found:
        raise _changed("nothing is left of what it changed")
    if found.keys() != {cluster_id}:
        raise _changed(f"its items do not lie on {cluster_id} any more")
    return found[cluster_id]


def _other(cluster_id: str, child: str, draft: Draft) -> str:
    """Where the lobes came from, if that lives apart from where they are."""
    found = draft.find(cluster_id)
    if found == child:
        raise _changed(f"{cluster_id} has become part of {child}")
    return found


def _holds(one: int, other: int, together: bool, draft: Draft) -> bool:  # noqa: FBT001
    owners = draft.owner(one), draft.owner(other)
    return None not in owners and (owners[0] == owners[1]) == together


def _changed(what: str) -> BadCommand:
    return BadCommand("irreversible", f"{what}: undo or correct that first")
