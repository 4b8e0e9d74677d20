"""Errors as people and programs read them: RFC 9457, one sentence each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine.errors import BadCommand, Misconfigured, Transient
from exporters.api.answers import Problem
from exporters.view.cursor import BadCursor

KIND = "application/problem+json"
RETRY_S = "5"

_log = logging.getLogger(__name__)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a response."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(told.model_dump_json(), status, headers, KIND)


def refusal(status: int, detail: str) -> HTTPException:
    """An error to raise."""
    return HTTPException(status, detail)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Errors in the OpenAPI document."""
    content = {KIND: {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def handle_problems(app: FastAPI) -> None:
    """Answer what is raised on purpose; all else is a bug, and is raised again for the log."""

    @app.exception_handler(Exception)
    async def bug(_: Request, __: Exception) -> Response:
        return problem(500, "this is a fault of the server: its log tells more")

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, error.detail, _headers(request, error))

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        return problem(422, _first(error))

    @app.exception_handler(BadCursor)
    async def lost(_: Request, error: BadCursor) -> Response:
        return problem(422, str(error))

    @app.exception_handler(BadCommand)
    async def no_command(_: Request, error: BadCommand) -> Response:
        return problem(422, error.detail)

    @app.exception_handler(Transient)
    async def away(_: Request, error: Transient) -> Response:
        _log.warning("%s", error)
        return problem(503, "this cannot be answered just now: try again", {"Retry-After": RETRY_S})

    @app.exception_handler(Misconfigured)
    async def broken(_: Request, error: Misconfigured) -> Response:
        _log.error("%s", error)
        return problem(503, "the server is not set up for this: its log tells what to mend")


def _headers(request: Request, error: HTTPException) -> Mapping[str, str] | None:
    """With all methods of an address: the framework names only those of its first route."""
    calls: Mapping[str, object] = request.app.openapi()["paths"].get(request.url.path, {})
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED or not calls:
        return error.headers
    return {"Allow": ", ".join(sorted(method.upper() for method in calls))}


def _first(error: RequestValidationError) -> str:
    """What is wrong with the first parameter that is wrong."""
    told = error.errors()[0]
    name = ".".join(str(part) for part in told["loc"][1:])
    if told["type"] == "extra_forbidden":
        return f"there is no parameter {name!r} here"
    message = str(told["msg"]).removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}"
