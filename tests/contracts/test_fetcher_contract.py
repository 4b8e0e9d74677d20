"""What every Fetcher promises: the claimed bytes, or whose fault it is that there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from engine.errors import BadImage
from engine.ports import Fetcher
from engine.types import Claim
from tests.fetching import KeptImages, claim_on, fetcher, never
from tests.webserver import Answer, website

DATA = b"\xff\xd8\xff some image"
Case: TypeAlias = tuple[Fetcher, Callable[[str, bytes], str], str]
"""A fetcher, a way to place bytes under a name, and where nothing ever is."""


@pytest.fixture(params=["kept", "file", "http"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with ExitStack() as stack:
        if request.param == "kept":
            images = KeptImages()

            def keep(name: str, data: bytes) -> str:
                images.images[name] = data
                return name

            yield images, keep, "nowhere"
        elif request.param == "file":

            def write(name: str, data: bytes) -> str:
                (tmp_path / name).write_bytes(data)
                return (tmp_path / name).as_uri()

            root = tmp_path.as_uri()
            yield stack.enter_context(fetcher(root, patience_s=0.6)), write, f"{root}/no"
        else:
            site = stack.enter_context(website())

            def serve(name: str, data: bytes) -> str:
                return site.put(f"/{name}", Answer(body=data))

            opened = stack.enter_context(fetcher(site.base, patience_s=0.6))
            yield opened, serve, f"{site.base}/no"


def test_the_claimed_bytes_are_given(case: Case) -> None:
    """Whole, empty or not, with the time it took."""
    fetch, place, _ = case
    for name, data in (("a.jpg", DATA), ("empty.jpg", b"")):
        fetched = fetch(claim_on(data, place(name, data)), never)
        assert fetched.data == data
        assert fetched.seconds >= 0


def test_other_bytes_are_never_given(case: Case) -> None:
    """It is the sender's fault, by name."""
    fetch, place, _ = case
    uri = place("a.jpg", DATA)
    with pytest.raises(BadImage) as refused:
        fetch(claim_on(b"other", uri), never)
    assert refused.value.reason == "hash_mismatch"
    assert uri in refused.value.detail


def test_what_never_comes_is_unreachable(case: Case) -> None:
    """After as long as the fetcher is patient."""
    fetch, _, nowhere = case
    with pytest.raises(BadImage) as refused:
        fetch(Claim(nowhere, "00" * 32), never)
    assert refused.value.reason == "unreachable"
