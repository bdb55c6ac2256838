"""Where a run found a solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.results.origin import origin_of
from solvers import registry
from solvers.command import find_command
from solvers.reference import Reference
from solvers.registry import SolverEntry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text("def solve(puzzle, context): ...\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_relative_to_the_folder_that_holds_the_store(project: Path) -> None:
    reference = Reference(f"{project}/a/m.py:M")
    assert origin_of(reference, "reassembly", project / "results") == "a/m.py"
    assert origin_of(reference, "reassembly", project / "b" / "results") == "../a/m.py"


def test_a_command_is_a_digest_and_its_first_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = project / "results"

    def origin(folder: str, command: str) -> str:
        monkeypatch.chdir(project / folder)
        return origin_of(find_command(command), "reassembly", store)

    mine = origin("a", "mine=python m.py --token=secret")
    assert mine == origin("a", "other=python m.py --token=secret")
    assert mine.endswith(" a/m.py")
    assert mine == origin("", "mine=python a/m.py --token=secret")
    assert "secret" not in mine
    assert str(project) not in mine
    different = {mine, origin("b", "mine=python m.py --token=secret"), origin("a", "mine=python m.py --token=other")}
    assert len(different) == 3
    assert origin("a", "mine=env --file=m.py true") != origin("b", "mine=env --file=m.py true")
    assert len(origin("a", "mine=env true").split()) == 1


def test_an_edit_does_not_change_the_place(project: Path) -> None:
    store = project / "results"
    command = find_command("mine=python a/m.py")
    before = origin_of(command, "reassembly", store), command.command and command.command.source
    (project / "a" / "m.py").write_text("def solve(puzzle, context): return []\n", encoding="utf-8")
    after = origin_of(command, "reassembly", store), command.command and command.command.source
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_built_in_solver_has_none(project: Path) -> None:
    assert origin_of(Reference("random"), "reassembly", project / "results") == ""
    assert origin_of(Reference("no-such-solver"), "reassembly", project / "results") == ""


def test_a_plug_in_is_its_file_or_its_package(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine:
        def solve(self, puzzle: object, context: object) -> None: ...

    entries = [
        SolverEntry("packed", "reassembly", Mine, package="some-package"),
        SolverEntry("broken", None, None, package="some-package", error="no torch"),
        SolverEntry("filed", "reassembly", Mine),
    ]
    monkeypatch.setattr(registry, "_plugged_in", lambda: tuple(entries))
    store = project / "results"
    assert origin_of(Reference("packed"), "reassembly", store) == "some-package"
    assert origin_of(Reference("broken"), "reassembly", store) == "some-package"
    assert origin_of(Reference("filed"), "reassembly", store).endswith("tests/benchmark/results/test_origin.py")
