"""What the documents show works as they show it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from netjigsaw.__main__ import run

if TYPE_CHECKING:
    import pytest

TOP = Path(__file__).parents[1]


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


def test_the_family_in_the_docs_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = code_blocks("docs/new-family.md")
    imports = (
        "import numpy as np\nfrom netjigsaw import Family, Metric, Score, register, register_family, seal\n"
        "from pydantic import BaseModel\n\n"
    )
    Path("docs_sorting.py").write_text((imports + block).replace('"sorting"', '"docs-sorting"'), encoding="utf-8")
    plugin = ["--plugin", "docs_sorting.py"]
    assert run([*plugin, "generate", "docs-sorting", "--size", "7", "--seed", "1", "--out", "s1"]) == 0
    assert run([*plugin, "solve", "s1", "--solver", "argsort"]) == 0
    assert "solved" in capsys.readouterr().out


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8")):
            assert "://" in target or (document.parent / target).exists(), f"{document.name} links to {target}"
