from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.results.trial import Limits, Status
from benchmark.running.planning.hiding import hidden_places
from benchmark.running.planning.plan import plan
from benchmark.running.planning.request import RunRequest
from benchmark.suites.cache import BUILT_IN, puzzle_home
from generator.errors import SpecError
from generator.puzzle.sealing import seal
from generator.puzzle.storage import LoadedPuzzle
from solvers.reference import Reference, parse_reference
from solvers.registry import list_solvers

HERE = Path(__file__).parents[2]
LIMITS = Limits()


def standing() -> set[Path]:
    """What is hidden whatever is run: the puzzles that suites brought here."""
    return {puzzle_home(), *BUILT_IN.glob("*/puzzles")}


def reassembly() -> LoadedPuzzle:
    made = seal(family="reassembly", name="r", seed=0, answer=[0], pieces={"x": np.zeros(1)}, data={"y": np.zeros(1)})
    return LoadedPuzzle(made.puzzle, made.sealed)


def test_a_named_solver_of_another_family_is_skipped_with_the_reason(toys: tuple[LoadedPuzzle, ...]) -> None:
    name = "park"
    cells = plan([toys[0], reassembly()], [Reference(name)], [0], LIMITS)
    assert cells[0].settled == (Status.SKIPPED, "it solves reassembly puzzles, not toy")
    assert cells[1].settled is None
    assert cells[0].trial.id != cells[1].trial.id


def test_a_family_before_the_name_narrows_it_down(toys: tuple[LoadedPuzzle, ...]) -> None:
    name = list_solvers("reassembly")[0].name
    cells = plan([toys[0], reassembly()], [parse_reference(f"reassembly/{name}")], [0], LIMITS)
    assert [cell.settled is None for cell in cells] == [False, True]
    with pytest.raises(SpecError, match="no toy solver"):
        plan([reassembly()], [parse_reference(f"toy/{name}")], [0], LIMITS)


def test_an_unknown_parameter_is_refused_before_anything_runs() -> None:
    name = list_solvers("reassembly")[0].name
    with pytest.raises(SpecError, match="no parameter 'nonsense'"):
        plan([reassembly()], [Reference(name, None, {"nonsense": 1})], [0], LIMITS)


def test_a_value_that_a_built_in_solver_refuses_is_refused_before_anything_runs() -> None:
    with pytest.raises(SpecError, match="need 0 < cold <= hot"):
        plan([reassembly()], [parse_reference("annealing[hot=0.0]")], [0], LIMITS)


def test_a_solver_file_is_not_imported_by_the_planner(toys: tuple[LoadedPuzzle, ...], tmp_path: Path) -> None:
    file = tmp_path / "trap.py"
    file.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    (cell,) = plan(toys[:1], [Reference(f"{file}:solve")], [0], LIMITS)
    assert cell.settled is None
    assert not (tmp_path / "sprung").exists()


def test_the_label_is_as_typed_and_the_work_is_absolute(
    toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HERE)
    (cell,) = plan(toys[:1], [parse_reference("./toy_solvers.py:Needs[offset=1]")], [0], LIMITS)
    assert cell.label == "toy_solvers.py:Needs[offset=1]"
    assert cell.work(()).reference.target == f"{HERE}/toy_solvers.py:Needs"
    assert cell.work(()).sealed is None


def test_the_homes_of_answers_and_the_store_are_hidden(toys: tuple[LoadedPuzzle, ...], tmp_path: Path) -> None:
    loaded = LoadedPuzzle(toys[0].puzzle, toys[0].sealed, tmp_path / "puzzles" / "toy")
    request = RunRequest((loaded,), (), tmp_path / "results", hidden=(tmp_path / "more",))
    puzzles = tmp_path / "puzzles"
    wanted = {puzzles / "toy", puzzles / "answers", tmp_path / "results", tmp_path / "more"}
    assert set(hidden_places(request)) == wanted | standing()


def test_other_stores_are_hidden(
    toys: tuple[LoadedPuzzle, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, puzzles = tmp_path / "here", tmp_path / "puzzles"
    for store in (here / "earlier", puzzles / "old", here / "deep" / "down"):
        store.mkdir(parents=True)
        (store / "rows-x.jsonl").touch()
    (here / "notes").mkdir()
    monkeypatch.chdir(here)
    loaded = LoadedPuzzle(toys[0].puzzle, toys[0].sealed, puzzles / "toy")
    hidden = hidden_places(RunRequest((loaded,), (), tmp_path / "results"))
    home = {puzzles / "toy", puzzles / "answers"}
    assert set(hidden) == {tmp_path / "results", here / "earlier", puzzles / "old"} | home | standing()


def test_a_solver_in_another_store_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "rows-x.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"earlier is hidden .* move one of them"):
        hidden_places(RunRequest((), (parse_reference("earlier/mine.py:solve"),), tmp_path / "results"))


def test_the_program_itself_cannot_be_hidden(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="program"):
        hidden_places(RunRequest((), (), tmp_path, hidden=(HERE.parent.parent,)))
