"""Choose the advice that follows a finding, for solvers in Python and for programs."""

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
    ("required positional argument", "give every parameter a default value; a function must take (puzzle, context)"),
    ("takes no arguments", "take the solver's parameters as arguments of __init__, or as fields of a dataclass"),
    (
        "ModuleNotFoundError",
        "install the module in netjigsaw's environment, or put it beside the solver's file; imports must be absolute",
    ),
    ("ImportError", "use absolute imports for files beside the solver's file"),
    ("has no ", "name a class or function of the file: file.py:Name"),
    ("loading took", "move the work from the import into the method solve"),
)


@dataclass(frozen=True)
class Fixes:
    """One line of advice per fault."""

    answer: str
    time: str
    repeats: str
    no_report: str
    bad_report: str
    gave_up: str
    family: str
    for_program: bool
    writes: str = "write only into the current folder; each trial has its own folder, which is removed after the trial"
    output: str = "print less; a trial that prints more than 16 MiB is stopped"

    def of_loading(self, reason: str) -> str:
        """Choose the advice by the reason why a solver could not be built."""
        if self.for_program:
            return "check that the program exists and is executable"
        return next(
            (fix for sign, fix in _LOADING if sign in reason),
            "import the solver's file in Python and correct the error",
        )

    def of_ending(self, verdict: Verdict) -> str:
        """Choose the advice by the ending of a trial."""
        match verdict.status:
            case Status.WRONG_FORMAT:
                return self.answer
            case Status.TIMEOUT:
                return self.time
            case Status.MEMORY:
                return "use less memory than the limit (--memory); process the rows in batches"
        if "positional argument" in verdict.reason and "solve" in verdict.reason:
            return "give solve two arguments: (puzzle, context)"
        if self.for_program:
            return "run the program by hand in a folder that netjigsaw export wrote for a puzzle of this shape"
        return "reproduce the crash with netjigsaw solve on a puzzle of this shape; fix it, or return None to give up"


_FOR_PYTHON = Fixes(
    answer="",  # the family's
    time="call context.report(answer) as soon as an answer is known, and return when context.time_left() nears zero",
    repeats="use no randomness except context.rng(), and do not iterate over sets",
    no_report="call context.report(answer) with the best answer so far; a timeout without a report has no score",
    bad_report="report only complete answers, in the format that solve returns",
    gave_up="return an answer, even a poor one; a poor answer gets a score, None gets none",
    family='correct family = "..." in the class, or name the family with --family',
    for_program=False,
)

_FOR_PROGRAMS = Fixes(
    answer="",  # the family's
    time="print the best answer as soon as one is known, and flush; NETJIGSAW_WALL_S holds the time limit in seconds",
    repeats="seed the random generator with the environment variable NETJIGSAW_SEED",
    no_report="print the best answer so far on its own line; a trial that runs out of time without one has no score",
    bad_report="print only complete answers, in the format of the final answer",
    gave_up="print an answer on the last line, even a poor one",
    family="name the family that the program solves with --family",
    for_program=True,
)


def fixes_for(advice: Advice, *, for_program: bool) -> Fixes:
    """Choose the fixes for a solver in Python or for a program; the family's record describes a valid answer."""
    if for_program:
        return replace(_FOR_PROGRAMS, answer=advice.printed)
    return replace(_FOR_PYTHON, answer=advice.answer)
