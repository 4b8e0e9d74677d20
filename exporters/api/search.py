"""Search: photos like one that is sent, like words, or like one that is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from engine.errors import BadImage
from engine.types import Vector
from exporters.api import answers, asking
from exporters.api.bodies import kind_of, read_body
from exporters.api.given import All, TheView
from exporters.api.port import NoTextModel, Searcher
from exporters.api.problems import documented, refusal
from exporters.view.answers import ItemRow
from exporters.view.port import View

MOST_ITEMS: Final = 16
"""Items of one photo that are searched by, each of which costs a search."""

router = APIRouter(tags=["search"])

BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "image/webp")
        },
    }
}


@router.post(
    "/search/image",
    summary="Items most like what a photo shows; the body is the photo",
    responses=documented(408, 409, 413, 415, 422),
    openapi_extra=BODY,
)
async def by_image(
    request: Request, given: All, asked: Annotated[asking.Searched, Query()]
) -> answers.Page[answers.LikeItem]:
    """Most alike first. Each thing on the photo is searched by, and the best of all is answered.

    The photo is kept nowhere.
    """
    searcher = _searcher(given.tools.searcher)
    if not kind_of(request).startswith("image/"):
        raise refusal(415, "a photo is sent as it is, with its type: Content-Type: image/jpeg")
    async with given.uploads.taken():
        data = await read_body(request, given.options.max_image_bytes)
        return await given.heavy.run(partial(_like_photo, given.view, searcher, asked, data))


@router.get(
    "/search/words",
    summary="Items most like what words say",
    responses=documented(409, 422),
)
async def by_words(
    given: All, asked: Annotated[asking.Described, Query()]
) -> answers.Page[answers.LikeItem]:
    """Most alike first; cosines of words and photos are far below those of two photos."""
    searcher = _searcher(given.tools.searcher)
    return await given.heavy.run(partial(_like_words, given.view, searcher, asked))


@router.get(
    "/image/similar",
    summary="Items of other photos most like those of a photo",
    responses=documented(404, 422),
)
def like_image(
    view: TheView, asked: Annotated[asking.Near, Query()]
) -> answers.Page[answers.LikeItem]:
    """Most alike first; each item of the photo is searched by."""
    row = view.image(asked.scope, asked.id)
    if row is None:
        raise refusal(404, f"scope {asked.scope!r} has no image {asked.id!r}")
    own = [item.item_id for item in row.items]
    vectors = (view.vector(asked.scope, item_id) for item_id in own[:MOST_ITEMS])
    known = [vector for vector in vectors if vector is not None]
    return nearest_to(view, asked.scope, known, asked.k, own)


def nearest_to(
    view: View, scope: str, vectors: Iterable[Vector], k: int, without: Sequence[str] = ()
) -> answers.Page[answers.LikeItem]:
    """The k items nearest to any of some vectors, each with its best cosine."""
    best: dict[int, tuple[ItemRow, float]] = {}
    for vector in vectors:
        for row, cosine in view.nearest(scope, vector, k, without):
            if row.number not in best or cosine > best[row.number][1]:
                best[row.number] = row, cosine
    found = sorted(best.values(), key=lambda one: (-one[1], one[0].number))[:k]
    return answers.Page(
        rows=[
            answers.LikeItem(item=answers.Item.model_validate(row), cosine=cosine)
            for row, cosine in found
        ]
    )


def _searcher(searcher: Searcher | None) -> Searcher:
    if searcher is None:
        raise refusal(
            409,
            "this server cannot look at photos: start `cairn serve` with --encoder and --profile "
            "of the state that the view follows, and with --text to search by words",
        )
    return searcher


def _like_photo(
    view: View, searcher: Searcher, asked: asking.Searched, data: bytes
) -> answers.Page[answers.LikeItem]:
    try:
        seen = searcher.of_image(data)
    except BadImage as error:
        raise refusal(422, f"nothing can be searched by this body: {error}") from error
    vectors = [vector for _, vector in seen[:MOST_ITEMS]]
    return nearest_to(view, asked.scope, vectors, asked.k)


def _like_words(
    view: View, searcher: Searcher, asked: asking.Described
) -> answers.Page[answers.LikeItem]:
    try:
        vector = searcher.of_words(asked.words)
    except NoTextModel as error:
        raise refusal(409, str(error)) from error
    return nearest_to(view, asked.scope, [vector], asked.k)
