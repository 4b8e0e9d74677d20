"""Frames of a video file or a live camera as photos, one every few seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import cv2
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from engine.errors import Misconfigured, Transient
from engine.types import Origin, Photo, Rgb

NETWORK_TIMEOUT_MS = 10_000
LONGEST_PAUSE_S = 30.0


class Capture(Protocol):
    """What is needed of cv2.VideoCapture."""

    def isOpened(self) -> bool:  # noqa: N802  the library's name
        """Whether the source could be opened."""
        ...

    def grab(self) -> bool:
        """Go to the next frame; False where there is none."""
        ...

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the current frame, blue-green-red."""
        ...

    def get(self, propId: int, /) -> float:  # noqa: N803  the library's name
        """Read a property."""
        ...

    def release(self) -> None:
        """Close the source."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames to take and as what.

    every_s: seconds between two photos. quality: of the JPEG, 1 to 100.
    """

    scope: str
    every_s: float = 1.0
    quality: int = 90


def is_live(location: str) -> bool:
    """Whether a location is a stream (`rtsp://…`) and not a file."""
    return "://" in location


def file_frames(path: Path, sampling: Sampling) -> Iterator[Photo]:
    """Photos of a video file; the file's time of change counts as its first moment.

    Raises Misconfigured where the file is no video.
    """
    capture = cv2.VideoCapture(str(path)) if path.is_file() else None
    if capture is None or not capture.isOpened():
        raise Misconfigured(f"{path} cannot be opened as a video")
    started = path.stat().st_mtime
    due = -math.inf
    with closing(_Closing(capture)):
        while capture.grab():
            offset_s = max(0.0, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            if offset_s >= due and (jpeg := _jpeg(capture, sampling)):
                yield _photo(path.name, offset_s, started + offset_s, jpeg, sampling)
                due = offset_s + sampling.every_s


class LiveCamera:
    """Photos of a stream, for ever; a broken connection is opened again, with growing pauses.

    clock: seconds since the Unix epoch. sleep: as time.sleep.
    give_up_s: how long a lost stream may stay away before Transient is raised.
    """

    def __init__(
        self,
        url: str,
        sampling: Sampling,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        open_capture: Callable[[str], Capture] | None = None,
        give_up_s: float = 600.0,
    ) -> None:
        self._url = url
        self._name = without_login(url)
        self._sampling = sampling
        self._clock = clock
        self._sleep = sleep
        self._open_capture = open_capture or open_stream
        self._give_up_s = give_up_s
        self._due = -math.inf

    def frames(self) -> Iterator[Photo]:
        """Raises Misconfigured where the stream cannot be opened at first, Transient later."""
        try:
            capture = self._open()
        except Transient as error:
            raise Misconfigured(f"{error}: check address, login and network") from error
        while True:
            with closing(_Closing(capture)):
                yield from self._until_it_breaks(capture)
            capture = self._open_again()

    def _until_it_breaks(self, capture: Capture) -> Iterator[Photo]:
        while capture.grab():
            now = self._clock()
            if now >= self._due and (jpeg := _jpeg(capture, self._sampling)):
                yield _photo(self._name, now, now, jpeg, self._sampling)
                self._due = now + self._sampling.every_s

    def _open_again(self) -> Capture:
        attempts = Retrying(
            retry=retry_if_exception_type(Transient),
            wait=wait_exponential(max=LONGEST_PAUSE_S),
            stop=stop_after_delay(self._give_up_s),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(self._open)

    def _open(self) -> Capture:
        capture = self._open_capture(self._url)
        if not capture.isOpened():
            capture.release()
            raise Transient(f"the stream {self._name} cannot be opened")
        return capture


def open_stream(url: str) -> Capture:
    """Open a network stream with a time limit on every step."""
    limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
    options = [value for limit in limits for value in (limit, NETWORK_TIMEOUT_MS)]
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)


def without_login(url: str) -> str:
    """The address without user and password: it names photos and appears in logs."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _jpeg(capture: Capture, sampling: Sampling) -> bytes:
    """The current frame; empty where it is damaged."""
    decoded, frame = capture.retrieve()
    return _encode(frame, sampling.quality) if decoded else b""


def _encode(frame: Rgb, quality: int) -> bytes:
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return jpeg.tobytes()


def _photo(name: str, at_s: float, captured_at: float, jpeg: bytes, sampling: Sampling) -> Photo:
    at_ms = round(at_s * 1000)
    return Photo(
        image_id=f"{name}#{at_ms}",
        scope=sampling.scope,
        origin=Origin(f"video:{name}", 0, at_ms),
        data=jpeg,
        captured_at=captured_at,
        attributes={"source": name},
    )


@dataclass(frozen=True, slots=True)
class _Closing:
    """cv2's release under the name that `closing` calls."""

    capture: Capture

    def close(self) -> None:
        self.capture.release()
