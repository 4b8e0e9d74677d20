"""Corrections: handed in here, carried out by a worker, and told when they are settled."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import uuid4

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from engine.command_message import command_of
from engine.errors import BadCommand
from engine.types import Correction, Origin
from exporters.api import answers, asking, examples
from exporters.api.bodies import kind_of, read_body
from exporters.api.given import All, TheView
from exporters.api.problems import documented, refusal

FROM_HERE: Final = Origin("api", 0, 0)
PATH: Final = "/api/v1/command"
KIND: Final = "application/json"

router = APIRouter(tags=["corrections"])


class CommandAsked(BaseModel):
    """Body of a command, as docs/schemas/cairn.command.v1.json has it, with its scope."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [examples.ORDER]}, use_attribute_docstrings=True
    )

    scope: str
    command: Literal[
        "merge", "split", "move", "confirm", "name", "link", "forget", "regroup", "undo"
    ]
    command_id: str | None = None
    """A name of your own, carried out once; not given, one is made."""
    author: str = ""
    """Who asks, for the lineage."""
    expects: dict[str, int] = {}
    """Revisions by cluster: where another has one by then, nothing is changed."""
    cluster_id: str | None = None
    """To split, move to, confirm, name or regroup."""
    cluster_ids: list[str] | None = None
    """To merge: the first one stays."""
    item_ids: list[str] | None = None
    """To split off, move or link."""
    image_id: str | None = None
    """To forget."""
    name: str | None = None
    """Empty: none any more."""
    together: bool | None = None
    """Whether linked items belong together, or apart."""
    undone_id: str | None = None
    """Command to undo."""


BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {KIND: {"schema": CommandAsked.model_json_schema()}},
    }
}
"""The body is read by the rules of messages, not by this model, which describes it."""


@router.post(
    "/commands",
    status_code=202,
    summary="Correct something: it is handed to the workers",
    responses=documented(408, 409, 413, 415, 422, 503),
    openapi_extra=BODY,
)
async def correct(request: Request, given: All, response: Response) -> answers.Accepted:
    """Answer once it is durable; `ask` and the header Location tell what became of it.

    The same `command_id` is carried out once, however often it is sent; not given, one is made.
    """
    if given.tools.desk is None:
        raise refusal(409, "this server only shows: start it with --state or --kafka to correct")
    if kind_of(request) != KIND:  # what a form of another site's page can send is refused
        raise refusal(415, f"a command is sent as {KIND}")
    correction = correction_in(await read_body(request, given.options.max_body_bytes))
    await run_in_threadpool(given.tools.desk.send, correction)
    scope, command_id = correction.scope, correction.command_id
    ask = f"{PATH}?{urlencode({'scope': scope, 'id': command_id})}"
    response.headers["Location"] = ask
    return answers.Accepted(scope=scope, command_id=command_id, ask=ask)


@router.get("/command", summary="What became of a command", responses=documented(422))
def command(view: TheView, asked: Annotated[asking.One, Query()]) -> answers.Command:
    """Waiting, applied or refused; one that was never sent is not told from one that waits."""
    row = view.command(asked.scope, asked.id)
    if row is None:
        return answers.Command(scope=asked.scope, command_id=asked.id, status="waiting")
    return answers.Command.settled(row)


@router.get("/commands", summary="Commands that were settled last", responses=documented(422))
def commands(
    view: TheView, asked: Annotated[asking.PerhapsListed, Query()]
) -> answers.Page[answers.Command]:
    """Newest first, of one scope or of all."""
    rows = view.commands(asked.scope, asked.limit)
    return answers.Page(rows=[answers.Command.settled(row) for row in rows])


def correction_in(body: bytes) -> Correction:
    """Read a command and its scope; raises BadCommand."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadCommand("bad_command", f"the body is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise BadCommand("bad_command", "the body is not a JSON object")
    if fields.get("command_id") is None:
        fields["command_id"] = uuid4().hex
    made = command_of(fields, fields.get("scope"), FROM_HERE)
    return made if made.asked_at is not None else replace(made, asked_at=time.time())
