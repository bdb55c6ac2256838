"""Write a suite file, for the scripts that write the suites of one family."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Item", "Suite", "write_chosen"]


@dataclass(frozen=True)
class Item:
    """One puzzle of a suite."""

    name: str
    seed: int
    spec: dict[str, Any]
    tags: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """Write the puzzle as TOML."""
        spec = ", ".join(f"{key} = {json.dumps(value)}" for key, value in self.spec.items())
        tags = f"tags = {json.dumps(self.tags)}\n" if self.tags else ""
        return f'[[puzzle]]\nname = "{self.name}"\nseed = {self.seed}\nspec = {{ {spec} }}\n{tags}'


@dataclass(frozen=True)
class Suite:
    """A suite: what it holds, the wall time limit of a trial in seconds, and its puzzles."""

    description: str
    wall_s: int
    items: list[Item]


def write_chosen(family: str, suites: Mapping[str, Suite], about: str | None, example: str) -> None:
    """Write the suite that the command line names as TOML to standard output.

    Args:
        family: family of the puzzles, and first part of the suite's name.
        suites: suites by the second part of their name.
        about: description for `--help`.
        example: text below the options for `--help`.
    """
    parser = argparse.ArgumentParser(
        description=about, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", choices=list(suites))
    name = parser.parse_args().suite
    suite = suites[name]
    print(f"# Written by: python experiments/making/{Path(sys.argv[0]).name} {name}")
    print(
        f'format = 1\nname = "{family}-{name}"\ndescription = "{suite.description}"\nfamily = "{family}"\nseeds = 1\n'
    )
    print(f"[limits]\nwall_s = {suite.wall_s}\nmemory_mib = 4096\nthreads = 1\n")
    print("\n".join(map(str, suite.items)), end="")
