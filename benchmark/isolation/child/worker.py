"""The worker in the child process: build the solver, read the puzzle, solve it, send the answer.

The parent does not trust this process, because the imported code of the solver controls it. The parent
sends the puzzle only after the import, and starts the clock when it sends the puzzle. The time to read
the puzzle counts for every solver, and a thread started by the import cannot see the puzzle early.
"""

from __future__ import annotations

import io
import math
import os
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from benchmark.isolation.child.folder import NATIVE, unpack_folder
from benchmark.isolation.child.handle import Handle
from benchmark.isolation.child.queries import write_terms
from benchmark.isolation.child.relay import relay
from benchmark.isolation.wire import encode, receive, tensor_bytes
from generator.errors import AnswerError, NetjigsawError, PluginError, PuzzleError, UnsupportedPuzzleError
from generator.family.registry import find_family
from generator.plugins import describe_failure, load_plugin
from generator.puzzle.answer import Answer, as_answer
from generator.puzzle.storage import load_puzzle
from solvers.api import Context, with_oracle
from solvers.program import Command
from solvers.reference import Reference
from solvers.registry import OtherFamilyError, build_solver, find_solver

if TYPE_CHECKING:
    import socket

    from generator.puzzle.content import Puzzle
    from solvers.api import Solver

__all__ = ["PUZZLE_FILES", "work"]

PUZZLE_FILES = ("manifest.json", "pieces.safetensors", "data.safetensors")
_MEMORY_SIGNS = ("can't allocate memory", "not enough memory", "std::bad_alloc")


def work(connection: socket.socket, order: dict[str, Any]) -> int:
    """Run a trial in the child and return the exit code."""
    speaker = _Speaker(connection, int(order["message_mib"] * 2**20))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # keeps the lines printed before a crash
    try:
        solve = _solve if order["command"] is None else _run_program
        answer = solve(connection, speaker, order)
        sys.stdout.flush()
        speaker.say("answer", answer)
    except BaseException as error:  # noqa: BLE001 - a solver may raise anything, SystemExit too; the parent needs a reason
        speaker.fail(error)
        return 1
    return 0


def _solve(connection: socket.socket, speaker: _Speaker, order: dict[str, Any]) -> Any:
    """Build the solver, read the puzzle, and solve it. A solver for which the puzzle is unsupported gives up."""
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
    try:
        return solver.solve(view, context)
    except UnsupportedPuzzleError as error:
        return Answer(None, note=str(error))


def _handle(connection: socket.socket, puzzle: Puzzle, order: dict[str, Any]) -> Handle | None:
    """Return the oracle for the solver; None where the puzzle has no oracle."""
    terms = find_family(order["family"]).oracle_terms(puzzle)
    return None if terms is None else Handle(connection, terms, order["queries"])


def _run_program(connection: socket.socket, speaker: _Speaker, order: dict[str, Any]) -> Answer:
    """Unpack the puzzle for a program, and start the program when the parent starts the clock."""
    for plugin in order["plugins"]:
        load_plugin(plugin)
    command = Command(**{name: _tuples(value) for name, value in order["command"].items()})
    folder = Path.cwd()
    if not unpack_folder(connection, folder):
        raise SystemExit(0)
    layout = find_family(order["family"]).foreign_layout
    if layout is None:
        raise PuzzleError(f"programs cannot solve {order['family']} puzzles; use a solver in Python")
    puzzle = load_puzzle(folder / NATIVE)
    new_reader = partial(layout.reader, puzzle)
    new_reader()  # imports the reader's module before the clock starts
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
    return relay(argv, new_reader, speaker.report, oracle, layout.answer_files)


def _program_environment(order: dict[str, Any]) -> dict[str, str]:
    """Return seed and limits as environment variables for a program. A variable is absent where there is no limit."""
    known = {
        f"NETJIGSAW_{name.upper()}": str(order[name])
        for name in ("seed", "wall_s", "memory_mib", "threads", "queries")
        if order[name] is not None
    }
    # Without buffering a line arrives when it is printed; a stopped program would lose the lines in its buffer.
    return {**known, "PYTHONUNBUFFERED": "1"}


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class _Speaker:
    """Sends answers, reports, log lines and errors to the parent."""

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
        except BaseException:  # noqa: BLE001 - no memory, no descriptors, a hostile __str__; only the exit code is left
            os._exit(1)


def _tensors(answer: Answer) -> bytes:
    try:
        return tensor_bytes(answer.arrays)
    except (TypeError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise AnswerError(f"the answer's arrays cannot be written: {describe_failure(error)}") from None


def _reason(error: BaseException) -> str:
    """Describe an error in one line. An error of netjigsaw needs no type name before its message."""
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
    """Receive the public files into the scratch folder, load the puzzle and check its digest."""
    for name in PUZZLE_FILES:
        frame = receive(connection)
        if frame is None:
            raise SystemExit(0)
        Path(name).write_bytes(frame.blob)
    puzzle = load_puzzle(Path.cwd())
    if puzzle.digest != order["puzzle"]:
        raise PuzzleError(f"puzzle {puzzle.digest[:12]} came instead of {order['puzzle'][:12]}")
    return puzzle
