"""The read model: clusters, items, images and lineage as tables for people to look at.

It follows the outcomes of the engine and never takes part in a decision; it can be made anew
from the journal at any time.
"""
