"""Column types that hold the same values in every database."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.types import TypeEngine, UserDefinedType

from engine.types import Vector

_ESCAPE = "\ue000"
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff\ue000]")
_ESCAPED = re.compile("\ue000([0-9a-f]{4})")


def escape(text: str) -> str:
    """Write what no database takes (NUL, half of a surrogate pair) in other characters."""
    return _UNSPEAKABLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    """Invert `escape`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


class AnyText(TypeDecorator[str]):
    """Any Python text, whatever a stranger put into it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape."""
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Read back what was escaped."""
        return None if value is None else unescape(value)


class Sums(TypeDecorator[NDArray[np.float64]]):
    """A vector in float64, exact; None for none."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: NDArray[np.float64] | None, dialect: Dialect) -> Any:
        """As bytes."""
        return None if value is None else value.astype("<f8").tobytes()

    def process_result_value(self, value: Any, dialect: Dialect) -> NDArray[np.float64] | None:
        """From bytes."""
        return None if value is None else np.frombuffer(value, "<f8").astype(np.float64)


class Embedding(TypeDecorator[Vector]):
    """A vector in float32: bytes in SQLite, pgvector's own type in PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type."""
        kind = _PgVector() if dialect.name == "postgresql" else LargeBinary()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Vector | None, dialect: Dialect) -> Any:
        """As bytes, or as text: the shortest that reads back as the same numbers."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            plain = np.ascontiguousarray(value, np.float32)
            return orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        return value.astype("<f4").tobytes()

    def process_result_value(self, value: Any, dialect: Dialect) -> Vector | None:
        """From what was kept."""
        if value is None:
            return None
        if isinstance(value, bytes):
            return np.frombuffer(value, "<f4").astype(np.float32)
        return np.array(orjson.loads(value), np.float32)


class _PgVector(UserDefinedType[Any]):
    """pgvector's type as the text it is sent as; its own library takes ten times as long."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "VECTOR"
