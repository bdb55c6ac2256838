"""The ablation's switches come from the solver itself, and its table counts what the rows say."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmark.results.trial import Limits, Row, Status
from generator.errors import SpecError
from generator.plugins import load_file
from solvers.reassembly.flagship.flagship import Flagship
from solvers.reassembly.ordering.starts import SEEDS

ABLATION: Any = load_file(Path(__file__).parents[2] / "experiments" / "solving" / "ablation.py")
PUZZLES = {"d1": "one", "d2": "two", "d3": "three"}
KINDS = ("round", "square")


@dataclass(frozen=True)
class Toy:
    kind: str = "round"
    polish: bool = True
    loud: bool = False
    rows: int = 3


@dataclass(frozen=True)
class Unlisted:
    colour: str = "red"


def row(puzzle: str, status: Status, wall_s: float, seed: int = 0) -> Row:
    return Row(
        trial=f"{puzzle}-{seed}-{wall_s}",
        session="s",
        puzzle=puzzle,
        puzzle_name=PUZZLES[puzzle],
        family="reassembly",
        solver="toy",
        source="0",
        seed=seed,
        limits=Limits(),
        status=status,
        wall_s=wall_s,
    )


def test_every_ingredient_of_the_flagship_is_switched_off_and_nothing_else_is_changed() -> None:
    found = ABLATION.switches(Flagship)
    flags = {field.name for field in dataclasses.fields(Flagship) if field.type == "bool"}
    assert {name for switch in found for name in switch} == flags | {"seeds"}
    assert {switch["seeds"] for switch in found if "seeds" in switch} == set(SEEDS) - {Flagship().seeds}
    for switch in found:
        assert dataclasses.replace(Flagship(), **switch) != Flagship()
        assert len(switch) == 1


def test_words_are_those_of_the_constant_and_what_is_off_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "KIND", KINDS, raising=False)
    assert ABLATION.switches(Toy) == [{"kind": "square"}, {"polish": False}]
    with pytest.raises(SpecError, match="no constant COLOUR lists its words"):
        ABLATION.switches(Unlisted)
    with pytest.raises(SpecError, match="is not a dataclass"):
        ABLATION.switches(int)


def test_a_puzzle_is_solved_if_most_of_its_seeds_are_and_one_without_a_row_is_not() -> None:
    rows = [
        *(row("d1", Status.SOLVED, 1.0 + seed, seed) for seed in range(2)),
        row("d1", Status.TIMEOUT, 60.0, 2),
        row("d2", Status.SOLVED, 1.0, 0),
        row("d2", Status.PARTIAL, 1.0, 0),  # run again
        row("d2", Status.SOLVED, 5.0, 1),
    ]
    found = ABLATION.outcomes(rows, PUZZLES, 3)
    assert {name: one.solved for name, one in found.items()} == {"one": True, "two": False, "three": False}
    assert found["one"].wall_s == 1.5


def test_the_table_names_lost_and_won_and_compares_times_on_what_both_solve() -> None:
    outcome = ABLATION.Outcome
    full = {"one": outcome(True, 1.0), "two": outcome(True, 2.0), "three": outcome(False, 60.0)}
    other = {"one": outcome(True, 3.0), "two": outcome(False, 60.0), "three": outcome(True, 9.0)}
    lines = ABLATION.table(full, {"`kicks=False`": other}).splitlines()
    whole, switched = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:])
    assert whole == ["nothing", "2/3", "21–94", "–", "2", "1.50", "1.50", "1.00", "", ""]
    assert switched == ["`kicks=False`", "2/3", "21–94", "1", "1", "3.00", "1.00", "3.00", "two", "three"]
    none = ABLATION.table(full, {"x": dict.fromkeys(full, outcome(False, 60.0))}).splitlines()[-1]
    assert [cell.strip() for cell in none.strip("|").split("|")][4:9] == ["0", "–", "–", "–", "one, two"]


def test_it_lists_solvers_and_tells_a_mistake_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ablation.py", *words])
        code: int = ABLATION.main()
        return code, *capsys.readouterr()

    code, out, err = call("--dry-run")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "flagship"
    assert "flagship[kicks=False]" in out.splitlines()
    for words, complaint in [
        (("--solver", "flagshop"), "no reassembly solver 'flagshop'; did you mean flagship"),
        (("--suite", "nowhere"), "no puzzle at nowhere, and no suite"),
        (("--suite", "mini", "--only", "tinny"), "no puzzle named or tagged 'tinny'; did you mean tiny?"),
        (("--solver", "adjoint"), "no constant SEED lists its words"),
    ]:
        code, out, err = call(*words)
        assert (code, out) == (1, "")
        assert complaint in err
        assert err.count("\n") == 1


def test_the_harness_runs_what_is_missing_and_a_stale_source_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    words = ["--solver", "fast", "--suite", "mini", "--only", "tiny", "--timeout", "20s", "--results", str(results)]
    monkeypatch.setattr("sys.argv", ["ablation.py", *words])
    for held in (0, 2):
        assert ABLATION.main() == 0
        out, err = capfd.readouterr()
        lines = out.splitlines()
        assert [line.split("|")[1:3] for line in lines[2:4]] == [
            [f" {name:<16} ", f" {'1/1':>8} "] for name in ("nothing", "`handover=False`")
        ]
        assert "NO ROW" not in out
        assert f"2 trials planned, {held} held already" in err
    monkeypatch.setattr(ABLATION, "source_digest", lambda _: "another")
    monkeypatch.setattr(ABLATION, "run", lambda *_: None)
    assert ABLATION.main() == 0
    assert "2 TRIALS HAVE NO ROW of the current source" in capfd.readouterr().out
