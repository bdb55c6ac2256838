"""The folder that holds the packages of netjigsaw."""

from __future__ import annotations

from pathlib import Path

__all__ = ["HOME"]

HOME = Path(__file__).resolve().parent.parent
"""The root of the repository in a checkout, or `site-packages` in an installation."""
