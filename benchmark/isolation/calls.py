"""Run functions of netjigsaw in another process of netjigsaw, which has the libraries in memory already.

The harness scores answers there, so that its own process need not import torch a second time. The messages are
pickles, because both ends are netjigsaw itself. The process never runs a solver, and no solver is forked from it.
"""

from __future__ import annotations

import contextlib
import pickle
from typing import TYPE_CHECKING, Any, TypeVar

from benchmark.isolation.wire import Frame, encode, receive
from generator.errors import HarnessError, NetjigsawError
from generator.plugins import describe_failure

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["Caller", "GoneError", "serve_calls"]

Result = TypeVar("Result")


class GoneError(HarnessError):
    """The process that runs the functions ended before its reply."""


class Caller:
    """The end that calls. For one thread at a time.

    Attributes:
        gone: whether the other process has ended.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._count = 0
        self.gone = False

    def __call__(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run a function in the other process, and return its result or raise its error.

        Raises:
            GoneError: if the other process ended.
        """
        self._count += 1
        frame = None
        with contextlib.suppress(OSError):
            self._connection.sendall(encode("call", {"number": self._count}, pickle.dumps((function, arguments))))
            frame = receive(self._connection)
            # A call that Ctrl-C interrupted may have left an older reply.
            while frame is not None and frame.fields()["number"] != self._count:
                frame = receive(self._connection)
        if frame is None:
            self.gone = True
            raise GoneError("the process that scores answers ended before its reply")
        succeeded, value = pickle.loads(frame.blob)  # noqa: S301 - see the module's docstring
        if not succeeded:
            raise value
        result: Result = value
        return result

    def close(self) -> None:
        """Close the connection, which ends the other process."""
        self._connection.close()


def serve_calls(connection: socket.socket) -> None:
    """Run the functions that the other end calls, until it closes the connection."""
    while (frame := receive(connection)) is not None:
        connection.sendall(encode("result", frame.fields(), _run(frame)))


def _run(frame: Frame) -> bytes:
    """Run one call. A failure is a result too; of a failure that is no error of netjigsaw, only its words are sent."""
    try:
        function, arguments = pickle.loads(frame.blob)  # noqa: S301 - see the module's docstring
        return pickle.dumps((True, function(*arguments)))
    except NetjigsawError as error:
        failure = error
    except (Exception, SystemExit) as error:  # noqa: BLE001 - raised again in the process that called
        failure = HarnessError(describe_failure(error))
    return pickle.dumps((False, failure))
