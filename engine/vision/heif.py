"""HEIC photos, for those who want them: libheif through pillow-heif, the extra `[heic]`."""

from __future__ import annotations

from engine.errors import Misconfigured


def accept_heif() -> None:
    """Teach Pillow to open HEIF, once per process; raises Misconfigured where it cannot be."""
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415  an extra, not a dependency
    except ImportError as error:
        raise Misconfigured(
            "guards.formats names HEIF, which needs: pip install 'imagecairn[heic]'"
        ) from error
    register_heif_opener(thumbnails=False)
