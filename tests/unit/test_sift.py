"""SIFT: bounded, repeatable features in the format that verification reads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.vision.sift import SiftExtractor
from tests.images import photo


def test_features_have_the_promised_form() -> None:
    """Points lie within the working image; descriptors are bytes of about equal length."""
    found = SiftExtractor(max_points=300, long_side=320).extract(photo("coffee.png"))
    assert (found.width, found.height) == (320, 213)
    assert found.points.shape == (300, 4)
    assert found.points.dtype == np.float32
    assert (found.points >= 0).all()
    assert (found.points <= [320, 213, 320, 360]).all()
    assert found.descriptors.shape == (300, 128)
    assert found.descriptors.dtype == np.uint8
    lengths = np.linalg.norm(found.descriptors.astype(float), axis=1)
    assert np.allclose(lengths, 512, rtol=0.1)


def test_a_flat_image_has_no_features() -> None:
    """Nothing to hold on to is no error, for one pixel as for many."""
    for side in (1, 2, 100):
        found = SiftExtractor().extract(np.full((side, side, 3), 128, np.uint8))
        assert found.points.shape == (0, 4)
        assert found.descriptors.shape == (0, 128)


def test_the_same_image_gives_the_same_features_in_any_thread() -> None:
    """Detectors are not shared, so threads cannot disturb each other."""
    extractor = SiftExtractor()
    expected = extractor.extract(photo("coffee.png"))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(extractor.extract, [photo("coffee.png")] * 8):
            assert np.array_equal(found.points, expected.points)
            assert np.array_equal(found.descriptors, expected.descriptors)
