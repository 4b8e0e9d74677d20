"""`cairn serve`: the read model over HTTP."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from cairn.commands.run import stopping
from cairn.extras import extra
from cairn.logs import start_logging
from cairn.options import Config, Encoder, Host, Port, Profile, settings_of
from engine.errors import Misconfigured

View: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--view",
        metavar="URL",
        help="A database that `cairn view` keeps; with --state the one that lies there.",
    ),
]
State: TypeAlias = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="Take corrections for this state's worker."),
]
Kafka: TypeAlias = Annotated[
    str | None,
    typer.Option("--kafka", metavar="HOST:PORT", help="Take corrections for these workers."),
]
Text: TypeAlias = Annotated[
    str | None,
    typer.Option("--text", metavar="FILE_OR_NAME", help="Text encoder to search by words with."),
]

Images: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--images", metavar="DIR", help="Where the photos lie, to show them in full; or --kafka."
    ),
]


def serve(
    view: View = None,
    state: State = None,
    kafka: Kafka = None,
    host: Host = None,
    port: Port = None,
    profile: Profile = None,
    encoder: Encoder = None,
    text: Text = None,
    images: Images = None,
    config: Config = None,
) -> None:
    """Serve the page and the API, and take corrections (extra `[serve]`).

    docs/page.md shows the page, docs/api.md what can be asked; /api/v1/openapi.json describes
    all of it. Without --state or --kafka it only shows. The token lies in the setting
    serve.token_file or serve.token. To search by photos, give --encoder and --profile as the
    state was made with.

    Example: cairn serve --view sqlite:///view.db --kafka localhost:9092
    """
    if state is not None and kafka is not None:
        raise Misconfigured("give --state DIR or --kafka HOST:PORT, not both")
    if view is None and state is None:
        raise Misconfigured("give --view URL, or the --state DIR of `cairn run --serve`")
    with extra("serve", "serving"):
        from cairn import desks, serving, tools, viewing  # noqa: PLC0415  needs the extra
        from exporters.view import opening  # noqa: PLC0415
    settings = settings_of(
        config,
        engine__profile=profile,
        engine__encoder=encoder,
        kafka__bootstrap=kafka,
        state__directory=None if state is None else str(state),
        serve__host=host,
        serve__port=port,
        serve__text=text,
    )
    start_logging(settings.log)
    url = view or viewing.default_view_url(settings.state.directory)
    with ExitStack() as opened:
        stop = opened.enter_context(stopping())
        handing = desks.open_desk(settings, folder=state is not None, kafka=kafka is not None)
        desk = opened.enter_context(handing)
        database = opened.enter_context(closing(opening.open_filled_view(url)))
        reading = tools.originals_for(settings, database, images, stop, kafka=kafka is not None)
        photos = opened.enter_context(reading)
        made = tools.tools_of(settings, database, desk, photos)
        serving.serve_view(settings.serve, database, made, stop)
