"""What the documents show works as they show it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import solvers.registry
from netjigsaw.__main__ import run
from tests.test_tutorials import blocks, follow, unseen

if TYPE_CHECKING:
    from collections.abc import Callable

TOP = Path(__file__).parents[1]
EXAMPLES = {"sorting", "spread", "linear"}


def code_blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (TOP / name).read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_readme_solver_pairs_a_tiny_puzzle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = code_blocks("README.md")
    Path("mine.py").write_text(block, encoding="utf-8")
    assert run(["generate", "reassembly", "--preset", "tiny", "--seed", "1", "--out", "p1"]) == 0
    assert run(["solve", "p1", "--solver", "mine.py:Mine"]) == 0
    assert "pairing_accuracy 1," in capsys.readouterr().out


def test_the_families_in_the_docs_are_the_files_of_the_examples() -> None:
    page = (TOP / "docs" / "new-family.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"<!-- (docs/examples/families/\w+\.py) -->\n```python\n(.*?)```\n", page, flags=re.DOTALL))
    files = sorted((TOP / "docs" / "examples" / "families").glob("*.py"))
    assert {TOP / name: text for name, text in shown.items()} == {
        file: file.read_text(encoding="utf-8") for file in files
    }
    assert len(code_blocks("docs/new-family.md")) == len(files) == 3
    assert all(len(text.splitlines()) <= 60 for text in shown.values())


@pytest.fixture
def _forgotten_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the families that a test loads from the tests after it.

    Built-in solvers register once, at their first import, so they are loaded before the registry is replaced.
    """
    solvers.registry.list_solvers()
    monkeypatch.setattr("generator.family.registry._FAMILIES", {})
    others = {key: entry for key, entry in solvers.registry._REGISTERED.items() if not EXAMPLES & {*key}}
    monkeypatch.setattr("solvers.registry._REGISTERED", others)


@pytest.mark.usefixtures("_forgotten_families")
@pytest.mark.parametrize("number", [0, 1, 2], ids=["sorting", "spread", "linear"])
def test_commands_on_the_page_of_new_families_print_what_it_shows(
    number: int, cli: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for file in (TOP / "docs" / "examples" / "families").glob("*.py"):
        shutil.copy(file, ".")
    shown = blocks(TOP / "docs" / "new-family.md")
    script = [text for language, text in shown if language == "sh"][number]
    screen = [text for language, text in shown if language == "text"][number]
    assert not unseen(screen, follow(script, cli))


def test_the_solver_that_queries_in_the_docs_finds_the_matrix(
    cli: Callable[..., tuple[int, str, str]],
) -> None:
    plugin = ("--plugin", TOP / "docs" / "examples" / "families" / "linear.py")
    (block,) = [block for block in code_blocks("docs/writing-solvers.md") if "context.oracle" in block]
    Path("probe.py").write_text(block, encoding="utf-8")
    assert cli(*plugin, "generate", "linear", "--seed", 1, "--out", "hidden")[0] == 0
    code, out, _ = cli(*plugin, "solve", "hidden", "--solver", "probe.py:Probe")
    assert code == 0
    assert "solved, after" in out
    assert "6 queries in 1 calls" in out
    assert "100 rows left, inputs from -1.0 to 1.0" in out


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8")):
            assert "://" in target or (document.parent / target).exists(), f"{document.name} links to {target}"
