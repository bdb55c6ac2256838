"""Secret names of the symbols: rows are permuted, and permuted back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from generator.modular.relabelling import Relabelling, in_residues, in_symbols
from tests.generator.modular.random_networks import random_mlp, random_transformer

if TYPE_CHECKING:
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer


@pytest.mark.parametrize("network", [random_mlp(), random_transformer()], ids=["mlp", "transformer"])
def test_symbols_stand_for_residues_and_back(network: MLP | Transformer) -> None:
    names = Relabelling.drawn(11, np.random.default_rng(0), same=False)
    named = in_symbols(network, names)
    logits, of_symbols = network.logits(), named.logits()
    for i, j, s in ((0, 0, 0), (3, 7, 2), (10, 1, 5)):
        assert of_symbols[i, j, s] == pytest.approx(
            float(logits[names.first[i], names.second[j], names.out[s]]), abs=1e-12
        )
    torch.testing.assert_close(in_residues(named, names).logits(), logits)


def test_one_permutation_or_three() -> None:
    one = Relabelling.drawn(31, np.random.default_rng(1), same=True)
    assert (one.first == one.second).all()
    assert (one.first == one.out).all()
    three = Relabelling.drawn(31, np.random.default_rng(1), same=False)
    assert (three.first != three.second).any()
    assert (three.first != three.out).any()
    assert sorted(three.out.tolist()) == list(range(31))


def test_an_equivalent_relabelling_still_adds() -> None:
    names = Relabelling.drawn(13, np.random.default_rng(2), same=False)
    sums = {(a, b): int(np.argsort(names.out)[(names.first[a] + names.second[b]) % 13]) for a in (0, 5) for b in (1, 9)}
    moved = names.moved(5, 3, 11)
    for (a, b), symbol in sums.items():
        assert moved.out[symbol] == (moved.first[a] + moved.second[b]) % 13
