"""`cairn evaluate`: a result against the truth."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from cairn.report import disagreement, scores_table
from engine.errors import Misconfigured
from engine.jobs.evaluate import evaluate as judge
from engine.jobs.evaluate import subjects
from engine.jobs.placements import area
from engine.types import Box
from producer.labels import read_labels


@dataclass(frozen=True, slots=True)
class _Row:
    """What is judged of a row of the result."""

    filename: str
    group: int
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def evaluate(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="What `cairn cluster` wrote.")],
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help="The truth: CSV with path,label.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Judge a result against true labels: B-cubed, pairwise, ARI, AMI, V, cluster-count error.

    Photos without a label are left out. Of several items of a photo the largest is judged: the
    label is of what the photo shows. A group of -1 counts as alone.

    Example: cairn evaluate result.json photos/labels.csv
    """
    truth = {path: row.label for path, row in read_labels(labels).items() if row.label}
    rows = _rows(result)
    chosen = subjects([row.filename for row in rows], [area(Box(*row.box)) for row in rows])
    judged = [row for row in (rows[k] for k in chosen) if row.filename in truth]
    names = {row.filename for row in rows}
    if not judged:
        raise Misconfigured(
            f"no photo of {result} has a label in {labels}: {disagreement(names, truth)}"
        )
    scores = judge([truth[row.filename] for row in judged], [row.group for row in judged])
    if as_json:
        typer.echo(orjson.dumps(scores, option=orjson.OPT_INDENT_2).decode())
    else:
        Console().print(scores_table(scores, _left_out(names, truth.keys())))


def _left_out(photos: AbstractSet[str], labelled: AbstractSet[str]) -> Iterator[str]:
    if unlabelled := len(photos - labelled):
        yield f"{unlabelled} photos have no label"
    if absent := len(labelled - photos):
        yield f"{absent} labelled photos are not in the result"


def _rows(result: Path) -> list[_Row]:
    """Every row of a result; raises Misconfigured where this is none."""
    try:
        return TypeAdapter(list[_Row]).validate_json(result.read_bytes(), strict=True)
    except OSError as error:
        raise Misconfigured(f"cannot read {result}: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = "".join(f"[{part!r}]" for part in fault["loc"])
        raise Misconfigured(
            f"{result} is no result of `cairn cluster`: {where} {fault['msg']}"
        ) from error
