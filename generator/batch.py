"""Make several puzzles on several cores. Each puzzle is written completely or not at all."""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import sys
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from generator.errors import NetjigsawError, StorageError, TrainingError
from generator.family.registry import find_family
from generator.home import HOME
from generator.plugins import load_plugin
from generator.puzzle.storage import find_answer, load_puzzle, remove_answer, save_answer, save_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Progress

__all__ = ["BatchResult", "Failure", "Order", "child_seed", "make_all", "make_each"]


@dataclass(frozen=True)
class Order:
    """One puzzle to make, with its output folders."""

    family: str
    name: str
    spec: BaseModel
    seed: int
    folder: Path
    answers: Path


@dataclass(frozen=True)
class BatchResult:
    """One puzzle that is in its folder; `kept` is true if the puzzle was there before."""

    order: Order
    puzzle: Puzzle
    warnings: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True)
class Failure:
    """One puzzle that could not be made, with the error."""

    order: Order
    error: NetjigsawError


class Watch(Protocol):
    """A function that receives the progress of an order."""

    def __call__(self, order: Order, step: int, steps: int, loss: float) -> None:
        """Report that `step` of `steps` is done, with the current training loss."""


def child_seed(seed: int, index: int) -> int:
    """Derive the seed of one of many puzzles. It has 53 bits, and neighbouring seeds are unrelated."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> np.uint64(11))


def make_all(orders: Sequence[Order], *, jobs: int, plugins: Sequence[str], watch: Watch) -> Iterator[BatchResult]:
    """Make puzzles, up to `jobs` at the same time, and yield each finished puzzle.

    A puzzle of the same recipe and seed that is already in its folder is kept, so repeating an interrupted call resumes
    it. A failed puzzle does not stop the others; the first failure is raised after all puzzles.

    Args:
        orders: puzzles to make.
        jobs: number of processes.
        plugins: modules or files that register the families; every process loads them.
        watch: called with the progress.

    Raises:
        StorageError: if a folder holds something else or cannot be written.
        NetjigsawError: any other error of the family.
    """
    failures: list[NetjigsawError] = []
    for made in make_each(orders, jobs=jobs, plugins=plugins, watch=watch):
        if isinstance(made, Failure):
            failures.append(made.error)
        else:
            yield made
    if failures:
        raise failures[0]


def make_each(
    orders: Sequence[Order], *, jobs: int, plugins: Sequence[str], watch: Watch
) -> Iterator[BatchResult | Failure]:
    """Make puzzles like `make_all`, and yield a `Failure` for each puzzle that could not be made."""
    makers = _one_by_one(orders, watch) if jobs == 1 or len(orders) == 1 else _at_once(orders, jobs, plugins, watch)
    for order, make in makers:
        try:
            yield make()
        except NetjigsawError as error:
            yield Failure(order, error)


def _one_by_one(orders: Sequence[Order], watch: Watch) -> Iterator[tuple[Order, Callable[[], BatchResult]]]:
    for order in orders:
        yield order, partial(_make, order, partial(watch, order))


def _at_once(
    orders: Sequence[Order], jobs: int, plugins: Sequence[str], watch: Watch
) -> Iterator[tuple[Order, Callable[[], BatchResult]]]:
    """Yield a function per result, in order of completion; calling it returns the result."""
    context = multiprocessing.get_context("spawn")
    news: Any = context.Queue()
    with ProcessPoolExecutor(min(jobs, len(orders)), context, _start_process, (tuple(plugins), news)) as pool:
        with _own_packages_first():  # submitting work starts the processes
            handed = {pool.submit(_make_elsewhere, order, index): order for index, order in enumerate(orders)}
        try:
            waiting = set(handed)
            while waiting:
                done, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
                with contextlib.suppress(queue.Empty):
                    while True:
                        index, *progress = news.get_nowait()
                        watch(orders[index], *progress)
                for future in done:
                    yield handed[future], partial(_outcome, future)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _outcome(future: Future[BatchResult]) -> BatchResult:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise TrainingError("a process was killed, perhaps because memory ran out; try fewer --jobs") from error


_news: Any = None
"""In a process of the pool: the queue for progress."""


@contextlib.contextmanager
def _own_packages_first() -> Iterator[None]:
    """Let processes that start in the block find this package before other packages of the same name."""
    sys.path.insert(0, str(HOME))
    try:
        yield
    finally:
        sys.path.remove(str(HOME))


def _start_process(plugins: Sequence[str], news: Any) -> None:
    global _news  # noqa: PLW0603 - a pool hands its processes a queue in no other way
    _news = news
    news.cancel_join_thread()  # unread progress must not stop the process from ending
    for plugin in plugins:
        load_plugin(plugin)


def _make_elsewhere(order: Order, index: int) -> BatchResult:
    def tell(step: int, steps: int, loss: float) -> None:
        _news.put((index, step, steps, loss))

    return _make(order, tell)


def _make(order: Order, progress: Progress) -> BatchResult:
    if order.folder.exists():
        return BatchResult(order, _kept(order), kept=True)
    try:
        made = find_family(order.family).generate(order.spec, name=order.name, seed=order.seed, progress=progress)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error):  # the wording of torch
            raise TrainingError(f"{order.name} does not fit into memory; make it smaller") from error
        raise
    known = (order.answers / f"{made.sealed.digest}.json").exists()  # the answer of the same puzzle in another folder
    save_answer(made.sealed, order.answers)
    try:
        save_puzzle(made.puzzle, order.folder)
    except BaseException as error:
        there = isinstance(error, StorageError) and order.folder.exists()  # another process has written the puzzle
        # first
        kept = _kept(order) if there else None
        if not known and (kept is None or kept.digest != made.puzzle.digest):
            remove_answer(made.sealed.digest, order.answers)
        if kept is None:
            raise
        return BatchResult(order, kept, made.warnings, kept=True)
    return BatchResult(order, made.puzzle, made.warnings)


def _kept(order: Order) -> Puzzle:
    """Load the puzzle in an order's folder, if it is the ordered puzzle."""
    puzzle = load_puzzle(order.folder)
    sealed = find_answer(puzzle, order.answers)
    if sealed is None or sealed.seed != order.seed or sealed.spec != order.spec.model_dump(mode="json"):
        raise StorageError(f"{order.folder} exists already and holds another puzzle; choose another --out or remove it")
    return puzzle
