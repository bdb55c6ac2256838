"""The folder that holds the five packages."""

from __future__ import annotations

from pathlib import Path

__all__ = ["HOME"]

HOME = Path(__file__).resolve().parent.parent
"""In a checkout the root of the repository, in an installation `site-packages`."""
