"""Draw random recipes of networks and write them as a suite, to test solvers on recipes that nobody selected."""

from __future__ import annotations

import argparse
import json
import random
from typing import TypeAlias

Spec: TypeAlias = "dict[str, str | int | float]"

LARGEST = 48 * 64 * 128
"""Limit on depth x width x hidden units. Above it, the number of hidden units is set to the width. Hand-set."""

EXAMPLE = """
example:
  python experiments/making/random_recipes.py --count 32 > random.toml
  netjigsaw suite build random.toml
  netjigsaw run random.toml --solver flagship
"""

HEADER = """format = 1
name = "random"
description = "Networks of recipes drawn at random."
family = "reassembly"
seeds = 1

[limits]
wall_s = 60
memory_mib = 4096
threads = 1
"""


def recipe(rng: random.Random) -> Spec:
    """Draw one recipe. Changing the order of the draws changes every suite."""
    depth = rng.choice([6, 8, 12, 16, 20, 24, 32, 40, 48])
    width = rng.choice([8, 16, 24, 32, 48, 64])
    hidden = max(8, int(width * rng.choice([0.5, 1, 2, 2, 4])))
    hidden = width if depth * width * hidden > LARGEST else hidden
    activation = rng.choice(["relu", "relu", "gelu", "silu", "tanh"])
    task = rng.choice(["waves", "teacher", "products", "classes"])
    outputs = rng.choice([3, 5]) if task == "classes" else rng.choice([1, 1, 2])
    spec: Spec = {
        "depth": depth,
        "width": width,
        "hidden": hidden,
        "activation": activation,
        "task": task,
        "outputs": outputs,
        "init": rng.choice(["default", "default", "orthogonal", "kaiming", "xavier"]),
        "steps": rng.choice([500, 1000, 2000, 4000]),
        "learning_rate": rng.choice([5e-4, 1e-3, 2e-3]),
        "weight_decay": rng.choice([0.0, 0.01, 0.1, 0.3]),
        "data": rng.choice(["fixed", "fresh"]),
        "rows": rng.choice([1500, 3000, 8000]),
    }
    gain = round(rng.choice([1.0, 1.0, depth**-0.5]), 4)
    return {**spec, "gain_first": gain, "gain_last": gain}


def suite(count: int, seed: int) -> str:
    """Write a suite of `count` recipes as TOML."""
    rng = random.Random(seed)  # noqa: S311 - recipes, not secrets
    entries = [HEADER]
    for number in range(count):
        spec = ", ".join(f"{key} = {json.dumps(value)}" for key, value in recipe(rng).items())
        entries.append(f'[[puzzle]]\nname = "q{number:02d}"\nseed = {9000 + number}\nspec = {{ {spec} }}\n')
    return "\n".join(entries)


def main() -> None:
    """Write a suite to standard output."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=32, help="recipes to draw (default: 32)")
    parser.add_argument("--seed", type=int, default=20261122, help="seed of the draws (default: 20261122)")
    options = parser.parse_args()
    print(suite(options.count, options.seed))


if __name__ == "__main__":
    main()
