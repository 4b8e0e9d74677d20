"""Makes the tools that the API serves a view with: the eyes of the settings, words, originals."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from cairn.compose import limits_of, profile_of
from cairn.eyes import Eyes, open_eyes
from cairn.originals import FolderOriginals, open_topic_originals
from cairn.searching import EyesMatcher, EyesSearcher, developer
from cairn.sections import Guards, Settings
from cairn.text import words_for
from engine.errors import Misconfigured
from engine.vision.decode import DecodeLimits
from engine.vision.heif import accept_heif
from exporters.api.port import Desk, Originals, Tools
from exporters.view.database import Database

LOOKS: Final = frozenset({"encoder", "profile"})
"""Settings of the section `engine` that name eyes."""

_log = logging.getLogger(__name__)


def tools_of(
    settings: Settings,
    view: Database,
    desk: Desk | None = None,
    originals: Originals | None = None,
) -> Tools:
    """All that can be done for a view, with the eyes of the settings where they fit.

    Raises Misconfigured where models cannot be opened, or where eyes or words were asked for that
    do not fit what the view's state was made with.
    """
    chosen = bool(LOOKS & settings.engine.model_fields_set) or settings.serve.text is not None
    eyes = _eyes(settings, view.identity, chosen=chosen)
    return tools_with(eyes, settings, view, desk, originals)


def tools_with(
    eyes: Eyes | None,
    settings: Settings,
    view: Database,
    desk: Desk | None = None,
    originals: Originals | None = None,
) -> Tools:
    """The same with eyes that the view's state is made with, or none. Raises Misconfigured."""
    limits = _limits(settings.guards)
    renderer = developer(limits)
    if eyes is None:
        return Tools(desk, originals=originals, renderer=renderer)
    text, registry = settings.serve.text, settings.models.directory
    texts = None if text is None else words_for(text, registry, eyes.encoder)
    searcher = EyesSearcher(eyes, limits, texts, view.identity, lambda: view.identity)
    return Tools(desk, searcher, originals, renderer, EyesMatcher(eyes, limits))


@contextmanager
def originals_for(
    settings: Settings, view: Database, images: Path | None, stop: Event, *, kafka: bool
) -> Iterator[Originals | None]:
    """Photos of a folder, else of the topic of images; None where neither is given.

    Raises Misconfigured where there is no such folder.
    """
    if images is not None:
        if not images.is_dir():
            raise Misconfigured(f"there is no directory {images}: name the one the photos lie in")
        yield FolderOriginals(images, settings.guards.max_bytes)
    elif kafka:
        with open_topic_originals(settings, view, stop.is_set) as originals:
            yield originals
    else:
        yield None


def _limits(guards: Guards) -> DecodeLimits:
    if "HEIF" in guards.formats:
        accept_heif()
    return limits_of(guards)


def _eyes(settings: Settings, followed: str, *, chosen: bool) -> Eyes | None:
    """The eyes of the settings, where they are those that a state was made with.

    chosen: somebody has named them; else others are no fault, there is only no search then.
    """
    profile = profile_of(settings.engine.profile, settings.profiles)
    eyes = open_eyes(settings.engine.encoder, profile, settings.models.directory)
    configured = str(eyes.identity(profile.name))
    if configured == followed:
        return eyes
    told = f"the view follows a state made with {followed}, but {configured} is configured"
    remedy = "give --encoder and --profile as they were then"
    if chosen:
        raise Misconfigured(f"{told}: their vectors cannot be compared; {remedy}")
    _log.info("%s: there is no search by photos; for that %s", told, remedy)
    return None
