"""Errors of commands whose exit codes say more than failed or not."""

from __future__ import annotations

from generator.errors import NetjigsawError

__all__ = ["CommandError"]


class CommandError(NetjigsawError):
    """Ends a command with an exit code of its own.

    Args:
        message: one line for the user.
        exit_code: of the process.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
