"""What agreement of each kind of local features is worth as evidence of one place, in nats.

`python -m benchmarks.evidence` fits these constants to pairs of development photos of one place, to
the most similar photos of different places, and to drawn look-alikes; docs/evidence.md tells how
well. A worth belongs to how features are matched as much as to how they are found.
"""

from __future__ import annotations

from engine.evidence import Worth

SIFT = Worth(per_support=2.1, per_match=-0.046, at_all=-3.4, least=-1.4)
"""Bolder than the fit (1.44, -0.073, -1.6, -1.2): no stranger or look-alike agrees by either."""
XFEAT = Worth(per_support=3.4, per_match=0.0, at_all=-5.2, least=-2.3)
"""Fitted without look-alikes (`--features xfeat --worlds 0`), which XFeat cannot tell apart."""
