"""The list of families: the built-in families, and the families that plug-ins register."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from generator.errors import PluginError, SpecError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from generator.family.record import Family

__all__ = ["BUILT_IN", "built_in_families", "families", "find_family", "register_family"]

BUILT_IN = ("reassembly", "recovery", "modular")
"""Names of the built-in families, in the order of listings; `FAMILY` in `generator/<name>/record.py` is the record."""

_FAMILIES: dict[str, Family] = {}


def register_family(family: Family) -> Family:
    """Register a family under its name.

    Raises:
        PluginError: if a built-in or registered family already has the name.
    """
    if family.name in BUILT_IN or _FAMILIES.get(family.name, family) is not family:
        raise PluginError(f"a family named {family.name!r} is registered already; choose another name")
    _FAMILIES[family.name] = family
    return family


def find_family(name: str) -> Family:
    """Return the family of a name.

    Raises:
        SpecError: if no family has the name.
    """
    if name in BUILT_IN:
        return _built_in(name)
    if name not in _FAMILIES:
        raise SpecError(f"no puzzle family {name!r}{did_you_mean(name, (*BUILT_IN, *_FAMILIES))}")
    return _FAMILIES[name]


def families() -> tuple[Family, ...]:
    """Return every family: the built-in families, then the registered families in the order of registration."""
    return (*built_in_families(), *_FAMILIES.values())


def built_in_families() -> tuple[Family, ...]:
    """Return the families that netjigsaw contains, in the order of `BUILT_IN`."""
    return tuple(map(_built_in, BUILT_IN))


def _built_in(name: str) -> Family:
    family: Family = import_module(f"generator.{name}.record").FAMILY
    return family
