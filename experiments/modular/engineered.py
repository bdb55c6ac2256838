"""Build many networks with hand-made weights of each kind, and check that their circles do what the plan says.

    python experiments/modular/engineered.py
    python experiments/modular/engineered.py --instances 10 --kinds pizza-exact trap-attention
    python experiments/modular/engineered.py --modulus 60

Each instance draws a prime modulus from 31 to 113 (unless told otherwise), gains and frequencies. A circle is measured
by isolation: all other circles are removed from the embeddings. CV is the coefficient of variation, over d = a - b, of
the amplitude of cos(w (a + b - c)) in the logits; the correlation is that of the amplitude with abs(cos(w d / 2)).
Isolation and knock-out of the doubled circle decide what a circle is; of a trap, `mixed` is right.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generator.errors import NetjigsawError, TrainingError
from generator.modular.engineered.attention.transformer import build_transformer
from generator.modular.engineered.build import build
from generator.modular.engineered.frequencies import draw_plan
from generator.modular.measures.amplitude import kind_of, pizza_correlation, square_cv, upright, variation
from generator.modular.measures.circles import isolate, knock_out
from generator.modular.network.circle import angles, companion
from generator.modular.network.mlp import MLP
from generator.modular.network.model import accuracy, margin

if TYPE_CHECKING:
    from generator.modular.engineered.plan import CirclePlan, Plan
    from generator.modular.network.transformer import Transformer

PRIMES = (31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113)
KINDS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "pizza-exact": (("pizza",) * 4, {"exact": True, "neurons": 7}),
    "pizza-companions-exact": (("pizza",) * 4, {"exact": True, "neurons": 7, "companions": (0.424,) * 4}),
    "clock-exact": (("clock",) * 3, {"exact": True, "neurons": 25}),
    "clock-square-exact": (("clock",) * 3, {"exact": True, "neurons": 9, "activation": "square"}),
    "square-exact": (("square",) * 5, {"exact": True, "neurons": 5, "activation": "square"}),
    "hybrid-exact": (("pizza", "clock", "pizza", "clock"), {"exact": True, "neurons": 25}),
    "pizza": (("pizza",) * 4, {}),
    "pizza-companions": (("pizza",) * 4, {"companions": (0.3, 0.4, 0.5, 0.2)}),
    "clock": (("clock",) * 3, {}),
    "square": (("square",) * 5, {"neurons": 40}),
    "hybrid": (("pizza", "clock", "pizza", "clock"), {}),
    "trap": (("trap",) * 3, {"neurons": 40}),
    "pizza-attention": (("pizza",) * 4, {}),
    "clock-attention": (("clock",) * 3, {}),
    "hybrid-attention": (("pizza", "clock", "pizza", "clock"), {}),
    "trap-attention": (("trap",) * 3, {}),
}
"""Algorithm of each circle, and settings of the plan. Names with `attention` are transformers."""
FIXED = {"width": 240, "embedding": 64}
"""Shape of every natural network, which dead and decoy neurons and a random basis fill."""
PLANS = 9
"""Plans of one instance that the builder may refuse."""
EXPECTED = {"pizza": "pizza", "clock": "clock", "square": "square", "trap": "mixed"}
"""What the measures must say of a circle."""


def drawn(name: str, modulus: int, rng: np.random.Generator) -> tuple[Plan, MLP | Transformer, int]:
    """Draw plans of a kind until one can be built, and count those that the builder refused."""
    for refused in range(PLANS):
        with suppress(TrainingError):
            return *draw(name, modulus, rng), refused
    return *draw(name, modulus, rng), PLANS


def draw(name: str, modulus: int, rng: np.random.Generator) -> tuple[Plan, MLP | Transformer]:
    """Draw a plan of a kind and build it."""
    algorithms, settings = KINDS[name]
    shape = {} if "exact" in settings else FIXED
    plan = draw_plan(modulus, algorithms, rng, **{**shape, **settings})
    if "attention" in name:
        return plan, build_transformer(plan, rng, rate=float(rng.choice([0.5, 0.8, 1.0])))
    return plan, build(plan, rng)


def curve(network: MLP | Transformer, frequency: int) -> torch.Tensor:
    """Compute the amplitude of one frequency over d, p values, from its two output waves instead of all p logits."""
    p = network.modulus
    angle = angles(frequency, p)
    waves = torch.stack([angle.cos(), angle.sin()]) * (2 / p)
    changes: dict[str, torch.Tensor] = {"unembed": waves @ network.unembed}
    if isinstance(network, MLP):
        changes["unembed_bias"] = waves @ network.unembed_bias
    both = replace(network, **changes).logits()
    turn = torch.polar(torch.ones_like(angle), -angle)
    spun = torch.complex(both[..., 0], both[..., 1]) * turn[:, None] * turn[None]
    second = torch.arange(p)
    return upright(torch.stack([spun[(second + d) % p, second].mean() for d in range(p)]))


def circle_measures(network: MLP | Transformer, circle: CirclePlan) -> tuple[float, float, str]:
    """Measure a circle: CV and correlation in isolation, and the kind by isolation and knock-out."""
    p, k = network.modulus, circle.frequency
    curves = [curve(isolate(network, [k]), k), curve(knock_out(network, [companion(k, p)]), k)]
    correlations = [pizza_correlation(one, k) for one in curves]
    kind = kind_of(variation(curves[0]), variation(curves[1]), min(correlations), square_cv(k, p))
    return variation(curves[0]), correlations[0], kind


def span(values: list[float]) -> str:
    """Write the range of values."""
    return f"{min(values):.3f} ... {max(values):.3f}" if values else "-"


def row(name: str, instances: int, modulus: int | None, seed: int) -> list[Any]:
    """Build the instances of one kind and summarise them."""
    margins, solved, right, circles, plans, refused = [], 0, 0, 0, 0, 0
    variations: dict[str, list[float]] = {"pizza": [], "clock": [], "square": [], "trap": []}
    correlations: list[float] = []
    seconds = 0.0
    for instance in range(instances):
        rng = np.random.default_rng([seed, list(KINDS).index(name), instance])
        start = time.process_time()
        plan, network, missed = drawn(name, modulus or int(rng.choice(PRIMES)), rng)
        refused += missed
        seconds += time.process_time() - start
        logits = network.logits()
        solved += accuracy(logits) == 1
        margins.append(margin(logits))
        hits = 0
        for circle in plan.circles:
            cv, correlation, kind = circle_measures(network, circle)
            variations[circle.kind].append(cv)
            if circle.kind != "clock":
                correlations.append(correlation)
            hits += kind == EXPECTED[circle.kind]
        right, circles = right + hits, circles + len(plan.circles)
        plans += hits == len(plan.circles)
    others = variations["pizza"] + variations["square"] + variations["trap"]
    cells: list[Any] = [name, f"{solved}/{instances}", f"{min(margins):.3f}", f"{np.median(margins):.2f}", span(others)]
    cells += [span(variations["clock"]), span(correlations), f"{right}/{circles}", f"{plans}/{instances}"]
    return [*cells, str(refused), f"{seconds / instances:.2f}"]


HEADERS = ("kind", "accuracy 1", "least margin", "median margin", "CV of pizza, square, trap", "CV of clock")
HEADERS += ("their correlation (no clocks)", "circles recovered", "plans recovered", "plans refused", "s per network")


def main() -> int:
    """Print the table; an error prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=50, help="networks of each kind (default: 50)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="kinds to build (default: all)")
    parser.add_argument("--modulus", type=int, help="one modulus for all (default: random primes from 31 to 113)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    try:
        for name in options.kinds:
            rows.append(row(name, options.instances, options.modulus, options.seed))
            print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    except NetjigsawError as error:
        print(f"engineered: {error}", file=sys.stderr)
        return 1
    print(tabulate(rows, HEADERS, tablefmt="github", disable_numparse=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
