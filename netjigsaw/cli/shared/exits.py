"""Exit codes and errors of commands that have more exit codes than 0 and 1."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from generator.errors import NetjigsawError, SpecError
from netjigsaw.cli.shared.streams import WRITE_ERRORS, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["INFRASTRUCTURE", "USAGE", "CommandError", "os_error_text", "separate_codes"]

USAGE, INFRASTRUCTURE = 2, 4


class CommandError(NetjigsawError):
    """An error that ends a command with its own exit code.

    Args:
        message: one line for the user.
        exit_code: exit code of the process.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def os_error_text(error: OSError) -> str:
    """Describe a system error by its path and reason, without the error number."""
    if error.filename is None and error.errno in WRITE_ERRORS:
        return unwritable(error)
    if error.filename is None or not error.strerror:
        return error.strerror or str(error)
    return f"cannot use {os.fsdecode(error.filename)}: {error.strerror}"


@contextlib.contextmanager
def separate_codes() -> Iterator[None]:
    """Keep exit code 1 for a command's verdict: wrong usage exits with 2, any other error with 4.

    Raises:
        CommandError: instead of any other error.
    """
    try:
        yield
    except (BrokenPipeError, CommandError):
        raise
    except SpecError as error:
        raise CommandError(str(error), USAGE) from error
    except NetjigsawError as error:
        raise CommandError(str(error), INFRASTRUCTURE) from error
    except OSError as error:
        raise CommandError(os_error_text(error), INFRASTRUCTURE) from error
    except Exception as error:  # a bug must not look like a verdict
        text = f"internal error, {type(error).__name__}: {error}; add --traceback to see where"
        raise CommandError(text, INFRASTRUCTURE) from error
