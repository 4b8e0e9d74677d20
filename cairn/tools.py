"""Makes the tools that the API serves a view with: the eyes of the settings, words, originals."""

from __future__ import annotations

import logging
from typing import Final

from cairn.compose import limits_of, profile_of
from cairn.eyes import Eyes, open_eyes
from cairn.searching import EyesMatcher, EyesSearcher, developer
from cairn.sections import Settings
from cairn.text import words_for
from engine.errors import Misconfigured
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
    text: str | None = None,
) -> Tools:
    """All that can be done for a view.

    text: name or file of the text encoder. Raises Misconfigured where models cannot be opened,
    or where eyes were asked for that the view's state was not made with.
    """
    if "HEIF" in settings.guards.formats:
        accept_heif()
    limits = limits_of(settings.guards)
    renderer = developer(limits)
    wanted = text is not None or bool(LOOKS & settings.engine.model_fields_set)
    followed = view.identity
    eyes = _eyes(settings, followed, wanted=wanted)
    if eyes is None:
        return Tools(desk, originals=originals, renderer=renderer)
    texts = None if text is None else words_for(text, settings.models.directory, eyes.encoder)
    searcher = EyesSearcher(eyes, limits, texts, followed, lambda: view.identity)
    return Tools(desk, searcher, originals, renderer, EyesMatcher(eyes, limits))


def _eyes(settings: Settings, followed: str, *, wanted: bool) -> Eyes | None:
    """The eyes of the settings, where they are those that a state was made with.

    wanted: somebody has chosen them; else others are no fault, there is only no search then.
    """
    profile = profile_of(settings.engine.profile, settings.profiles)
    eyes = open_eyes(settings.engine.encoder, profile, settings.models.directory)
    configured = str(eyes.identity(profile.name))
    if configured == followed:
        return eyes
    told = f"the view follows a state made with {followed}, but {configured} is configured"
    remedy = "give --encoder and --profile as they were then"
    if wanted:
        raise Misconfigured(f"{told}: their vectors cannot be compared; {remedy}")
    _log.info("%s: there is no search by photos; for that %s", told, remedy)
    return None
