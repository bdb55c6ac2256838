"""Neighbours of an assembly, against assemblies that are built and run one by one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import torch

from generator.reassembly.making.generate import initial_network
from generator.reassembly.scoring import neighbours as module
from generator.reassembly.scoring.neighbours import neighbours, predictions_of
from generator.reassembly.spec import ReassemblySpec

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 5


def by_hand(reach: int) -> Iterator[tuple[list[int], list[int]]]:
    straight = list(range(DEPTH))
    for a, b in itertools.permutations(range(DEPTH), 2):
        if abs(a - b) <= reach:
            order = straight.copy()
            order.insert(b, order.pop(a))
            yield order, order
    for a, b in itertools.combinations(range(DEPTH), 2):
        if b - a <= reach:
            other = straight.copy()
            other[a], other[b] = b, a
            yield other, straight
            yield straight, other


@pytest.mark.parametrize("reach", [1, 2, 9])
def test_every_move_and_exchange_is_listed_once(reach: int) -> None:
    listed = [neighbour.assembly(DEPTH) for neighbour in neighbours(DEPTH, reach)]
    assert len({str(assembly) for assembly in listed}) == len(listed)
    assert {str(assembly) for assembly in listed} == {str(assembly) for assembly in by_hand(reach)}


@pytest.mark.parametrize("chunk", [1, 3 * 7 * 8, 1 << 22])
def test_predictions_are_those_of_the_whole_assemblies(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_NUMBERS", chunk)
    spec = ReassemblySpec.model_validate({"depth": DEPTH, "width": 6, "hidden": 8, "outputs": 2, "activation": "gelu"})
    network = initial_network(spec, torch.Generator().manual_seed(0)).to(torch.float64)
    x = torch.randn(7, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    among = list(neighbours(DEPTH, DEPTH))
    found = predictions_of(network, among, x)
    for neighbour, prediction in zip(among, found, strict=True):
        torch.testing.assert_close(prediction, network.reordered(*neighbour.assembly(DEPTH))(x))


def test_a_single_block_has_no_neighbours() -> None:
    assert list(neighbours(1, 4)) == []
    spec = ReassemblySpec.model_validate({"depth": 1, "width": 3, "hidden": 4})
    network = initial_network(spec, torch.Generator().manual_seed(0))
    assert predictions_of(network, [], torch.zeros(2, 3)).shape == (0, 2, 1)
