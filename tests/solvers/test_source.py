"""The digest of a Python solver follows every module and data file that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from solvers.source import digest_of_source, files_of_source, gaps_of_source

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "mine.py": "import importlib\nfrom pathlib import Path\nimport plain\nfrom pkg.inner import deep\n"
    "LATE = importlib.import_module('late')\nWEIGHTS = Path(__file__).with_name('weights.npz')\n",
    "plain.py": "import numpy\n",
    "late.py": "",
    "weights.npz": "w",
    "pkg/__init__.py": "from . import first\n",
    "pkg/first.py": "",
    "pkg/second.py": "",
    "pkg/inner/__init__.py": "",
    "pkg/inner/deep.py": "from .. import second\nfrom ..third import X\nfrom .beside import Y\n",
    "pkg/inner/beside.py": "",
    "pkg/third/__init__.py": "X = 1\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in {**FILES, "other.py": "", "pkg/other.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_relative_imports_packages_and_data_are_found(home: Path) -> None:
    assert {path.relative_to(home).as_posix() for path in files_of_source(home / "mine.py")} == FILES.keys()
    assert gaps_of_source(home / "mine.py") == ()


@pytest.mark.parametrize("name", FILES)
def test_an_edit_changes_the_digest(home: Path, name: str) -> None:
    before = digest_of_source(home / "mine.py")
    (home / "other.py").write_text("X = 1\n")
    assert digest_of_source(home / "mine.py") == before
    (home / name).write_text((home / name).read_text() + "\n")
    assert digest_of_source(home / "mine.py") != before


def test_a_solver_in_a_package_counts_with_the_packages_above_it(home: Path) -> None:
    found = {path.relative_to(home).as_posix() for path in files_of_source(home / "pkg/inner/deep.py")}
    assert found == {name for name in FILES if name.startswith("pkg/")}


@pytest.mark.parametrize(
    ("code", "gap"),
    [
        ("import importlib\nimportlib.import_module(input())\n", "imports a module whose name is computed"),
        ("from pathlib import Path\nprint(list(Path(__file__).parent.iterdir()))\n", "uses the folder"),
        ("exec(input())\n", "executes a text"),
    ],
)
def test_what_cannot_be_followed_is_a_gap(home: Path, code: str, gap: str) -> None:
    (home / "late.py").write_text(code)
    (found,) = gaps_of_source(home / "mine.py")
    assert found.startswith(f"late.py {gap}")
