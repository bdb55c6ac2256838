"""R2 of predicted outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from generator.modular.scoring.outcomes import outcome_r2, score_outcomes

TRUE = np.random.default_rng(0).standard_normal(128) + 3


def test_the_truth_has_r2_one_and_the_mean_has_none() -> None:
    assert outcome_r2(TRUE, TRUE) == 1
    assert outcome_r2(np.full(128, TRUE.mean()), TRUE) == pytest.approx(0, abs=1e-12)
    assert outcome_r2(TRUE + 0.1, TRUE) == pytest.approx(1 - 0.01 / TRUE.var())


def test_no_prediction_is_worse_than_none() -> None:
    assert outcome_r2(np.full(128, 1e9), TRUE) == 0


def test_a_constant_outcome_needs_its_value_and_not_its_ripple() -> None:
    flat = 5 + 1e-3 * TRUE
    assert outcome_r2(np.full(128, 5.0), flat) > 0.99
    assert outcome_r2(np.full(128, 4.0), flat) == 0
    assert outcome_r2(np.zeros(128), np.zeros(128)) == 1
    assert outcome_r2(TRUE, np.zeros(128)) == 0


def test_outcomes_that_are_not_scored_do_not_count_and_missing_ones_do() -> None:
    assert score_outcomes((TRUE, None, None), (TRUE, TRUE, None)) == 0.5
    assert score_outcomes((TRUE, TRUE), (None, None)) is None
