"""Durable state: what survives kill -9, and how it comes back."""
