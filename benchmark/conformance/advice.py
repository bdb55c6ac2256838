"""What to do about a finding, for solvers in Python and for programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.results.trial import Status

if TYPE_CHECKING:
    from benchmark.running.judge import Verdict
    from generator.family.advice import Advice

__all__ = ["Fixes", "fixes_for"]

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
class Fixes:
    """One line of advice for each fault."""

    answer: str
    time: str
    repeats: str
    no_report: str
    bad_report: str
    gave_up: str
    family: str
    for_program: bool
    writes: str = "write into the current folder only; each trial has its own, which is removed afterwards"
    output: str = "print less; more than 16 MiB ends a trial"

    def of_loading(self, reason: str) -> str:
        """Choose by the reason why a solver could not be made."""
        if self.for_program:
            return "check that the program exists and is executable"
        return next(
            (fix for sign, fix in _LOADING if sign in reason),
            "import the file by itself and correct the error",
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


_FOR_PYTHON = Fixes(
    answer="",  # the family's
    time="call context.report(answer) as soon as there is one, and return when context.time_left() nears zero",
    repeats="take all randomness from context.rng(), and do not iterate over sets",
    no_report="call context.report(answer) with the best so far: without, running out of time scores nothing",
    bad_report="report whole answers only, in the form that solve returns",
    gave_up="return an answer, even a poor one: it is scored, None is not",
    family='say family = "..." in the class if it is wrong there, or name the right one with --family',
    for_program=False,
)

_FOR_PROGRAMS = Fixes(
    answer="",  # the family's
    time="print the best answer so far as soon as there is one, and flush; NETJIGSAW_WALL_S says how long there is",
    repeats="seed the random generator with the environment's NETJIGSAW_SEED",
    no_report="print the best answer so far on a line of its own: without, running out of time scores nothing",
    bad_report="print whole answers only, in the form of the final one",
    gave_up="print an answer, even a poor one, at the end of the output",
    family="choose another family with --family",
    for_program=True,
)


def fixes_for(advice: Advice, *, for_program: bool) -> Fixes:
    """Choose the fixes for a solver in Python or for a program; the family says what a valid answer is."""
    if for_program:
        return replace(_FOR_PROGRAMS, answer=advice.printed)
    return replace(_FOR_PYTHON, answer=advice.answer)
