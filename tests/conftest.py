"""What every test starts from: nothing depends on how fast the machine is today."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
