"""Brings images in: folders, videos, cameras, synthetic scenes with known truth."""
