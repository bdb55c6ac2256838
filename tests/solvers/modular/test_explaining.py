"""Explanations recover amplitudes and offsets, and use the simplest forms that suffice."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from generator.modular.answers import Term
from generator.modular.scoring.explanation import explained_logits
from solvers.modular.explaining import explain, fitted_term


def logits_of(terms: list[Term], p: int) -> torch.Tensor:
    """Evaluate terms at all pairs and classes, p x p x p."""
    residues = np.arange(p)
    first, second, out = residues[:, None, None], residues[:, None], residues
    return torch.from_numpy(explained_logits(terms, p)[(first - second) % p, (first + second - out) % p])


def test_terms_are_found_again_in_their_simplest_form() -> None:
    terms = [Term(3, clock=4.0), Term(5, pizza=3.5), Term(11, 4.0, pizza=3.0), Term(9, square=12.0)]
    found = explain(logits_of(terms, 31), [3, 5, 11, 9])
    assert found.accuracy == 1
    assert found.r2 > 0.99
    assert [set(entry) - {"frequency", "offset"} for entry in found.entries] == [
        {"clock"},
        {"pizza"},
        {"pizza"},
        {"square"},
    ]
    assert found.terms[0].clock == pytest.approx(4)
    assert found.terms[2].pizza == pytest.approx(3, rel=0.1)


def test_the_offset_of_d_is_found() -> None:
    p, k = 29, 4
    curve = 2 * np.abs(np.cos(np.pi * k * (np.arange(p) - 6.3) / p))
    term = fitted_term(curve, k, ("pizza",))
    assert term.pizza == pytest.approx(2, abs=0.01)
    assert (term.offset - 6.3 + p / k / 2) % (p / k) - p / k / 2 == pytest.approx(0, abs=0.02)
