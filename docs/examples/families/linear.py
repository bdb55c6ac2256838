"""A family with an oracle: find the matrix of a hidden linear map by asking for its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

import netjigsaw as nj


class LinearSpec(BaseModel):
    inputs: int = 6
    outputs: int = 2
    budget: int = 100


def generate(spec: LinearSpec, *, name: str, seed: int, progress: Any) -> nj.Made:
    kept = {"weights": np.random.default_rng(seed).standard_normal((spec.outputs, spec.inputs))}
    progress(1, 1, 0.0)
    return nj.seal(family="linear", name=name, seed=seed, answer=None, arrays=kept, pieces={}, data={}, spec=dict(spec))


def terms(puzzle: nj.Puzzle) -> nj.OracleTerms:
    spec = LinearSpec.model_validate(puzzle.manifest.spec)
    return nj.OracleTerms(spec.inputs, spec.outputs, budget=spec.budget, low=-1.0, high=1.0)


def open_oracle(_: nj.Puzzle, sealed: Any) -> Any:
    return lambda rows: rows @ sealed.arrays["weights"].T  # runs beside the harness, never beside the solver


def score(puzzle: nj.Puzzle, answer: nj.Answer, sealed: Any, usage: Any) -> nj.Score:
    shape = terms(puzzle).outputs, terms(puzzle).inputs
    try:
        found = np.array(answer.value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    if found.shape != shape:
        raise nj.AnswerError(f"the answer is not {shape[0]} rows of {shape[1]} numbers")
    error = float(np.abs(found - sealed.arrays["weights"]).max())
    return nj.Score(solved=error < 1e-9, metrics={"error": error, "queries": usage.queries})


error = nj.Metric("error", "worst weight error", "low", summary="median", shown="scientific", digits=1)
queries = nj.Metric("queries", "queries", "low", summary="median", digits=0)
oracle = nj.OracleRecord(terms, open_oracle)
LINEAR = nj.Family("linear", "find a hidden matrix", LinearSpec, {}, generate, score, (error, queries), oracle=oracle)
nj.register_family(LINEAR)


@nj.register(family="linear", name="unit-vectors")
class UnitVectors:
    """Ask for one unit vector after the other: their outputs are the columns of the matrix."""

    def solve(self, _: nj.Puzzle, context: nj.Context) -> Any:
        columns = [context.oracle(unit)[0] for unit in np.eye(context.oracle.terms.inputs)]
        return np.array(columns).T
