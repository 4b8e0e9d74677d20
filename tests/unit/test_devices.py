"""What models run on is found in whatever holds them, told, and decides how many photos run."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cairn.devices import sessions_of, tell_devices, threads_for
from cairn.eyes import Eyes
from cairn.sections import Engine
from engine.vision import worths
from engine.vision.builtin import BuiltinEncoder
from engine.vision.framing import WholeImage
from engine.vision.geometry import EpipolarVerifier
from engine.vision.matching import RatioMatcher
from engine.vision.onnx_encoder import load_encoder
from engine.vision.session import Session
from exporters.metrics import Metrics
from tests.words import image_tower


@dataclass(frozen=True)
class Nested(WholeImage):
    """A framing with models within: of its own, in a tuple, in a plain object."""

    several: tuple[object, ...] = ()


class Holder:
    def __init__(self, session: Session) -> None:
        self.session = session


@pytest.fixture
def eyes(tmp_path: Path) -> Eyes:
    """A framing with two models on a GPU, an encoder on the CPU."""
    encoder = load_encoder(image_tower(tmp_path), threads=1)
    on_gpu = replace(encoder.session, name="yolo.onnx", device="cuda", at_once=32)
    framing = Nested(several=(on_gpu, Holder(on_gpu)))
    return Eyes(framing, encoder, None, EpipolarVerifier(RatioMatcher(), worths.SIFT))


def test_models_are_told_in_the_log_and_in_a_metric(
    eyes: Eyes, caplog: pytest.LogCaptureFixture
) -> None:
    """By part and device alone: no names in labels."""
    registry = CollectorRegistry()
    with caplog.at_level(logging.INFO):
        tell_devices(eyes, Metrics(registry, "1", ()))
    assert "framing: yolo.onnx runs on cuda" in caplog.text
    assert "encoder: plain.onnx runs on cpu" in caplog.text
    told = {
        (part, device): registry.get_sample_value(
            "cairn_model_device", {"part": part, "device": device}
        )
        for part in ("framing", "encoder", "verifier")
        for device in ("cuda", "cpu")
    }
    assert told == {
        ("framing", "cuda"): 2,
        ("framing", "cpu"): 0,
        ("encoder", "cuda"): 0,
        ("encoder", "cpu"): 1,
        ("verifier", "cuda"): 0,
        ("verifier", "cpu"): 0,
    }


def test_eyes_without_models_have_no_sessions() -> None:
    """The built-in encoder is arithmetic."""
    plain = Eyes(
        WholeImage(), BuiltinEncoder(), None, EpipolarVerifier(RatioMatcher(), worths.SIFT)
    )
    assert not any(sessions_of(plain).values())
    assert threads_for(Engine(), plain) == os.cpu_count()


def test_threads_fill_batches_where_there_are_any(eyes: Eyes) -> None:
    """As far as photos are under way; what the operator says goes before."""
    cores = os.cpu_count() or 1
    assert threads_for(Engine(batch_size=1), eyes) == max(cores, 2)
    assert threads_for(Engine(batch_size=10_000), eyes) == cores + 64
    assert threads_for(Engine(workers=3), eyes) == 3
