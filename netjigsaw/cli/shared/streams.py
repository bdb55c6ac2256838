"""Output streams of any encoding: no character and no broken stream ends a command with a traceback.

A character that a stream cannot encode is written as a plain equivalent (`–` as `-`, `∞` as `inf`), else as a backslash
escape. Files that commands write always have UTF-8.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
import traceback
import unicodedata
from typing import IO

__all__ = ["WRITE_ERRORS", "complain", "flush_stdout", "prepare_streams", "silence", "unwritable"]

ESCAPE, RAW = "netjigsaw-plain", "netjigsaw-plain-raw"
"""Names of the error handlers. The first escapes the bytes of file names that are not text. The second writes them as
they are, as Python does where the locale is C."""

PLAIN = {
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f", " "),
    **dict.fromkeys("•·∙●", "*"),
    **dict.fromkeys("µμ", "u"),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **dict(zip("→←↔⇒≤≥≠«»", ("->", "<-", "<->", "=>", "<=", ">=", "!=", "<<", ">>"), strict=True)),
    **dict(zip("∞×…±≈τ°²³", ("inf", "x", "...", "+/-", "~", "tau", " deg", "^2", "^3"), strict=True)),
}
"""Plain equivalents of characters that commands print."""

WRITE_ERRORS = frozenset({errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC})
"""Errors of a write. An error without a file name is about stdout, since writers of files add the name."""


def prepare_streams() -> None:
    """Make stdout and stderr ready for any text. Call it before anything is printed; calling it twice does no harm."""
    _open_closed_streams()
    codecs.register_error(ESCAPE, _plain)
    codecs.register_error(RAW, _plain_raw)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != RAW:
            stream.reconfigure(errors=RAW if stream.errors == "surrogateescape" else ESCAPE)


def flush_stdout() -> str:
    """Flush stdout. If that fails, drop its content and return the reason in one line, else return an empty text.

    A pipe that its reader has closed is no failure, because a reader such as `head` needs no more output.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        silence(sys.stdout)
        return "" if isinstance(error, BrokenPipeError) else unwritable(error)
    return ""


def unwritable(error: OSError) -> str:
    """Say in one line why stdout cannot be written."""
    reason = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
    return f"cannot write to standard output: {reason}"


def complain(text: str, error: BaseException | None = None) -> None:
    """Write one line on stderr, after the error's traceback if an error is given; drop it if stderr is broken."""
    try:
        if error is not None:
            traceback.print_exception(error)
        sys.stderr.write(f"netjigsaw: {' '.join(text.split())}\n")
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def silence(stream: IO[str]) -> None:
    """Redirect a broken stream to the null device, so that Python does not fail when it flushes the stream at exit."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_closed_streams() -> None:
    """Fill closed descriptors 0 to 2, so that no file takes their number and is written to by accident.

    A closed stdout becomes one that refuses every write, because a lost result is a failure. Text for a
    closed stderr is dropped.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace characters that cannot be encoded and bytes that cannot be decoded, as an error handler of `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        return codecs.replace_errors(error)
    return "".join(map(_plain_character, error.object[error.start : error.end])), error.end


def _plain_raw(error: UnicodeError) -> tuple[str | bytes, int]:
    """Do the same, but write the original byte for a surrogate, by which Python represents a byte that is no text."""
    if not isinstance(error, UnicodeEncodeError):
        return codecs.replace_errors(error)
    first = ord(error.object[error.start])
    if 0xDC80 <= first <= 0xDCFF:
        return bytes([first - 0xDC00]), error.start + 1
    return _plain_character(error.object[error.start]), error.start + 1


def _plain_character(letter: str) -> str:
    if letter in PLAIN:
        return PLAIN[letter]
    if "\u2500" <= letter <= "\u257f":
        return _plain_line(unicodedata.name(letter))
    if "\u2580" <= letter <= "\u259f":  # blocks, as in bars
        return "#"
    if "\u2800" <= letter <= "\u28ff":  # braille, as in spinners
        return "*"
    return letter.encode("ascii", "backslashreplace").decode()


def _plain_line(name: str) -> str:
    """Replace a box-drawing character by the plain line in its direction."""
    words = set(name.replace(" AND ", " ").split())
    across, along = words & {"VERTICAL", "UP", "DOWN"}, words & {"HORIZONTAL", "LEFT", "RIGHT"}
    return "+" if across and along else "|" if across else "-" if along else "+"
