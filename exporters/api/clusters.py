"""Clusters: lists of them, and one with its members, its history and those like it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from exporters.api import answers, asking
from exporters.api.given import TheView
from exporters.api.problems import documented, refusal
from exporters.view.answers import ClusterRow
from exporters.view.port import View

router = APIRouter(tags=["clusters"])


@router.get("/clusters", summary="Clusters, chosen and ordered", responses=documented(422))
def clusters(
    view: TheView, asked: Annotated[asking.Clusters, Query()]
) -> answers.Page[answers.Cluster]:
    """A page of them; `cursor` leads to the next."""
    page = view.clusters(asked.chosen, asked.order, asked.limit, asked.cursor)
    return answers.Page[answers.Cluster].model_validate(page)


@router.get("/cluster", summary="One cluster, living or retired", responses=documented(404, 422))
def cluster(
    view: TheView, asked: Annotated[asking.One, Query()], response: Response
) -> answers.Cluster:
    """ETag is its revision. A retired one tells in `heir` which cluster it has become."""
    row = _known(view, asked)
    response.headers["ETag"] = f'"{row.revision}"'
    return answers.Cluster.model_validate(row)


@router.get("/cluster/members", summary="Items of a cluster", responses=documented(404, 422))
def members(view: TheView, asked: Annotated[asking.Members, Query()]) -> answers.Page[answers.Item]:
    """None of a retired one: they are on its heir."""
    _known(view, asked)
    page = view.members(asked.scope, asked.id, asked.order, asked.limit, asked.cursor)
    return answers.Page[answers.Item].model_validate(page)


@router.get("/cluster/lineage", summary="Events about a cluster", responses=documented(404, 422))
def lineage(view: TheView, asked: Annotated[asking.Paged, Query()]) -> answers.Page[answers.Event]:
    """Newest first."""
    _known(view, asked)
    page = view.lineage(asked.scope, asked.id, asked.limit, asked.cursor)
    return answers.Page[answers.Event].model_validate(page)


@router.get(
    "/cluster/similar", summary="Other clusters by mean vectors", responses=documented(404, 422)
)
def similar(
    view: TheView, asked: Annotated[asking.Near, Query()]
) -> answers.Page[answers.LikeCluster]:
    """Living ones, most alike first."""
    _known(view, asked)
    found = view.similar(asked.scope, asked.id, asked.k)
    like = [
        answers.LikeCluster(cluster=answers.Cluster.model_validate(row), cosine=cosine)
        for row, cosine in found
    ]
    return answers.Page(rows=like)


def _known(view: View, asked: asking.One) -> ClusterRow:
    row = view.cluster(asked.scope, asked.id)
    if row is None:
        raise refusal(404, f"scope {asked.scope!r} has no cluster {asked.id!r}")
    return row
