"""Remove names of people, machines and folders from a bundle.

Answers stay unchanged, because changed answers could not be scored. The solver's source stays unchanged, because its
author chooses to include it.
"""

from __future__ import annotations

import contextlib
import getpass
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.session import Session

__all__ = ["make_scrub", "scrub_session", "traces"]

SHORTEST = 3
"""Shortest name, in letters, that is replaced; shorter names occur within other words. Hand-set."""
COMMON = frozenset({"root", "user", "host", "localhost"})
"""Names that identify no person or machine."""


def _names() -> list[tuple[str, str]]:
    """List the names of user and host, each with its replacement."""
    found = [(platform.node(), "host"), (platform.node().partition(".")[0], "host"), (Path.home().name, "user")]
    with contextlib.suppress(OSError, KeyError):  # a user without a name, as in many containers
        found.append((getpass.getuser(), "user"))
    return [(name, word) for name, word in found if len(name) >= SHORTEST and name not in COMMON]


def make_scrub(folder: Path | None = None) -> Callable[[str], str]:
    """Make a function that replaces folders by dots, homes by tildes, and users and hosts by the words of `_names`.

    Args:
        folder: folder of the solver's file.
    """
    signs = {str(path): "~" for path in (Path.home(), Path.home().resolve())}
    for place in (Path.cwd(), folder):
        if place is not None:
            signs |= {str(path): "." for path in (place.absolute(), place.resolve())}
    signs.pop("/", None)
    longest = sorted(signs, key=lambda path: (-len(path), path))
    rules = [(re.compile(rf"{re.escape(path)}(?![\w-])"), signs[path]) for path in longest]
    rules.append((re.compile(r"/(?:home|Users)/[^/\s:'\"]+"), "~"))
    rules += [(re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), word) for name, word in _names()]

    def scrub(text: str) -> str:
        for pattern, sign in rules:
            text = pattern.sub(sign, text)
        return text

    return scrub


def scrub_session(session: Session, scrub: Callable[[str], str]) -> Session:
    """Remove host, folders of plug-ins and other planned suites from a session; keep the machine's description."""
    return session.model_copy(
        update={
            "host": "",
            "system": scrub(session.system),
            "isolation": scrub(session.isolation),
            "plugins": tuple(Path(name).name if name.endswith(".py") else name for name in session.plugins),
            "suites": (),
        }
    )


def traces(text: str, scrub: Callable[[str], str]) -> list[int]:
    """List the numbers of the lines that name a user, a host or a folder of this machine."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if scrub(line) != line]
