"""What the parent saw of a trial in wire form, and what it comes to: a status and its reason."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.isolation.wire import Frame, WireError
from benchmark.results.outcome import SERVER_DIED, one_line
from benchmark.results.trial import Limits, Status
from generator.errors import AnswerError
from generator.puzzle.answer import Answer, plain

if TYPE_CHECKING:
    from generator.family.oracle import Usage

__all__ = ["Ending", "Stop", "classify", "decode_answer"]

MAX_DEPTH = 100
"""Levels of lists within lists that an answer may have."""


@dataclass(frozen=True)
class Stop:
    """Why the parent ended a trial before the child did; `status` None for the usual end."""

    status: Status | None
    reason: str = ""


@dataclass
class Ending:
    """What the parent saw of a trial, in wire form.

    Attributes:
        stage: how far the child came: building until it has the solver, then solving.
        answer: frame of the final answer.
        error: content of an error frame.
        stop: why the parent ended it.
        done: what the server said of the child; None if the server is gone.
        reports: time, frame and queries so far of best-so-far answers.
        usage: what was asked of the oracle.
    """

    stage: str = "building"
    answer: Frame | None = None
    error: dict[str, Any] | None = None
    stop: Stop | None = None
    done: dict[str, Any] | None = None
    reports: list[tuple[float, Frame, int]] = field(default_factory=list)
    usage: Usage | None = None
    wall_s: float | None = None
    load_s: float | None = None
    log: list[str] = field(default_factory=list)
    output: str = ""


def classify(ending: Ending, limits: Limits) -> tuple[Status | None, str]:
    """Decide on the status, None where the answer decides, and its reason.

    What the child sent in time comes first, then what the parent enforced, then what the
    server enforced, then how the child ended.
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
    """Read an answer or report.

    Raises:
        WireError: if the frame is damaged.
        AnswerError: if it holds what no answer may: NaN, too deep a nesting.
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
    """Check names in objects as well; half a character can only come from an escape in the payload."""
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
