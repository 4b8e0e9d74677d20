"""Which URIs may be read: those within a prefix that the operator listed, and no others.

Scheme, host and port must be the same, the path must go on from the prefix by whole segments.
A URI that different programs could read differently (dots and slashes in disguise, hosts in
odd spellings) is refused, never repaired; what was checked is, character for character, what
is requested. Names are trusted: where an allowed host leads, its DNS decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote_to_bytes

import httpx

from engine.errors import BadImage, Misconfigured

NOT_ALLOWED = "uri_not_allowed"
"""Slug of the BadImage for a URI that must not be read."""
PORTS = {"http": 80, "https": 443, "file": None}
"""Schemes that can be allowed, with their default ports."""
SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^/?#@\\]*)(?P<path>[^?#\\]*)(\?[^#\\]*)?")
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
SEPARATORS = re.compile(rb"[/\\\x00-\x1f\x7f]")
DOTS = re.compile(rb" *\.[. ]*(;.*)?", re.DOTALL)
"""`.` and `..`, and what some servers take for them."""
TWICE = re.compile(rb"%(2e|2f|5c|25|00)", re.IGNORECASE)
"""A dot or slash encoded twice, as seen after decoding once."""
MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Location:
    """A URI taken apart. segments: of its path, decoded. url: what is requested."""

    url: httpx.URL
    scheme: str
    host: str
    port: int | None
    segments: tuple[bytes, ...]

    def within(self, prefix: Location) -> bool:
        """Whether it lies at a prefix or below."""
        same = (self.scheme, self.host, self.port) == (prefix.scheme, prefix.host, prefix.port)
        return same and self.segments[: len(prefix.segments)] == prefix.segments


class AllowList:
    """The prefixes, as `fetch.allow` lists them; raises Misconfigured for one that is none."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._prefixes = [_prefix(text) for text in prefixes]

    def check(self, uri: str) -> Location:
        """Take a URI apart that may be read; raises BadImage for any other."""
        if not self._prefixes:
            raise BadImage(NOT_ALLOWED, f"{shown(uri)}: `fetch.allow` is empty, nothing is fetched")
        try:
            location = locate(uri)
        except ValueError as error:
            raise BadImage(NOT_ALLOWED, f"{shown(uri)}: {error}") from error
        if not any(location.within(prefix) for prefix in self._prefixes):
            raise BadImage(NOT_ALLOWED, f"{shown(uri)} is within no prefix of `fetch.allow`")
        return location

    @property
    def directories(self) -> list[bytes]:
        """Paths of the prefixes on disk."""
        return [path_of(prefix) for prefix in self._prefixes if prefix.scheme == "file"]


def locate(uri: str) -> Location:
    """Take a URI apart; raises ValueError where it is not plain what it means."""
    shape = SHAPE.fullmatch(uri)
    if shape is None or not uri.isprintable() or " " in uri:
        raise ValueError("not a plain SCHEME://HOST/PATH")
    segments = _segments(shape["path"].encode())
    try:
        url = httpx.URL(uri)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    if url.scheme not in PORTS:
        raise ValueError("only http, https and file are read")
    if _segments(url.raw_path.partition(b"?")[0]) != segments or url.userinfo:
        raise ValueError("its path can be read in two ways")
    if url.scheme == "file":
        return Location(url, "file", _local(url, shape["host"]), None, segments)
    if not all(map(_is_text, segments)):
        raise ValueError("its path is not UTF-8")
    return Location(url, url.scheme, _host(url), url.port or PORTS[url.scheme], segments)


def path_of(location: Location) -> bytes:
    """Where a file lies on disk."""
    return b"/" + b"/".join(location.segments)


def shown(uri: str) -> str:
    """A URI as it may be told: without its query, which may hold a key."""
    return uri.partition("?")[0][:MAX_SHOWN]


def _segments(path: bytes) -> tuple[bytes, ...]:
    """Segments of a path, decoded; raises ValueError where one is more than a name."""
    segments = tuple(unquote_to_bytes(part) for part in path.removeprefix(b"/").split(b"/"))
    for segment in segments:
        if SEPARATORS.search(segment) or DOTS.fullmatch(segment) or TWICE.search(segment):
            raise ValueError("its path has `.` or `..`, or an encoded slash")
    return segments


def _is_text(segment: bytes) -> bool:
    try:
        segment.decode()
    except UnicodeDecodeError:
        return False
    return True


def _local(url: httpx.URL, written: str) -> str:
    if url.host not in {"", "localhost"} or url.port is not None or "?" in str(url):
        raise ValueError(f"a file lies here, not at {written!r}: write file:///PATH")
    return ""


def _host(url: httpx.URL) -> str:
    """The host in its one spelling: lower case, IDNA, an IPv6 address compressed."""
    host = url.raw_host.decode("ascii")
    if ":" in host:
        try:
            return IPv6Address(host).compressed
        except AddressValueError as error:
            raise ValueError(str(error)) from error
    if not HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no name of a host")
    return host


def _prefix(text: str) -> Location:
    """A prefix as a location without the empty last segment; raises Misconfigured."""
    try:
        location = locate(text)
    except ValueError as error:
        raise Misconfigured(f"fetch.allow: {text!r}: {error}") from error
    if location.url.query:
        raise Misconfigured(f"fetch.allow: {text!r}: a prefix has no query")
    segments = location.segments[:-1] if location.segments[-1] == b"" else location.segments
    return Location(location.url, location.scheme, location.host, location.port, segments)
