"""Claims: a JSON value that says where an image lies and what it is, hostile until parsed.

Only the shape is judged here. Whether a URI may be read at all, the operator's list of prefixes
decides, where it is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

from engine.errors import BadImage
from engine.types import Claim

CLAIM_CHECK = "application/json"
"""The content type of a claim."""
MAX_CLAIM_BYTES = 64 * 1024
MAX_URI_CHARS = 4096
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>[^/?#]*)[^#]*")
"""RFC 3986, with an authority, be it empty, and without a fragment."""
NUMBERS = frozenset({"lat", "lon"})
"""Fields that may be numbers in JSON, as they may be text in headers."""
KNOWN = NUMBERS | {"ce_id", "captured-at", "source", "label", "traceparent"}


def parse_claim(value: bytes) -> tuple[Claim, dict[str, bytes]]:
    """Read a claim and what it states beside it, as headers would; raises BadImage."""
    if len(value) > MAX_CLAIM_BYTES:
        raise _bad(f"a JSON value of {len(value)} bytes, more than {MAX_CLAIM_BYTES}")
    try:
        stated = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _bad(f"the value is not JSON: {error}") from None
    fields = stated if isinstance(stated, dict) else {}
    uri, sha256 = fields.pop("uri", None), fields.pop("sha256", None)
    if not isinstance(uri, str) or not isinstance(sha256, str):
        raise _bad("a JSON value needs `uri` and `sha256`, both strings")
    return Claim(_checked_uri(uri), _checked_hash(sha256)), dict(_as_headers(fields))


def claim_value(claim: Claim) -> bytes:
    """Write a claim; `parse_claim` reads it back."""
    return orjson.dumps({"uri": claim.uri, "sha256": claim.sha256})


def _checked_uri(uri: str) -> str:
    if len(uri) > MAX_URI_CHARS:
        raise _bad(f"uri has {len(uri)} characters, more than {MAX_URI_CHARS}")
    if not uri.isprintable() or " " in uri or "\\" in uri:
        raise _bad("uri contains spaces, control characters or backslashes: percent-encode them")
    shape = SHAPE.fullmatch(uri)
    if shape is None:
        raise _bad("uri is not SCHEME://HOST/PATH, or has a fragment: write # as %23")
    if "@" in shape["authority"]:
        raise _bad("uri names a user or a password: leave them out")
    return uri


def _checked_hash(sha256: str) -> str:
    if not SHA256.fullmatch(sha256):
        raise _bad("sha256 is not 64 hexadecimal digits")
    return sha256.lower()


def _as_headers(fields: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    """What a JSON object states, null being nothing; unknown names are for whoever reads them."""
    for name, stated in fields.items():
        match stated:
            case str():
                yield name, stated.encode()
            case int() | float() if name in NUMBERS and not isinstance(stated, bool):
                yield name, repr(stated).encode()
            case None:
                pass
            case _ if name in KNOWN or name.startswith("attr-"):
                raise _bad(f"{name} is {type(stated).__name__} in the JSON value: write text")


def _bad(detail: str) -> BadImage:
    return BadImage("bad_message", detail)
