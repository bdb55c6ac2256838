"""What runs in the child: make the solver, take the puzzle, solve, answer.

The parent does not trust this process: once it has imported the solver's code, it is the solver.
The parent sends the puzzle only after that import and starts the clock at that moment. So reading
the puzzle counts for every solver, and a thread started by the import cannot see the puzzle early.
"""

from __future__ import annotations

import io
import math
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from benchmark.isolation.child.folder import NATIVE, unpack_folder
from benchmark.isolation.child.handle import Handle
from benchmark.isolation.child.relay import relay, write_terms
from benchmark.isolation.wire import encode, receive, tensor_bytes
from generator.errors import AnswerError, NetjigsawError, PluginError, PuzzleError
from generator.family.registry import find_family
from generator.plugins import describe_failure, load_plugin
from generator.puzzle.answer import as_answer
from generator.puzzle.storage import load_puzzle
from solvers.api import Context, with_oracle
from solvers.program import Command
from solvers.reference import Reference
from solvers.registry import OtherFamilyError, build_solver, find_solver

if TYPE_CHECKING:
    import socket

    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle
    from solvers.api import Solver

__all__ = ["PUZZLE_FILES", "work"]

PUZZLE_FILES = ("manifest.json", "pieces.safetensors", "data.safetensors")
_MEMORY_SIGNS = ("can't allocate memory", "not enough memory", "std::bad_alloc")


def work(connection: socket.socket, order: dict[str, Any]) -> int:
    """Go through a trial and return the exit code."""
    speaker = _Speaker(connection, int(order["message_mib"] * 2**20))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what was printed before a crash is kept
    try:
        solve = _solve if order["command"] is None else _run_program
        answer = solve(connection, speaker, order)
        sys.stdout.flush()
        speaker.say("answer", answer)
    except BaseException as error:  # noqa: BLE001 - a solver may raise anything, SystemExit too; the parent must hear of it
        speaker.fail(error)
        return 1
    return 0


def _solve(connection: socket.socket, speaker: _Speaker, order: dict[str, Any]) -> Any:
    """Make the solver, take the puzzle, solve."""
    solver = _make_solver(order)
    connection.sendall(encode("built"))
    began = time.monotonic()
    puzzle = _take_puzzle(connection, order)
    oracle = _handle(connection, puzzle, order)
    view = with_oracle(find_family(order["family"]).view(puzzle), oracle)
    context = Context(
        seed=order["seed"],
        wall_s=math.inf if order["wall_s"] is None else order["wall_s"],
        memory_mib=math.inf if order["memory_mib"] is None else order["memory_mib"],
        threads=order["threads"],
        report=speaker.report,
        log=speaker.log,
        started=began,
        oracle=oracle,
    )
    return solver.solve(view, context)


def _handle(connection: socket.socket, puzzle: Puzzle, order: dict[str, Any]) -> Handle | None:
    """Make the handle on the oracle; None where the family has none."""
    oracle = find_family(order["family"]).oracle
    return None if oracle is None else Handle(connection, oracle.terms(puzzle), order["queries"])


def _run_program(connection: socket.socket, speaker: _Speaker, order: dict[str, Any]) -> Answer:
    """Lay the puzzle out, and start the program only when the clock is."""
    for plugin in order["plugins"]:
        load_plugin(plugin)
    command = Command(**{name: _tuples(value) for name, value in order["command"].items()})
    folder = Path.cwd()
    if not unpack_folder(connection, folder):
        raise SystemExit(0)
    layout = find_family(order["family"]).foreign_layout
    if layout is None:
        raise PuzzleError(f"{order['family']} puzzles cannot be put to programs")
    puzzle = load_puzzle(folder / NATIVE)
    reader = layout.reader(puzzle)
    oracle = _handle(connection, puzzle, order)
    if oracle is not None:
        write_terms(oracle, folder)
    if not os.access(command.program, os.X_OK):
        raise PluginError(f"{command.program} is hidden from solvers, or not there")
    os.environ.update(_program_environment(order))
    argv = command.argv(folder)
    connection.sendall(encode("built"))
    if receive(connection) is None:
        raise SystemExit(0)
    return relay(argv, reader, speaker.report, oracle)


def _program_environment(order: dict[str, Any]) -> dict[str, str]:
    """Tell a program in its environment what a solver in Python learns from its context; no limit is an absent one."""
    known = {
        f"NETJIGSAW_{name.upper()}": str(order[name])
        for name in ("seed", "wall_s", "memory_mib", "threads", "queries")
        if order[name] is not None
    }
    # Lines must come when they are printed, not when a buffer is full: a program that is stopped loses what is in it.
    return {**known, "PYTHONUNBUFFERED": "1"}


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class _Speaker:
    """Says things to the parent; a class because every call needs the socket and the limit."""

    def __init__(self, connection: socket.socket, limit: int) -> None:
        self._connection = connection
        self._limit = limit

    def say(self, kind: str, returned: Any) -> None:
        answer = as_answer(returned)
        fields = {"value": answer.value, "certified": answer.certified, "note": answer.note[:1000]}
        frame = encode(kind, fields, _tensors(answer))
        if len(frame) > self._limit:
            size = len(frame) / 2**20
            raise AnswerError(f"the answer takes {size:.1f} MiB; at most {self._limit / 2**20:g} are read")
        self._connection.sendall(frame)

    def report(self, answer: Any) -> None:
        self.say("report", answer)

    def log(self, text: str) -> None:
        self._connection.sendall(encode("log", {"text": str(text)[:1000]}))

    def fail(self, error: BaseException) -> None:
        try:
            fields = {"kind": _kind(error), "reason": _reason(error)[:1000]}
            if not isinstance(error, NetjigsawError):
                traceback.print_exception(error, limit=-20)
            self._connection.sendall(encode("error", fields))
        except BaseException:  # noqa: BLE001 - no memory, no descriptors, a hostile __str__: the exit code must do
            os._exit(1)


def _tensors(answer: Answer) -> bytes:
    try:
        return tensor_bytes(answer.arrays)
    except (TypeError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise AnswerError(f"the answer's arrays cannot be written: {describe_failure(error)}") from None


def _reason(error: BaseException) -> str:
    """Our own errors are one clear line already; others need their name."""
    ours = isinstance(error, NetjigsawError)
    return str(error) if ours else describe_failure(error)


def _kind(error: BaseException) -> str:
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in _MEMORY_SIGNS):
        return "memory"
    if isinstance(error, OtherFamilyError):
        return "elsewhere"
    if isinstance(error, AnswerError):
        return "format"
    return "exception"


def _make_solver(order: dict[str, Any]) -> Solver:
    for plugin in order["plugins"]:
        load_plugin(plugin)
    find_family(order["family"])
    reference = Reference(order["target"], order["named_family"], order["parameters"])
    entry = find_solver(reference, order["family"])
    return build_solver(entry, order["parameters"])


def _take_puzzle(connection: socket.socket, order: dict[str, Any]) -> Puzzle:
    """Write the public files into the scratch folder, read them back and check them."""
    for name in PUZZLE_FILES:
        frame = receive(connection)
        if frame is None:
            raise SystemExit(0)
        Path(name).write_bytes(frame.blob)
    puzzle = load_puzzle(Path.cwd())
    if puzzle.digest != order["puzzle"]:
        raise PuzzleError(f"puzzle {puzzle.digest[:12]} came instead of {order['puzzle'][:12]}")
    return puzzle
