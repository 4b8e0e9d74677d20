"""What a state was made with, as one line for a person that can be read back.

Vectors of two encoders cannot be compared, nor local features of two extractors, and clusters of
one profile mean nothing to another: state is used with exactly what it was made with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

NO_FEATURES: Final = "none"
"""Local features of a profile that verifies nothing."""

_TEXT: Final = re.compile(
    r"encoder (?P<encoder>\S+) \((?P<dim>\d+) numbers\), "
    r"items (?P<framing>\S+), local features (?P<features>\S+), profile (?P<profile>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What all records of a state have in common; `str` writes it and `parse` reads it.

    encoder: name and hash of the model, one word. dim: length of a vector.
    framing: what makes items of an image, one word.
    features: method and parameters of the local features, one word; `none` where there are none.
    """

    encoder: str
    dim: int
    framing: str
    features: str
    profile: str

    @property
    def items(self) -> tuple[str, str]:
        """What gives a photo its items, and their clusters their meaning."""
        return self.framing, self.profile

    def __str__(self) -> str:
        return (
            f"encoder {self.encoder} ({self.dim} numbers), items {self.framing}, "
            f"local features {self.features}, profile {self.profile}"
        )


def parse(text: str) -> Identity | None:
    """Read what `str` of an identity wrote; None for any other text."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    encoder, dim, *others = found.groups()
    return Identity(encoder, int(dim), *others)


def remedy(made_with: str, configured: str, directory: Path) -> str:
    """What can be done about state that was made with something else, in words."""
    ways = ["restore that configuration"]
    before, now = parse(made_with), parse(configured)
    if before is not None and now is not None and before.items == now.items:
        ways.append(
            "embed its photos anew, every cluster under its id, with "
            f"`cairn state reembed {quote(str(directory))} --images PHOTOS --encoder NAME`"
        )
    ways.append("choose another state directory to start over")
    return ", or ".join(ways)
