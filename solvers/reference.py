"""References to solvers: `name`, `family/name` or `path/to/file.py:Name`, each with `[key=value]`; or a command."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from solvers.program import Command

__all__ = ["Reference", "check_text", "parse_reference"]

_FORM = re.compile(r"(?P<target>[^\[\]]+?)\s*(?:\[(?P<parameters>.*)\])?", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A solver's name and parameters, which suffice to build the solver in another process.

    Attributes:
        target: a registered name, `path/to/file.py:Name`, or the label of a command.
        family: the family in `family/name`, else None.
        parameters: values set in brackets, by parameter name.
        command: a program that is run as the solver, see `solvers.command.find_command`.
    """

    target: str
    family: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    command: Command | None = None

    @property
    def label(self) -> str:
        """The name as tables show it, with the parameters in alphabetical order."""
        settings = ",".join(f"{key}={value}" for key, value in sorted(self.parameters.items()))
        return f"{self.target}[{settings}]" if settings else self.target

    @property
    def is_file(self) -> bool:
        """Whether the target is an object in a file."""
        return self.command is None and ".py:" in self.target


def parse_reference(text: str) -> Reference:
    """Parse a solver's name and parameters.

    >>> parse_reference("reassembly/park[seed=frobenius,rows=1000]").label
    'park[rows=1000,seed=frobenius]'

    Raises:
        SpecError: if the brackets do not hold `key=value` pairs, or JSON cannot hold the name or a value.
    """
    check_text(text)
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise SpecError(f"cannot read solver {text!r}; write name, family/name or file.py:Name, then [key=value,...]")
    target, family = match["target"], None
    if "/" in target and ".py:" not in target:
        family, target = target.split("/", 1)
    parameters: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in (match["parameters"] or "").split(","))):
        key, equals, value = item.partition("=")
        if not equals or not key.strip().isidentifier():
            raise SpecError(f"cannot read {item!r} in solver {text!r}; write key=value")
        if key.strip() in parameters:
            raise SpecError(f"solver {text!r} sets {key.strip()!r} twice")
        parameters[key.strip()] = _literal(value.strip(), text)
    return Reference(target, family, parameters)


def check_text(solver: str) -> None:
    """Check that a solver's name or command is text, so that trial ids and rows can hold it.

    Python holds bytes of a file name that it cannot decode in this locale as surrogates.

    Raises:
        SpecError: if it holds such bytes.
    """
    if not _is_text(solver):
        raise SpecError(f"solver {solver!r} is not valid text in this locale; set LC_ALL=C.UTF-8, or rename the file")


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _literal(text: str, solver: str) -> Any:
    """Parse a number, boolean or quoted string. Any other text is returned as a string."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"solver {solver!r}: the number {text} is too large")
    if isinstance(value, str) and not _is_text(value):
        raise SpecError(f"solver {solver!r}: {text} is not valid Unicode")
    return value if isinstance(value, int | float | str) else text
