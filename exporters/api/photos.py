"""Photos, what is on them, and why it lies where it lies."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from exporters.api import answers, asking
from exporters.api.given import TheView
from exporters.api.problems import documented, refusal
from exporters.api.search import nearest_to

router = APIRouter(responses=documented(404, 422), tags=["photos"])


@router.get("/image", summary="A photo and its items")
def image(view: TheView, asked: Annotated[asking.One, Query()]) -> answers.Image:
    """Its size, time, place and attributes; the picture itself is not kept."""
    row = view.image(asked.scope, asked.id)
    if row is None:
        raise refusal(404, f"scope {asked.scope!r} has no image {asked.id!r}")
    return answers.Image.model_validate(row)


@router.get("/item", summary="An item, and why it lies where it lies")
def item(view: TheView, asked: Annotated[asking.One, Query()]) -> answers.Explained:
    """With its cluster, its photo and the evidence it was assigned by."""
    found = view.explain(asked.scope, asked.id)
    if found is None:
        raise refusal(404, _no_item(asked))
    return answers.Explained.model_validate(found)


@router.get("/item/similar", summary="Items nearest to an item, by cosine")
def similar(
    view: TheView, asked: Annotated[asking.Near, Query()]
) -> answers.Page[answers.LikeItem]:
    """Most alike first, without the item itself."""
    vector = view.vector(asked.scope, asked.id)
    if vector is None:
        raise refusal(404, _no_item(asked))
    return nearest_to(view, asked.scope, [vector], asked.k, [asked.id])


def _no_item(asked: asking.One) -> str:
    return f"scope {asked.scope!r} has no item {asked.id!r}"
