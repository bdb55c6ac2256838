"""What to do about a finding, in the words of solvers in Python and of programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.results.trial import Status

if TYPE_CHECKING:
    from benchmark.running.judge import Verdict

__all__ = ["Advice", "advice_for"]

_LOADING = (
    ("has no method solve", "give the class a method solve(self, puzzle, context)"),
    ("required positional argument", "give every parameter a default; a function must take (puzzle, context)"),
    ("takes no arguments", "a solver's parameters are arguments of its __init__, or fields of a dataclass"),
    (
        "ModuleNotFoundError",
        "install the module where netjigsaw is, or put it beside the file; imports must be absolute",
    ),
    ("ImportError", "a solver in a file is imported alone: write absolute imports of files beside it"),
    ("has no ", "name an object of the file, as file.py:Name"),
    ("loading took", "do the work in solve, not at import"),
)


@dataclass(frozen=True)
class Advice:
    """One line for each thing that may be wrong."""

    answer: str
    time: str
    repeats: str
    no_report: str
    bad_report: str
    gave_up: str
    family: str
    for_program: bool
    writes: str = "write into the current folder only; it is the solver's own and vanishes with the trial"
    output: str = "print less; more than 16 MiB ends a trial"

    def of_loading(self, reason: str) -> str:
        """Choose by why a solver cannot be made."""
        if self.for_program:
            return "see that the program exists and can be executed"
        return next(
            (fix for sign, fix in _LOADING if sign in reason), "import the file by itself and mend what it says"
        )

    def of_ending(self, verdict: Verdict) -> str:
        """Choose by how a trial ended."""
        match verdict.status:
            case Status.WRONG_FORMAT:
                return self.answer
            case Status.TIMEOUT:
                return self.time
            case Status.MEMORY:
                return "take less memory than --memory allows: work in batches of rows"
        if "positional argument" in verdict.reason and "solve" in verdict.reason:
            return "solve must take two arguments: (puzzle, context)"
        if self.for_program:
            return "run it by hand in a folder that netjigsaw export wrote, of a puzzle of this shape"
        return "try a puzzle of this shape with netjigsaw solve; guard against it, or return None to give up"


_FOR_PYTHON = Advice(
    answer="return the answer in the form that the family documents; for pieces, puzzle.answer(incoming, outgoing)",
    time="call context.report(answer) as soon as there is one, and return when context.time_left() nears zero",
    repeats="take all randomness from context.rng(), and do not iterate over sets",
    no_report="call context.report(answer) with the best so far: without, running out of time scores nothing",
    bad_report="report whole answers only, in the form that solve returns",
    gave_up="return an answer, even a poor one: it is scored, None is not",
    family='say family = "..." in the class if it is wrong there, or name the right one with --family',
    for_program=False,
)

_FOR_PROGRAMS = Advice(
    answer="print every piece number once, counted as in the names of the files, on a line: 3,0,2,1,4",
    time="print the best list so far as soon as there is one, and flush; NETJIGSAW_WALL_S says how long there is",
    repeats="seed the random generator with the environment's NETJIGSAW_SEED",
    no_report="print the best list so far on a line of its own: without, running out of time scores nothing",
    bad_report="print whole lists only, in the form of the answer",
    gave_up="print an answer, even a poor one, as the last list of the output",
    family="choose another family with --family",
    for_program=True,
)


def advice_for(*, for_program: bool) -> Advice:
    """Choose the words."""
    return _FOR_PROGRAMS if for_program else _FOR_PYTHON
