"""Commands are found where they are typed, and digested by what they name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from generator.errors import SpecError
from solvers.command import find_command

if TYPE_CHECKING:
    from pathlib import Path

    from solvers.program import Command


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a script and its helper, which is the current one."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "solve.py").write_text("import helper\n")
    (home / "helper.py").write_text("X = 1\n")
    (home / "weights.bin").write_bytes(b"w")
    monkeypatch.chdir(home)
    return home


def command(text: str) -> Command:
    found = find_command(text).command
    assert found is not None
    return found


def test_a_label_may_be_given() -> None:
    assert find_command("mine=python solve.py --fast").label == "mine"
    assert find_command("python  solve.py --rate=1").label == "python solve.py --rate=1"


def test_paths_lead_to_where_the_command_was_typed_unless_the_puzzle_has_them(here: Path, tmp_path: Path) -> None:
    found = command(f"{sys.executable} solve.py --weights=weights.bin -n 3 data.csv missing.txt .")
    work = tmp_path / "work"
    work.mkdir()
    (here / "data.csv").touch()
    argv = [sys.executable, str(here / "solve.py"), f"--weights={here}/weights.bin", "-n", "3"]
    assert found.argv(work) == [*argv, "data.csv", "missing.txt", "."]
    found = command(f"{sys.executable} solve.py --weights=weights.bin -n 3 data.csv missing.txt .")
    assert found.argv(work) == [*argv, str(here / "data.csv"), "missing.txt", "."]
    (work / "data.csv").touch()
    assert found.argv(work) == [*argv, "data.csv", "missing.txt", "."]


def test_a_link_to_an_interpreter_is_not_followed(here: Path) -> None:
    (here / "python").symlink_to(sys.executable)
    assert command("./python solve.py").program == str(here / "python")


def test_a_module_is_no_path(here: Path, tmp_path: Path) -> None:
    (here / "helper").mkdir()
    found = command(f"env PYTHONPATH=. DATA=weights.bin {sys.executable} -u -m helper -m helper")
    assert found.words[-3:] == ("helper", "-m", "helper")
    assert found.argv(tmp_path)[1:] == [
        *("PYTHONPATH=.", f"DATA={here}/weights.bin", sys.executable, "-u", "-m", "helper"),
        *("-m", str(here / "helper")),
    ]


def test_the_digest_follows_words_script_and_what_it_imports(here: Path) -> None:
    first = command("python3 solve.py").source
    assert command("mine=python3 solve.py").source == first
    assert command("python3 solve.py --fast").source != first
    (here / "helper.py").write_text("X = 2\n")
    second = command("python3 solve.py").source
    assert second != first
    assert command("python3 solve.py weights.bin").source != second


def test_a_folder_counts_by_its_main_file(here: Path) -> None:
    (here / "app").mkdir()
    (here / "app/__main__.py").write_text("X = 1\n")
    first = command("python3 app").source
    (here / "app/__main__.py").write_text("X = 2\n")
    assert command("python3 app").source != first


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("mine=", "no program 'mine='"),
        ("python 'solve.py", "No closing quotation"),
        ("no-such-program x", "no program 'no-such-program'"),
        ("solve.py", "write python solve.py"),
        ("FAST=1 python solve.py", "env NAME=VALUE"),
        ("./nothing.py", "no program './nothing.py'"),
    ],
)
def test_mistakes_are_explained(text: str, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        find_command(text)
