from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import torch

from generator.reassembly.network.tasks import TARGETS, make_task
from generator.reassembly.spec import ReassemblySpec

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 60_000


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spec(task: str, **changes: object) -> ReassemblySpec:
    return ReassemblySpec.model_validate({"task": task, "width": 9, "outputs": 3, **changes})


def excess_kurtosis(x: Tensor) -> Tensor:
    z = (x - x.mean(dim=0)) / x.std(dim=0)
    return z.pow(4).mean(dim=0) - 3


@pytest.mark.parametrize("width", [1, 2, 9, 24])
def test_inputs_have_mean_zero_and_variance_one(width: int) -> None:
    x, _ = make_task(spec("waves", width=width), rng(1)).sample(ROWS, rng(2))
    assert x.shape == (ROWS, width)
    assert x.mean(dim=0).abs().max() < 0.03
    assert (x.var(dim=0) - 1).abs().max() < 0.06


def test_inputs_are_correlated_and_not_gaussian() -> None:
    x, _ = make_task(spec("waves"), rng(1)).sample(ROWS, rng(2))
    correlation = torch.corrcoef(x.T) - torch.eye(9)
    assert correlation.abs().max() > 0.2
    # Independent Gaussian columns of this many rows would stay below 0.1.
    assert excess_kurtosis(x).abs().max() > 0.5


@pytest.mark.parametrize("task", sorted(TARGETS))
def test_noiseless_targets_have_variance_one(task: str) -> None:
    made = make_task(spec(task), rng(3))
    x, _ = made.sample(ROWS, rng(4))
    target = made.target(x)
    assert target.shape == (ROWS, 3)
    assert target.mean(dim=0).abs().max() < 0.05
    assert (target.var(dim=0) - 1).abs().max() < 0.1


@pytest.mark.parametrize("noise", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("task", ["waves", "teacher", "products"])
def test_noise_is_as_strong_as_said(task: str, noise: float) -> None:
    made = make_task(spec(task, noise=noise), rng(3))
    x, y = made.sample(ROWS, rng(4))
    assert (y - made.target(x)).std().item() == pytest.approx(noise, rel=0.02, abs=1e-6)


def test_classes_are_numbers_of_the_largest_logit() -> None:
    made = make_task(spec("classes", noise=0.0), rng(5))
    x, y = made.sample(2000, rng(6))
    assert y.shape == (2000, 1)
    assert y.dtype == torch.float32
    assert torch.equal(y[:, 0].long(), made.target(x).argmax(dim=1))
    assert set(y[:, 0].tolist()) == {0.0, 1.0, 2.0}


def test_noise_of_classes_changes_some_labels() -> None:
    made = make_task(spec("classes", noise=1.0), rng(5))
    x, y = made.sample(2000, rng(6))
    changed = (y[:, 0].long() != made.target(x).argmax(dim=1)).double().mean().item()
    assert 0.1 < changed < 0.6


@pytest.mark.parametrize("task", sorted(TARGETS))
def test_targets_are_not_linear(task: str) -> None:
    made = make_task(spec(task), rng(7))
    x, _ = made.sample(5000, rng(8))
    design = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    target = made.target(x)
    residual = target - design @ torch.linalg.lstsq(design, target).solution
    assert residual.var(dim=0).min() > 0.05


def test_equal_generators_give_equal_tasks() -> None:
    pairs = [make_task(spec("teacher"), rng(9)).sample(50, rng(10)) for _ in range(2)]
    assert torch.equal(pairs[0][0], pairs[1][0])
    assert torch.equal(pairs[0][1], pairs[1][1])
    other = make_task(spec("teacher"), rng(11)).sample(50, rng(10))
    assert not torch.equal(pairs[0][0], other[0])
    assert math.isfinite(float(other[1].sum()))
