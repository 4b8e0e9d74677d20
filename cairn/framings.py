"""What makes the items of an image, as a profile asks for it."""

from __future__ import annotations

from pathlib import Path

from cairn.models import open_face_detector
from engine.ports import Framing
from engine.profile import Profile
from engine.vision.face_framing import Faces
from engine.vision.framing import WholeImage


def framing_of(profile: Profile, registry: Path) -> Framing:
    """The framing of a profile, its models opened; raises Misconfigured."""
    if profile.items == "faces":
        return Faces(open_face_detector(profile.detector, registry))
    return WholeImage()
