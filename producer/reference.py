"""Photos by reference: messages that only say where a file lies and what is in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from engine.errors import Misconfigured
from engine.types import Claim, Photo, Rejection
from producer.folder import FoundFile

Uris: TypeAlias = Callable[[Path], str]
"""Where whoever fetches a file will find it."""


def uris_on_disk(path: Path) -> str:
    """`file://` and the absolute path: for workers that see the same disk."""
    return path.absolute().as_uri()


def uris_below(prefix: str, root: Path) -> Uris:
    """A prefix and the quoted path relative to the folder; raises Misconfigured."""
    if not prefix.startswith(("https://", "http://", "file:///")) or not prefix.endswith("/"):
        raise Misconfigured(f"{prefix!r} is no prefix of URIs: write https://HOST/PATH/")
    base = root.resolve()
    return lambda path: prefix + quote(os.fsencode(path.relative_to(base)))


def by_reference(
    read: Callable[[FoundFile], Photo | Rejection | None], uri_of: Uris
) -> Callable[[FoundFile], Photo | Rejection | None]:
    """Read files as `read` does, and put claims in the place of their bytes."""

    def claimed(file: FoundFile) -> Photo | Rejection | None:
        photo = read(file)
        if not isinstance(photo, Photo) or isinstance(photo.data, Claim):
            return photo
        claim = Claim(uri_of(file.path), hashlib.sha256(photo.data).hexdigest())
        return replace(photo, data=claim)

    return claimed
