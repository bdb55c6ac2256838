"""Number the pieces of a trained network at random, and split facts into public and sealed facts."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue
    from torch import Tensor

    from generator.reassembly.making.health import Health
    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.scoring.likelihood import LikelihoodVerdict

__all__ = [
    "fingerprint",
    "noise_rng",
    "pieces_of",
    "public_health",
    "public_roles",
    "sealed_health",
    "shuffled_numbers",
    "warnings_of",
]


def fingerprint(network: ResidualNetwork) -> str:
    """Digest the trained weights in execution order. Only the training or the answer gives this digest."""
    parts = (network.U, network.c, network.V, network.e, network.head, network.head_bias)
    return sha256(b"".join(part.contiguous().numpy().tobytes() for part in parts)).hexdigest()


def shuffled_numbers(seed: int, secret: str, count: int) -> list[int]:
    """Draw the numbers of the pieces, in execution order.

    If the seed alone decided the shuffle, a search over small seeds would solve a puzzle without training. Only
    training gives `secret`.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, int(secret, 16)]))
    return [int(number) for number in rng.permutation(count)]


def noise_rng(seed: int, secret: str) -> np.random.Generator:
    """Make the random generator of the degradation. A guessed seed alone does not reproduce it."""
    return np.random.default_rng(np.random.SeedSequence([seed, int(secret, 16)], spawn_key=(1,)))


def pieces_of(network: ResidualNetwork, answer: Sequence[int], *, biases: bool) -> dict[str, np.ndarray]:
    """Name the halves by piece numbers; `answer` lists the numbers in execution order."""
    layers: list[tuple[Tensor, Tensor]] = []
    for k in range(network.depth):
        layers += [(network.U[k], network.c[k]), (network.V[k], network.e[k])]
    layers.append((network.head, network.head_bias))
    pieces = {}
    for number, (weight, bias) in zip(answer, layers, strict=True):
        pieces[f"{number}.weight"] = weight.numpy().copy()
        if biases:
            pieces[f"{number}.bias"] = bias.numpy().copy()
    return pieces


def public_roles(answer: Sequence[int], *, known: bool) -> dict[str, JsonValue]:
    """State what a puzzle says of the pieces' roles, in ascending order of numbers, which reveals nothing else.

    Args:
        answer: piece numbers in execution order.
        known: whether the roles of the halves are public; that of the head always is, since its shape tells it.
    """
    incoming, outgoing, head = answer[:-1:2], answer[1::2], answer[-1]
    if known:
        return {"incoming": [*sorted(incoming)], "outgoing": [*sorted(outgoing)], "head": head}
    return {"unknown": [*sorted([*incoming, *outgoing])], "head": head}


def public_health(health: Health, verdict: LikelihoodVerdict | None = None) -> dict[str, JsonValue]:
    """Summarise the measurements, without values that would reveal the order.

    For a degraded puzzle only the outcome of the verdict is public, because real data do not state their noise either.
    """

    def summary(values: Sequence[float]) -> dict[str, JsonValue]:
        if not values:
            return {}
        low, middle, high = np.quantile(values, [0, 0.5, 1]).tolist()
        return {"min": low, "median": middle, "max": high}

    return {
        "loss": health.loss,
        "constant_loss": health.constant_loss,
        "linear_loss": health.linear_loss,
        "movement": summary(health.movement),
        "exchange": summary(health.exchange),
        "round_off": health.round_off,
        "identifiable": health.identifiable,
        **({} if verdict is None else {"truth_is_best": verdict.margin >= 0}),
    }


def sealed_health(
    health: Health, incoming: Sequence[int], verdict: LikelihoodVerdict | None = None
) -> dict[str, JsonValue]:
    """List the measurements by depth, and the interchangeable blocks by their incoming halves."""
    judged: dict[str, JsonValue] = {}
    if verdict is not None:
        judged["degraded"] = {
            "mse": verdict.mse,
            "expected_mse": verdict.expected,
            "p_value": verdict.p_value,
            "margin": verdict.margin if math.isfinite(verdict.margin) else None,
            "confidence": verdict.confidence,
        }
    return {
        "movement": list(health.movement),
        "exchange": list(health.exchange),
        "interchangeable": [[incoming[a], incoming[b]] for a, b in health.interchangeable],
        **judged,
    }


def warnings_of(health: Health, incoming: Sequence[int], verdict: LikelihoodVerdict | None = None) -> tuple[str, ...]:
    """List warnings for the maker of a puzzle about its network."""
    warnings = []
    if health.loss > health.linear_loss:
        warnings.append(
            f"the network fits worse ({health.loss:.3g}) than a linear model ({health.linear_loss:.3g}); train longer"
        )
    if not health.identifiable:
        pairs = ", ".join(
            f"{a + 1} and {b + 1} (pieces {incoming[a]}, {incoming[b]})" for a, b in health.interchangeable
        )
        warnings.append(
            f"the data do not determine the order of blocks {pairs}; every equivalent order will be accepted"
        )
    if verdict is not None and verdict.margin < 0 and verdict.rival is not None:
        first, last = verdict.rival.first + 1, verdict.rival.last + 1
        warnings.append(
            f"a wrong assembly (blocks {first} to {last}: {verdict.rival.kind}) fits the degraded data better than the "
            f"true one, by {-verdict.margin:.2g} in log-likelihood; only the true one will be accepted"
        )
    return tuple(warnings)
