"""How far each observation speaks for "same": the one place where scores become beliefs.

Beliefs are log-likelihood ratios in nats, which add up; two photos show one place where the sum
is positive. What geometry is worth depends on the kind of local features: the constants stand
beside what finds these, and are fitted by `benchmarks/evidence.py`; docs/evidence.md tells how
well.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, exp, radians, sin, sqrt

from engine.types import GeoPoint
from engine.verdict import Verdict

PRIOR = -4.5
"""Log-odds that a candidate shows the place before it is looked at, less the price of an error."""

_EARTH_RADIUS_M = 6_371_000.0
_NATS_PER_WIDTH = 8.0


@dataclass(frozen=True, slots=True)
class Worth:
    """What agreement of one kind of local features says of "one place", in nats.

    Every inlier speaks for it, the more the more distinctive it is; every match speaks against
    it, as it might have been one: look-alikes make many matches, of which few agree.

    per_support, per_match: worth of a whole inlier, and of a match. at_all: of agreement as such.
    least, most: bounds; never much against it, as views of one place need not overlap.
    """

    per_support: float
    per_match: float
    at_all: float
    least: float
    most: float = 12.0

    def belief(self, support: float, matches: int) -> float:
        """What so much support among so many matches says."""
        belief = self.at_all + self.per_support * support + self.per_match * matches
        return max(self.least, min(self.most, belief))


def same_place(verdict: Verdict) -> float:
    """Log-odds, in nats, that two views with this verdict show one place."""
    return PRIOR + verdict.belief


def agrees(verdict: Verdict) -> bool:
    """Whether two views with this verdict count as views of one place."""
    return same_place(verdict) > 0


def probability(log_odds: float) -> float:
    """Log-odds in nats as a probability, 0 to 1."""
    return 1.0 / (1.0 + exp(-max(-60.0, min(60.0, log_odds))))


def similarity_confidence(similarity: float, threshold: float) -> float:
    """Probability, 0 to 1, of "same": one half at the threshold, near 1 halfway to identity."""
    width = max(1.0 - threshold, 1e-6)
    return probability(_NATS_PER_WIDTH * (similarity - threshold) / width)


def metres_between(one: GeoPoint, other: GeoPoint) -> float:
    """Great-circle distance in metres (haversine)."""
    lat1, lat2 = radians(one.lat), radians(other.lat)
    half_lat = sin((lat2 - lat1) / 2.0)
    half_lon = sin(radians(other.lon - one.lon) / 2.0)
    chord = half_lat * half_lat + cos(lat1) * cos(lat2) * half_lon * half_lon
    return 2.0 * _EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))
