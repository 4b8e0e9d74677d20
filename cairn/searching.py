"""Looks at photos for people, with the eyes that a view's state was made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cairn.comparison import jpeg_of, matched
from cairn.eyes import Eyes
from engine.errors import BadImage, Misconfigured
from engine.pipeline import NO_VECTOR, in_original
from engine.ports import TextEncoder
from engine.sight import View
from engine.types import Box, Vector
from engine.vectors import Directionless, settle
from engine.vision.boxes import iou
from engine.vision.decode import DecodeLimits, decode
from exporters.api.port import NoTextModel

SHOWN_SIDE: Final = 1600
"""Longer side of a picture for people, in pixels."""
NOTHING_FOUND: Final = "nothing_found"
SAME_ITEM: Final = 0.5
"""Overlap (IoU) from which on a box is that of an item: found anew, it may differ in a pixel."""


@dataclass(frozen=True, slots=True)
class EyesSearcher:
    """Implements `Searcher`.

    texts: None where no text model shares the encoder's space. made_with: identity of the eyes.
    followed: identity of the state that the view follows now.
    """

    eyes: Eyes
    limits: DecodeLimits
    texts: TextEncoder | None
    made_with: str
    followed: Callable[[], str]

    def of_image(self, data: bytes) -> Sequence[tuple[Box, Vector]]:
        """Its items in the order of the framing, as a worker would see them."""
        self._check_space()
        decoded = decode(data, self.limits)
        views = self.eyes.framing(decoded.image)
        if not views:
            raise BadImage(NOTHING_FOUND, "there is nothing in this photo that counts as an item")
        rows = self.eyes.encoder.embed([view.pixels for view in views])
        boxes = [in_original(view.box, decoded) for view in views]
        try:
            return [
                (box, settle(row, self.eyes.encoder.dim))
                for box, row in zip(boxes, rows, strict=True)
            ]
        except Directionless as error:
            raise BadImage(NO_VECTOR, f"the encoder gave {error}") from error

    def of_words(self, words: str) -> Vector:
        """Their place in the space of the photos."""
        self._check_space()
        if self.texts is None:
            raise NoTextModel(
                "there is no text model here: set serve.text (`cairn serve --text NAME`) to one "
                "that shares a space with the state's encoder, as CLIP's do (extra [text])"
            )
        return settle(self.texts.embed([words])[0], self.texts.dim)

    def _check_space(self) -> None:
        """A view can be made anew while it is served; vectors of two encoders do not compare."""
        if (followed := self.followed()) != self.made_with:
            raise Misconfigured(
                f"the view follows a state made with {followed} now, but this server looks with "
                f"{self.made_with}: start it anew"
            )


@dataclass(frozen=True, slots=True)
class EyesMatcher:
    """Implements `Matcher`."""

    eyes: Eyes
    limits: DecodeLimits

    def matches(self, one: bytes, other: bytes, box_one: Box, box_other: Box) -> bytes:
        """The views that the engine had of the two, side by side."""
        _, picture = matched(self._view(one, box_one), self._view(other, box_other), self.eyes)
        return picture

    def _view(self, data: bytes, box: Box) -> View:
        """The view of a photo that shows what is in a box."""
        decoded = decode(data, self.limits)
        overlaps = [
            (iou(in_original(view.box, decoded), box), view)
            for view in self.eyes.framing(decoded.image)
        ]
        overlap, view = max(overlaps, key=lambda one: one[0], default=(0.0, None))
        if view is None or overlap < SAME_ITEM:
            raise BadImage(NOTHING_FOUND, "the item is not found on its photo any more")
        return view


@dataclass(frozen=True, slots=True)
class Developer:
    """Implements `Renderer`. limits: of what is shown, working side included."""

    limits: DecodeLimits

    def render(self, data: bytes) -> bytes:
        """All of it, upright."""
        return jpeg_of(decode(data, self.limits).image)


def developer(limits: DecodeLimits) -> Developer:
    """For people, who want to see more than the engine looks at."""
    return Developer(replace(limits, working_side=SHOWN_SIDE))
