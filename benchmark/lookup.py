"""Find a family by name: from a plug-in, or one of the built-in ones."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from generator.family import families, get_family

if TYPE_CHECKING:
    from generator.family import Family

__all__ = ["find_family", "load_built_in_families"]


def find_family(name: str) -> Family:
    """Look a family up; the built-in ones are loaded only where a plug-in has not already registered the name.

    Raises:
        SpecError: if there is none of that name.
    """
    if name not in {family.name for family in families()}:
        load_built_in_families()
    return get_family(name)


def load_built_in_families() -> None:
    """Register the built-in families, once."""
    import_module("benchmark.families")
