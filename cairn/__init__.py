"""The front door: command line, settings, composition root."""

__version__ = "0.1.0"
