"""Options that several commands share, and how they become settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from cairn.sections import Settings
from cairn.settings import load

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings as TOML; docs/settings.md lists them."),
]
Profile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="What 'same' means: place, object, product or face."
    ),
]
Encoder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="FILE_OR_NAME",
        help="'builtin', a model of the registry, or an ONNX file with its card beside it.",
    ),
]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Threads that look at photos; 0: one per core."),
]
Host: TypeAlias = Annotated[
    str | None,
    typer.Option("--host", help="Address to listen on; others than loopback need a token."),
]
Port: TypeAlias = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0: any.")]
Labels: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="CSV: path,label[,lat,lon,time]. Labels only score the result; place and time "
        "count where EXIF has none.",
    ),
]


def settings_of(config: Path | None, **overrides: object) -> Settings:
    """Settings with what the command line gave on top; `engine__profile` for engine.profile."""
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return load(config, os.environ, dotted)
