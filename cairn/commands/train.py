"""`cairn train`: encoders of one's own, from labelled folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cairn.compose import profile_of
from cairn.exporting import check_workshop
from cairn.framings import framing_of
from cairn.models import free_folder
from cairn.options import Config, settings_of
from cairn.training import people_in, trained

app = typer.Typer(help="Train: an encoder of one's own, from a labelled folder.")


@app.callback()
def _train() -> None:
    """Train an encoder of one's own, from a labelled folder."""


@app.command("face-embedder")
def face_embedder(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Photos, in one sub-folder a person.")
    ],
    name: Annotated[
        str, typer.Option("-o", "--output", metavar="NAME", help="Name in the registry.")
    ],
    epochs: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often every face is learned from.")
    ] = 60,
    config: Config = None,
) -> None:
    """Train a small encoder on the faces of people one knows, and add it.

    Faces are found and aligned as the profile `face` does it. Needs PyTorch: `make export-env`.

    Example: .venv-export/bin/cairn train face-embedder people/ -o our-faces
    """
    settings = settings_of(config)
    check_workshop(("torch", "onnx"), "training", "train")
    registry = settings.models.directory
    free_folder(registry, name)
    framing = framing_of(profile_of("face", settings.profiles), registry)
    found = people_in(folder, framing, settings.guards)
    people = len(set(found.numbers))
    typer.echo(f"{len(found.faces)} faces of {people} people; {found.faceless} photos without one")
    source = f"FaceEmbeddingNet trained on {len(found.faces)} faces of {people} people"
    for line in trained(found, name, source, epochs, registry):
        typer.echo(line)
    typer.echo(f"added {name}: cairn cluster DIR --profile face --encoder {name}")
