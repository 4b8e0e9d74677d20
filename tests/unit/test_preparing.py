"""The threads that prepare batches: what is let go lets go of the network."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from cairn.compose import means_of, preparing
from cairn.sections import Settings
from engine.errors import Stopped
from engine.sight import Prepared
from engine.types import Claim, Fetched, Origin, Photo
from tests.fetching import KeptImages, claim_on
from tests.images import encoded, gradient

PATIENCE_S = 60.0
CLAIMED = Photo("a", "s", Origin("t", 0, 0), Claim("file:///a", "00" * 32))


class Waiting:
    """A Fetcher that gets nothing and notes when it is told that nobody waits."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self, claim: Claim, ended: Callable[[], bool], /) -> Fetched:
        self.begun.set()
        pause = threading.Event()
        while not ended():
            pause.wait(0.01)
        self.ended.set()
        raise Stopped("nobody waits")


def test_a_cancelled_batch_is_not_fetched_any_more() -> None:
    """While the threads go on with others."""
    settings, data, waiting = Settings(), encoded(gradient()), Waiting()
    with preparing(settings, means_of(settings), waiting) as prepare:
        void = prepare([CLAIMED])
        assert waiting.begun.wait(PATIENCE_S)
        assert void.cancel()
        assert waiting.ended.wait(PATIENCE_S)
        (result,) = prepare([Photo("b", "s", Origin("t", 0, 1), data)]).result(PATIENCE_S)
    assert isinstance(result, Prepared)


def test_leaving_waits_for_no_image() -> None:
    """A worker that crashes ends at once; whoever still asks hears why there is nothing."""
    settings, waiting = Settings(), Waiting()
    with preparing(settings, means_of(settings), waiting) as prepare:
        promised = prepare([CLAIMED])
        assert waiting.begun.wait(PATIENCE_S)
    with pytest.raises(Stopped):
        promised.result(PATIENCE_S)


def test_what_was_fetched_is_looked_at() -> None:
    """All the way, with real eyes."""
    settings, data = Settings(), encoded(gradient())
    images = KeptImages({"file:///a": data})
    photo = Photo("a", "s", Origin("t", 0, 0), claim_on(data, "file:///a"))
    with preparing(settings, means_of(settings), images) as prepare:
        (result,) = prepare([photo]).result(PATIENCE_S)
    assert isinstance(result, Prepared)
    assert result.image.content_hash == claim_on(data, "").sha256
    assert set(result.timings) > {"fetch", "decode"}
