"""Nothing outside a family's own rooms names it: harness, store, suites and leaderboard know records only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.family.registry import BUILT_IN

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("generator", "solvers", "benchmark", "leaderboard", "netjigsaw")
SUFFIXES = {".py", ".js", ".jinja", ".css"}

ALLOWED = {
    "generator/family/registry.py": "the one list of built-in families",
    "solvers/reference.py": "the example of how a solver is named",
    "netjigsaw/cli/app.py": "the example of `netjigsaw --help`",
}
"""Files outside the rooms of a family that name one, and why."""

WORDS = {"reassembly": r"reassembl|residual (net|block)|janestreet|\bblocks? of\b"}
"""What else would show that a file knows a family, by family: its subject's words."""


def named(family: str) -> dict[str, str]:
    """Find the files outside a family's rooms that name it: path to the first line that does."""
    pattern = re.compile(rf"\b{family}\b|{WORDS.get(family, family)}", re.IGNORECASE)
    found: dict[str, str] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            relative = path.relative_to(ROOT)
            if path.suffix not in SUFFIXES or relative.parts[1] == family:
                continue
            for line in path.read_text(encoding="utf-8").splitlines():
                if pattern.search(line):
                    found.setdefault(str(relative), line.strip())
    return found


@pytest.mark.parametrize("family", BUILT_IN)
def test_only_the_listed_files_name_a_family(family: str) -> None:
    assert {path: line for path, line in named(family).items() if path not in ALLOWED} == {}


def test_every_exception_is_still_needed() -> None:
    assert set(ALLOWED) <= {path for family in BUILT_IN for path in named(family)}


@pytest.mark.parametrize("family", BUILT_IN)
def test_a_family_has_a_room_in_each_of_three_packages(family: str) -> None:
    for package in ("generator", "solvers", "leaderboard"):
        assert (ROOT / package / family / "__init__.py").is_file()
    assert (ROOT / "generator" / family / "record.py").is_file()
