"""Which URIs may be read: the tricks by which others have been fooled, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.allow import AllowList, path_of
from engine.errors import BadImage, Misconfigured

WEB = "https://images.example.com/uploads/"
BUECHER = "http://xn--bcher-kva.example:8080/a%20b"
DISK = "file:///srv/photos/"
V6 = "http://[2001:db8::1]/x/"
ALLOWED = AllowList([WEB, BUECHER, DISK, V6])


@pytest.mark.parametrize(
    "uri",
    [
        "https://images.example.com/uploads/a.jpg",
        "https://images.example.com/uploads/2024/05/a%20b%23.jpg?signature=a%2Fb&x=..",
        "https://images.example.com/uploads",
        "HTTPS://IMAGES.Example.COM:443/uploads/a.jpg",
        "https://images.example.com:0443/uploads/a.jpg",
        "https://images.example.com/%75ploads/a.jpg",
        "https://images.example.com/uploads/ä.jpg",
        "https://images.example.com/uploads/a..b...jpg",
        "https://images.example.com/uploads/100%25.jpg",
        "http://bücher.example:8080/a b/c".replace(" ", "%20"),
        "file:///srv/photos/a/%C3%A4%FF.jpg",
        "file://localhost/srv/photos/a.jpg",
        "http://[2001:DB8:0:0::1]:80/x/a",
    ],
)
def test_what_lies_within_a_prefix_may_be_read(uri: str) -> None:
    """However it spells scheme, host and port."""
    ALLOWED.check(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://images.example.com/uploads2/a.jpg",  # whole segments
        "https://images.example.com/Uploads/a.jpg",
        "https://images.example.com/",
        "https://images.example.com//uploads/a.jpg",
        "http://images.example.com/uploads/a.jpg",
        "https://images.example.com:8443/uploads/a.jpg",
        "https://images.example.com:/../a.jpg",
        "https://images.example.com:99999/uploads/a.jpg",
        "https://images.example.com./uploads/a.jpg",
        "https://images.example.com.evil.example/uploads/a.jpg",
        "https://evil.example/https://images.example.com/uploads/a.jpg",
        "https://images.example.com@evil.example/uploads/a.jpg",
        "https://evil.example\\@images.example.com/uploads/a.jpg",
        "https://images.example.com\\@evil.example/uploads/a.jpg",
        "https://evil.example#@images.example.com/uploads/a.jpg",
        "https://evil.example?@images.example.com/uploads/a.jpg",
        "https://images%2eexample.com/uploads/a.jpg",
        "https://images.example.com%2f.evil.example/uploads/a.jpg",
        "https://images\u3002example.com.evil.example/uploads/a.jpg",
        "https://\uff49mages.example.com/uploads/a.jpg",
        "https://im\u0430ges.example.com/uploads/a.jpg",  # a Cyrillic a
        "https://images.example.com/uploads/../admin",
        "https://images.example.com/uploads/a/../../admin",
        "https://images.example.com/uploads/./a.jpg",
        "https://images.example.com/uploads/%2e%2e/admin",
        "https://images.example.com/uploads/.%2E/admin",
        "https://images.example.com/uploads/%252e%252e/admin",
        "https://images.example.com/uploads/..%2fadmin",
        "https://images.example.com/uploads/..%5cadmin",
        "https://images.example.com/uploads/..\\admin",
        "https://images.example.com/uploads/..%252fadmin",
        "https://images.example.com/uploads/..;/admin",
        "https://images.example.com/uploads/..;a=b/admin",
        "https://images.example.com/uploads/..%20/admin",
        "https://images.example.com/uploads/%c0%ae%c0%ae/admin",
        "https://images.example.com/uploads/%00/a.jpg",
        "https://images.example.com/uploads/a.jpg%0d%0aX:y",
        "https://images.example.com/uploads/a.jpg\r\nX: y",
        "https://images.example.com/uploads/a b",
        "https:images.example.com/uploads/a.jpg",
        "https:/images.example.com/uploads/a.jpg",
        "https:///images.example.com/uploads/a.jpg",
        "//images.example.com/uploads/a.jpg",
        "ftp://images.example.com/uploads/a.jpg",
        "javascript://images.example.com/uploads/a.jpg",
        "data://images.example.com/uploads/a.jpg",
        "http://2130706433/x/a",
        "http://[::1]/x/a",
        "http://[::ffff:127.0.0.1]/x/a",
        "http://[2001:db8::1%25eth0]/x/a",
        "http://[2001:db8::1/x/a",
        "http://xn--bcher-kva.example:8080/a",
        "http://xn--bcher-kva.example:8080/a%2520b/c",
        f"https://{'a' * 64}.example/uploads/a.jpg",
        "file:///srv/photos/../../etc/passwd",
        "file:///srv/photos/%2e%2e/%2e%2e/etc/passwd",
        "file:///srv/photos/..%2f..%2fetc/passwd",
        "file:///srv/photos2/a.jpg",
        "file:///etc/passwd",
        "file://images.example.com/srv/photos/a.jpg",
        "file://127.0.0.1/srv/photos/a.jpg",
        "file:////srv/photos/a.jpg",
        "file:///srv/photos/a.jpg%00.png",
        "file:///srv/photos/a.jpg?x",
        "file:/srv/photos/a.jpg",
        "/srv/photos/a.jpg",
        "",
    ],
)
def test_what_does_not_plainly_lie_within_a_prefix_is_refused(uri: str) -> None:
    """Traversal in every disguise, hosts that only look alike, other ports and schemes."""
    with pytest.raises(BadImage, match="uri_not_allowed"):
        ALLOWED.check(uri)


def test_without_prefixes_nothing_may_be_read() -> None:
    """And the refusal names the setting, but not what may be a key."""
    with pytest.raises(BadImage, match=r"https://h/a: `fetch\.allow` is empty") as refused:
        AllowList([]).check("https://h/a?key=secret")
    assert "secret" not in str(refused.value)
    with pytest.raises(BadImage, match=r"within no prefix of `fetch\.allow`"):
        ALLOWED.check("https://h/a")


def test_a_prefix_may_name_a_whole_host_and_nothing_else() -> None:
    """With or without the last slash; another host is another host."""
    for prefix in ("https://h", "https://h/"):
        allowed = AllowList([prefix])
        allowed.check("https://h/a")
        allowed.check("https://h")
        with pytest.raises(BadImage):
            allowed.check("https://hh/a")


@pytest.mark.parametrize(
    "prefix",
    [
        *("h/uploads/", "https://", "https://me@h/", "https://h/../", "https://h/?a=b"),
        *("https://h/#a", "file://h/srv/", "s3://bucket/", "https://ex ample/", "https://h:x/"),
    ],
)
def test_a_prefix_that_is_none_is_the_operators_to_mend(prefix: str) -> None:
    """At the start, with the setting and the prefix named."""
    with pytest.raises(Misconfigured, match=r"fetch\.allow: '"):
        AllowList([prefix])


def test_a_path_on_disk_is_the_decoded_one() -> None:
    """Byte for byte: names of files need not be UTF-8."""
    assert path_of(ALLOWED.check("file:///srv/photos/%C3%A4/%FF%23.jpg")) == (
        b"/srv/photos/\xc3\xa4/\xff#.jpg"
    )


hosts = st.sampled_from(["images.example.com", "evil.example", "images.example.com.evil.example"])
parts = st.sampled_from(
    [
        *("uploads", "uploads2", "..", ".", "%2e%2e", "%2E.", "..;", "%2f", "%5c", "a.jpg", ""),
        *("%252e", "@", ":", "?", "#", "\\", "%", "%zz", ";", "ä", " ", "\t"),
    ]
)


@given(hosts, st.lists(parts | st.text(max_size=5), max_size=8), st.sampled_from("/\\@:?"))
@example("images.example.com", ["uploads", "a.jpg"], "/")
def test_what_passes_is_requested_within_the_prefix(
    host: str, path: Sequence[str], joint: str
) -> None:
    """Whatever is glued together: two other parsers agree that it stays where it may."""
    uri = f"https://{host}{joint}{'/'.join(path)}"
    try:
        location = ALLOWED.check(uri)
    except BadImage:
        return
    for read in (urlsplit(str(location.url)), urlsplit(uri), httpx.URL(uri).join("")):
        told = urlsplit(str(read)) if isinstance(read, httpx.URL) else read
        assert (told.hostname, told.port, told.username) == ("images.example.com", None, None)
        assert (told.path + "/").startswith("/uploads/")
    assert b".." not in location.segments


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1), min_size=1
    )
)
def test_a_quoted_name_is_read_back(names: list[str]) -> None:
    """A file's name survives quoting and parsing, or it is refused; it never becomes another."""
    uri = WEB + "/".join(quote(name, safe="") for name in names)
    try:
        location = ALLOWED.check(uri)
    except BadImage:
        return
    assert location.segments == (b"uploads", *(name.encode() for name in names))
