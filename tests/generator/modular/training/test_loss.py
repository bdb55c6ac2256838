"""The loss keeps its precision when the network is sure, and the scores are those of the networks' own functions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from generator.modular.network.model import accuracy, margin, sums
from generator.modular.training.loss import cross_entropy, evaluate
from generator.modular.training.pairs import lay_out


def flat(target: torch.Tensor, classes: int) -> torch.Tensor:
    return target + classes * torch.arange(len(target))


@pytest.mark.parametrize("lead", [-60.0, 0.0, 10.0, 30.0])
def test_float32_logits_give_the_float64_loss_and_gradient(lead: float) -> None:
    logits = torch.randn(20, 7, generator=torch.Generator().manual_seed(0))
    target = torch.arange(20) % 7
    logits[torch.arange(20), target] += lead
    weight = torch.full((20,), 1 / 20)
    loss, pull = cross_entropy(logits, flat(target, 7), weight)
    exact = logits.double().requires_grad_()
    # softplus of the logarithm of the odds does not cancel
    correct = exact[torch.arange(20), target]
    others = exact.masked_fill(functional.one_hot(target, 7).bool(), -math.inf).logsumexp(dim=1)
    expected = functional.softplus(others - correct).mean()
    expected.backward()  # type: ignore[no-untyped-call]
    assert float(loss) == pytest.approx(expected.item(), rel=1e-5)
    assert exact.grad is not None
    assert torch.allclose(pull.double(), exact.grad, rtol=1e-5, atol=0)


@pytest.mark.parametrize("half", [False, True])
def test_scores_are_over_all_pairs(half: bool) -> None:  # noqa: FBT001
    p = 7
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(p, p, p, generator=generator, dtype=torch.float64)
    logits = (logits + logits.transpose(0, 1) + 2 * functional.one_hot(sums(p), p)) if half else logits
    trained = torch.rand(p, p, generator=generator) < 0.6
    pairs = lay_out(trained, half=half)
    scores = evaluate(logits[pairs.first, pairs.second], pairs)
    assert scores.accuracy == pytest.approx(accuracy(logits))
    assert scores.margin == pytest.approx(margin(logits))
    right = (logits.argmax(dim=2) == sums(p)).double()
    assert scores.train_accuracy == pytest.approx(float(right[trained].mean()))
    for mask, loss in ((trained, scores.train_loss), (~trained, scores.validation_loss)):
        assert loss == pytest.approx(float(functional.cross_entropy(logits[mask], sums(p)[mask])))


def test_without_other_pairs_their_loss_is_undefined() -> None:
    pairs = lay_out(torch.ones(5, 5, dtype=torch.bool), half=False)
    assert math.isnan(evaluate(torch.zeros(25, 5), pairs).validation_loss)
