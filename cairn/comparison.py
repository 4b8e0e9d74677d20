"""Two photos compared as the engine would, for a person who wants to know why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from cairn.compose import limits_of
from cairn.eyes import Eyes
from cairn.sections import Guards
from engine.errors import BadImage
from engine.sight import View
from engine.types import Rgb, Vector
from engine.vectors import settle
from engine.verdict import Verdict
from engine.vision.decode import decode
from engine.vision.explain import side_by_side

Named: TypeAlias = tuple[str, bytes]
"""What a photo is called, and its bytes."""
JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two photos have in common.

    similarity: cosine of their embeddings. verdict: of geometry, None where the profile asks for
    none. picture: JPEG of both, with lines between points that agree.
    """

    similarity: float
    verdict: Verdict | None
    picture: bytes


def compare(one: Named, other: Named, eyes: Eyes, guards: Guards) -> Comparison:
    """Compare the first item of each photo. Raises BadImage, which says of which."""
    left, right = (_view(*photo, eyes, guards) for photo in (one, other))
    verdict, picture = matched(left, right, eyes)
    first, second = (_vector(view, eyes) for view in (left, right))
    return Comparison(float(first @ second), verdict, picture)


def matched(left: View, right: View, eyes: Eyes) -> tuple[Verdict | None, bytes]:
    """What geometry says of two views, and JPEG of both with lines where they agree.

    None, and no lines, where the profile asks for none.
    """
    verdict, pairs = None, np.empty((0, 4), np.float32)
    if eyes.extractor is not None:
        features = [eyes.extractor.extract(view.pixels, view.hidden) for view in (left, right)]
        verdict = eyes.verifier.verify(*features)
        pairs = eyes.verifier.agreement(*features)
    return verdict, jpeg_of(side_by_side(left.pixels, right.pixels, pairs))


def _view(name: str, data: bytes, eyes: Eyes, guards: Guards) -> View:
    try:
        views = eyes.framing(decode(data, limits_of(guards)).image)
    except BadImage as error:
        raise BadImage(error.reason, f"{name}: {error.detail}") from error
    if not views:
        raise BadImage("nothing_found", f"{name}: there is nothing in this photo to compare")
    return views[0]


def _vector(view: View, eyes: Eyes) -> Vector:
    return settle(eyes.encoder.embed([view.pixels])[0], eyes.encoder.dim)


def jpeg_of(picture: Rgb) -> bytes:
    """A picture as a file for people."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    if not done:
        raise RuntimeError("OpenCV could not write a JPEG")
    return data.tobytes()
