"""Coherence of roles: exchanges add their gains, the maximum is found, and trained networks have it at the truth."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.reassembly.making.generate import generate
from generator.reassembly.spec import ReassemblySpec
from generator.reassembly.unknown_roles import Squares, UnknownRolesPuzzle, view_any
from solvers.reassembly.roles.coherence import HEAD_WEIGHT, RoleModel, guess_roles, role_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make(**changes: Any) -> tuple[UnknownRolesPuzzle, list[int]]:
    """Give a puzzle, and the rows of the incoming halves."""
    spec: dict[str, Any] = {"depth": 4, "width": 12, "hidden": 12, "rows": 200, "steps": 0, "roles": "unknown"}
    made = generate(ReassemblySpec.model_validate({**spec, **changes}), name="p", seed=5)
    view = view_any(made.puzzle)
    assert isinstance(view, UnknownRolesPuzzle)
    return view, view.assembly(made.sealed.answer)[0]


def signs(incoming: list[int], count: int) -> NDArray[np.float64]:
    roles = -np.ones(count)
    roles[incoming] = 1.0
    return roles


def every_choice(count: int) -> list[NDArray[np.float64]]:
    return [signs(list(chosen), count) for chosen in itertools.combinations(range(count), count // 2)]


def random_model(count: int, seed: int) -> RoleModel:
    rng = np.random.default_rng(seed)
    couplings = rng.standard_normal((count, count))
    couplings += couplings.T
    np.fill_diagonal(couplings, 0.0)
    return RoleModel(couplings, rng.standard_normal(count))


def test_coherence_is_the_sum_over_pairs_of_grams_in_the_states_basis() -> None:
    view, _ = make()

    def unit(gram: torch.Tensor) -> torch.Tensor:
        gram = gram - gram.trace() / len(gram) * torch.eye(len(gram), dtype=gram.dtype)
        scaled: torch.Tensor = gram / gram.norm()
        return scaled

    def agreement(roles: NDArray[np.float64]) -> float:
        pairs = zip(view.squares.weights.double(), roles, strict=True)
        grams = [unit(weight.T @ weight if role > 0 else weight @ weight.T) for weight, role in pairs]
        head = unit(view.head.double().T @ view.head.double())
        with_head = sum(float((gram * head).sum()) for gram in grams)
        return sum(float((a * b).sum()) for a, b in itertools.combinations(grams, 2)) + HEAD_WEIGHT * with_head

    model = role_model(view)
    choices = every_choice(8)
    wanted = np.array([agreement(roles) for roles in choices])
    found = np.array([model.coherence(roles) for roles in choices])
    assert np.allclose(found - found[0], wanted - wanted[0])  # equal but for a constant
    assert np.ptp(wanted) > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_an_exchange_adds_its_gain(seed: int) -> None:
    model = random_model(8, seed)
    roles = signs([0, 2, 5, 7], 8)
    up, down, gain = model.exchanges(roles)
    assert (up.tolist(), down.tolist()) == ([0, 2, 5, 7], [1, 3, 4, 6])
    for row, column in itertools.product(range(4), range(4)):
        other = roles.copy()
        other[up[row]], other[down[column]] = -1.0, 1.0
        assert model.coherence(other) - model.coherence(roles) == pytest.approx(gain[row, column])


@pytest.mark.parametrize("seed", range(5))
def test_the_guess_is_the_most_coherent_choice(seed: int) -> None:
    model = random_model(8, seed)
    roles = guess_roles(model, np.random.default_rng(seed))
    assert sorted(roles) == [-1.0] * 4 + [1.0] * 4
    assert model.coherence(roles) == pytest.approx(max(map(model.coherence, every_choice(8))))


def test_equal_seeds_guess_alike() -> None:
    model = random_model(20, 1)
    first, again = (guess_roles(model, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)


def test_the_roles_of_a_trained_network_are_guessed_right() -> None:
    """Plain stochastic gradient descent writes few directions into all halves."""
    training = {"steps": 1500, "optimiser": "sgd", "learning_rate": 0.05, "data": "fresh", "rows": 500}
    view, incoming = make(depth=6, width=16, hidden=16, **training)
    roles = guess_roles(role_model(view), np.random.default_rng(0))
    assert set(np.flatnonzero(roles > 0)) == set(incoming)


def test_the_numbers_of_the_pieces_do_not_matter() -> None:
    view, _ = make(steps=50)
    order = np.random.default_rng(2).permutation(8)
    shuffled = UnknownRolesPuzzle(
        Squares(view.squares.numbers, view.squares.weights[order], view.squares.biases[order]),
        view.head_number, view.head, view.head_bias, view.activation, view.inputs, view.predictions,
    )  # fmt: skip
    plain = guess_roles(role_model(view), np.random.default_rng(0))
    assert np.array_equal(guess_roles(role_model(shuffled), np.random.default_rng(0)), plain[order])


def test_weights_of_zeros_have_no_coherence() -> None:
    view, _ = make()
    blank = UnknownRolesPuzzle(
        Squares(view.squares.numbers, 0 * view.squares.weights, view.squares.biases),
        view.head_number, 0 * view.head, view.head_bias, view.activation, view.inputs, view.predictions,
    )  # fmt: skip
    model = role_model(blank)
    assert not model.couplings.any()
    assert len(guess_roles(model, np.random.default_rng(0))) == 8
