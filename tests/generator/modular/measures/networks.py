"""Networks with hand-made weights whose algorithm is known, for the tests of the measures."""

from __future__ import annotations

import math

import torch

from generator.modular.network.circle import angles
from generator.modular.network.mlp import MLP
from generator.modular.network.model import sums
from generator.modular.network.transformer import Block, Transformer

F64 = torch.float64
DOUBLED = (3, 17, 15)
"""Frequencies for p = 59 whose doubles are no key frequencies."""


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=F64)


def turns(frequency: int, modulus: int, shift: float = 0.0) -> torch.Tensor:
    """Cosine and sine of 2 pi k t / p + shift, p x 2."""
    angle = angles(frequency, modulus) + shift
    return torch.stack((angle.cos(), angle.sin()), dim=1)


def engineered(
    modulus: int,
    circles: dict[int, str],
    *,
    neurons: int = 7,
    kappa: float = 0.0,
    activation: str = "relu",
    turned: float = 0.0,
) -> MLP:
    """Build pizzas on m-gons and clocks on 5 x 5 grids of phases, with companions of strength kappa for the pizzas.

    With `turned` the circles of b start at this angle (doubled circles at twice the angle), in a table of its own.
    """
    places = [(key, n) for key in circles for n in ((1, 2) if kappa else (1,))]
    first = torch.cat([turns(n * k, modulus) for k, n in places], dim=1)
    second = torch.cat([turns(n * k, modulus, n * turned) for k, n in places], dim=1)
    rows: list[tuple[tuple[int, int], float, float, torch.Tensor]] = []  # circle, phases of a and b, output weights
    for k, kind in circles.items():
        angle = angles(k, modulus) + turned
        if kind == "clock":
            grid = [(2 * math.pi * i / 5, 2 * math.pi * j / 5) for i in range(5) for j in range(5)]
            rows += [((k, 1), phi, psi, 3 * math.pi**2 / 100 * (angle - phi - psi).cos()) for phi, psi in grid]
            continue
        for phi in (2 * math.pi * j / neurons for j in range(neurons)):
            rows.append(((k, 1), phi, phi, 3 * math.pi / (2 * neurons) * (angle - 2 * phi).cos()))
        if kappa:
            for axis in (0.0, math.pi / 2):  # relu(x) - relu(-x) = x reads the mean embedding of the doubled circle
                rows += [
                    ((k, 2), axis + turn, axis + turn, -math.cos(turn) * kappa / 2 * (angle - axis).cos())
                    for turn in (0, math.pi)
                ]
    into_first, into_second = zeros(len(rows), 2 * len(places)), zeros(len(rows), 2 * len(places))
    for row, (place, phi, psi, _) in enumerate(rows):
        start = 2 * places.index(place)
        into_first[row, start : start + 2] = torch.tensor([math.cos(phi), math.sin(phi)], dtype=F64)
        into_second[row, start : start + 2] = torch.tensor([math.cos(psi), math.sin(psi)], dtype=F64)
    unembed = torch.stack([weights for *_, weights in rows], dim=1)
    return MLP(
        first,
        second,
        into_first,
        into_second,
        zeros(len(rows)),
        unembed,
        zeros(modulus),
        activation=activation,
        shared=not turned,
    )


def attention_clock(modulus: int, keys: tuple[int, ...], *, trap: bool = False, small: float = 0.2) -> Transformer:
    """Build a clock of attention alone, two heads for each circle.

    As a trap, both residues share one table, the last token attends to itself too, and a doubled circle in the residual
    stream cancels what that adds.
    """
    n = len(keys)
    circle = torch.cat([turns(k, modulus) for k in keys], dim=1)
    double = torch.cat([turns(2 * k, modulus) for k in keys], dim=1)
    first, second = zeros(modulus, 6 * n + 1), zeros(modulus, 6 * n + 1)
    first[:, : 2 * n] = circle
    second[:, 2 * n : 4 * n] = circle
    if trap:
        first[:, 2 * n : 4 * n] = double
        second = first
    carrier, width, read = 4 * n, 6 * n + 1, 0 if trap else 2 * n
    positions = zeros(2, width)
    positions[:, carrier] = torch.tensor([1.0, -1.0])
    key, query, value = (zeros(2 * n, 2, width) for _ in range(3))
    output, unembed = zeros(width, 4 * n), zeros(modulus, width)
    value[:, 0, carrier] = 1
    for head in range(2 * n):
        k, start = keys[head // 2], head - head % 2
        form = torch.tensor([[1.0, 0.0], [0.0, -1.0]] if head % 2 == 0 else [[0.0, 1.0], [1.0, 0.0]], dtype=F64)
        key[head, :, start : start + 2] = torch.eye(2)
        query[head, :, read + start : read + start + 2] = small * math.sqrt(2) * form
        output[carrier + 1 + head, 2 * head] = 1
        unembed[:, carrier + 1 + head] = 2 / small * turns(k, modulus)[:, head % 2]
        if trap:
            unembed[:, 2 * n + head] = turns(k, modulus)[:, head % 2]
    block = Block(key, query, value, output, zeros(0, width), zeros(0), zeros(width, 0), zeros(width))
    return Transformer(first, second, positions, (block,), unembed, 1.0, shared=trap)


def lookup(modulus: int) -> MLP:
    """Build a table of all pairs: one unit for each."""
    one = torch.eye(modulus, dtype=F64)
    unembed = zeros(modulus, modulus**2)
    unembed[sums(modulus).flatten(), torch.arange(modulus**2)] = 1
    into = one.repeat_interleave(modulus, 0), one.repeat(modulus, 1)
    return MLP(one, one, *into, -torch.ones(modulus**2, dtype=F64), unembed, zeros(modulus), shared=True)


def random_features(modulus: int, units: int, *, tied: bool) -> MLP:
    """Build random units whose output weights are fitted to all pairs."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=F64)

    table, into = draw(modulus, 32), draw(units, 32) / 6
    network = MLP(
        table,
        table,
        into,
        into if tied else draw(units, 32) / 6,
        draw(units),
        zeros(modulus, units),
        zeros(modulus),
        shared=True,
    )
    left, right = table @ network.into_first.T, table @ network.into_second.T
    hidden = network.combine(left[:, None], right[None, :]).flatten(end_dim=1)
    wanted = torch.eye(modulus, dtype=F64)[sums(modulus).flatten()]
    kernel = hidden @ hidden.T + 1e-6 * torch.eye(modulus**2, dtype=F64)
    network.unembed.copy_((hidden.T @ torch.linalg.solve(kernel, wanted)).T)
    return network


def random_transformer(modulus: int, width: int, *, layers: int = 1, heads: int = 4, seed: int = 0) -> Transformer:
    """Build a transformer of random weights, at the scales of the paper."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=F64) / math.sqrt(width)

    table, part = draw(modulus, width), width // heads
    blocks = tuple(
        Block(
            draw(heads, part, width),
            draw(heads, part, width),
            draw(heads, part, width),
            draw(width, heads * part),
            draw(4 * width, width),
            zeros(4 * width),
            draw(width, 4 * width),
            zeros(width),
        )
        for _ in range(layers)
    )
    return Transformer(table, table, draw(2, width), blocks, draw(modulus, width), 1.0)
