"""Pictures of photos and items, JPEG: small ones that are kept, large ones made of originals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from engine.errors import BadImage
from engine.pipeline import content_hash
from exporters.api import asking
from exporters.api.cutting import cut_out
from exporters.api.given import All, Given, TheView
from exporters.api.port import Matcher
from exporters.api.problems import documented, refusal
from exporters.view.answers import Explained, ImageRow
from exporters.view.port import View

JPEG: Final = "image/jpeg"
OK: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {JPEG: {}}}}
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "What the caller has is still right, by its ETag"}
}
ASK_AGAIN: Final = "private, no-cache"
"""A browser may keep a picture, but asks each time: what was forgotten must not be shown."""

Pair: TypeAlias = tuple[Explained, Explained]
"""An item and the one beside it."""

router = APIRouter(tags=["pictures"])


@router.get(
    "/image/thumbnail",
    summary="Small picture of a photo",
    response_class=Response,
    responses={**OK, **UNCHANGED, **documented(404, 422)},
)
def image_thumbnail(
    request: Request, view: TheView, asked: Annotated[asking.One, Query()]
) -> Response:
    """Not every photo has one."""
    jpeg = _thumbnail(view, asked.scope, asked.id)
    return _kept(request, _tag(jpeg)) or _picture(jpeg, _tag(jpeg))


@router.get(
    "/item/thumbnail",
    summary="Small picture of an item: its part of its photo's",
    response_class=Response,
    responses={**OK, **UNCHANGED, **documented(404, 422)},
)
def item_thumbnail(
    request: Request, view: TheView, asked: Annotated[asking.One, Query()]
) -> Response:
    """That of the photo where the item is all of it."""
    found = view.cutout(asked.scope, asked.id)
    if found is None:
        raise refusal(404, f"scope {asked.scope!r} has no thumbnail of an item {asked.id!r}")
    tag = _tag(found.jpeg, repr(found.box).encode())
    return _kept(request, tag) or _picture(cut_out(found), tag)


@router.get(
    "/image/picture",
    summary="Large picture of a photo, up to 1600 pixels a side",
    response_class=Response,
    responses={**OK, **UNCHANGED, **documented(404, 422)},
)
async def picture(request: Request, given: All, asked: Annotated[asking.One, Query()]) -> Response:
    """Made of the original, where that is at hand; upright, and without what the camera wrote."""
    row = await run_in_threadpool(given.view.image, asked.scope, asked.id)
    if row is None:
        raise refusal(404, f"scope {asked.scope!r} has no image {asked.id!r}")
    tag = f'"{row.content_hash}"'
    if kept := _kept(request, tag):
        return kept
    async with given.arrivals.taken():
        original = await run_in_threadpool(_original, given, row)
        jpeg = await given.heavy.run(partial(_render, given, row, original))
    return _picture(jpeg, tag)


@router.get(
    "/item/matches",
    summary="Two items side by side, with lines between the points that agree",
    response_class=Response,
    responses={**OK, **documented(404, 409, 422)},
)
async def matches(given: All, asked: Annotated[asking.Matched, Query()]) -> Response:
    """With another item, or with the one that it agreed with best when it was put on its cluster.

    As the engine compares them; where it compares no points there are no lines.
    """
    pair = await run_in_threadpool(_pair, given.view, asked)
    matcher = given.tools.matcher
    if matcher is None:
        raise refusal(409, NO_EYES)
    async with given.arrivals.taken():
        photos = await run_in_threadpool(_originals, given, pair)
        jpeg = await given.heavy.run(partial(_match, matcher, pair, photos))
    return Response(jpeg, media_type=JPEG)


def _render(given: Given, row: ImageRow, original: bytes) -> bytes:
    renderer = given.tools.renderer
    if renderer is None:
        raise refusal(404, NO_ORIGINALS)
    return _shown(lambda: renderer.render(original), row.image_id)


def _pair(view: View, asked: asking.Matched) -> Pair:
    one = _explained(view, asked.scope, asked.id)
    return one, _explained(view, asked.scope, asked.other or _decided_by(one))


def _originals(given: Given, pair: Pair) -> tuple[bytes, bytes]:
    one, other = pair
    return _original(given, one.image), _original(given, other.image)


def _match(matcher: Matcher, pair: Pair, photos: tuple[bytes, bytes]) -> bytes:
    one, other = (found.item for found in pair)
    names = f"{one.item_id} or {other.item_id}"
    return _shown(lambda: matcher.matches(*photos, one.box, other.box), names)


def _decided_by(found: Explained) -> str:
    """The exemplar that an item agreed with best."""
    trials = found.evidence.get("trials") or ()
    best: Mapping[str, Any] | None = max(
        trials, key=lambda one: (one["verdict"]["belief"], one["verdict"]["support"]), default=None
    )
    if best is None:
        raise refusal(
            409,
            f"the points of {found.item.item_id!r} were compared with nothing when it was put on "
            "its cluster: name another item with `with`",
        )
    return str(best["exemplar"])


def _original(given: Given, row: ImageRow) -> bytes:
    """The photo as it came; refuses what has become another since, for its boxes would lie."""
    originals = given.tools.originals
    if originals is None:
        raise refusal(404, NO_ORIGINALS)
    data = originals.read(row.scope, row.image_id)
    if data is None:
        raise refusal(404, f"the original of {row.image_id!r} is not at hand any more")
    if content_hash(data) != row.content_hash:
        raise refusal(404, f"the original of {row.image_id!r} is another photo now")
    return data


NO_ORIGINALS: Final = (
    "this server has no originals: start `cairn serve` with --images DIR, where the photos lie, "
    "or --kafka"
)
NO_EYES: Final = (
    "this server cannot compare photos: start `cairn serve` with --encoder and --profile of the "
    "state that the view follows"
)


def _shown(make: Callable[[], bytes], name: str) -> bytes:
    try:
        return make()
    except BadImage as error:
        raise refusal(404, f"{name!r} cannot be shown: {error}") from error


def _explained(view: View, scope: str, item_id: str) -> Explained:
    found = view.explain(scope, item_id)
    if found is None:
        raise refusal(404, f"scope {scope!r} has no item {item_id!r}")
    return found


def _thumbnail(view: View, scope: str, image_id: str) -> bytes:
    jpeg = view.thumbnail(scope, image_id)
    if not jpeg:
        raise refusal(404, f"scope {scope!r} has no thumbnail of an image {image_id!r}")
    return jpeg


def _tag(*parts: bytes) -> str:
    return f'"{hashlib.sha256(b"".join(parts)).hexdigest()}"'


def _kept(request: Request, tag: str) -> Response | None:
    """The answer to who has this picture already."""
    known = (one.strip().removeprefix("W/") for one in _known(request).split(","))
    return Response(status_code=304, headers=_headers(tag)) if tag in known else None


def _known(request: Request) -> str:
    return request.headers.get("if-none-match", "")


def _picture(jpeg: bytes, tag: str) -> Response:
    return Response(jpeg, headers=_headers(tag), media_type=JPEG)


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": ASK_AGAIN}
