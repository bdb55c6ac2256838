"""The refiner: only the exact error decides, no step raises the error, and every gain is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.deadline import NEVER, Deadline
from solvers.reassembly.core.evaluation import order_mse, split_rows
from solvers.reassembly.ordering.refine import Refiner

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

STEPS: dict[str, Callable[[Refiner, Assembly], Assembly]] = {
    "relocate": lambda refiner, assembly: refiner.relocate(assembly),
    "relocate deep": lambda refiner, assembly: refiner.relocate(assembly, deep=True),
    "exchange": lambda refiner, assembly: refiner.exchange(assembly),
    "climb": lambda refiner, assembly: refiner.climb(assembly),
    "descend": lambda refiner, assembly: refiner.descend(assembly, repair=True),
}


@dataclass(frozen=True, eq=False)
class Bench:
    """A refiner and the answers that it reported."""

    refiner: Refiner
    reports: list[Assembly]


def bench(dropped: Dropped, seed: int = 0, deadline: Deadline = NEVER) -> Bench:
    rows, _ = split_rows(dropped.puzzle, 700, np.random.default_rng(0))
    reports: list[Assembly] = []
    rng = np.random.default_rng(seed)
    return Bench(Refiner(dropped.network, rows, rng, deadline, reports.append), reports)


def draw_assembly(refiner: Refiner, seed: int, *, paired: bool = True) -> Assembly:
    rng = np.random.default_rng(seed)
    incoming = rng.permutation(refiner.halves.depth).tolist()
    outgoing = incoming if paired else rng.permutation(refiner.halves.depth).tolist()
    return refiner.measure(tuple(incoming), tuple(outgoing))


def exact_mse(refiner: Refiner, assembly: Assembly) -> float:
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    return order_mse(network, refiner.deciding, range(network.depth))


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
@pytest.mark.parametrize("step", STEPS)
def test_steps_are_never_worse_and_report_what_they_gain(step: str, kind: str, request: pytest.FixtureRequest) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    gained = 0
    for seed in range(3):
        one = bench(dropped, seed)
        before = draw_assembly(one.refiner, seed, paired=seed > 0)
        after = STEPS[step](one.refiner, before)
        errors = [before.mse, *(report.mse for report in one.reports)]

        assert sorted(after.incoming) == sorted(after.outgoing) == list(range(8))
        assert after.mse == exact_mse(one.refiner, after)
        assert errors == sorted(errors, reverse=True)
        assert (one.reports[-1] if one.reports else before) == after
        gained += after.mse < before.mse
    assert gained >= 2


@pytest.mark.parametrize("step", STEPS)
def test_equal_seeds_give_equal_steps(step: str, trained: Dropped) -> None:
    found = []
    for _ in range(2):
        one = bench(trained, 5)
        found.append((STEPS[step](one.refiner, draw_assembly(one.refiner, 2, paired=False)), one.reports))

    assert found[0] == found[1]


@pytest.mark.parametrize("step", ["relocate", "climb"])
def test_moves_keep_pairs_together(step: str, trained: Dropped) -> None:
    one = bench(trained)
    before = draw_assembly(one.refiner, 3, paired=False)
    after = STEPS[step](one.refiner, before)

    assert after != before
    assert dict(zip(after.incoming, after.outgoing, strict=True)) == dict(
        zip(before.incoming, before.outgoing, strict=True)
    )


def test_a_solved_assembly_is_left_alone(trained: Dropped) -> None:
    one = bench(trained)
    truth = one.refiner.measure(tuple(range(8)), tuple(range(8)))

    assert one.refiner.solved(truth)
    assert one.refiner.descend(truth, repair=True) == one.refiner.exchange(truth) == one.refiner.climb(truth) == truth
    assert not one.reports


def test_the_model_does_not_decide(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    # A measure that finds everything worse: whatever the models promise, nothing is accepted.
    one = bench(trained)
    before = draw_assembly(one.refiner, 1)
    asked = []

    def worse(incoming: tuple[int, ...], outgoing: tuple[int, ...]) -> Assembly:
        asked.append((incoming, outgoing))
        return Assembly(incoming, outgoing, before.mse, before.rows)

    monkeypatch.setattr(one.refiner, "measure", worse)

    assert one.refiner.relocate(before) == before
    assert one.refiner.exchange(before) == before
    assert asked
    assert not one.reports


def test_exchange_repairs_a_wrong_pair(trained: Dropped) -> None:
    one = bench(trained)
    wrong = one.refiner.measure(tuple(range(8)), (0, 3, 2, 1, 4, 5, 6, 7))

    assert one.refiner.solved(one.refiner.exchange(wrong))


def test_climb_undoes_a_move(trained: Dropped) -> None:
    one = bench(trained)
    moved = (0, 2, 3, 4, 5, 1, 6, 7)

    assert one.refiner.climb(one.refiner.measure(moved, moved)).incoming == tuple(range(8))


def test_without_repair_halves_keep_their_partners(trained: Dropped) -> None:
    one = bench(trained)
    before = draw_assembly(one.refiner, 0, paired=False)
    after = one.refiner.descend(before, repair=False)
    perturbed = [one.refiner.perturb(after, 3, repair=False) for _ in range(20)]

    partners = dict(zip(before.incoming, before.outgoing, strict=True))
    for assembly in (after, *perturbed):
        assert dict(zip(assembly.incoming, assembly.outgoing, strict=True)) == partners


def test_perturbations_move_blocks_and_now_and_then_exchange_two_halves(trained: Dropped) -> None:
    one = bench(trained)
    truth = one.refiner.measure(tuple(range(8)), tuple(range(8)))
    perturbed = [one.refiner.perturb(truth, 2, repair=True) for _ in range(200)]
    exchanged = [sum(i != j for i, j in zip(one.incoming, one.outgoing, strict=True)) for one in perturbed]

    assert {*exchanged} == {0, 2}
    assert 0.15 < exchanged.count(2) / 200 < 0.45
    assert len({one.incoming for one in perturbed}) > 50
    for assembly in perturbed[:10]:
        assert assembly.mse == exact_mse(one.refiner, assembly)
    assert not one.reports  # a perturbation is no gain


def test_a_single_block_can_be_perturbed(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    one = bench(make_puzzle(make_network(0, depth=1)))
    alone = one.refiner.measure((0,), (0,))

    assert {one.refiner.perturb(alone, 2, repair=True) for _ in range(30)} == {alone}


def test_stopped_steps_hand_back_what_they_have(trained: Dropped) -> None:
    one = bench(trained, deadline=NEVER.at(0.0))
    before = draw_assembly(one.refiner, 1)

    assert one.refiner.descend(before, repair=True) == one.refiner.exchange(before) == before
    assert one.refiner.climb(before) == before
    assert not one.reports


def test_assemblies_of_no_finite_error_are_left_alone(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    dropped = make_puzzle(make_network(0))
    one = bench(dropped)
    one.refiner.halves = one.refiner.halves.reordered(range(5), range(5))
    one.refiner.halves.V.mul_(1e20)
    broken = one.refiner.measure(tuple(range(5)), tuple(range(5)))

    assert broken.mse == float("inf")
    assert one.refiner.relocate(broken) == one.refiner.exchange(broken) == one.refiner.climb(broken) == broken


def test_draws_are_rows_of_the_search_without_repetition(trained: Dropped) -> None:
    one = bench(trained)
    drawn = one.refiner.draw(50)
    everything = {tuple(row) for row in one.refiner.search.inputs.tolist()}

    assert drawn.count == 50
    assert len({tuple(row) for row in drawn.inputs.tolist()} & everything) == 50
    assert one.refiner.draw(10_000).count == one.refiner.search.count
