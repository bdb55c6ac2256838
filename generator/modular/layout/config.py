"""Read the configuration of a training run, which published checkpoints leave in a JSON file beside the weights.

Scripts write numbers as numbers or as text, and flags as 0, 1, true or "False". Nested groups of settings are
flattened. Settings that no reader asks for are ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import LayoutError
from generator.files.recognise import KINDS, content_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Config", "read_config"]

_FLAGS = {"0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}
_UNSET = ("", "none", "null")


@dataclass(frozen=True)
class Config:
    """The settings of a run; empty where no file is given.

    Attributes:
        values: settings by name.
        path: the file, for errors; None if there is no file.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def text(self, *names: str) -> str | None:
        """Return the first of these settings that is there, as text; None if none is."""
        for name in names:
            value = self.values.get(name)
            if value is not None and str(value).strip().lower() not in _UNSET:
                return str(value).strip()
        return None

    def number(self, *names: str) -> float | None:
        """Return the first of these settings that is there.

        Raises:
            LayoutError: if it is no number.
        """
        text = self.text(*names)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            raise LayoutError(f"{self.path}: {self._named(names)} is {text!r}; expected a number") from None

    def whole(self, *names: str) -> int | None:
        """Return the first of these settings that is there.

        Raises:
            LayoutError: if it is no whole number.
        """
        value = self.number(*names)
        if value is not None and not value.is_integer():
            raise LayoutError(f"{self.path}: {self._named(names)} is {value:g}; expected a whole number")
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        """Return a flag; False if it is not there.

        Raises:
            LayoutError: if it is neither true nor false.
        """
        text = (self.text(name) or "0").lower().removesuffix(".0")
        if text not in _FLAGS:
            raise LayoutError(f"{self.path}: {name} is {text!r}; expected 0 or 1")
        return _FLAGS[text]

    def check(self, name: str, found: int, where: str) -> None:
        """Compare a size in the file of weights with a setting, if it is there.

        Raises:
            LayoutError: if they differ.
        """
        told = self.whole(name)
        if told is not None and told != found:
            raise LayoutError(
                f"{self.path}: {name} is {told}, but {where}; give the configuration that belongs to this checkpoint"
            )

    def _named(self, names: tuple[str, ...]) -> str:
        return next(name for name in names if self.text(name) is not None)


def read_config(path: Path | None) -> Config:
    """Read a configuration.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if it holds no JSON object.
    """
    if path is None:
        return Config()
    kind = content_of(path)
    if kind not in {"json", "text", ""}:
        raise LayoutError(
            f"{path} is {KINDS[kind][0]}, not a configuration in JSON; give the checkpoint first, then CONFIG.json"
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise LayoutError(f"{path} is no JSON ({error}); fetch the run's config file again") from None
    if not isinstance(found, dict):
        raise LayoutError(f"{path} holds a {type(found).__name__}; expected a JSON object of settings")
    return Config(_flat(found), path)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lift the settings of nested groups to the top."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat
