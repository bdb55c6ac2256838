"""Functions that run in another process: here a thread at the other end of the socket."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from benchmark.isolation.calls import Caller, GoneError, serve_calls
from generator.errors import HarnessError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class UnsendableError(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__("two arguments")
        self.function = lambda: first + second


def _plugin_fails() -> NoReturn:
    raise PluginError("no such plug-in")


def _odd_error() -> NoReturn:
    raise UnsendableError(1, 2)


def _leave() -> NoReturn:
    raise SystemExit("enough")


def _unsendable_result() -> Callable[[], int]:
    return lambda: 1


@pytest.fixture
def caller() -> Iterator[Caller]:
    mine, theirs = socket.socketpair()
    thread = threading.Thread(target=serve_calls, args=(theirs,))
    thread.start()
    made = Caller(mine)
    yield made
    made.close()
    thread.join(20)
    theirs.close()
    assert not thread.is_alive()


def test_a_result_comes_back(caller: Caller) -> None:
    assert [caller(divmod, 7, 2), caller(str.upper, "a")] == [(3, 1), "A"]


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (_plugin_fails, PluginError, "^no such plug-in$"),
        (_odd_error, HarnessError, "^UnsendableError: two arguments$"),
        (_leave, HarnessError, "^SystemExit: enough$"),
        (_unsendable_result, HarnessError, "lambda"),
    ],
)
def test_a_failure_is_raised_here_and_the_next_call_works(
    caller: Caller, function: Callable[[], object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        caller(function)
    assert caller(divmod, 7, 2) == (3, 1)


def test_a_process_that_ended_is_noticed() -> None:
    mine, theirs = socket.socketpair()
    theirs.close()
    caller = Caller(mine)
    with pytest.raises(GoneError):
        caller(divmod, 7, 2)
    assert caller.gone
    caller.close()
