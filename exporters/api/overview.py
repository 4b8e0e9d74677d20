"""What there is at large."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query, Request, Response

from exporters.api import answers, asking
from exporters.api.given import TheView
from exporters.api.problems import documented
from exporters.view.answers import Points

DECIMALS: Final = 4
"""Of places on the map: finer than any screen."""

router = APIRouter(responses=documented(422), tags=["overview"])
open_to_all = APIRouter(tags=["overview"])


@open_to_all.get("/health", summary="Whether the server and its database answer; needs no token")
def health(view: TheView) -> answers.Health:
    """Fail with 503 where the database is away."""
    view.last_event()
    return answers.Health()


@router.get("/scopes", summary="Names of all scopes, sorted")
def scopes(view: TheView) -> answers.Page[str]:
    """Clusters never reach from one scope into another."""
    return answers.Page(rows=list(view.scopes()))


@router.get("/counts", summary="How much there is, in one scope or in all")
def counts(view: TheView, asked: Annotated[asking.PerhapsInScope, Query()]) -> answers.Counts:
    """Photos, items, clusters by state, refused messages by reason."""
    return answers.Counts.told(view.counts(asked.scope))


@router.get("/newest", summary="Items that came last, newest first")
def newest(
    view: TheView, asked: Annotated[asking.PerhapsListed, Query()]
) -> answers.Page[answers.Item]:
    """Of one scope, or of all."""
    rows = view.newest(asked.scope, asked.limit)
    return answers.Page(rows=[answers.Item.model_validate(row) for row in rows])


@router.get("/rejections", summary="Messages that changed nothing, and why")
def rejections(
    view: TheView, asked: Annotated[asking.PerhapsListed, Query()]
) -> answers.Page[answers.Rejection]:
    """Those furthest on in their source first."""
    rows = view.rejections(asked.scope, asked.limit)
    return answers.Page(rows=[answers.Rejection.model_validate(row) for row in rows])


@router.get("/feed", summary="How far the view is behind what it follows")
def feed(view: TheView) -> answers.Page[answers.Behind]:
    """As it was last known, by source and partition; over Kafka also what waits for workers."""
    return answers.Page(rows=[answers.Behind.model_validate(row) for row in view.behind()])


@router.get("/suggestions", summary="What a person might look at, most doubtful first")
def suggestions(
    view: TheView, asked: Annotated[asking.Listed, Query()]
) -> answers.Page[answers.Suggestion]:
    """Unsure assignments, clusters that look alike, clusters of two."""
    rows = view.suggestions(asked.scope, asked.limit)
    return answers.Page(rows=[answers.Suggestion.model_validate(row) for row in rows])


@router.get(
    "/map",
    summary="Items in three dimensions, as the map was last drawn",
    response_class=Response,
    responses={200: {"model": answers.Map}, 304: {"description": "It is as the ETag says"}},
)
def points(request: Request, view: TheView, asked: Annotated[asking.InScope, Query()]) -> Response:
    """Up to 50 000 points; ask again with `If-None-Match` to learn whether anything changed."""
    body = columns(view.points(asked.scope))
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def columns(points: Points) -> bytes:
    """The map as JSON, without a Python object for each number."""
    told = {
        "items": points.items,
        "clusters": points.clusters,
        "names": points.names,
        "cluster": points.cluster,
        **{axis: getattr(points, axis).round(DECIMALS) for axis in ("x", "y", "z")},
    }
    return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)
