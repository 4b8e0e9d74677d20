"""`cairn label`: names for clusters that people can read, from a list of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.table import Table

from cairn.compose import means_of
from cairn.correction import Desk, correction_of, desk_at
from cairn.options import Config, Encoder, Profile, settings_of
from cairn.report import printable
from cairn.text import words_for
from engine.commands import NameCluster
from engine.errors import Misconfigured
from engine.jobs.zero_shot import TEMPLATE, Proposal, proposals, word_vectors

Found: TypeAlias = Sequence[tuple[str, Proposal]]
"""Proposals, each with its scope."""
Words: TypeAlias = Annotated[
    Path, typer.Option("--words", metavar="FILE", help="What there may be, one name a line.")
]
Text: TypeAlias = Annotated[
    str,
    typer.Option(
        "--text", metavar="FILE_OR_NAME", help="Text encoder that goes with the state's encoder."
    ),
]
Template: TypeAlias = Annotated[
    str, typer.Option("--template", help="Sentence that a name is put into, at {}.")
]
Least: TypeAlias = Annotated[
    float, typer.Option("--least", min=0, max=1, help="Least probability of a proposal.")
]


def label(
    words: Words,
    text: Text,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="State directory of a stopped `cairn run`."),
    ] = None,
    template: Template = TEMPLATE,
    least: Least = 0.5,
    apply: Annotated[
        bool, typer.Option("--apply", help="Give the clusters these names, as commands.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
    profile: Profile = None,
    encoder: Encoder = None,
    config: Config = None,
) -> None:
    """Propose names for confirmed clusters that nobody named, from words alone (zero-shot).

    Probabilities are among the words of the list: what it lacks cannot be found. Names change
    nothing until `--apply`; then they hold like a person's, so that clusters of two names are
    never merged on evidence. `cairn correct undo` takes each of them back.

    Example: cairn label --state cairn-state --words words.txt --encoder clip --text clip-text
    """
    settings = settings_of(
        config,
        engine__profile=profile,
        engine__encoder=encoder,
        state__directory=None if state is None else str(state),
    )
    names = _names(words, template)
    means = means_of(settings)
    texts = words_for(text, settings.models.directory, means.eyes.encoder)
    vectors, scale = word_vectors(texts, names, template), texts.card.logit_scale
    with desk_at(settings, means) as desk:
        scopes = desk.shard.book.scopes().items()
        every = [
            (name, one) for name, scope in scopes for one in proposals(scope, names, vectors, scale)
        ]
        found = [(name, one) for name, one in every if one.probability >= least]
        _print(found, as_json=as_json)
        if apply:
            _apply(found, desk, texts.identity)


def _names(path: Path, template: str) -> list[str]:
    """The distinct lines of a file of words; raises Misconfigured where they are no choice."""
    if "{}" not in template:
        raise Misconfigured(f"--template {template!r}: say with {{}} where the name goes")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is no text in UTF-8: {error}") from error
    names = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if len(names) < 2:
        raise Misconfigured(f"{path} holds {len(names)} names: it takes two at least to choose")
    return names


def _print(found: Found, *, as_json: bool) -> None:
    if as_json:
        fields = [{"scope": scope, **asdict(one)} for scope, one in found]
        typer.echo(orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("scope", "cluster", "items", "name", "probability", "or")
    for scope, one in found:
        cells = (scope, one.cluster_id, str(one.count), one.name, f"{one.probability:.2f}")
        table.add_row(*map(printable, (*cells, one.runner_up)))
    Console().print(table)


def _apply(found: Found, desk: Desk, author: str) -> None:
    """Name the clusters; where a word cannot be a name, none of them."""
    orders = [(NameCluster(one.cluster_id, one.name), scope) for scope, one in found]
    for correction in [correction_of(order, scope, None, author) for order, scope in orders]:
        desk.carry_out(correction)
    typer.echo(f"named {len(found)} clusters", err=True)
