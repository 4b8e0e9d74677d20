"""Makes thumbnails for a view, of photos that lack one: beside everything else, newest first."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from threading import Event
from typing import Final, Protocol

from cairn.compose import limits_of
from cairn.patience import patiently
from cairn.sections import Guards
from engine.errors import BadImage, Misconfigured
from engine.vision.decode import DecodeLimits, decode
from engine.vision.heif import accept_heif
from exporters.contact_sheet import thumbnail
from exporters.view.answers import ImageRow
from exporters.view.port import Feed

SIDE: Final = 320
MOST: Final = 1024
"""Pixels of the longer side of a thumbnail: usually, and at most."""
ITEM_SIDE: Final = 160
"""Pixels that the smallest item of a photo shall get."""
BYTES_PER_SIDE: Final = 75
"""Of a JPEG, for each pixel of its longer side: 24 kB at 320."""
AT_ONCE: Final = 8
PAUSE_S: Final = 0.5

_log = logging.getLogger(__name__)


class Photos(Protocol):
    """Photos as they came, several at once."""

    def read_all(self, images: Sequence[ImageRow]) -> Sequence[bytes | None]:
        """The bytes of each, None where they are not to be had any more; raises Transient."""
        ...


@dataclass(frozen=True, slots=True)
class Illustrator:
    """Fills a view with thumbnails. limits: what a photo may cost to decode."""

    view: Feed
    photos: Photos
    limits: DecodeLimits

    def run(self, stop: Event) -> None:
        """Go on until told to stop."""
        while self.catch_up(stop) and not stop.wait(PAUSE_S):
            pass
        stop.wait()

    def catch_up(self, stop: Event) -> bool:
        """Make every thumbnail that is wanting now, or be told to stop; False where that cannot be.

        Who may not read photos can do without, and is told so in the log.
        """
        try:
            while not stop.is_set() and patiently(self._some, stop):
                pass
        except Misconfigured as error:
            _log.error("there will be no more thumbnails: %s", error)
            return False
        return True

    def _some(self) -> bool:
        """Make a few; whether any were wanting."""
        images = self.view.wanting(AT_ONCE)
        for image, data in zip(images, self.photos.read_all(images), strict=True):
            # A photo that is forgotten meanwhile is not there any more to put it to.
            self.view.put_thumbnail(image.scope, image.image_id, self._jpeg(image, data))
        return bool(images)

    def _jpeg(self, image: ImageRow, data: bytes | None) -> bytes:
        """A thumbnail; empty where there can be none."""
        if data is None or hashlib.sha256(data).hexdigest() != image.content_hash:
            return b""
        side = side_for(image)
        try:
            pixels = decode(data, replace(self.limits, working_side=side)).image
        except BadImage:  # the guards are stricter than they were
            return b""
        return thumbnail(pixels, side, side * BYTES_PER_SIDE)


def illustrator_of(guards: Guards, view: Feed, photos: Photos) -> Illustrator:
    """One that decodes what workers do; raises Misconfigured."""
    if "HEIF" in guards.formats:
        accept_heif()
    return Illustrator(view, photos, limits_of(guards))


def side_for(image: ImageRow) -> int:
    """Pixels that the longer side of a photo's thumbnail needs for its smallest item."""
    sides = [max(i.box.right - i.box.left, i.box.bottom - i.box.top) for i in image.items]
    smallest = max(1.0, min(sides, default=1.0))
    wanted = ceil(ITEM_SIDE * max(image.width, image.height) / smallest) if sides else SIDE
    return min(max(SIDE, wanted), MOST)
