"""Write one of the suites recovery-mini, recovery-standard and recovery-frontier as TOML to standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from suite_file import Item, Suite, write_chosen

from generator.errors import NetjigsawError
from generator.recovery.making.generate import generate
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = """
example:
  python experiments/making/recovery_suites.py standard > standard.toml
  netjigsaw suite build standard.toml
"""

GRID = 60
"""Networks of the difficulty grid. Hand-set."""
GRID_SEED = 20261127
"""Seed of the recipes of the grid. Hand-set."""
SMOOTH = ("tanh", "sigmoid", "softplus", "gelu", "silu", "g")
ALL = (*SMOOTH, "relu", "leaky_relu")
NAMED = (
    "10-5-5-1",
    "10-10-10-1",
    "10-15-15-1",
    "10-20-20-1",
    "20-10-10-1",
    "30-15-15-1",
    "40-20-20-1",
    "50-25-25-1",
    "40-20-10-10-1",
    "784-32-1",
    "784-8-8-1",
    "784-16-16-1",
)
"""ReLU networks on which extraction attacks were published, as inputs-hidden-...-outputs."""
FRONTIER = (
    "100-50-50-1",
    "784-128-128-1",
    "20-10-10-10-1",
    "30-15-15-15-1",
    "20-10-10-10-10-1",
    "784-8-8-8-8-8-8-8-8-1",
    "784-16-8-8-8-8-8-8-8-1",
)
"""Wide and deep ReLU networks of the suite recovery-frontier, as inputs-hidden-...-outputs."""


def level(number: str, seeds: int, **spec: Any) -> Iterator[Item]:
    """Yield the puzzles of one level, one per seed."""
    first = 50 if number == "9b" else 0
    for seed in range(first, first + seeds):
        name = f"level-{number}-{seed - first}"
        yield Item(name, 100 * int(number.rstrip("b")) + seed, {**spec, "label": number})


def levels(seeds: int) -> Iterator[Item]:
    """Yield the puzzles of levels 1 to 10 and 9b, and of the level meta, whose puzzles hide the activation."""
    for seed in range(seeds):
        spec = {"inputs": 4, "hidden": [4 + seed % 5], "mode": "passive", "input_scale": 2.0, "rows": 1000}
        yield Item(f"level-1-{seed}", 100 + seed, {**spec, "label": "1"})
    yield from level("2", seeds, inputs=8, hidden=[16], activation="relu", budget=10_000)
    yield from level("3", seeds, inputs=4, hidden=[16], mode="passive", input_scale=2.0, rows=1500)
    yield from level("4", seeds, inputs=8, hidden=[14], activation="softplus", budget=20_000)
    yield from level("5", seeds, inputs=4, hidden=[32], mode="passive", input_scale=3.0, rows=2500)
    yield from level("6", seeds, inputs=4, hidden=[8], activation="sigmoid", norm_low=0.3, norm_high=0.8)
    yield from level("7", seeds, inputs=8, hidden=[16], precision="4 decimals", tolerance=1e-4)
    yield from level("8", seeds, inputs=4, hidden=[4, 4], mode="passive", input_scale=1.5, rows=1500)
    yield from level("9", seeds, inputs=4, hidden=[6, 6], input_scale=1.5, budget=200_000)
    yield from level("9b", seeds, inputs=8, hidden=[8, 8], input_scale=1.5, budget=200_000)
    yield from level("10", seeds, inputs=4, hidden=[8], activation="g", mode="passive", input_scale=3.0, rows=1000)
    for number, activation in enumerate(ALL):
        spec = {"inputs": 8, "hidden": [8], "activation": activation, "hide_activation": True, "budget": 50_000}
        yield Item(f"level-meta-{number}", 1500 + number, {**spec, "label": "meta"})


def deep(names: tuple[str, ...], start: int) -> Iterator[Item]:
    """Yield two puzzles per network: one with drawn weights, one with trained weights."""
    for number, name in enumerate(names):
        inputs, *hidden, outputs = map(int, name.split("-"))
        spec = {
            "inputs": inputs,
            "hidden": hidden,
            "outputs": outputs,
            "activation": "relu",
            "box": 1000.0,
            "budget": "none",
            "label": "deep",
        }
        short = name if len(name) < 20 else f"{inputs}-{hidden[0]}x{len(hidden)}-{outputs}"
        yield Item(f"{short}-random", start + 2 * number, spec, ("deep", "random"))
        task = "digits" if inputs == 784 else "regression"
        yield Item(f"{short}-trained", start + 2 * number + 1, {**spec, "teacher": task}, ("deep", "trained"))


def grid(count: int) -> Iterator[Item]:
    """Draw recipes of varied sizes, activation, norms, distance and precision; skip recipes that cannot be made."""
    rng = np.random.default_rng(GRID_SEED)
    made = 0
    while made < count:
        inputs = int(rng.choice([2, 3, 4, 6, 8]))
        scale = float(rng.choice([1.0, 2.0, 3.0]))
        low, high = [(0.3, 0.8), (0.8, 1.5), (1.5, 2.5), (3.0, 5.0)][int(rng.integers(4))]
        spec: dict[str, Any] = {
            "inputs": inputs,
            "hidden": [int(np.clip(inputs * rng.choice([0.5, 1, 2, 4]), 2, 24))],
            "activation": str(rng.choice(ALL)),
            "norm_low": low,
            "norm_high": high,
            "input_scale": scale,
            "box": 3 * scale,
            "label": "grid",
        }
        distance, precision = (
            rng.choice([0.0, 0.0, 0.0, 0.1, 0.03, 0.01]),
            rng.choice(["float64"] * 4 + ["float32", "6 decimals"]),
        )
        spec |= {"distance": float(distance)} if distance else {}
        spec |= {"precision": str(precision)} if precision != "float64" else {}
        try:
            generate(RecoverySpec.model_validate(spec), name="trial", seed=5000 + made)
        except NetjigsawError:
            continue
        yield Item(f"grid-{made:02d}", 5000 + made, spec, ("grid",))
        made += 1


def near_duplicates() -> Iterator[Item]:
    """Yield networks with two units at a relative distance of 0.01 or 0.03, which clustering does not separate."""
    for number, (activation, distance) in enumerate(
        [(a, d) for a in ("tanh", "relu", "softplus") for d in (0.03, 0.01)]
    ):
        spec = {"inputs": 8, "hidden": [12], "activation": activation, "distance": distance, "label": "duplicates"}
        yield Item(f"near-{activation}-{distance}", 7000 + number, spec, ("near-duplicates",))


def mini() -> Iterator[Item]:
    """Yield small puzzles of every kind."""
    yield Item("easiest", 12, {"inputs": 2, "hidden": [3], "budget": 5000})
    yield Item("table-tanh", 1, {"inputs": 4, "hidden": [6], "mode": "passive", "input_scale": 2.0, "rows": 800})
    yield Item(
        "table-g",
        2,
        {"inputs": 3, "hidden": [4], "activation": "g", "mode": "passive", "input_scale": 3.0, "rows": 800},
    )
    yield Item("relu", 3, {"inputs": 6, "hidden": [8], "activation": "relu", "budget": 8000})
    yield Item(
        "leaky-two-outputs", 4, {"inputs": 5, "hidden": [6], "outputs": 2, "activation": "leaky_relu", "budget": 8000}
    )
    yield Item("softplus", 5, {"inputs": 6, "hidden": [8], "activation": "softplus"})
    yield Item(
        "sigmoid-flat", 6, {"inputs": 4, "hidden": [5], "activation": "sigmoid", "norm_low": 0.3, "norm_high": 0.8}
    )
    yield Item("rounded", 7, {"inputs": 6, "hidden": [6], "precision": "5 decimals"})
    yield Item(
        "gelu-hidden-activation",
        8,
        {"inputs": 6, "hidden": [6], "activation": "gelu", "hide_activation": True, "budget": 50_000},
    )
    yield Item("deep-tanh", 9, {"inputs": 4, "hidden": [4, 4], "input_scale": 1.5, "budget": 200_000})
    yield Item("deep-relu", 10, {"inputs": 10, "hidden": [5, 5], "activation": "relu", "box": 1000.0, "budget": "none"})
    yield Item(
        "trained-relu",
        11,
        {"inputs": 20, "hidden": [6], "activation": "relu", "teacher": "regression", "box": 1000.0, "budget": "none"},
    )


def suites() -> dict[str, Suite]:
    """Return the suites of hidden networks by name."""
    return {
        "mini": Suite("Small hidden networks of every kind.", 30, list(mini())),
        "standard": Suite(
            "Hidden networks: ten levels, published deep ReLU sizes, and a grid of difficulty.",
            60,
            [*levels(5), *deep(NAMED, 3000), *grid(GRID)],
        ),
        "frontier": Suite(
            "Hidden networks at the limit: wide, deep, and with near-duplicate units.",
            600,
            [*deep(FRONTIER, 6000), *near_duplicates()],
        ),
    }


if __name__ == "__main__":
    write_chosen("recovery", suites(), __doc__, EXAMPLE)
