"""Each command imports only what it needs, and the list of commands agrees with the commands themselves."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from generator.puzzle.storage import save_answer, save_puzzle
from netjigsaw.cli.app import COMMANDS, build_app

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made

HEAVY = ("torch", "scipy", "matplotlib")
CODE = f"""
import sys
from netjigsaw.__main__ import run
code = run(sys.argv[1:])
print(code, *[name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.fixture(scope="module")
def place(tiny: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a puzzle `p` and a store `res`."""
    home = tmp_path_factory.mktemp("start")
    save_puzzle(tiny.puzzle, home / "p")
    save_answer(tiny.sealed, home / "answers")
    assert last_line(home, "run", "p", "--solver", "random", "--results", "res") == "0"
    return home


def last_line(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("solvers",),
        ("families",),
        ("leaderboard", "--results", "res"),
        ("show", "p", "--text"),
        ("show", "res", "--text"),
        ("run", "p", "--solver", "random", "--seeds", "2", "--results", "res"),
        ("solve", "p", "--solver", "random"),
        ("compare", "--help"),
    ],
    ids=" ".join,
)
def test_the_parent_imports_no_heavy_library(place: Path, arguments: tuple[str, ...]) -> None:
    assert last_line(place, *arguments) == "0"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_summary_of_each_command(name: str) -> None:
    group: Any = typer.main.get_command(build_app(name, ()))
    said = group.commands[name].help.split("\n\n")[0]
    assert " ".join(said.split()) == COMMANDS[name].summary


def test_every_command_of_a_module_is_listed() -> None:
    for name in COMMANDS:
        group: Any = typer.main.get_command(build_app(name, ()))
        assert set(group.commands) == set(COMMANDS)
