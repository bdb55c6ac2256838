"""Errors of commands whose exit codes say more than failed or not."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from generator.errors import NetjigsawError, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["INFRASTRUCTURE", "USAGE", "CommandError", "os_error_text", "separate_codes"]

USAGE, INFRASTRUCTURE = 2, 4


class CommandError(NetjigsawError):
    """Ends a command with an exit code of its own.

    Args:
        message: one line for the user.
        exit_code: of the process.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def os_error_text(error: OSError) -> str:
    """Say what the system refused and where, without its error number."""
    if error.filename is None or not error.strerror:
        return str(error)
    return f"cannot use {os.fsdecode(error.filename)}: {error.strerror}"


@contextlib.contextmanager
def separate_codes() -> Iterator[None]:
    """Keep code 1 for what a command is asked to judge: wrong usage is 2, whatever else goes wrong is 4.

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
        text = f"internal error, {type(error).__name__}: {error}; --traceback shows where"
        raise CommandError(text, INFRASTRUCTURE) from error
