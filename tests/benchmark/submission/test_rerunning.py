"""Some trials again: what no look at a bundle alone can show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.trial import Row, Status
from benchmark.submission.rerunning import Conditions, Rerun, choose, rerun
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.submission.suiting import Ground
    from benchmark.submission.verifying import Verification

    Check = Callable[[Path], Verification]

TOY = Path(__file__).parents[1] / "toy.py"


@pytest.fixture
def again(made: Any, ground: Ground, tmp_path: Path) -> Callable[..., list[Rerun]]:
    """Run rows again with the true solver."""
    reference = parse_reference(f"{made.solver}:Mixed")
    conditions = Conditions(reference, tmp_path, plugins=(str(TOY),), isolation="auto")

    def call(rows: list[Row]) -> list[Rerun]:
        told: list[Rerun] = []
        done = rerun(rows, ground, conditions, told.append)
        assert told == done
        return done

    return call


def test_an_honest_bundle_is_confirmed(made: Any, check: Check, again: Callable[..., list[Rerun]]) -> None:
    found = check(made.bundle)
    done = again([next(row for row in found.rows if row.status == status) for status in ("solved", "partial")])
    assert [one.solved.verdict.status for one in done] == ["solved", "partial"]
    assert not [finding for one in done for finding in one.findings]
    assert "solved in " in done[0].line


def test_a_right_answer_that_the_solver_never_gave(
    forger: Any, check: Check, ground: Ground, again: Callable[..., list[Rerun]]
) -> None:
    """Whoever knows the answer of a public puzzle can put it in with the numbers to match; the solver cannot."""
    row = forger.find("partial")
    sealed = ground.loaded[row["puzzle"]].sealed
    assert sealed is not None
    forger.raw(row, lambda raw: raw["answer"].update(value=sealed.answer))
    row["status"], row["metrics"]["right"] = "solved", 1.0
    found = check(forger.write())
    assert found.verified
    (forged,) = [one for one in found.rows if one.trial == row["trial"]]
    assert forged.status == "solved"
    ((finding,),) = [one.findings for one in again([forged])]
    place = f"puzzle {row['puzzle_name']}, solver mixed.py:Mixed, seed {row['seed']}"
    assert finding.line == f"rerun of {place}: status is solved in the bundle, partial here"


def test_a_time_too_good(made: Any, check: Check, ground: Ground, tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\n\n\ndef solve(keys, context):\n    time.sleep(1.2)\n    return keys.argsort()\n")
    row = next(row for row in check(made.bundle).rows if row.status == "solved")
    conditions = Conditions(
        parse_reference(f"{slow}:solve"), tmp_path / "scratch", plugins=(str(TOY),), isolation="auto"
    )
    (one,) = rerun([row], ground, conditions, lambda _: None)
    (finding,) = one.findings
    assert "more than 10 times as long" in finding.line
    claimed = row.model_copy(update={"wall_s": 0.9})
    assert not rerun([claimed], ground, conditions, lambda _: None)[0].findings


def test_the_draw(made: Any, check: Check) -> None:
    rows = list(check(made.bundle).rows)
    assert choose(rows, 3, 1) == choose(rows, 3, 1)
    assert len(choose(rows, 100, 1)) == 8
    assert len({row.trial for row in choose(rows, 5, 2)}) == 5
    skipped = [row.model_copy(update={"status": Status.SKIPPED}) for row in rows]
    assert choose(skipped, 3, 1) == []
    assert len({tuple(row.trial for row in choose(rows, 2, seed)) for seed in range(20)}) > 5
