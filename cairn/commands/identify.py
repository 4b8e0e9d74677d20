"""`cairn identify`: a few photos of somebody in, where else they are out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
import orjson
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Column, Table

from cairn.compose import Means, means_of, preparing, store_at
from cairn.files import check_writable
from cairn.folder_run import ONE_SCOPE, STATE_FILE, FolderJob
from cairn.one_shot import cluster_folder
from cairn.options import Config, Encoder, Profile, Workers, settings_of
from cairn.report import printable
from cairn.sections import Settings
from cairn.sheet import write_matches
from engine.errors import Misconfigured
from engine.jobs.identify import by_cosine, by_svm
from engine.jobs.placements import Placement, area, placements
from engine.sight import Prepared
from engine.types import Origin, Photo, Rejection, Vector

Rows: TypeAlias = NDArray[np.float32]


class Method(StrEnum):
    """How candidates are compared with the examples."""

    COSINE = "cosine"
    SVM = "svm"


_SCORES: Mapping[Method, Callable[[Rows, Rows], NDArray[np.float64]]] = {
    Method.COSINE: by_cosine,
    Method.SVM: by_svm,
}


@dataclass(frozen=True, slots=True)
class Match:
    """An item that may be the target. score: the higher, the likelier."""

    placement: Placement
    score: float


Examples: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="EXAMPLE...", help="Photos of the target; the largest face counts."),
]
State: TypeAlias = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="State directory of a stopped `cairn run`."),
]
Images: TypeAlias = Annotated[
    Path | None,
    typer.Option("--images", metavar="DIR", help="Folder to search; with --state, its photos."),
]
By: TypeAlias = Annotated[
    Method,
    typer.Option("--by", help="Cosine to the examples, or an SVM that learns from all others too."),
]
Top: TypeAlias = Annotated[
    int, typer.Option("--top", metavar="N", min=1, help="Matches shown, best first.")
]
Html: TypeAlias = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write a contact sheet of the matches."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")]


def identify(
    examples: Examples,
    state: State = None,
    images: Images = None,
    method: By = Method.COSINE,
    top: Top = 20,
    as_json: Json = False,
    html: Html = None,
    profile: Profile = None,
    encoder: Encoder = None,
    workers: Workers = None,
    config: Config = None,
) -> None:
    """Find a person from a few example photos, in a state or in a folder; nothing is changed.

    Ranked by cosine to the mean of the examples, or by a linear SVM against everybody else.

    Example: cairn identify anna1.jpg anna2.jpg --images people/ --profile face
    --encoder mobilefacenet
    """
    if html is not None:
        if images is None:
            raise Misconfigured("--html needs --images DIR: the photos to show")
        check_writable(html)
    settings = settings_of(
        config, engine__profile=profile, engine__encoder=encoder, engine__workers=workers
    )
    means = means_of(settings)
    target = _described(examples, settings, means)
    found = _gallery(state, images, settings, means)
    matches = _ranked(target, found, method)[:top]
    if html is not None and images is not None:
        scored = [(match.placement, match.score) for match in matches]
        write_matches(html, scored, means, images)
    if as_json:
        rows = [_row(match) for match in matches]
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        Console().print(_table(matches, method))


def _described(examples: Sequence[Path], settings: Settings, means: Means) -> Rows:
    """The vector of the subject of every example, (m, d)."""
    photos = [_photo(path) for path in examples]
    with preparing(settings, means) as prepare:
        results = prepare(photos).result()
    return np.stack([_subject(*pair) for pair in zip(examples, results, strict=True)])


def _photo(path: Path) -> Photo:
    try:
        return Photo(str(path), ONE_SCOPE, Origin(f"file:{path}", 0, 0), path.read_bytes())
    except OSError as error:
        raise Misconfigured(f"cannot read example {path}: {error.strerror}") from error


def _subject(path: Path, result: Prepared | Rejection) -> Vector:
    if isinstance(result, Rejection):
        raise Misconfigured(f"example {path} is refused: {result.detail}")
    if not result.items:
        raise Misconfigured(f"example {path} shows nothing to identify: leave it out")
    return max(result.items, key=lambda item: area(item.box)).vector


def _gallery(
    state: Path | None, images: Path | None, settings: Settings, means: Means
) -> Sequence[Placement]:
    if state is None and images is not None:
        console = Console(stderr=True)
        return cluster_folder(settings, means, FolderJob(images), console).placements
    if state is None:
        raise Misconfigured("give --state DIR or --images DIR: where to look for the target")
    source = state / STATE_FILE
    if not source.exists():
        raise Misconfigured(f"there is no {source}: name what `cairn run --state` names")
    with closing(store_at(source, means)) as store:
        return placements(store.outcomes())


def _ranked(target: Rows, found: Sequence[Placement], method: Method) -> list[Match]:
    """Every item, the likeliest first, ties in order of arrival."""
    if not found:
        return []
    scores = _SCORES[method](target, np.stack([placement.item.vector for placement in found]))
    return [Match(found[k], float(scores[k])) for k in np.argsort(-scores, kind="stable")]


def _row(match: Match) -> dict[str, object]:
    placement = match.placement
    box = placement.item.box
    return {
        "filename": placement.name,
        "item": placement.item.item_id,
        "box": [round(side, 1) for side in (box.left, box.top, box.right, box.bottom)],
        "score": round(match.score, 4),
        "cluster_id": placement.cluster_id,
        "name": placement.called or None,
    }


def _table(matches: Sequence[Match], method: Method) -> Table:
    columns = ("score", Column("photo", overflow="fold"), "item", "cluster", "name")
    table = Table(*columns, title=f"Nearest by {method}")
    for match in matches:
        placement = match.placement
        table.add_row(
            f"{match.score:.3f}",
            printable(placement.name),
            printable(placement.item.item_id.rpartition("#")[2]),
            placement.cluster_id,
            printable(placement.called),
        )
    return table
