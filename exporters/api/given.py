"""What an application was made with, as its endpoints get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Request

from exporters.api.port import Options, Tools
from exporters.api.turns import Turns, few_arrivals, one_a_processor
from exporters.view.port import View


@dataclass(frozen=True, slots=True)
class Given:
    """What endpoints need.

    heavy, arrivals, uploads: turns for what costs a lot, shared by all of them: work, originals
    that are read, photos that are sent, as slowly as somebody likes.
    """

    view: View
    tools: Tools
    options: Options
    stopping: Callable[[], bool]
    heavy: Turns = field(default_factory=one_a_processor)
    arrivals: Turns = field(default_factory=few_arrivals)
    uploads: Turns = field(default_factory=few_arrivals)


def given(request: Request) -> Given:
    """What the application of a request was made with."""
    return cast("Given", request.app.state.given)


def _view(request: Request) -> View:
    return given(request).view


TheView: TypeAlias = Annotated[View, Depends(_view)]
All: TypeAlias = Annotated[Given, Depends(given)]
