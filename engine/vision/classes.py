"""Named sets of classes: a profile may name one where it would list its classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from engine.errors import Misconfigured

MOVABLE = "movable"

STREET = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "dog")
_TRAFFIC = (*STREET[:-1], "airplane", "train", "boat")
_ANIMALS = (
    *("bird", "cat", "dog", "horse", "sheep"),
    *("cow", "elephant", "bear", "zebra", "giraffe"),
)
_MACHINES = (
    *("crane", "tower crane", "mobile crane", "excavator", "bulldozer", "dump truck"),
    *("concrete mixer", "forklift", "cherry picker", "tractor"),
)

PRESETS: Mapping[str, Sequence[str]] = {
    "street": STREET,
    MOVABLE: (*_TRAFFIC, *_ANIMALS, *_MACHINES),
}
"""street: seven that fill street scenes. movable: whatever stands in a place today and is gone
tomorrow; COCO knows people, vehicles and animals, a model of building sites its cranes as well."""


def chosen_classes(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The classes of a model, in its order, that `names` choose; none of them means all.

    A preset chooses those of its classes that the model knows. Raises Misconfigured where a name
    is neither class nor preset, or nothing is left.
    """
    if not names:
        return tuple(known)
    if strange := [name for name in names if name not in known and name not in PRESETS]:
        raise Misconfigured(
            f"classes: the detector knows no {strange[0]!r}; presets: {', '.join(PRESETS)}; "
            f"classes: {', '.join(known)}"
        )
    wanted = {one for name in names for one in ([name] if name in known else PRESETS[name])}
    chosen = tuple(name for name in known if name in wanted)
    if not chosen:
        raise Misconfigured(
            f"classes: the detector knows nothing of {', '.join(names)}; it knows "
            f"{', '.join(known)}"
        )
    return chosen


def word_of(classes: Sequence[str]) -> str:
    """A set of classes as one short word, for identities."""
    return sha256("\0".join(sorted(classes)).encode()).hexdigest()[:8]
