"""Where does a solver's time go: which kernels, and how much of it in matrix products?

    OMP_NUM_THREADS=1 python experiments/solving/solver_profile.py PUZZLE [--solver fast] [--seed 0] [--repeats 1]

Solves the puzzle once without and `--repeats` times with a watch, on one thread. The watch times every call of torch
that is a matrix product, counts its operations, and books it on the kernel that is running; kernels' own times exclude
those of kernels within them. Seconds are processor time of the thread, so that a busy machine does not distort them.
The watch slows a solver down where calls are small: the factor is printed, and shares are of the watched time.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tabulate import tabulate
from torch.overrides import TorchFunctionMode

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from generator.puzzle.storage import load_with_answer
from generator.reassembly.puzzle import ReassemblyPuzzle, view_puzzle
from solvers.api import Context
from solvers.reference import parse_reference
from solvers.registry import build_solver, find_solver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from solvers.api import Solver

KERNELS = (
    "certificate:certify",
    "adjoint:linearise",
    "adjoint:predict_swaps",
    "evaluation:order_mse",
    "evaluation:Walk.attempt_move",
    "exchange:ExchangeSearch.descend",
    "exchange:exchange_features",
    "exchange:exchange_model",
    "continuation:continued_order",
    "mean_field:pairing_flow",
    "mean_field:ridge_step",
    "mean_field:schedule_flow",
    "mean_field:schedule_predictions",
    "mean_field:sinkhorn",
    "propagation:data_log_odds",
    "inversion_search:InversionSearch.deepen",
    "inversion_search:InversionSearch.descend",
    "inversion_search:InversionSearch.predicted_changes",
    "relocation:inversion_features",
    "relocation:inversion_model",
    "statistics:match",
    "views:pairing_views",
    "window:WindowSearch.descend",
    "window:pair_changes",
)
"""Functions and methods that are timed separately, as module:name; each is replaced wherever it was imported."""

PRODUCTS = {
    torch.addmm,
    torch.baddbmm,
    torch.bmm,
    torch.einsum,
    torch.matmul,
    torch.mm,
    torch.Tensor.matmul,
    torch.Tensor.__matmul__,
    torch.Tensor.__rmatmul__,
}
"""Calls of torch that are matrix products."""


@dataclass
class Watch:
    """Books time and operations on kernels.

    Attributes:
        own_s: seconds in a kernel, those of kernels within it excluded.
        products_s: seconds of these in matrix products.
        flops: operations of those.
        calls: of a kernel.
        stack: kernels that are running, with the seconds already booked on kernels within them.
    """

    own_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    products_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    flops: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    stack: list[tuple[str, list[float]]] = field(default_factory=list)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Book what runs inside on a kernel."""
        inner = [0.0]
        self.stack.append((name, inner))
        began = time.thread_time()
        try:
            yield
        finally:
            seconds = time.thread_time() - began
            self.stack.pop()
            self.own_s[name] += seconds - inner[0]
            self.calls[name] += 1
            if self.stack:
                self.stack[-1][1][0] += seconds

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function that books itself."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.running(name):
                return function(*args, **kwargs)

        return call


class Products(TorchFunctionMode):
    """Times the matrix products among the calls of torch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run a call, and book it on the running kernel if it is a product."""
        del types
        if func not in PRODUCTS:
            return func(*args, **(kwargs or {}))
        began = time.thread_time()
        result = func(*args, **(kwargs or {}))
        kernel = self.watch.stack[-1][0]
        self.watch.products_s[kernel] += time.thread_time() - began
        self.watch.flops[kernel] += operations(func, args, result)
        return result


def operations(func: Any, args: tuple[Any, ...], result: torch.Tensor) -> float:
    """Count a product's operations from the shapes: twice the result's size times what is summed over.

    An einsum's is counted as one step over all its indices.
    """
    if func is torch.einsum:
        equation, tensors = args[0], args[1:]
        names = equation.partition("->")[0].split(",")
        sizes = {
            c: n for name, tensor in zip(names, tensors, strict=True) for c, n in zip(name, tensor.shape, strict=True)
        }
        total = 2.0
        for size in sizes.values():
            total *= size
        return total
    left = args[1] if func in {torch.addmm, torch.baddbmm} else args[0]
    return 2.0 * result.numel() * int(left.shape[-1])


def watch_kernels(watch: Watch) -> None:
    """Replace the kernels wherever they were imported."""
    modules = [module for name, module in sys.modules.items() if name.startswith(("solvers.", "generator."))]
    for kernel in KERNELS:
        module_name, _, path = kernel.partition(":")
        home = next(
            (m for m in modules if m.__name__.rpartition(".")[2] == module_name and "reassembly" in m.__name__), None
        )
        if home is None:
            raise SystemExit(f"there is no module {module_name!r} any more; edit KERNELS")
        owner_name, _, method = path.rpartition(".")
        if owner_name:
            owner = getattr(home, owner_name)
            setattr(owner, method, watch.wrapped(path, getattr(owner, method)))
            continue
        function = getattr(home, path)
        wrapped = watch.wrapped(path, function)
        for module in modules:
            for name, value in list(vars(module).items()):
                if value is function:
                    setattr(module, name, wrapped)


def solve(solver: Solver, puzzle: ReassemblyPuzzle, seed: int) -> tuple[Any, float, float]:
    """Solve once, and return the answer, processor seconds and wall seconds."""
    began, wall = time.thread_time(), time.perf_counter()
    answer = solver.solve(puzzle, Context(seed=seed, wall_s=600.0))
    return answer, time.thread_time() - began, time.perf_counter() - wall


def print_table(watch: Watch, total_s: float, repeats: int) -> None:
    """Print kernels by their own time."""
    table = []
    for name, own_s in sorted(watch.own_s.items(), key=lambda item: -item[1]):
        products_s = watch.products_s[name]
        rate = watch.flops[name] / products_s / 1e9 if products_s else None
        table.append([name, watch.calls[name] / repeats, own_s / repeats, own_s / total_s, products_s / total_s, rate])
    products_s = sum(watch.products_s.values())
    rate = sum(watch.flops.values()) / max(products_s, 1e-9) / 1e9
    table.append(["all", None, total_s / repeats, 1.0, products_s / total_s, rate])
    headers = ["kernel", "calls", "own s", "share of time", "in matrix products", "GFLOP/s of these"]
    print(tabulate(table, headers, tablefmt="github", floatfmt=("", ".0f", ".3f", ".1%", ".1%", ".1f")))


def main() -> None:
    """Solve and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("puzzle", type=Path)
    parser.add_argument("--solver", default="fast")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    loaded = load_with_answer(options.puzzle)
    puzzle = view_puzzle(loaded.puzzle)
    reference = parse_reference(options.solver)
    solver = build_solver(find_solver(reference, "reassembly"), reference.parameters)
    solve(solver, puzzle, options.seed)  # the first call of anything is slow
    _, plain_s, wall_s = solve(solver, puzzle, options.seed)
    watch = Watch()
    watch_kernels(watch)
    for _ in range(options.repeats):
        with watch.running("elsewhere"), Products(watch):
            answer, _, _ = solve(solver, puzzle, options.seed)
    total_s = sum(watch.own_s.values())
    exact = "unknown" if loaded.sealed is None else str(answer.value == loaded.sealed.answer)
    watched = total_s / options.repeats / plain_s
    print(f"{options.solver} on {options.puzzle.name}: exact {exact}, certified {answer.certified}, {answer.note}")
    print(f"{plain_s:.3f} s of processor, {wall_s:.3f} s of wall time; {watched:.2f} times that under watch\n")
    print_table(watch, total_s, options.repeats)


if __name__ == "__main__":
    main()
