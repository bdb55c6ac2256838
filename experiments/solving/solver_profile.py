"""Profile a solver: time by kernel, and the share of time in matrix products.

    OMP_NUM_THREADS=1 python experiments/solving/solver_profile.py PUZZLE [--solver fast] [--seed 0] [--repeats 1]

The script solves the puzzle once without the profiler and `--repeats` times with it, on one thread. The profiler times
every matrix product of torch, counts its operations, and adds them to the running kernel. The own time of a kernel
excludes the time of kernels that it calls. Seconds are processor time of the thread, so that load on the machine does
not distort them. The profiler slows down a solver with small calls. The script prints this factor, and shares refer to
the profiled time.
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
"""Functions and methods that are timed separately, as module:name; each one is replaced in all modules that import it.
"""

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
"""Functions of torch that are matrix products."""


@dataclass
class Watch:
    """Adds up time and operations by kernel.

    Attributes:
        own_s: seconds in each kernel, without the kernels that it calls.
        products_s: seconds of `own_s` in matrix products.
        flops: operations of the matrix products.
        calls: number of calls of each kernel.
        stack: running kernels, with the seconds of the kernels that they called.
    """

    own_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    products_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    flops: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    stack: list[tuple[str, list[float]]] = field(default_factory=list)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Add the time inside the block to a kernel."""
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
        """Wrap a function so that its time is added to its kernel."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.running(name):
                return function(*args, **kwargs)

        return call


class Products(TorchFunctionMode):
    """Times the matrix products among torch's calls."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run a call; if it is a matrix product, add its time to the running kernel."""
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
    """Count a product's operations from the shapes: twice the size of the result times the length of the sum.

    An einsum counts as one product over all its indices.
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
    """Replace the kernels in all modules that import them."""
    modules = [module for name, module in sys.modules.items() if name.startswith(("solvers.", "generator."))]
    for kernel in KERNELS:
        module_name, _, path = kernel.partition(":")
        home = next(
            (m for m in modules if m.__name__.rpartition(".")[2] == module_name and "reassembly" in m.__name__), None
        )
        if home is None:
            raise SystemExit(f"there is no module {module_name!r}; correct KERNELS")
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
    """Print the kernels, sorted by own time."""
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
    """Solve the puzzle and print the profile."""
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
    solve(solver, puzzle, options.seed)  # the first calls are slow
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
    print(f"{plain_s:.3f} s of processor, {wall_s:.3f} s of wall time; {watched:.2f} times that with the profiler\n")
    print_table(watch, total_s, options.repeats)


if __name__ == "__main__":
    main()
