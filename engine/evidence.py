"""How far each observation speaks for "same": the one place where scores become beliefs.

The constants are first estimates; calibration from the stream replaces this file, not its
callers. Geometry: unrelated pairs of the development photos stay below 15 inliers, and each
inlier beyond that makes an accident rapidly less likely.
"""

from __future__ import annotations

from math import asin, cos, exp, radians, sin, sqrt

from engine.types import GeoPoint, Verdict

_EARTH_RADIUS_M = 6_371_000.0
_INLIERS_AT_EVEN_ODDS = 12.0
_INLIERS_PER_NAT = 2.0
_NATS_PER_WIDTH = 8.0


def geometric_confidence(verdict: Verdict) -> float:
    """Probability, 0 to 1, that two views with these inliers show one place."""
    return _logistic((verdict.inliers - _INLIERS_AT_EVEN_ODDS) / _INLIERS_PER_NAT)


def similarity_confidence(similarity: float, threshold: float) -> float:
    """Probability, 0 to 1, of "same": one half at the threshold, near 1 halfway to identity."""
    width = max(1.0 - threshold, 1e-6)
    return _logistic(_NATS_PER_WIDTH * (similarity - threshold) / width)


def metres_between(one: GeoPoint, other: GeoPoint) -> float:
    """Great-circle distance in metres (haversine)."""
    lat1, lat2 = radians(one.lat), radians(other.lat)
    half_lat = sin((lat2 - lat1) / 2.0)
    half_lon = sin(radians(other.lon - one.lon) / 2.0)
    chord = half_lat * half_lat + cos(lat1) * cos(lat2) * half_lon * half_lon
    return 2.0 * _EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-60.0, min(60.0, log_odds))))
