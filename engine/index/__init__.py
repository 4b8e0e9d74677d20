"""Nearest-prototype search: one port, an exact and an approximate implementation."""
