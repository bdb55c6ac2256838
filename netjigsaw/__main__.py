"""The command `netjigsaw`. Each error prints one line on stderr and gives a non-zero exit code."""

from __future__ import annotations

import os
import sys

import typer

from generator.errors import NetjigsawError
from netjigsaw.cli.app import build_app
from netjigsaw.cli.shared.exits import CommandError, os_error_text
from netjigsaw.cli.shared.plugins import take_plugins
from netjigsaw.cli.shared.streams import complain, flush_stdout, prepare_streams

__all__ = ["main", "run"]

USAGE_ERROR = 2
INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code: 0 success, 1 failure, 2 wrong usage, 130 interrupted.

    A command may define its own codes. `netjigsaw compare`, for example, uses 1 only for a regression.
    """
    prepare_streams()
    code = _run(arguments)
    if code == INTERRUPTED:  # typer also returns this code on Ctrl-C, without a message
        complain("interrupted; finished work is kept")
    lost = flush_stdout()
    if lost and not code:
        complain(lost)
    return code or int(bool(lost))


def _run(arguments: list[str]) -> int:
    full = "--traceback" in arguments
    arguments = [argument for argument in arguments if argument != "--traceback"]
    result: object
    try:
        arguments, plugins = take_plugins(arguments)
        # The shell's completion passes the line so far in a variable.
        words = os.environ.get("_TYPER_COMPLETE_ARGS", "").split()[1:] or arguments
        command = next((word for word in words if not word.startswith("-")), None)
        result = build_app(command, plugins)(arguments, standalone_mode=False, prog_name="netjigsaw")
    except typer.Exit as done:
        result = done.exit_code
    except typer.TyperException as error:
        return _say(error, error.format_message(), USAGE_ERROR, full=full)
    except CommandError as error:
        return _say(error, str(error), error.exit_code, full=full)
    except NetjigsawError as error:
        return _say(error, str(error), 1, full=full)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:  # the reader of the pipe, such as `head`, closed it
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise  # typer and rich make an exit of a broken pipe
        result = 0
    except OSError as error:  # for example a file name that is too long, or a full disk
        return _say(error, os_error_text(error), 1, full=full)
    return result if isinstance(result, int) else 0


def _say(error: BaseException, text: str, code: int, *, full: bool) -> int:
    complain(text, error if full else None)
    return code


if __name__ == "__main__":
    main()
