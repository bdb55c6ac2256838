"""Make one reassembly puzzle from a recipe and a seed: train, degrade, shuffle, seal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import TrainingError
from generator.puzzle.sealing import seal, silent
from generator.reassembly.making.dealing import (
    fingerprint,
    noise_rng,
    pieces_of,
    public_health,
    public_roles,
    sealed_health,
    shuffled_numbers,
    warnings_of,
)
from generator.reassembly.making.health import check_health
from generator.reassembly.network.degrade import degraded_predictions, rounded
from generator.reassembly.network.gradient import BatchGradient
from generator.reassembly.network.residual import ResidualNetwork
from generator.reassembly.network.tasks import make_task
from generator.reassembly.scoring.likelihood import judge
from generator.training import one_thread, train, usable_device

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.puzzle.sealing import Made, Progress
    from generator.reassembly.network.tasks import Task
    from generator.reassembly.scoring.likelihood import LikelihoodVerdict
    from generator.reassembly.spec import ReassemblySpec

__all__ = ["generate", "initial_network", "train_network"]

CHUNK_BATCHES = 64
"""Number of batches of fresh data per draw; small draws spend their time on overhead. The value affects a puzzle's
bits.
"""
CHUNK_ROWS = 2**20
"""Largest number of rows in one draw, which limits memory. The value affects a puzzle's bits."""

JUDGED_ROWS = 2000
"""Number of rows on which the true assembly of a degraded puzzle is compared with its neighbours. Hand-set."""


def generate(spec: ReassemblySpec, *, name: str, seed: int, progress: Progress = silent) -> Made:
    """Make one puzzle.

    Raises:
        SpecError: if this machine lacks the device.
        TrainingError: if training diverged.
    """
    device = usable_device(spec.device)
    draws = _generators(seed)
    with one_thread(), torch.no_grad():
        task = make_task(spec, draws["task"])
        x, y = task.sample(spec.rows, draws["rows"])
        start = initial_network(spec, draws["init"])
        network = train_network(start, spec, task, (x, y), draws["batches"], device=device, progress=progress)
        predictions = network(x)
        if not bool(torch.isfinite(predictions).all()):
            raise TrainingError("the trained network's predictions are not finite; lower learning_rate or set clip")
        health = check_health(network, x, y, classes=task.classes, exported=spec.rows_exported)
        if not health.finite:
            raise TrainingError("the trained network's states overflow; lower learning_rate or set clip")
        secret = fingerprint(network)
        rows = slice(spec.rows_exported)
        data = {"inputs": x[rows], "predictions": predictions[rows], "labels": y[rows]}
        network, verdict = _degrade(network, data, spec, noise_rng(seed, secret))
    answer = shuffled_numbers(seed, secret, 2 * spec.depth + 1)
    incoming = answer[:-1:2]
    return seal(
        family="reassembly",
        name=name,
        seed=seed,
        secret=secret,
        answer=list(answer),
        pieces=pieces_of(network, answer, biases=spec.biases),
        data={kind: tensor.numpy() for kind, tensor in data.items()},
        spec=spec.model_dump(mode="json"),
        facts={
            "roles": public_roles(answer, known=spec.roles == "known"),
            "health": public_health(health, verdict),
        },
        notes=sealed_health(health, incoming, verdict),
        warnings=warnings_of(health, incoming, verdict),
    )


def _degrade(
    network: ResidualNetwork, data: dict[str, Tensor], spec: ReassemblySpec, rng: np.random.Generator
) -> tuple[ResidualNetwork, LikelihoodVerdict | None]:
    """Degrade a network's pieces and its predictions in `data`, and judge the true assembly from the public data.

    Raises:
        TrainingError: if the network of the rounded pieces has outputs that are not finite.
    """
    degradation = spec.degradation
    if degradation.none:
        return network, None
    handed_out = rounded(network, degradation.piece_format)
    data["predictions"] = degraded_predictions(data["predictions"], degradation, rng)
    x, predictions = data["inputs"][:JUDGED_ROWS], data["predictions"][:JUDGED_ROWS]
    if not bool(torch.isfinite(handed_out(x)).all()):
        raise TrainingError(f"the network's weights do not fit into {spec.piece_format}; choose another piece_format")
    return handed_out, judge(handed_out, x, predictions, degradation, rng)


def initial_network(spec: ReassemblySpec, rng: torch.Generator) -> ResidualNetwork:
    """Draw the initial weights.

    `default` is that of torch.nn.Linear: weights and biases uniform within 1/sqrt(fan-in). The orthogonal, Kaiming (He
    et al. 2015) and Xavier (Glorot and Bengio 2010) initialisations keep the scale through a plain layer. In a residual
    network each block would add a term of this scale, and deep states would explode. So their outgoing halves are
    divided by sqrt(depth), and their biases are zero.
    """
    K, d, m, o = spec.depth, spec.width, spec.hidden, spec.outputs
    damp = 1.0 if spec.init in {"default", "small"} else 1 / math.sqrt(K)
    plain = spec.init in {"default", "small"} and spec.biases
    shrink = 0.1 if spec.init == "small" else 1.0
    gain = geometric(spec.gain_first, spec.gain_last, K)

    def bias(*shape: int, fan_in: int) -> Tensor:
        return _uniform(shape, shrink / math.sqrt(fan_in), rng) if plain else torch.zeros(shape)

    return ResidualNetwork(
        U=_weights(spec.init, (K, m, d), rng) * shrink,
        c=bias(K, m, fan_in=d),
        V=_weights(spec.init, (K, d, m), rng) * (damp * shrink * gain[:, None, None]),
        e=bias(K, d, fan_in=m) * gain[:, None],
        head=_weights("default", (1, o, d), rng)[0],
        head_bias=bias(o, fan_in=d),
        activation=spec.activation,
    )


def train_network(
    network: ResidualNetwork,
    spec: ReassemblySpec,
    task: Task,
    rows: tuple[Tensor, Tensor],
    rng: torch.Generator,
    *,
    device: torch.device,
    progress: Progress = silent,
) -> ResidualNetwork:
    """Train a network and return it on the CPU. A network that is on the device already is changed in place.

    Raises:
        TrainingError: if training diverged.
    """
    network = network.to(device)
    batch = BatchGradient(network, biases=spec.biases, classes=task.classes)
    draw = _fresh_batches(spec, task, rng) if spec.data == "fresh" else _shuffled_batches(spec, rows, rng)

    def gradient(step: int) -> Tensor:
        x, y = draw(step)
        return batch(x.to(device), y.to(device))

    train(batch.parameters, gradient, spec, progress, _slowed(network, spec))
    return network.to(torch.device("cpu"))


def geometric(first: float, last: float, count: int) -> Tensor:
    """Return `count` values from `first` to `last` in geometric progression."""
    return torch.from_numpy(np.geomspace(first, last, count).astype(np.float32))


def _slowed(network: ResidualNetwork, spec: ReassemblySpec) -> list[tuple[Tensor, Tensor]]:
    """Pair the blocks' parameters with factors of their learning rates."""
    if spec.rate_first == 1:
        return []
    factors = geometric(spec.rate_first, 1.0, spec.depth).to(network.U.device)
    biases = [network.c, network.e] if spec.biases else []
    return [(part, factors.reshape(-1, *[1] * (part.ndim - 1))) for part in (network.U, network.V, *biases)]


def _fresh_batches(spec: ReassemblySpec, task: Task, rng: torch.Generator) -> Callable[[int], tuple[Tensor, Tensor]]:
    """Draw new rows for every step."""
    chunk: list[tuple[Tensor, Tensor]] = []

    def draw(_: int) -> tuple[Tensor, Tensor]:
        if not chunk:
            x, y = task.sample(max(1, min(CHUNK_BATCHES, CHUNK_ROWS // spec.batch)) * spec.batch, rng)
            chunk.extend(zip(torch.split(x, spec.batch), torch.split(y, spec.batch), strict=True))
        return chunk.pop()

    return draw


def _shuffled_batches(
    spec: ReassemblySpec, rows: tuple[Tensor, Tensor], rng: torch.Generator
) -> Callable[[int], tuple[Tensor, Tensor]]:
    """Yield batches of the exported rows, in a new random order at every epoch."""
    x, y = rows
    size = min(spec.batch, len(x))
    waiting: list[Tensor] = []

    def draw(_: int) -> tuple[Tensor, Tensor]:
        if not waiting:
            order = torch.randperm(len(x), generator=rng)
            waiting.extend(torch.split(order[: len(x) - len(x) % size], size))
        index = waiting.pop()
        return x[index], y[index]

    return draw


def _generators(seed: int) -> dict[str, torch.Generator]:
    """Make independent random streams, so that more draws from one stream do not change the others."""
    names = ("task", "rows", "init", "batches")
    states = np.random.SeedSequence(seed).generate_state(len(names), np.uint64)
    return {
        name: torch.Generator().manual_seed(int(state >> np.uint64(1)))
        for name, state in zip(names, states, strict=True)
    }


def _weights(init: str, shape: tuple[int, int, int], rng: torch.Generator) -> Tensor:
    """Draw K matrices, each rows x fan-in."""
    _, rows, fan_in = shape
    if init == "orthogonal":
        return torch.stack([torch.nn.init.orthogonal_(torch.empty(shape[1:]), generator=rng) for _ in range(shape[0])])
    if init == "kaiming":
        return torch.randn(shape, generator=rng) * math.sqrt(2 / fan_in)
    if init == "xavier":
        return _uniform(shape, math.sqrt(6 / (rows + fan_in)), rng)
    return _uniform(shape, 1 / math.sqrt(fan_in), rng)


def _uniform(shape: tuple[int, ...], bound: float, rng: torch.Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=rng) - 1) * bound
