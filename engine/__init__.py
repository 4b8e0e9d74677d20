"""The language of Cairn and its pure core: facts in, decision out."""
