"""Which eyes a profile looks with: framing, local features and what compares them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cairn.framings import framing_of
from cairn.local import SIFT, open_local
from cairn.models import open_encoder
from engine.ports import Encoder, Explainer, FeatureExtractor, Framing
from engine.profile import Profile
from state.identity import NO_FEATURES, Identity


@dataclass(frozen=True, slots=True)
class Eyes:
    """Everything that looks at an image, and at two of them; opened once, shared by threads."""

    framing: Framing
    encoder: Encoder
    extractor: FeatureExtractor | None
    verifier: Explainer

    def identity(self, profile: str) -> Identity:
        """What existing state of a profile depends on."""
        features = NO_FEATURES if self.extractor is None else self.extractor.identity
        encoder = self.encoder
        return Identity(encoder.identity, encoder.dim, self.framing.identity, features, profile)


def open_eyes(encoder: str, profile: Profile, registry: Path) -> Eyes:
    """Open all models that a profile names; raises Misconfigured."""
    verifies = profile.rule == "place"
    local = open_local(profile.features if verifies else SIFT, registry)
    return Eyes(
        framing_of(profile, registry),
        open_encoder(encoder, registry),
        local.extractor if verifies else None,
        local.verifier,
    )
