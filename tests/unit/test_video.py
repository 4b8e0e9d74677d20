"""Frames of videos: a real file, and a scripted camera whose connection breaks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import Misconfigured, Transient
from engine.types import Photo
from producer.video import LiveCamera, Sampling, file_frames, is_live, without_login

URL = "rtsp://user:secret@cam.local:8554/yard"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Three seconds at ten frames a second, brighter by the frame, from a known moment on."""
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for n in range(30):
        writer.write(np.full((48, 64, 3), n * 8, np.uint8))
    writer.release()
    os.utime(path, (1000.0, 1000.0))
    return path


class Camera:
    """Opens as many streams as scripted: a number of frames each, None for a refusal."""

    def __init__(self, *streams: int | None) -> None:
        self._streams: Iterator[int | None] = iter(streams)
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self, url: str) -> Stream:
        assert url == URL
        return Stream(self, next(self._streams))

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Stream:
    """Half a second a frame."""

    def __init__(self, camera: Camera, frames: int | None) -> None:
        self._camera = camera
        self._frames = frames

    def isOpened(self) -> bool:  # noqa: N802
        return self._frames is not None

    def grab(self) -> bool:
        assert self._frames is not None
        self._frames -= 1
        self._camera.now += 0.5
        return self._frames >= 0

    def retrieve(self) -> tuple[bool, object]:
        return True, np.zeros((8, 8, 3), np.uint8)

    def get(self, propId: int, /) -> float:  # noqa: N803
        return 0.0

    def release(self) -> None: ...


def live(camera: Camera, give_up_s: float = 600.0) -> Iterator[Photo]:
    sampling = Sampling("yard", every_s=1.0)
    return LiveCamera(
        URL, sampling, lambda: camera.now, camera.sleep, open_capture=camera, give_up_s=give_up_s
    ).frames()


def test_file_gives_a_frame_every_so_often(video: Path) -> None:
    """Frames come in order, a second apart, named and timed by their place in the file."""
    photos = list(file_frames(video, Sampling("walk", every_s=1.0)))
    assert [p.image_id for p in photos] == ["walk.avi#0", "walk.avi#1000", "walk.avi#2000"]
    assert [p.captured_at for p in photos] == [1000.0, 1001.0, 1002.0]
    assert {p.scope for p in photos} == {"walk"}
    grey = [cv2.imdecode(np.frombuffer(p.data, np.uint8), cv2.IMREAD_COLOR).mean() for p in photos]
    assert grey == pytest.approx([0, 80, 160], abs=6)


def test_what_is_no_video_is_misconfigured(tmp_path: Path) -> None:
    """A missing file and a file that is no video are told by name."""
    (tmp_path / "notes.txt").write_text("no frames here")
    for name in ("missing.mp4", "notes.txt"):
        with pytest.raises(Misconfigured, match=name):
            next(file_frames(tmp_path / name, Sampling("s")))


def test_camera_is_sampled_by_the_clock() -> None:
    """Of frames half a second apart every second one is taken, named without the login."""
    photos = list(islice(live(Camera(9)), 3))
    assert [p.captured_at for p in photos] == [0.5, 1.5, 2.5]
    assert photos[0].image_id == "rtsp://cam.local:8554/yard#500"
    assert "secret" not in repr(photos[0])


def test_broken_stream_is_opened_again_with_growing_pauses() -> None:
    """After a break and two refusals the camera goes on, having waited longer each time."""
    camera = Camera(2, None, None, 2)
    photos = list(islice(live(camera), 2))
    assert len(camera.pauses) == 2
    assert camera.pauses[0] < camera.pauses[1]
    assert photos[1].captured_at is not None
    assert photos[1].captured_at > 1.0


def test_stream_that_never_opened_is_misconfigured() -> None:
    """A camera that cannot be reached at first is the operator's to look at, login unseen."""
    with pytest.raises(Misconfigured, match=r"cam\.local:8554/yard") as refused:
        next(live(Camera(None)))
    assert "secret" not in str(refused.value)


def test_stream_that_stays_away_is_given_up() -> None:
    """A camera lost for longer than allowed ends in Transient."""
    with pytest.raises(Transient, match="cannot be opened"):
        list(live(Camera(1, *[None] * 99), give_up_s=0.0))


def test_login_is_cut_off_and_streams_are_told_from_files() -> None:
    """Addresses lose their login; only addresses are live."""
    assert without_login("https://a:b@host/x?token=1") == "https://host/x"
    assert is_live(URL)
    assert not is_live("C:/videos/walk.avi")
