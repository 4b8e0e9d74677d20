"""What only PostgreSQL has: an extension that may be too old, and an index that has changed."""

from __future__ import annotations

import psycopg
import pytest

from engine.errors import Misconfigured
from exporters.view.opening import open_view
from tests.builders import unit
from tests.view.kit import IDENTITY, Album, Feed
from tests.view.server import blank


@pytest.fixture
def address(server: str) -> str:
    """Address of an empty database."""
    blank(server)
    return server


def indexes(address: str) -> list[str]:
    """Names of those that find vectors."""
    query = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'vectors_near%'"
    with psycopg.connect(address) as db:
        return [name for (name,) in db.execute(query)]


def test_an_extension_that_is_too_old_is_refused(address: str) -> None:
    """In words for the operator, before anything is made that needs a newer one."""
    with psycopg.connect(address) as db:
        db.execute("CREATE EXTENSION vector")
        db.execute("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
    with pytest.raises(Misconfigured, match=r"0\.7\.4, and a view needs 0\.8") as refused:
        open_view(address, IDENTITY)
    assert "ALTER EXTENSION vector UPDATE" in str(refused.value)


def test_an_index_of_an_older_definition_is_replaced(address: str) -> None:
    """By one that the queries use, once; a view of other vectors begins with none."""
    view = open_view(address, IDENTITY)
    Feed(view).tell(Album().photo("a", "c"))
    with psycopg.connect(address) as db:
        db.execute("CREATE INDEX vectors_near ON vectors USING hnsw (vector vector_cosine_ops)")
    for _ in range(2):
        view.index()
        assert indexes(address) == ["vectors_near_half"]
    assert [item.item_id for item, _ in view.nearest("site", unit(1), 1)] == ["a#0"]
    view.reset()
    assert indexes(address) == []
    view.close()
