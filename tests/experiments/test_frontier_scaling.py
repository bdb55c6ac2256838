"""Exponents of time: known ones are found, only exact trials of one recipe are put together, errors are a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.results.session import describe_session
from benchmark.results.store import Writer
from benchmark.results.trial import Limits, Row, Status
from generator.plugins import load_file
from generator.puzzle.content import Manifest, public_digest

SCRIPT: Any = load_file(Path(__file__).parents[2] / "experiments" / "solving" / "frontier_scaling.py")


def manifest(name: str, **spec: Any) -> Manifest:
    draft = Manifest(family="reassembly", name=name, spec=spec, facts={}, generator="test", tensors={}, digest="0" * 64)
    return draft.model_copy(update={"digest": public_digest(draft)})


def row(puzzle: Manifest, session: str, cpu_s: float, status: Status = Status.SOLVED) -> Row:
    return Row(
        trial=puzzle.name,
        session=session,
        puzzle=puzzle.digest,
        puzzle_name=puzzle.name,
        family="reassembly",
        solver="flagship",
        source="new",
        seed=0,
        limits=Limits(),
        status=status,
        metrics={"pairing_accuracy": 1.0, "mse_ratio": 0.0},
        wall_s=2.0 * cpu_s,
        cpu_s=cpu_s,
        peak_mib=300.0,
    )


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Make two series in depth that grow with its square, one in width with its root, and what is in neither."""
    session = describe_session(jobs=1, threads=1, isolation="rlimits")
    with Writer(tmp_path, session) as writer:

        def keep(cpu_s: float, status: Status = Status.SOLVED, **spec: Any) -> None:
            puzzle = manifest("x".join(map(str, spec.values())), **spec)
            writer.keep_manifest(puzzle)
            writer.append(row(puzzle, session.id, cpu_s, status))

        for seed, depth in enumerate((24, 48, 96)):
            keep(0.01 * depth**2, seed=seed, depth=depth, width=32, hidden=64, gain_first=depth**-0.5)
            keep(0.03 * depth**2, seed=seed, depth=depth, width=16, hidden=32, init="small")
        for width in (16, 64):
            keep(23.04 * (width / 32) ** 0.5, seed=7, depth=48, width=width, hidden=2 * width, gain_first=48**-0.5)
        keep(9e9, Status.PARTIAL, seed=1, depth=192, width=32, hidden=64, gain_first=192**-0.5)
        keep(9e9, seed=1, depth=500, width=32, hidden=48, gain_first=0.1)
    return tmp_path


def test_exponents_are_those_of_the_series(results: Path) -> None:
    trials = SCRIPT.read_trials(results, "flagship")
    depth = SCRIPT.fit(trials, "depth", SCRIPT.BY_DEPTH)
    width = SCRIPT.fit(trials, "width", SCRIPT.BY_WIDTH)

    assert depth.exponent == pytest.approx(2.0)
    assert sorted(map(len, depth.series.values())) == [3, 3]
    assert width.exponent == pytest.approx(0.5)
    assert sorted(map(len, width.series.values())) == [3]
    assert depth.margin < 1e-6


def test_scatter_widens_the_interval(results: Path) -> None:
    trials = SCRIPT.read_trials(results, "flagship")
    moved = [
        SCRIPT.Trial(one.row.model_copy(update={"cpu_s": one.row.cpu_s * (1.3 if number % 2 else 0.7)}), one.spec)
        for number, one in enumerate(trials)
    ]
    found = SCRIPT.fit(moved, "depth", SCRIPT.BY_DEPTH)

    assert found.margin > 0.1
    assert abs(found.exponent - 2.0) < found.margin


def test_two_points_are_too_few(results: Path) -> None:
    trials = [one for one in SCRIPT.read_trials(results, "flagship") if one.size("width") == 32]

    assert SCRIPT.fit(trials[:2], "depth", SCRIPT.BY_DEPTH) is None


def test_the_table_names_every_trial_and_what_was_missed(results: Path) -> None:
    lines = SCRIPT.table(SCRIPT.read_trials(results, "flagship")).splitlines()

    assert len(lines) == 2 + 10
    assert sum("| yes" in line for line in lines) == 9
    assert sum("| no: partial" in line for line in lines) == 1


def test_it_prints_and_draws(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "scaling.png"
    monkeypatch.setattr("sys.argv", ["frontier_scaling.py", str(results), "--picture", str(picture)])

    assert SCRIPT.main() == 0
    assert "exponent of time against depth: 2.00 ± 0.00 (6 trials in 2 series)" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_solver_without_results_is_a_line(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["frontier_scaling.py", str(results), "--solver", "park"])

    assert SCRIPT.main() == 1
    assert capsys.readouterr().err.startswith(f"frontier_scaling: {results} holds no results of park; netjigsaw run")
