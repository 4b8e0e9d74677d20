"""The benchmark of models counts rightly what two detectors agree on."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.detectors import Remembering, matched
from engine.sight import Detection
from engine.types import Rgb
from tests.detectors import Told, thing
from tests.images import gradient

CAT = thing(0, 0, 100, 100, score=0.9)


def test_the_same_class_in_all_but_the_same_box_is_a_match() -> None:
    """Wherever it stands in the other's list; unsure ones are not counted, but may be matched."""
    near, far = thing(0, 0, 100, 97, score=0.3), thing(0, 0, 100, 94)
    unsure, dog = thing(0, 0, 9, 9, score=0.39), thing(0, 0, 100, 100, label="dog")
    ones = {"a": [CAT, unsure], "b": [CAT], "c": [CAT], "d": [CAT]}
    others = {"a": [dog, near], "b": [far], "c": [dog], "d": []}
    match = matched(ones, others)
    assert (match.count, match.matched, match.share) == (4, 1, 0.25)


def test_nothing_found_matches_nothing() -> None:
    """Without a division by zero."""
    assert matched({"a": []}, {"a": [CAT]}).share == 0


def test_an_image_is_looked_at_once() -> None:
    """By its pixels, whoever asks."""
    asked: list[int] = []

    class Counting(Told):
        def detect(self, image: Rgb) -> Sequence[Detection]:
            asked.append(image.shape[1])
            return super().detect(image)

    detector = Remembering(Counting([CAT]))
    for width in (30, 40, 30):
        assert detector.detect(gradient(width, 20)) == [CAT]
    assert asked == [30, 40]
