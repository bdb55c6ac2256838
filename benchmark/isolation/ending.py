"""The parent's record of a trial, and the status and reason that follow from the record."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from benchmark.isolation.wire import Frame, WireError
from benchmark.results.outcome import SERVER_DIED, one_line
from benchmark.results.trial import Limits, Status
from generator.errors import AnswerError
from generator.puzzle.answer import Answer, plain

if TYPE_CHECKING:
    from generator.family.oracle import Usage

__all__ = ["Ending", "Stop", "answer_of_stopped_program", "classify", "decode_answer"]

MAX_DEPTH = 100
"""Largest nesting depth of an answer, in levels of lists and objects. A larger value accepts deeper answers.
Hand-set."""


@dataclass(frozen=True)
class Stop:
    """Reason why the parent stopped a trial. `status` is None if an answer or an error came before."""

    status: Status | None
    reason: str = ""


@dataclass
class Ending:
    """What the parent recorded of a trial; answers are frames, not decoded yet.

    Attributes:
        stage: `building` until the child has the solver, then `solving`.
        answer: frame of the final answer; None if none came.
        error: content of an error frame; None if none came.
        stop: why the parent stopped the trial; None if it did not.
        damaged: whether the child sent bytes that are not valid frames.
        done: the server's report on how the child ended; None if the server is gone.
        reports: best-so-far answers, each as seconds since go, frame, rows answered by the oracle until then.
        usage: queries to the oracle; None where the puzzle has no oracle.
        wall_s: seconds from go to the answer, or to the end of the trial; None if the clock was never started.
        load_s: seconds that importing and building the solver took; None if it was never built.
        log: lines that the solver logged.
        output: the end of standard output and standard error.
    """

    stage: str = "building"
    answer: Frame | None = None
    error: dict[str, Any] | None = None
    stop: Stop | None = None
    damaged: bool = False
    done: dict[str, Any] | None = None
    reports: list[tuple[float, Frame, int]] = field(default_factory=list)
    usage: Usage | None = None
    wall_s: float | None = None
    load_s: float | None = None
    log: list[str] = field(default_factory=list)
    output: str = ""


def classify(ending: Ending, limits: Limits) -> tuple[Status | None, str]:
    """Return the status of a trial and the reason; the status is None if there is an answer to score.

    The first that applies decides: an answer or error that the child sent in time, a limit that the parent enforced, a
    limit that the server enforced, the exit code of the child.
    """
    if ending.answer is not None:
        return None, ""
    if ending.error is not None:
        return _of_error(ending.error, ending.stage)
    if ending.stop is not None and ending.stop.status is not None:
        return ending.stop.status, ending.stop.reason
    if ending.done is None:
        return Status.CRASHED, SERVER_DIED
    return _of_exit(ending.done, limits, ending.output)


def answer_of_stopped_program(ending: Ending, status: Status | None, reason: str, limits: Limits) -> Answer | None:
    """Return the last printed answer of a program that a limit or the kernel ended; None if that does not apply.

    A program may fail after its answer. A program that ends with exit code 1 is judged by its last printed answer, and
    so is a stopped program. The answer's note gives the time of the answer and the end of the program.

    Args:
        ending: the record of the program's trial.
        status: status from `classify`.
        reason: reason from `classify`.
        limits: limits of the trial.
    """
    stopped = status in (Status.TIMEOUT, Status.MEMORY, Status.CRASHED) and reason != SERVER_DIED
    if not stopped or not ending.reports or ending.error is not None or ending.damaged:
        return None
    printed_s, frame, _queries = ending.reports[-1]
    out_of_time = ending.stop is not None and ending.stop.status is Status.TIMEOUT
    peak = (ending.done or {}).get("peak_mib")
    largest = f"; its largest process took {peak:.0f} MiB" if status is Status.MEMORY and peak else ""
    what = f"did not end within {limits.wall_s:g} s" if out_of_time else f"then stopped: {reason}{largest}"
    try:
        answer = decode_answer(frame)
    except (WireError, AnswerError):
        return None
    return replace(answer, note=f"answered at {printed_s:.1f} s, {what}")


def _of_error(error: dict[str, Any], stage: str) -> tuple[Status, str]:
    reason = one_line(error.get("reason", ""))
    match error.get("kind"):
        case "memory":
            return Status.MEMORY, reason
        case "elsewhere" if stage == "building":
            return Status.SKIPPED, reason
        case "format" if stage == "solving":
            return Status.WRONG_FORMAT, reason
    if stage == "building":
        return Status.UNAVAILABLE, reason
    return Status.CRASHED, reason


def _of_exit(done: dict[str, Any], limits: Limits, output: str) -> tuple[Status, str]:
    code: int = done["status"]
    cause: str = done["cause"] or {-signal.SIGXCPU: "cpu", -signal.SIGXFSZ: "file"}.get(code, "")
    if not cause and code == -signal.SIGABRT and "bad_alloc" in output:
        cause = "bad_alloc"
    found = {
        "memory": (Status.MEMORY, f"took more than {limits.memory_mib} MiB beyond the libraries"),
        "bad_alloc": (Status.MEMORY, "std::bad_alloc"),
        "cpu": (Status.TIMEOUT, f"used more than {limits.cpu_s} s of processor time"),
        "processes": (Status.CRASHED, "started too many processes"),
        "file": (Status.CRASHED, f"wrote a file of more than {limits.output_mib:g} MiB"),
        "": (Status.CRASHED, f"ended with exit code {code} and no answer"),
    }
    if not cause and code < 0:
        return Status.CRASHED, f"killed by {_signal_name(-code)}"
    return found[cause]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def decode_answer(frame: Frame) -> Answer:
    """Decode the frame of an answer or report.

    Raises:
        WireError: if the frame is damaged.
        AnswerError: if the value holds NaN or infinity, nests too deep, or holds text that is not Unicode.
    """
    fields = frame.fields()
    if not {"value", "certified", "note"} >= fields.keys() or "value" not in fields:
        raise WireError(f"a {frame.kind!r} frame has other fields than an answer's")
    if _deeper_than(fields["value"], MAX_DEPTH):
        raise AnswerError(f"the answer nests deeper than {MAX_DEPTH} levels")
    value = plain(fields["value"])
    if not _is_unicode(value, frame.payload):
        raise AnswerError("the answer holds text that is not Unicode")
    note = one_line(fields.get("note", ""))
    return Answer(value, fields.get("certified") is True, frame.tensors(), note)


def _is_unicode(value: Any, payload: bytes) -> bool:
    """Check that no text or object key holds half a surrogate pair; one can only come from a JSON escape."""
    if b"\\ud" not in payload.lower():
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            item
            for holder in layer
            if isinstance(holder, list | dict)
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, list | dict)
        ]
        if not layer:
            return False
    return True
