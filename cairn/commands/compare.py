"""`cairn compare`: what two photos have in common, with a picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from cairn.comparison import Comparison, compare
from cairn.compose import means_of
from cairn.files import check_writable, write_file
from cairn.options import Config, Encoder, Profile, settings_of
from cairn.report import printable
from engine.errors import Misconfigured
from engine.evidence import agrees

Photo: TypeAlias = Annotated[Path, typer.Argument(metavar="PHOTO", exists=True, dir_okay=False)]


def compare_photos(
    one: Photo,
    other: Photo,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="JPEG of both, with lines where they agree."
        ),
    ] = None,
    profile: Profile = None,
    encoder: Encoder = None,
    config: Config = None,
) -> None:
    """Compare two photos as the engine would: likeness, matching points, whether they agree.

    It decides nothing: on a pile, calibration, place and time count as well.

    Example: cairn compare before.jpg after.jpg -o matches.jpg
    """
    settings = settings_of(config, engine__profile=profile, engine__encoder=encoder)
    if output is not None:
        check_writable(output)
    means = means_of(settings)
    found = compare(_read(one), _read(other), means.eyes, settings.guards)
    if output is not None:
        write_file(output, found.picture)
    table = Table("", "", show_header=False, box=None)
    for name, value in _facts(found).items():
        table.add_row(name, printable(value))
    Console().print(table)


def _facts(found: Comparison) -> dict[str, str]:
    facts = {"similarity": f"{found.similarity:.3f} (cosine of the embeddings)"}
    if (verdict := found.verdict) is not None:
        facts |= {
            "matches": str(verdict.matches),
            "inliers": f"{verdict.inliers} agree with one camera motion",
            "overlap": f"{verdict.overlap:.0%}",
            "belief": f"{verdict.belief:.1f} (log-odds of one place, by geometry alone)",
            "same place": "yes, by geometry" if agrees(verdict) else "not by geometry alone",
        }
    return facts


def _read(path: Path) -> tuple[str, bytes]:
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from error
