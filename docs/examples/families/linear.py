"""A family with an oracle: find the matrix of a hidden linear map by asking for its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

import netjigsaw as nj
from netjigsaw import Answer, Context, Made, Metric, Puzzle, Score, register


class LinearSpec(BaseModel):
    inputs: int = 6
    outputs: int = 2
    budget: int = 100


def generate(spec: LinearSpec, *, name: str, seed: int, progress: Any) -> Made:
    progress(1, 1, 0.0)
    weights = np.random.default_rng(seed).standard_normal((spec.outputs, spec.inputs))
    return nj.seal(
        family="linear",
        name=name,
        seed=seed,
        answer=None,
        pieces={},
        data={},
        spec=dict(spec),
        arrays={"weights": weights},  # secret: sealed with the answer, covered by its commitment
    )


def terms(puzzle: Puzzle) -> nj.OracleTerms:
    spec = LinearSpec.model_validate(puzzle.manifest.spec)
    return nj.OracleTerms(spec.inputs, spec.outputs, budget=spec.budget, low=-1.0, high=1.0)


def open_oracle(_: Puzzle, sealed: Any) -> Any:
    return lambda rows: rows @ sealed.arrays["weights"].T


def check(puzzle: Puzzle, answer: Answer) -> None:
    spec = LinearSpec.model_validate(puzzle.manifest.spec)
    if np.shape(answer.value) != (spec.outputs, spec.inputs):
        raise nj.AnswerError(f"the answer is not a matrix of {spec.outputs} x {spec.inputs} numbers")


def score(_: Puzzle, answer: Answer, sealed: Any, usage: Any) -> Score:
    error = float(np.abs(np.array(answer.value, dtype=float) - sealed.arrays["weights"]).max())
    return Score(error < 1e-9, {"error": error, "queries": usage.queries})


error = Metric("error", "worst weight error", "low", summary="median", shown="scientific", digits=1)
queries = Metric("queries", "queries", "low", summary="median", digits=0)
oracle = nj.OracleRecord(terms, open_oracle)
metrics = (error, queries)
nj.register_family(
    nj.Family("linear", "find a hidden matrix", LinearSpec, {}, generate, score, metrics, check=check, oracle=oracle)
)


@register(family="linear", name="unit-vectors")
class UnitVectors:
    """Ask for one unit vector after the other: their outputs are the columns of the matrix."""

    def solve(self, _: Puzzle, context: Context) -> Any:
        columns = [context.oracle(unit)[0] for unit in np.eye(context.oracle.terms.inputs)]
        return np.array(columns).T
