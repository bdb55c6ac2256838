"""Build a family's spec from a preset and changes that a user gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from generator.errors import SpecError, first_fault
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from generator.family.record import Family

__all__ = ["make_spec"]


def make_spec(family: Family, preset: str | None, changes: Mapping[str, Any]) -> BaseModel:
    """Build a spec from the values of a preset, or from the defaults, and apply changes.

    The types of the spec parse text. The text `none` means None if a field allows None.

    Raises:
        SpecError: for an unknown preset or field, or a value that the spec refuses.
    """
    if preset is not None and preset not in family.presets:
        raise SpecError(f"no {family.name} preset {preset!r}{did_you_mean(preset, family.presets)}")
    fields = family.spec.model_fields
    for key in changes:
        if key not in fields:
            raise SpecError(f"a {family.name} spec has no field {key!r}{did_you_mean(key, fields)}")
    typed = {key: None if _means_none(value, fields[key].annotation) else value for key, value in changes.items()}
    base = dict(family.presets[preset]) if preset else {}
    try:
        return family.spec.model_validate({**base, **typed})
    except ValidationError as error:
        raise SpecError(first_fault(error)) from None


def _means_none(value: Any, annotation: Any) -> bool:
    return isinstance(value, str) and value.lower() == "none" and type(None) in get_args(annotation)
