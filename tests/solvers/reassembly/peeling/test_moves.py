"""Predicted changes of moves against the exact changes, for a block whose effect is small.

A prediction is first-order in the displacement of the states at the prefix's end. So a block is scaled: V and e times a
small epsilon. A move of that block then displaces the states by a multiple of epsilon, and the prediction must miss the
exact change by a multiple of epsilon squared. Two parts of the exact change are not predicted and left out here: the
halves behind the prefix stay the same, and the displacement's mean over rows is subtracted.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import torch

from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.peeling import moves as module
from solvers.reassembly.peeling.evidence import evidence
from solvers.reassembly.peeling.moves import insertions, relocations, removals
from solvers.reassembly.peeling.prefix import Move, PrefixModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.peeling.evidence import Slope
    from solvers.reassembly.peeling.prefix import Block, Prefix

DEPTH, ROWS = 7, 500
EPSILON = 1e-4
TOLERANCE = 100 * EPSILON
BLOCKS = ((2, 4), (0, 1), (3, 0), (5, 5))
PRIOR = torch.randn(DEPTH, DEPTH, generator=torch.Generator().manual_seed(3))


@dataclasses.dataclass(frozen=True, eq=False)
class Scaled:
    """A prefix with some scaled outgoing halves, in float64."""

    model: PrefixModel
    prefix: Prefix
    slope: Slope

    def exact_change(self, blocks: tuple[Block, ...]) -> float:
        """Compute the change of the evidence when these blocks displace the states behind the prefix."""
        model, end = self.model, self.prefix.states[-1]
        states = self.prefix.states[0]
        for block in blocks:
            states = model.advance(block, states)
        displacement = states - end
        displacement = displacement - displacement.mean(dim=0)
        rest = model.rest(self.prefix.blocks)
        before, after = (evidence(rest, one, model.targets, model.ratio) for one in (end, end + displacement))
        return after - before

    def blocks(self, move: Move) -> tuple[Block, ...]:
        """Give all blocks of the prefix after a move."""
        return (*self.prefix.blocks[: move.start], *move.blocks)


def scaled(network: ResidualNetwork, outgoing: set[int], epsilon: float = EPSILON) -> Scaled:
    factors = torch.tensor([epsilon if j in outgoing else 1.0 for j in range(DEPTH)])
    halves = dataclasses.replace(network, V=network.V * factors[:, None, None], e=network.e * factors[:, None])
    inputs = torch.randn(ROWS, network.U.shape[2], generator=torch.Generator().manual_seed(1))
    targets = network(inputs)
    model = PrefixModel(halves, Rows(inputs, targets, float(targets.var())), PRIOR)
    begun = model.begin()
    model.use_float64()
    prefix = model.moved(begun, Move(0.0, 0, BLOCKS))
    slope = model.slope(prefix)
    assert slope is not None
    return Scaled(model, prefix, slope)


@pytest.fixture(params=[(1, "tanh"), (3, "gelu")], ids=["tanh", "gelu, 3 outputs"])
def network(request: pytest.FixtureRequest, make_network: Callable[..., ResidualNetwork]) -> ResidualNetwork:
    outputs, activation = request.param
    return make_network(0, depth=DEPTH, outputs=outputs, activation=activation)


def test_insertions_are_predicted_to_first_order_at_their_best_position(network: ResidualNetwork) -> None:
    small = scaled(network, {2, 3, 6})
    found = insertions(small.model, small.prefix, small.slope, back=3, count=9)

    pairs = set()
    for move in found:
        ((i, j),) = set(small.blocks(move)) - set(BLOCKS)
        pairs.add((i, j))
        assert small.blocks(move) == (*BLOCKS[: move.start], (i, j), *BLOCKS[move.start :])
        exact = {
            position: small.exact_change((*BLOCKS[:position], (i, j), *BLOCKS[position:])) for position in range(1, 5)
        }
        size = max(abs(change) for change in exact.values())
        assert move.predicted + float(PRIOR[i, j]) == pytest.approx(exact[move.start], abs=TOLERANCE * size)
        assert exact[move.start] == pytest.approx(min(exact.values()), abs=TOLERANCE * size)
    assert pairs == {(i, j) for i in (1, 4, 6) for j in (2, 3, 6)}
    assert [move.predicted for move in found] == sorted(move.predicted for move in found)


def test_the_insertions_with_the_lowest_predicted_change_are_listed(network: ResidualNetwork) -> None:
    whole = scaled(network, set())
    found = insertions(whole.model, whole.prefix, whole.slope, back=0, count=9)

    assert {move.start for move in found} == {len(BLOCKS)}
    assert insertions(whole.model, whole.prefix, whole.slope, back=0, count=4) == found[:4]


@pytest.mark.parametrize("block", BLOCKS)
def test_relocations_are_predicted_to_first_order(block: Block, network: ResidualNetwork) -> None:
    small = scaled(network, {block[1]})
    others = [one for one in BLOCKS if one != block]
    of_block = [
        move
        for move in relocations(small.model, small.prefix, small.slope, back=len(BLOCKS))
        if [one for one in small.blocks(move) if one != block] == others
    ]
    exact = [small.exact_change(small.blocks(move)) for move in of_block]

    assert len(of_block) == len(BLOCKS) - 1
    for move, change in zip(of_block, exact, strict=True):
        assert change != 0.0
        assert move.predicted == pytest.approx(change, abs=TOLERANCE * max(map(abs, exact)))


def test_every_relocation_is_listed_once(network: ResidualNetwork) -> None:
    whole = scaled(network, set())
    found = [whole.blocks(move) for move in relocations(whole.model, whole.prefix, whole.slope, back=len(BLOCKS))]
    expected = set()
    for source in range(4):
        for target in range(4):
            order = list(BLOCKS)
            order.insert(target, order.pop(source))
            expected.add(tuple(order))

    assert len(found) == len(set(found))
    assert set(found) == expected - {BLOCKS}
    late = relocations(whole.model, whole.prefix, whole.slope, back=2)
    assert [whole.blocks(move) for move in late] == [(*BLOCKS[:2], BLOCKS[3], BLOCKS[2])]


@pytest.mark.parametrize("bias", [0.0, -2.5])
@pytest.mark.parametrize("position", range(4))
def test_removals_are_predicted_to_first_order(position: int, bias: float, network: ResidualNetwork) -> None:
    i, j = BLOCKS[position]
    small = scaled(network, {j})
    move = removals(small.model, small.prefix, small.slope, back=len(BLOCKS), bias=bias)[position]
    exact = small.exact_change(small.blocks(move))

    assert small.blocks(move) == (*BLOCKS[:position], *BLOCKS[position + 1 :])
    assert exact != 0.0
    assert move.predicted - float(PRIOR[i, j]) + bias == pytest.approx(exact, rel=TOLERANCE)


def test_only_the_last_blocks_are_removed(network: ResidualNetwork) -> None:
    whole = scaled(network, set())
    found = removals(whole.model, whole.prefix, whole.slope, back=2, bias=0.0)

    assert [whole.blocks(move) for move in found] == [(*BLOCKS[:2], BLOCKS[3]), BLOCKS[:3]]


def test_predictions_on_fewer_rows_are_scaled_to_all(network: ResidualNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scaled(network, set())
    on_all = removals(whole.model, whole.prefix, whole.slope, back=4, bias=0.0)
    monkeypatch.setattr(module, "PREDICTED_ROWS", ROWS // 2)
    on_half = removals(whole.model, whole.prefix, whole.slope, back=4, bias=0.0)
    changes = torch.tensor([[move.predicted for move in moves] for moves in (on_all, on_half)])
    odds = torch.tensor([float(PRIOR[block]) for block in BLOCKS])
    all_rows, half_rows = changes - odds

    assert not torch.equal(all_rows, half_rows)
    assert float(half_rows.norm() / all_rows.norm()) == pytest.approx(1.0, abs=0.3)
