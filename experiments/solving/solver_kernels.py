"""Measure the speed of the solvers' numerical kernels relative to the machine's matrix products.

    OMP_NUM_THREADS=1 python experiments/solving/solver_kernels.py [--depth 48 --width 48 --hidden 96] [--repeats 7]

For every kernel the script prints the floating-point operations of its matrix products by formula, the best time of
several runs (seconds of the thread), the rate, and the rate's share of the best float32 matrix product in the same run
on the same thread. The script checks the formula against torch's count. The last column is the rise of memory during
the kernel, by the operating system's high-water mark of the process. The network is random, because values do not
affect the speed.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tabulate import tabulate
from torch.utils.flop_counter import FlopCounterMode

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from generator.reassembly.network.residual import ResidualNetwork
from generator.reassembly.scoring.certificate import certify
from solvers.reassembly.core.adjoint import linearise, predict_swaps
from solvers.reassembly.core.evaluation import Rows, Walk, order_mse
from solvers.reassembly.core.mean_field import pairing_flow, schedule_flow
from solvers.reassembly.core.monitor import SILENT
from solvers.reassembly.ordering.continuation import continued_order
from solvers.reassembly.ordering.exchange import exchange_features, exchange_model
from solvers.reassembly.ordering.inversion_search import InversionSearch
from solvers.reassembly.ordering.relocation import inversion_features, inversion_model
from solvers.reassembly.ordering.window import WindowSearch, pair_changes
from solvers.reassembly.pairing.statistics import match, trace

if TYPE_CHECKING:
    from collections.abc import Callable

TIME_STEPS = 8
"""Number of time steps of the timed mean-field flows."""


@dataclass(frozen=True)
class Kernel:
    """A kernel to time.

    Attributes:
        name: name of the kernel, with its sizes.
        call: function that runs the kernel once.
        flops: operations of the kernel's matrix products, by formula; None if they depend on the data.
        products: whether torch's matrix products do all the work, so that torch can count the operations.
    """

    name: str
    call: Callable[[], object]
    flops: float | None
    products: bool = True


def random_network(depth: int, width: int, hidden: int, outputs: int) -> ResidualNetwork:
    """Draw a network whose states keep their size over depth."""
    rng = torch.Generator().manual_seed(0)

    def draw(*shape: int, scale: float) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=rng)

    return ResidualNetwork(
        U=draw(depth, hidden, width, scale=width**-0.5),
        c=draw(depth, hidden, scale=0.1),
        V=draw(depth, width, hidden, scale=0.3 * hidden**-0.5),
        e=draw(depth, width, scale=0.1),
        head=draw(outputs, width, scale=width**-0.5),
        head_bias=draw(outputs, scale=0.1),
    )


def draw_rows(network: ResidualNetwork, count: int) -> Rows:
    """Draw rows, with the predictions of the network in another order."""
    inputs = torch.randn(count, network.U.shape[2], generator=torch.Generator().manual_seed(1))
    order = list(range(network.depth))
    order[3:9] = order[8:2:-1]
    return Rows(inputs, network.reordered(order, order)(inputs), 1.0)


def order_kernels(network: ResidualNetwork) -> list[Kernel]:
    """List the kernels of searches for the order of paired blocks."""
    (K, m, d), o = network.U.shape, len(network.head)
    block, everyone = 4.0 * d * m, range(K)  # operations of one block on one row, forwards or backwards
    few, some, many = (draw_rows(network, count) for count in (64, 256, 1_000))
    around = linearise(network, some, everyone)
    wide = linearise(network, draw_rows(network, 500), everyone)
    model = inversion_model(network, wide, everyone)
    features = inversion_features(network, wide, everyone)
    search = InversionSearch(model)
    route = search.begin(0.1)
    window = WindowSearch(pair_changes(network, around, 4), around.errors, K, 4)
    walk = Walk(network, many, everyone)
    passed = 2.0 * (K - 1) + sum(K - distance for distance in range(2, 5))
    reads = 2.0 * d * o
    return [
        Kernel("linearise, 64 rows", lambda: linearise(network, few, everyone), 64 * (K * block * (1 + o) + reads)),
        Kernel("linearise, 256 rows", lambda: linearise(network, some, everyone), 256 * (K * block * (1 + o) + reads)),
        Kernel("linearise, 1000 rows", lambda: linearise(network, many, everyone), 1e3 * (K * block * (1 + o) + reads)),
        Kernel("predict_swaps, 256 rows", lambda: predict_swaps(network, around, everyone), 256 * block * 2 * (K - 1)),
        Kernel("pair_changes, window 4, 256 rows", lambda: pair_changes(network, around, 4), 256 * block * passed),
        Kernel("WindowSearch.descend", lambda: window.descend(0.3), None, products=False),
        Kernel(
            "inversion_features, 500 rows",
            lambda: inversion_features(network, wide, everyone),
            500 * (block * K * (K - 1) + (K - 1) * (0.5 + o) * block),
        ),
        Kernel("Gram matrix of inversions, 500 rows", lambda: features @ features.T, 2.0 * K**4 * 500 * o),
        Kernel(
            "InversionSearch.predicted_changes", lambda: search.predicted_changes(route), 4.0 * K**3, products=False
        ),
        Kernel("exact error, 1000 rows", lambda: order_mse(network, many, everyone), 1e3 * (K * block + reads)),
        Kernel(
            "exact move in the last third",
            lambda: walk.attempt_move(2 * K // 3, K - 1),
            1e3 * ((K - 2 * K // 3) * block + reads),
        ),
        Kernel(
            "certificate, 1000 rows",
            lambda: certify(network, many.inputs, many.targets, 1.0),
            2e3 * (K * block + reads),
        ),
    ]


def pair_kernels(network: ResidualNetwork) -> list[Kernel]:
    """List the kernels of pairing and of mean-field flows."""
    (K, m, d), o = network.U.shape, len(network.head)
    n = 256
    rows = draw_rows(network, n)
    around = linearise(network, rows, range(K))
    scores = trace(network)
    belief = torch.full((K, K), 1.0 / K)
    schedule = torch.full((TIME_STEPS, K), 1.0 / TIME_STEPS)
    order = np.random.default_rng(0).permutation(K).tolist()
    all_halves = 2.0 * n * d * K * m  # one product with all incoming or all outgoing halves
    reads = 2.0 * n * d * o
    features = K * (n * 2.0 * d * m * o + o * (all_halves + 2.0 * n * K * m + 2.0 * n * d * K))
    mixing = 2.0 * n * K * K * m
    paired = TIME_STEPS * ((2 + 2 * o) * all_halves + (1 + 2 * o) * mixing + 2.0 * n * d * K * o + 2.0 * K * d)
    acting = TIME_STEPS * ((3 + 2 * o) * all_halves + 2.0 * n * d * K * o + 2.0 * K * d)
    return [
        Kernel("trace of all pairs", lambda: trace(network), 2.0 * K * K * m * d),
        Kernel("Hungarian assignment", lambda: match(scores), None, products=False),
        Kernel("exchange_features, 256 rows", lambda: exchange_features(network, around, side="outgoing"), features),
        Kernel(
            "exchange_model, 256 rows",
            lambda: exchange_model(network, around, side="outgoing"),
            features + 2.0 * K**4 * n * o + 2.0 * K * K * n * o,
        ),
        Kernel(
            "pairing_flow, 8 time steps, 256 rows",
            lambda: pairing_flow(network, rows.inputs, belief, schedule),
            paired + reads,
        ),
        Kernel(
            "schedule_flow, 8 time steps, 256 rows",
            lambda: schedule_flow(network, rows.inputs, schedule),
            acting + reads,
        ),
        Kernel("continued_order, 256 rows", lambda: continued_order(network, lambda: rows, order, SILENT), None),
    ]


def best_s(call: Callable[[], object], repeats: int) -> float:
    """Time a call several times and return the best time, in seconds of this thread."""
    times = []
    for _ in range(repeats):
        began = time.thread_time()
        call()
        times.append(time.thread_time() - began)
    return min(times)


def peak_flops() -> float:
    """Measure the rate of large float32 matrix products, in operations per second."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return 2 * 1024**3 / best_s(lambda: torch.mm(a, b), 5)


def counted(call: Callable[[], object]) -> float:
    """Count the operations of matrix products with torch's counter."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def peak_mib(call: Callable[[], object]) -> float | None:
    """Measure the rise of resident memory during a call; None if the system does not report it."""
    ctypes.CDLL(None).malloc_trim(0)  # memory that the allocator keeps would hide the rise
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    before = _status_kib("VmRSS")
    call()
    return (_status_kib("VmHWM") - before) / 1024


def _status_kib(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def measure(kernels: list[Kernel], repeats: int) -> list[list[object]]:
    """Time every kernel. The machine's peak rate is measured again before every kernel, and the best rate counts."""
    results, peak = [], 0.0
    for kernel in kernels:
        peak = max(peak, peak_flops())
        counts = counted(kernel.call) if kernel.products else None
        if kernel.flops is not None and counts is not None and abs(counts - kernel.flops) > 0.01 * counts:
            raise SystemExit(f"{kernel.name}: {kernel.flops:.4g} operations by formula, {counts:.4g} counted")
        flops = kernel.flops if kernel.flops is not None else counts
        results.append((kernel.name, flops, best_s(kernel.call, repeats), peak_mib(kernel.call)))
    print(f"best float32 matrix product on one thread: {peak / 1e9:.1f} GFLOP/s\n")
    table: list[list[object]] = []
    for name, flops, seconds, mib in results:
        rate = None if not flops else flops / seconds
        row: list[object] = [name, None if not flops else flops / 1e9, seconds * 1e3]
        table.append([*row, None if rate is None else rate / 1e9, None if rate is None else rate / peak, mib])
    return table


def main() -> None:
    """Measure the kernels and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("depth", 48), ("width", 48), ("hidden", 96), ("outputs", 1), ("repeats", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = random_network(options.depth, options.width, options.hidden, options.outputs)
    with torch.inference_mode():
        table = measure([*order_kernels(network), *pair_kernels(network)], options.repeats)
    headers = ["kernel", "GFLOP", "ms", "GFLOP/s", "share of peak", "peak MiB"]
    print(tabulate(table, headers, tablefmt="github", floatfmt=("", ".3f", ".2f", ".1f", ".2f", ".1f")))


if __name__ == "__main__":
    main()
