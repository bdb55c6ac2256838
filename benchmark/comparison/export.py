"""A comparison for programs: every number, under stable names; what is unknown or infinite is null."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from benchmark.comparison.gate import GATE_ALPHA
from benchmark.comparison.text import verdict
from benchmark.statistics import ALPHA, mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.comparison.findings import Finding, Swing
    from benchmark.comparison.report import Report, Result
    from benchmark.results.trial import Row

__all__ = ["to_json"]


def to_json(report: Report) -> str:
    """Write `{"format": 1, "exit": ..., "verdict": ..., "solvers": [...]}`."""
    record = {
        "format": 1,
        "base": report.base,
        "new": report.new,
        "exit": int(report.exit),
        "verdict": verdict(report).removeprefix("verdict: "),
        "alpha": ALPHA,
        "gate_alpha": GATE_ALPHA,
        "strict": report.strict,
        "obstacles": list(report.obstacles),
        "solvers": [_result(result) for result in report.results],
        "not_comparable": [
            {"family": contest.family, "base": contest.base_solver, "new": contest.new_solver}
            | {"only_base": _trials(contest.only_base), "only_new": _trials(contest.only_new)}
            for contest in report.apart
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
        "measures": [_finding(finding) for finding in result.findings],
        "lost": [_swing(swing) for swing in result.lost],
        "won": [_swing(swing) for swing in result.won],
        "mcnemar_p": mcnemar(len(result.won), len(result.lost)),
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


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "measure": finding.measure.name,
        "kind": finding.measure.kind,
        "better": finding.measure.better,
        "puzzles": finding.puzzles,
        "trials": finding.trials,
        "base": finding.base,
        "new": finding.new,
        "difference": finding.difference,
        "interval": finding.interval,
        "higher": finding.higher,
        "lower": finding.lower,
        "p": finding.p,
        "q": finding.q,
        "unjudged": finding.unjudged,
        "verdict": finding.verdict,
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
