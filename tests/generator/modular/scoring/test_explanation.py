"""An explanation is evaluated on all pairs: share of pairs, and R2 of the logits."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from generator.modular.answers import Term
from generator.modular.relabelling import Relabelling
from generator.modular.scoring.explanation import explained_logits, score_explanation

TERMS = (
    Term(3, clock=1.0),
    Term(7, offset=2.0, pizza=2.0, companion=-0.8),
    Term(11, offset=0.5, square=0.7, clock=-0.1),
)


def by_formula(terms: tuple[Term, ...], p: int) -> np.ndarray:
    """Evaluate the formula of `Term` for every a, b, c."""
    logits = np.zeros((p, p, p))
    for a in range(p):
        for b in range(p):
            for term in terms:
                rate = 2 * math.pi * term.frequency / p
                x = rate * (a - b - term.offset) / 2
                size = term.clock + term.pizza * abs(math.cos(x)) + term.companion * math.cos(2 * x)
                size += term.square * math.cos(x) ** 2
                logits[a, b] += size * np.cos(rate * (a + b - np.arange(p)))
    return logits


@pytest.mark.parametrize("p", [23, 24])
def test_the_formula_explains_itself_under_any_names(p: int) -> None:
    names = Relabelling.drawn(p, np.random.default_rng(0), same=False)
    logits = by_formula(TERMS, p)[names.first][:, names.second][:, :, names.out]
    offsets = np.random.default_rng(1).standard_normal((p, p, 1))  # of each pair, common to all classes
    found = score_explanation(TERMS, logits + offsets, names)
    assert found.accuracy == 1
    assert found.r2 == pytest.approx(1, abs=1e-12)


def test_equivalent_names_need_the_frequencies_and_offsets_of_those_names() -> None:
    p = 23
    names = Relabelling.drawn(p, np.random.default_rng(0), same=False)
    whole = TERMS[:2]  # their offsets are whole residues, which the names move
    logits = by_formula(whole, p)[names.first][:, names.second][:, :, names.out]
    moved = names.moved(2, 3, 8)
    back = pow(2, -1, p)
    terms = tuple(replace(t, frequency=t.frequency * back % p, offset=2 * t.offset + 3 - 8) for t in whole)
    assert score_explanation(terms, logits, moved).r2 == pytest.approx(1, abs=1e-12)
    assert score_explanation(whole, logits, moved).r2 < 0.9


def test_accuracy_and_r2_are_those_of_an_enumeration() -> None:
    p, rng = 11, np.random.default_rng(3)
    logits = rng.standard_normal((p, p, p)) + 6 * by_formula(TERMS[:1], p)
    terms = (Term(3, clock=0.4, pizza=0.3), Term(2, companion=0.2))
    explained = by_formula(terms, p)
    centred = logits - logits.mean(axis=2, keepdims=True)
    found = score_explanation(terms, logits, Relabelling.identity(p))
    ranked = np.sort(explained, axis=2)
    decided = ranked[:, :, -1] > ranked[:, :, -2] + 1e-6  # t and -t are always alike
    right = decided & (explained.argmax(axis=2) == logits.argmax(axis=2))
    assert found.accuracy == right.mean()
    assert 0.3 < found.accuracy < 1
    assert found.r2 == pytest.approx(1 - ((centred - explained) ** 2).sum() / (centred**2).sum())


@pytest.mark.parametrize("terms", [(), (Term(3),), (Term(3, clock=-1.0),)])
def test_an_explanation_that_decides_nothing_or_the_opposite_scores_nothing(terms: tuple[Term, ...]) -> None:
    found = score_explanation(terms, by_formula(TERMS[:1], 23), Relabelling.identity(23))
    assert (found.accuracy, found.r2) == (0, 0)


def test_huge_amplitudes_do_not_break_the_score() -> None:
    found = score_explanation((Term(3, clock=1e9, offset=1e9),), by_formula(TERMS[:1], 23), Relabelling.identity(23))
    assert (found.accuracy, found.r2) == (1, 0)


def test_logits_depend_on_difference_and_rest_only() -> None:
    logits = explained_logits(TERMS, 23)
    assert logits[5, 9] == pytest.approx(by_formula(TERMS, 23)[7, 2, 0], abs=1e-12)


def test_the_largest_modulus_is_fast() -> None:
    logits = np.random.default_rng(0).standard_normal((113, 113, 113))
    began = time.process_time()
    score_explanation(TERMS, logits, Relabelling.drawn(113, np.random.default_rng(0), same=False))
    assert time.process_time() - began < 0.6
