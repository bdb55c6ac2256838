from __future__ import annotations

import numpy as np
import pytest
import torch

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.jacobian import parameter_jacobian
from solvers.recovery.published.students.adam import Plateau
from solvers.recovery.published.students.cost import flops_per_step, step_seconds
from solvers.recovery.published.students.ensemble import Ensemble, Workspace, draw_layers
from solvers.recovery.published.students.training import Schedule, train


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("outputs", [1, 3])
def test_residuals_and_gradients_are_those_of_each_network(activation: str, outputs: int) -> None:
    rng = np.random.default_rng(0)
    layers = [0.7 * rng.standard_normal((2, units, fan_in + 1)) for fan_in, units in ((4, 6), (6, 5), (5, outputs))]
    ensemble = Ensemble(layers, activation, torch.float64, rng.standard_normal((2, outputs, 5)))
    inputs, targets = rng.standard_normal((30, 4)), rng.standard_normal((30, outputs))
    table = torch.from_numpy(np.column_stack([inputs, np.ones(30)]))
    space = Workspace(ensemble, 30)
    residual = space.forward(table, torch.from_numpy(targets)).clone().numpy()
    space.backward(table)
    for student in range(2):
        network = ensemble.network(student)
        wanted = network(inputs) - targets
        assert np.allclose(residual[student], wanted.T, rtol=0, atol=1e-13)
        by_parameter = 2.0 / wanted.size * parameter_jacobian(network, inputs).T @ wanted.ravel()
        slopes = [slope[student].numpy() for slope in ensemble.slopes]
        found = np.concatenate([np.append(slope[:, :-1].ravel(), slope[:, -1]) for slope in slopes])
        assert np.allclose(found, by_parameter, rtol=1e-12, atol=1e-13)
        assert ensemble.bypass_slope is not None
        line = 2.0 / wanted.size * wanted.T @ table.numpy()
        assert np.allclose(ensemble.bypass_slope[student].numpy(), line, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ["softplus", "g"])
def test_large_preactivations_stay_exact(activation: str) -> None:
    ensemble = Ensemble([np.array([[[1.0, 0.0]]]), np.array([[[1.0, 0.0]]])], activation, torch.float64)
    inputs = np.array([[-500.0], [-90.0], [90.0], [500.0]])
    table = torch.from_numpy(np.column_stack([inputs, np.ones(4)]))
    found = Workspace(ensemble, 4).forward(table, torch.zeros(4, 1, dtype=torch.float64))
    assert np.allclose(found.numpy().ravel(), ACTIVATIONS[activation].value(inputs).ravel(), rtol=1e-14, atol=1e-30)


def test_students_do_not_interact() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((40, 2))
    targets = np.tanh(inputs @ rng.standard_normal((2, 1)))
    layers = draw_layers(3, (2, 4, 1), rng)

    def trained(kept: slice) -> list[np.ndarray]:
        ensemble = Ensemble([layer[kept] for layer in layers], "tanh", torch.float64)
        rng = np.random.default_rng(0)
        train(ensemble, inputs, targets, Schedule(50), rng=rng, stop=lambda: False, log=lambda _: None)
        return ensemble.arrays()

    for together, alone in zip(trained(slice(None)), trained(slice(1, 2)), strict=True):
        assert np.allclose(together[1], alone[0], rtol=0, atol=1e-12)


def test_the_first_weights_have_the_published_size() -> None:
    hidden, output = draw_layers(20, (784, 512, 10), np.random.default_rng(0))
    assert abs(hidden[:, :, :-1].std() - np.sqrt(2 / (512 * 20))) < 1e-4
    assert abs(output[:, :, :-1].std() - np.sqrt(2 / (10 * 20))) < 1e-3
    assert not hidden[:, :, -1].any()


def test_the_rate_falls_after_patience_and_not_in_the_cooldown() -> None:
    plateau = Plateau(1e-3, patience=2, cooldown=3, floor=2e-4)
    rates = []
    for _ in range(10):
        plateau.observe(1.0)
        rates.append(plateau.rate)
    assert rates[:3] == [1e-3] * 3  # the first loss is a minimum
    assert rates[3:9] == pytest.approx([10**-3.5] * 6)
    assert rates[9] == 2e-4


def quick_training(schedule: Schedule, calls: int) -> tuple[int, int, np.ndarray]:
    """Train until `stop` has been asked a number of times; return the epochs, the steps and the parameters."""
    rng = np.random.default_rng(0)
    ensemble = Ensemble(draw_layers(2, (2, 4, 1), rng), "tanh", torch.float32)
    inputs = rng.standard_normal((20, 2))
    asked = iter([*[False] * calls, True])
    done = train(ensemble, inputs, inputs[:, :1], schedule, rng=rng, stop=lambda: next(asked), log=lambda _: None)
    return done.epochs, done.steps, ensemble.flat.numpy().copy()


def test_training_ends_with_its_steps_at_the_lowest_rate() -> None:
    epochs, steps, parameters = quick_training(Schedule(10**9, batch=5, steps=402.9), 1000)
    assert (epochs, steps) == (100, 402)
    before = quick_training(Schedule(10**9, batch=5, steps=402.9), 396)[2]
    first = quick_training(Schedule(10**9, batch=5, steps=402.9), 0)[2]
    assert 0 < np.abs(parameters - before).max() < 1e-4 * np.abs(before - first).max()


def test_training_stops_within_an_epoch() -> None:
    assert quick_training(Schedule(100, batch=5), 10)[:2] == (2, 10)


def test_no_step_is_made_where_none_is_allowed() -> None:
    assert quick_training(Schedule(100, steps=0.9), 10)[:2] == (0, 0)


def test_flops_count_both_passes() -> None:
    assert flops_per_step(10, (4, 8, 1), 100) == 2 * 100 * 10 * (2 * 8 * 5 + 3 * 9)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_a_step_of_more_work_takes_longer(activation: str) -> None:
    def seconds(students: int, *widths: int, rows: int = 100, dtype: torch.dtype = torch.float32) -> float:
        return step_seconds(students, widths, rows, activation, dtype)

    small = seconds(10, 4, 8, 1)
    more = [seconds(20, 4, 8, 1), seconds(10, 4, 16, 1), seconds(10, 4, 8, 8, 1), seconds(10, 4, 8, 1, rows=200)]
    assert min(*more, seconds(10, 4, 8, 1, dtype=torch.float64)) > small
    assert seconds(20, 784, 512, 10, rows=512) > 100 * small
