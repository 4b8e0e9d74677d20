"""Brings the tables of a database up to this version of Cairn."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.errors import Misconfigured

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that a database lacks; nothing changes where that fails.

    Raises Misconfigured where a newer Cairn wrote it.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise Misconfigured(
            f"the view has schema {found!r}, which this Cairn does not know: run the Cairn that "
            "wrote it, or choose an empty database and build the view anew"
        )
    command.upgrade(config, revision)
