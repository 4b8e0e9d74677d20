"""Offline work on finished results: evaluate, project to three dimensions."""
