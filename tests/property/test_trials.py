"""The id of a trial depends on its content only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.results.trial import Limits, Trial
from benchmark.running.planning.plan import plan
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle
from solvers.reference import Reference

if TYPE_CHECKING:
    import random

HERE = Path(__file__).parent.parent / "benchmark"
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
PARAMETERS = st.dictionaries(st.text(max_size=8), SCALARS | st.text(max_size=8), max_size=5)
LIMITS = st.builds(
    Limits,
    wall_s=st.none() | st.floats(0.1, 1e6),
    cpu_s=st.none() | st.floats(0.1, 1e6),
    memory_mib=st.none() | st.floats(1, 1e6),
    output_mib=st.floats(1, 100),
    threads=st.integers(1, 64),
)
TRIALS = st.builds(
    Trial,
    puzzle=st.text("0123456789abcdef", min_size=64, max_size=64),
    family=st.sampled_from(["toy", "reassembly"]),
    solver=st.text(min_size=1, max_size=10),
    source=st.text(max_size=16),
    parameters=PARAMETERS,
    seed=st.integers(0, 2**53),
    limits=LIMITS,
)


def changed(trial: Trial, **changes: Any) -> Trial:
    return Trial(**{**vars(trial), **changes})


@given(TRIALS, st.randoms(use_true_random=False))
def test_the_order_of_parameters_does_not_matter(trial: Trial, rng: random.Random) -> None:
    items = list(trial.parameters.items())
    rng.shuffle(items)
    assert changed(trial, parameters=dict(items)).id == trial.id


@given(TRIALS)
def test_an_id_survives_a_round_trip_through_json(trial: Trial) -> None:
    limits = Limits.model_validate_json(trial.limits.model_dump_json())
    parameters = json.loads(json.dumps(trial.parameters))
    assert changed(trial, limits=limits, parameters=parameters).id == trial.id


@given(TRIALS, TRIALS)
def test_equal_ids_mean_equal_cells(one: Trial, other: Trial) -> None:
    assert (one.id == other.id) == (one == other)


@given(TRIALS)
def test_every_part_counts(trial: Trial) -> None:
    others = [
        changed(trial, puzzle="f" * 63 + ("0" if trial.puzzle[-1] != "0" else "1")),
        changed(trial, family=trial.family + "x"),
        changed(trial, solver=trial.solver + "x"),
        changed(trial, source=trial.source + "x"),
        changed(trial, parameters={**trial.parameters, "one more name": 1}),
        changed(trial, seed=trial.seed + 1),
        changed(trial, limits=trial.limits.model_copy(update={"threads": trial.limits.threads + 1})),
    ]
    assert len({trial.id, *(other.id for other in others)}) == 8


@settings(deadline=None, max_examples=25)
@given(st.randoms(use_true_random=False))
def test_a_plan_has_the_same_ids_in_whatever_order_it_is_asked_for(rng: random.Random) -> None:
    toy = load_file(HERE / "toy.py")
    made = [toy.make_toy(seed=seed) for seed in range(3)]
    puzzles = [LoadedPuzzle(one.puzzle, one.sealed) for one in made]
    solvers = [Reference(f"{HERE}/toy_solvers.py:{name}") for name in ("exact", "identity", "gives_up")]
    seeds = [0, 1, 2]
    ids = [cell.trial.id for cell in plan(puzzles, solvers, seeds, Limits())]
    for part in (puzzles, solvers, seeds):
        rng.shuffle(part)
    again = [cell.trial.id for cell in plan([*puzzles, puzzles[0]], [*solvers, solvers[0]], seeds, Limits())]
    assert sorted(again) == sorted(ids)
    assert len(set(ids)) == len(ids) == 27
