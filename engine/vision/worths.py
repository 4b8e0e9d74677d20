"""What agreement of each kind of local features is worth as evidence of one place, in nats.

Nothing here is set by hand: `python -m benchmarks.evidence --features KIND` prints the constants,
fitted to pairs of development photos of one place, to the most similar photos of different places,
and to drawn look-alikes; docs/evidence.md tells how well.
"""

from __future__ import annotations

from engine.evidence import Worth

SIFT = Worth(per_support=2.1, per_match=-0.046, at_all=-3.4, least=-1.4)
XFEAT = Worth(per_support=3.4, per_match=0.0, at_all=-5.2, least=-2.3)
