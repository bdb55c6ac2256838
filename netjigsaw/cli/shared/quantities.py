"""Parse durations and sizes, and format durations."""

from __future__ import annotations

import math
import re

from generator.errors import SpecError

__all__ = ["parse_duration", "parse_size", "show_duration"]

_SECONDS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_MIB = {"": 1.0, "k": 2**-10, "m": 1.0, "g": 2.0**10, "t": 2.0**20}


def parse_duration(text: str) -> float | None:
    """Parse a duration into seconds; `none` means no limit.

    >>> parse_duration("90s"), parse_duration("10m"), parse_duration("none")
    (90.0, 600.0, None)

    Raises:
        SpecError: if the text is not a duration, or not positive.
    """
    if text.strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in _SECONDS or not 0 < float(match[1]) < math.inf:
        raise SpecError(f"cannot read the duration {text!r}; write 90s, 10m, 3h or none")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(text: str) -> float | None:
    """Parse an amount of memory into MiB; `none` means no limit.

    >>> parse_size("4GiB"), parse_size("512M")
    (4096.0, 512.0)

    Raises:
        SpecError: if the text is not a size, or not positive.
    """
    if text.strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?)?\s*", text.lower())
    if match is None or not 0 < float(match[1]) < math.inf:
        raise SpecError(f"cannot read the size {text!r}; write 512MiB, 4GiB or none")
    return float(match[1]) * _MIB[match[2] or ""]


def show_duration(seconds: float) -> str:
    """Format a duration in seconds, minutes or hours.

    >>> show_duration(0.42), show_duration(75), show_duration(7300)
    ('0.42 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
