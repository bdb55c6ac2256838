"""`make readme` puts a table of results between the README's marks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import StorageError
from generator.plugins import load_file

if TYPE_CHECKING:
    from collections.abc import Callable

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> Any:
    return load_file(TOP / "experiments" / "page" / "readme.py")


def test_what_is_between_the_marks_is_replaced_and_nothing_else(script: Any) -> None:
    written = script.between_marks(f"above\n{script.BEGIN}\nold\n{script.END}\nbelow\n", "| new |\n")
    assert written == f"above\n{script.BEGIN}\n\n| new |\n\n{script.END}\nbelow\n"
    assert script.between_marks(written, "| new |") == written


@pytest.mark.parametrize("marks", ["", "{0}", "{1}{0}", "{0}{1}{0}{1}"])
def test_marks_that_are_not_as_expected_are_refused(script: Any, marks: str) -> None:
    with pytest.raises(StorageError, match="once each"):
        script.between_marks(marks.format(script.BEGIN, script.END), "text")


def test_our_readme_has_the_marks(script: Any) -> None:
    assert script.between_marks((TOP / "README.md").read_text(encoding="utf-8"), "| new |").count("| new |") == 1


def test_without_a_browser_the_table_is_made_and_a_line_says_what_is_not(
    script: Any,
    stored: Path,
    cli: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert cli("run", stored / "p", "--solver", "random", "--results", "results")[0] == 0
    readme = Path("README.md")
    readme.write_text(f"above\n{script.BEGIN}\n{script.END}\nbelow\n", encoding="utf-8")
    monkeypatch.setenv("NETJIGSAW_CHROMIUM", "/nonexistent/chromium")
    options = ["--results", "results", "--puzzle", str(stored / "p"), "--readme", str(readme), "--images", "images"]
    monkeypatch.setattr("sys.argv", ["readme.py", *options])
    assert script.main() == 1
    text = readme.read_text(encoding="utf-8")
    assert "| `random` |" in text
    assert "### " not in text
    header = next(line for line in text.splitlines() if line.startswith("|"))
    assert [name.strip() for name in header.strip("|").split("|")] == list(script.COLUMNS)
    assert text.startswith("above\n")
    assert text.endswith("\nbelow\n")
    assert [path.name for path in Path("images").iterdir()] == ["janestreet.png"]
    assert "NOT UPDATED: the pictures of the leaderboard: no Chromium" in capfd.readouterr().err


def test_our_readme_is_short() -> None:
    assert len((TOP / "README.md").read_text(encoding="utf-8").split()) <= 900
