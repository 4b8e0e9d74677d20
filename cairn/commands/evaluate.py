"""`cairn evaluate`: a result against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from cairn.report import scores_table
from engine.errors import Misconfigured
from engine.jobs.evaluate import evaluate as judge
from producer.labels import read_labels


def evaluate(
    result: Annotated[Path, typer.Argument(help="What `cairn cluster` wrote.")],
    labels: Annotated[Path, typer.Argument(help="The truth: CSV with path,label.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Judge a result against true labels: B-cubed, pairwise, ARI, AMI, V, cluster-count error.

    Example: cairn evaluate result.json photos/labels.csv
    """
    truth = {path: row.label for path, row in read_labels(labels).items()}
    groups = _groups(result)
    judged = [(truth[name], group) for name, group in groups if name in truth]
    if not judged:
        raise Misconfigured(f"no photo of {result} has a label in {labels}: do the paths agree?")
    scores = judge([label for label, _ in judged], [group for _, group in judged])
    if as_json:
        typer.echo(orjson.dumps(scores, option=orjson.OPT_INDENT_2).decode())
    else:
        Console().print(scores_table(scores, unlabelled=len(groups) - len(judged)))


def _groups(result: Path) -> list[tuple[str, int]]:
    """(filename, group) of every row; raises Misconfigured where this is no result."""
    try:
        rows = orjson.loads(result.read_bytes())
        return [(str(row["filename"]), int(row["group"])) for row in rows]
    except OSError as error:
        raise Misconfigured(f"cannot read {result}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise Misconfigured(f"{result} is no result of `cairn cluster`: {error}") from error
