"""Export a comparison for programs: every number, under stable names; unknown and infinite numbers are null."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from benchmark.comparison.gate import GATE_ALPHA
from benchmark.comparison.output.text import verdict
from benchmark.statistics import ALPHA, mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.comparison.contrasts import Contrast, Swing
    from benchmark.comparison.report import Comparison, Result
    from benchmark.results.trial import Row

__all__ = ["to_json"]


def to_json(comparison: Comparison) -> str:
    """Write `{"format": 1, "exit": ..., "verdict": ..., "solvers": [...]}`."""
    record = {
        "format": 1,
        "base": comparison.base,
        "new": comparison.new,
        "exit": int(comparison.exit),
        "verdict": verdict(comparison).removeprefix("verdict: "),
        "alpha": ALPHA,
        "gate_alpha": GATE_ALPHA,
        "strict": comparison.strict,
        "obstacles": list(comparison.obstacles),
        "solvers": [_result(result) for result in comparison.results],
        "not_comparable": [
            {"family": contest.family, "base": contest.base_solver, "new": contest.new_solver}
            | {"only_base": _trials(contest.only_base), "only_new": _trials(contest.only_new)}
            for contest in comparison.unmatched
        ],
    }
    return json.dumps(_finite(record), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _result(result: Result) -> dict[str, Any]:
    contest = result.contest
    return {
        "family": contest.family,
        "base": contest.base_solver,
        "new": contest.new_solver,
        "trials": len(contest.pairs),
        "rank_by": result.ranking.name,
        "measures": [_contrast(one) for one in result.contrasts],
        "lost": [_swing(swing) for swing in result.lost],
        "won": [_swing(swing) for swing in result.won],
        "mcnemar_p" if result.ranking.metric is None else "sign_test_p": mcnemar(len(result.won), len(result.lost)),
        "rules": [
            {
                "rule": one.rule,
                "measure": one.measure.name,
                "loss": one.loss,
                "gain": one.gain,
                "tolerance": one.tolerance,
                "p": one.p,
                "q": one.q,
                "unjudged": one.unjudged,
                "regression": one.regression,
            }
            for one in result.judgements
        ],
        "unjudged": _trials([pair.new[0] for pair in contest.unjudged]),
        "only_base": _trials(contest.only_base),
        "only_new": _trials(contest.only_new),
    }


def _contrast(one: Contrast) -> dict[str, Any]:
    return {
        "measure": one.measure.name,
        "kind": one.measure.kind,
        "better": one.measure.better,
        "puzzles": one.puzzles,
        "trials": one.trials,
        "base": one.base,
        "new": one.new,
        "difference": one.difference,
        "interval": one.interval,
        "higher": one.higher,
        "lower": one.lower,
        "p": one.p,
        "q": one.q,
        "unjudged": one.unjudged,
        "verdict": one.verdict,
    }


def _swing(swing: Swing) -> dict[str, Any]:
    return {
        "puzzle": swing.puzzle,
        "name": swing.name,
        "trials": swing.trials,
        "base": swing.base,
        "new": swing.new,
        "ending": swing.ending,
    }


def _trials(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"puzzle": row.puzzle, "name": row.puzzle_name, "seed": row.seed} for row in rows]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
