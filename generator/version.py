"""The version of the suite, recorded in every puzzle and every session."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
