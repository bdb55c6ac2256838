"""Compare the generator's training speed to a plain PyTorch loop and to the machine's peak rate.

    python experiments/making/training_speed.py [--preset medium] [--steps 600] [--rounds 5]

The measurements alternate in one run, so that load on the machine slows all of them alike. The script prints the
milliseconds per step of the generator's loop and of a hand-written loop with nn.Linear layers, autograd and
torch.optim. It also prints how much longer two networks at once take than one, and the generator's share of the
machine's measured matrix-product rate.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from typing import TYPE_CHECKING

import torch
from tabulate import tabulate
from torch import Tensor, nn

from generator.reassembly.making.generate import initial_network
from generator.reassembly.network.gradient import BatchGradient
from generator.reassembly.spec import PRESETS, ReassemblySpec
from generator.training import train

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 8192


class Block(nn.Module):
    """A residual block in plain PyTorch."""

    def __init__(self, spec: ReassemblySpec) -> None:
        super().__init__()
        self.inward = nn.Linear(spec.width, spec.hidden)
        self.outward = nn.Linear(spec.hidden, spec.width)

    def forward(self, h: Tensor) -> Tensor:
        """Add the block's output to the state."""
        return h + self.outward(torch.relu(self.inward(h)))


def batches(spec: ReassemblySpec) -> tuple[Tensor, Tensor]:
    """Draw random inputs and labels. Their values do not affect the speed."""
    rng = torch.Generator().manual_seed(0)
    return torch.randn(ROWS, spec.width, generator=rng), torch.randn(ROWS, spec.outputs, generator=rng)


def ours(spec: ReassemblySpec) -> float:
    """Train with the generator's loop and return seconds per step."""
    x, y = batches(spec)
    network = initial_network(spec, torch.Generator().manual_seed(0))
    batch = BatchGradient(network, biases=True, classes=False)

    def gradient(step: int) -> Tensor:
        start = step * spec.batch % ROWS
        return batch(x[start : start + spec.batch], y[start : start + spec.batch])

    began = time.perf_counter()
    train(batch.parameters, gradient, spec, lambda *_: None)
    return (time.perf_counter() - began) / spec.steps


def by_hand(spec: ReassemblySpec) -> float:
    """Train with a plain PyTorch loop of the same recipe and return seconds per step."""
    x, y = batches(spec)
    network = nn.Sequential(*(Block(spec) for _ in range(spec.depth)), nn.Linear(spec.width, spec.outputs))
    optimiser = torch.optim.AdamW(network.parameters(), spec.learning_rate, weight_decay=spec.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, spec.steps)
    began = time.perf_counter()
    for step in range(spec.steps):
        start = step * spec.batch % ROWS
        loss = nn.functional.mse_loss(network(x[start : start + spec.batch]), y[start : start + spec.batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return (time.perf_counter() - began) / spec.steps


def peak_flops() -> float:
    """Measure the rate of a large float32 matrix product on one thread, in operations per second."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = 0.0
    for _ in range(20):
        began = time.perf_counter()
        torch.mm(a, b)
        best = max(best, 2 * 1024**3 / (time.perf_counter() - began))
    return best


def step_flops(spec: ReassemblySpec) -> float:
    """Count the operations of a step's matrix products: two forward and four backward per block."""
    return 6 * 2 * spec.batch * spec.depth * spec.width * spec.hidden


def _timed(function: Callable[[ReassemblySpec], float], spec: ReassemblySpec, barrier: object, results: object) -> None:
    torch.set_num_threads(1)
    barrier.wait()  # type: ignore[attr-defined]  # multiprocessing's proxies carry no types
    results.put(function(spec))  # type: ignore[attr-defined]


def at_once(count: int, spec: ReassemblySpec) -> float:
    """Train `count` networks at once, one process each, and return the seconds per step of the slowest."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_timed, args=(ours, spec, barrier, results)) for _ in range(count)]
    for worker in workers:
        worker.start()
    slowest = max(results.get() for _ in workers)
    for worker in workers:
        worker.join()
    return slowest


def main() -> None:
    """Alternate the measurements and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="medium", choices=PRESETS, help="recipe (default: medium)")
    parser.add_argument("--steps", type=int, default=600, help="training steps per measurement (default: 600)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each loop (default: 5)")
    options = parser.parse_args()
    spec = ReassemblySpec(**{**PRESETS[options.preset], "steps": options.steps})
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {"generator": [], "by hand": [], "one alone": [], "two at once": []}
    rates = []
    for _ in range(options.rounds):
        rates.append(peak_flops())
        times["generator"].append(ours(spec))
        times["by hand"].append(by_hand(spec))
        times["one alone"].append(at_once(1, spec))
        times["two at once"].append(at_once(2, spec))
    middle = {name: statistics.median(values) for name, values in times.items()}
    ratios = {
        "by hand / generator": [b / a for a, b in zip(times["generator"], times["by hand"], strict=True)],
        "two at once / one": [b / a for a, b in zip(times["one alone"], times["two at once"], strict=True)],
        "share of peak": [step_flops(spec) / t / rate for t, rate in zip(times["generator"], rates, strict=True)],
    }
    print(f"{options.preset}: depth {spec.depth}, width {spec.width}, hidden {spec.hidden}, batch {spec.batch}")
    print(tabulate([(name, value * 1e3) for name, value in middle.items()], headers=("loop", "ms per step")))
    print(f"\nmatrix-product peak on one thread: {statistics.median(rates) / 1e9:.1f} GFLOP/s")
    print(
        tabulate(
            [(name, statistics.median(values), min(values), max(values)) for name, values in ratios.items()],
            headers=("ratio", "median", "min", "max"),
            floatfmt=".3f",
        )
    )


if __name__ == "__main__":
    main()
