"""Proposals of pairings: sure pairings from the weights, doubtful ones from the data, and peeling of small networks."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from solvers.api import Context
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.core.deadline import NEVER
from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.flagship import proposals
from solvers.reassembly.flagship.proposals import propose_pairings
from solvers.reassembly.ordering.polish import remove_inversions
from solvers.reassembly.ordering.refine import Refiner
from solvers.reassembly.ordering.starts import Source, Start, begin
from solvers.reassembly.pairing.views import PairingView, pairing_views
from solvers.reassembly.peeling.peel import peel
from tests.solvers.reassembly.planting import with_permuted_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.attempt import PairedBlocks
    from solvers.reassembly.flagship.proposals import Proposals
    from tests.solvers.reassembly.conftest import Dropped


@dataclass
class Bench:
    """A puzzle's attempt and refiner, and methods of the flagship that record their calls.

    Attributes:
        attempt: at the puzzle.
        refiner: of the puzzle.
        logged: lines of the log.
        ordered: pairs that were ordered.
        finished: assemblies that were finished.
    """

    attempt: Attempt
    refiner: Refiner
    logged: list[str]
    ordered: list[list[int]] = field(default_factory=list)
    finished: list[Assembly] = field(default_factory=list)

    @classmethod
    def of(cls, dropped: Dropped, wall_s: float = 60.0) -> Bench:
        logged: list[str] = []

        def log(text: str) -> None:
            logged.append(text)

        attempt = Attempt.begin(dropped.puzzle, Context(seed=1, wall_s=wall_s, log=log), 1_200)
        refiner = Refiner(dropped.puzzle.network, attempt.search, attempt.rng, attempt.deadline, attempt.best.offer)
        return cls(attempt, refiner, logged)

    def order(self, blocks: PairedBlocks) -> Assembly:
        self.ordered.append(blocks.partners)
        found = begin(self.refiner, blocks, Start(Source.MEAN_FIELD))
        return remove_inversions(self.refiner, found, repair=False)

    def finish(self, assembly: Assembly) -> Assembly:
        self.finished.append(assembly)
        return self.refiner.descend(assembly, patience=1, repair=True)

    def propose(self, *, data: bool = True, peeling: bool = False) -> Proposals:
        finish = self.finish if data else None
        return propose_pairings(self.attempt, self.refiner, self.order, finish, peeling=peeling, repair=True)

    def views(self) -> dict[str, PairingView]:
        return {view.name: view for view in pairing_views(self.attempt.puzzle.network, self.attempt.search)}


def true_partners(dropped: Dropped) -> list[int]:
    incoming, outgoing = dropped.puzzle.assembly(dropped.answer)
    return [partner for _, partner in sorted(zip(incoming, outgoing, strict=True))]


@pytest.fixture
def doubtful(young: Dropped) -> Bench:
    return Bench.of(young)


def test_a_trained_network_is_paired_by_its_weights_alone(trained: Dropped) -> None:
    bench = Bench.of(trained)
    found = bench.propose(peeling=True)

    assert found.sure
    assert [blocks.partners for blocks in found.pairings] == [true_partners(trained)]
    assert not bench.ordered
    assert not bench.finished
    assert bench.logged[-1].endswith("sure")


def test_sure_pairings_do_not_depend_on_the_predictions(trained: Dropped) -> None:
    puzzle = dataclasses.replace(trained.puzzle, predictions=torch.zeros_like(trained.puzzle.predictions))
    found = Bench.of(dataclasses.replace(trained, puzzle=puzzle)).propose()

    assert found.sure
    assert found.pairings[0].partners == true_partners(trained)


def test_doubtful_pairs_are_settled_by_the_data(young: Dropped, doubtful: Bench) -> None:
    views = doubtful.views()
    found = doubtful.propose()
    pairings = [blocks.partners for blocks in found.pairings]

    assert not found.sure
    assert views["combined"].partners != true_partners(young)
    assert doubtful.finished
    assert pairings[0] == true_partners(young)
    assert doubtful.refiner.solved(doubtful.attempt.best.assembly)
    assert len({tuple(partners) for partners in pairings}) == len(pairings) > 1
    assert views["combined"].partners in pairings
    assert doubtful.logged[0].endswith("in doubt")


def test_without_the_data_the_weights_propose_what_they_can(young: Dropped, doubtful: Bench) -> None:
    views = pairing_views(young.puzzle.network, doubtful.attempt.search)
    combined = next(view for view in views if view.name == "combined")
    found = doubtful.propose(data=False)
    expected = dict.fromkeys(tuple(view.partners) for view in (combined, *views[:2]))

    assert not found.sure
    assert not doubtful.ordered
    assert [tuple(blocks.partners) for blocks in found.pairings] == list(expected)


def test_pairings_from_the_data_come_with_the_lowest_error_first(doubtful: Bench) -> None:
    # No assembly counts as solved, so that every method is tried.
    doubtful.refiner.certifies = lambda _: False
    found: list[Assembly] = []

    def finish(assembly: Assembly) -> Assembly:
        found.append(assembly)
        return assembly

    proposed = propose_pairings(doubtful.attempt, doubtful.refiner, doubtful.order, finish, peeling=False, repair=False)
    best = sorted(found, key=lambda one: one.mse)
    expected = dict.fromkeys(tuple(assembly.partners) for assembly in best)

    assert len(found) >= 3  # two alternations and a propagation
    assert [tuple(blocks.partners) for blocks in proposed.pairings[: len(expected)]] == list(expected)


def test_small_networks_are_peeled(young: Dropped, doubtful: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    peeled: list[tuple[list[int], list[int]]] = []

    def recorded(*args: Any) -> tuple[list[int], list[int]]:
        peeled.append(peel(*args))
        return peeled[-1]

    monkeypatch.setattr(proposals, "peel", recorded)
    # Pairs of which nothing is known are not ordered first.
    monkeypatch.setattr(proposals, "LIKELY_MARGIN", 1e9)
    found = doubtful.propose(peeling=True)

    assert len(peeled) == 1
    assert doubtful.finished[0].halves == tuple(map(tuple, peeled[0]))
    assert found.pairings[0].partners == true_partners(young)


@pytest.mark.parametrize(
    ("depth", "rows", "outputs", "peelable"),
    [
        (5, 120, 1, True),  # 120 hidden units, as many numbers as rows
        (5, 119, 1, False),
        (5, 60, 2, True),
        (5, 24, 8, False),  # no more than two rows a dimension
        (5, 25, 8, True),
        (1, 200, 1, False),  # a single block has no order
        (83, 2_100, 1, True),  # 1,992 hidden units
        (84, 2_100, 1, False),  # 2,016 hidden units
    ],
)
def test_networks_are_peelable_if_small_and_with_enough_data(
    depth: int,
    rows: int,
    outputs: int,
    peelable: bool,  # noqa: FBT001 - a parameter of the test
    make_network: Callable[..., ResidualNetwork],
) -> None:
    network = make_network(0, depth=depth, outputs=outputs)
    search = Rows(torch.zeros(rows, 12), torch.zeros(rows, outputs), 1.0)
    refiner = Refiner(network, search, np.random.default_rng(0), NEVER, lambda _: None)

    assert proposals._peelable(refiner) is peelable


def test_after_the_deadline_the_weights_alone_propose(young: Dropped) -> None:
    bench = Bench.of(young, wall_s=1e-6)
    found = bench.propose(peeling=True)

    assert not found.sure
    assert found.pairings[0].partners == bench.views()["combined"].partners
    assert not bench.ordered
    assert not bench.finished


def test_few_halves_are_never_sure(make_puzzle: Callable[..., Dropped], trained: Dropped) -> None:
    few = make_puzzle(trained.network.reordered(range(4), range(4)), rows=600)
    bench = Bench.of(few)

    assert not bench.propose(data=False).sure


def test_halves_without_partners_are_not_sure(trained: Dropped) -> None:
    network = with_permuted_units(trained.puzzle.network, 0)
    puzzle = dataclasses.replace(trained.puzzle, network=network)

    assert not Bench.of(dataclasses.replace(trained, puzzle=puzzle)).propose(data=False).sure
