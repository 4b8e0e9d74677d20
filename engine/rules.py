"""The assignment rules by name, as profiles choose them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decide import RuleFunction, decide_by_similarity
from engine.decide_place import decide_place

RULES: Mapping[str, RuleFunction] = {
    "place": decide_place,
    "similarity": decide_by_similarity,
}
