"""What makes the items of an image, as a profile asks for it."""

from __future__ import annotations

from pathlib import Path

from cairn.models import open_detector, open_face_detector, open_upscaler
from engine.errors import Misconfigured
from engine.ports import Framing
from engine.profile import Profile
from engine.vision.background import Cutout
from engine.vision.classes import MOVABLE, chosen_classes
from engine.vision.crops import Crops, MainObject
from engine.vision.face_framing import Faces
from engine.vision.framing import WholeImage
from engine.vision.masks import Masked
from engine.vision.upscale import Enlarged
from engine.vision.yolo import YoloDetector


def framing_of(profile: Profile, registry: Path) -> Framing:
    """The framing of a profile, its models opened; raises Misconfigured."""
    framing = _items(profile, registry)
    if profile.background == "remove":
        framing = Cutout(framing)
    if profile.upscaler:
        framing = Enlarged(framing, open_upscaler(profile.upscaler, registry))
    return framing


def _items(profile: Profile, registry: Path) -> Framing:
    if profile.items != "whole" and profile.mask != "off":
        raise _fault(profile, f"mask = {profile.mask!r} goes with items = 'whole' alone")
    if profile.items == "faces":
        return Faces(open_face_detector(profile.detector, registry))
    if profile.items != "whole":
        detector, classes = _detector(profile, registry, profile.classes)
        return (MainObject if profile.items == "main" else Crops)(detector, classes)
    if profile.mask != "off":
        detector, classes = _detector(profile, registry, profile.classes or (MOVABLE,))
        return Masked(detector, classes, profile.mask)
    for field in ("detector", "classes"):
        if getattr(profile, field):
            raise _fault(profile, f"{field} is set, but nothing uses it: set items or mask as well")
    return WholeImage()


def _detector(
    profile: Profile, registry: Path, classes: tuple[str, ...]
) -> tuple[YoloDetector, tuple[str, ...]]:
    """The detector, and those of its classes that count."""
    if not profile.detector:
        wanted = (
            f"items = {profile.items!r}" if profile.mask == "off" else f"mask = {profile.mask!r}"
        )
        raise _fault(
            profile,
            f"{wanted} needs a detector: bring one (cairn models add FILE --kind detector) and "
            f"name it in profiles.{profile.name}.detector",
        )
    try:
        detector = open_detector(profile.detector, registry)
        return detector, chosen_classes(classes, detector.classes)
    except Misconfigured as error:
        raise _fault(profile, str(error)) from error


def _fault(profile: Profile, text: str) -> Misconfigured:
    return Misconfigured(f"profiles.{profile.name}: {text}")
