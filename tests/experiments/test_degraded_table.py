"""The table of degraded puzzles: kinds off the recipe, counts off the rows, false certificates never hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.results.session import describe_session
from benchmark.results.store import Store, Writer
from benchmark.results.trial import Limits, Row, Status
from generator.plugins import load_file
from generator.puzzle.content import Manifest, public_digest

SCRIPT: Any = load_file(Path(__file__).parents[2] / "experiments" / "solving" / "degraded_table.py")
WAYS: list[dict[str, Any]] = [
    {},
    {"prediction_noise": 0.03},
    {"prediction_noise": 0.003},
    {"rows_exported": 200},
    {"piece_format": "int8", "prediction_decimals": 2},
]


def manifest(number: int, way: dict[str, Any]) -> Manifest:
    draft = Manifest(
        family="reassembly",
        name=f"p{number}",
        spec={"depth": 2, "seed": number, **way},
        facts={"health": {"truth_is_best": number != 1} if way else {}},
        generator="test",
        tensors={},
        digest="0" * 64,
    )
    return draft.model_copy(update={"digest": public_digest(draft)})


def row(puzzle: Manifest, session: str, *, solved: bool, certified: bool = False, **changes: Any) -> Row:
    fields = {
        "trial": f"{puzzle.name}-{changes}",
        "session": session,
        "puzzle": puzzle.digest,
        "puzzle_name": puzzle.name,
        "family": "reassembly",
        "solver": "mine",
        "source": "new",
        "seed": 0,
        "limits": Limits(),
        "status": Status.SOLVED if solved else Status.PARTIAL,
        "certified": certified,
        "metrics": {"exact_order": float(solved)},
        "wall_s": 2.0,
    }
    return Row.model_validate(fields | changes)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    session = describe_session(jobs=1, threads=1, isolation="rlimits")
    puzzles = [manifest(number, way) for number, way in enumerate(WAYS)]
    with Writer(tmp_path, session) as writer:
        for puzzle in puzzles:
            writer.keep_manifest(puzzle)
        writer.append(row(puzzles[1], session.id, solved=True, certified=True, source="old"))
        writer.append(row(puzzles[0], session.id, solved=True, certified=True))
        writer.append(row(puzzles[1], session.id, solved=False, certified=True, reason="too sure"))
        writer.append(row(puzzles[2], session.id, solved=True, wall_s=4.0))
        writer.append(row(puzzles[4], session.id, solved=True, certified=True))
    return tmp_path


def test_kinds_and_strengths_come_from_the_recipe() -> None:
    ways = [SCRIPT.way_of(manifest(number, way)) for number, way in enumerate(WAYS)]
    named = [(SCRIPT.KINDS[way.kind], way.strength) for way in ways]
    assert named == [
        ("none", ""),
        ("noise", "3 %"),
        ("noise", "0.3 %"),
        ("rows", "200 rows"),
        ("several", "int8, 2 decimals"),
    ]
    assert sorted(ways[1:3]) == [ways[2], ways[1]]


def test_lines_count_exact_certified_and_false(results: Path) -> None:
    text = SCRIPT.report(results)
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:8]]
    assert lines == [
        ["none", "", "1", "–", "1", "21–100", "1", "0", "2.0"],
        ["noise", "0.3 %", "1", "1", "1", "21–100", "0", "0", "4.0"],
        ["noise", "3 %", "1", "0", "0", "0–79", "1", "1", "–"],
        ["**noise**", "**all**", "2", "1", "1", "9–91", "1", "1", "4.0"],
        ["rows", "200 rows", "1", "1", "0", "0–79", "0", "0", "–"],
        ["several", "int8, 2 decimals", "1", "1", "1", "21–100", "1", "0", "2.0"],
    ]
    assert "`mine` was not run on 1 of the puzzles; these count as not exact." in text
    assert "`mine` certified falsely: p1, seed 0 (too sure)" in text


def test_seeds_are_summed_up_by_puzzle(results: Path) -> None:
    store = Store(results)
    puzzle = next(one for one in store.manifests().values() if one.name == "p2")
    rows = [row(puzzle, "s", solved=seed > 0, certified=seed == 2, seed=seed) for seed in range(3)]
    found = SCRIPT.tally([puzzle.digest], {puzzle.digest: rows})
    assert (found.puzzles, found.exact, found.certified, found.false, found.wall_s) == (1, 1, 0, 0, 2.0)
    assert SCRIPT.tally([puzzle.digest], {puzzle.digest: rows[:2]}).exact == 0  # half is not most


def test_a_folder_without_results_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["degraded_table.py", str(tmp_path)])
    assert SCRIPT.main() == 1
    assert capsys.readouterr().err == (
        f"degraded_table: {tmp_path} holds no results on reassembly puzzles; netjigsaw run writes them\n"
    )
