from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from benchmark.isolation.conversation import Conversation
from benchmark.isolation.wire import encode, receive
from benchmark.results.trial import Limits

if TYPE_CHECKING:
    from benchmark.isolation.ending import Ending

PUZZLE = encode("puzzle", blob=bytes(4 << 20))
NAP_S = 0.3


def read(child: socket.socket, count: int) -> None:
    """Read so many bytes, fewer if the other side hung up."""
    left = count
    while left and (data := child.recv(min(left, 1 << 16))):
        left -= len(data)


def converse(first: bytes, taken: int) -> Ending:
    """Play a child that says something, reads some of the puzzle, naps, reads the rest, answers."""
    control, server = socket.socketpair()
    channel, child = socket.socketpair()
    output, printed = os.pipe()

    def play() -> None:
        with child, server:
            child.sendall(first)
            read(child, taken)
            time.sleep(NAP_S)
            read(child, len(PUZZLE) - taken)
            try:
                child.sendall(encode("answer", {"value": 1}))
            except OSError:
                return
            finally:
                receive(server)
                server.sendall(encode("done", {"status": 0, "cause": ""}))

    player = threading.Thread(target=play)
    try:
        with control, channel:
            player.start()
            ending = Conversation(
                control,
                channel,
                output,
                Limits(wall_s=10),
                puzzle=PUZZLE,
                listen=lambda _time_s, _frame, _queries: None,
            ).run()
    finally:
        player.join()
        os.close(output)
        os.close(printed)
    return ending


@pytest.mark.parametrize("taken", [0, 2 << 20, len(PUZZLE) - 1, len(PUZZLE)])
def test_the_clock_runs_from_the_first_byte_of_the_puzzle(taken: int) -> None:
    ending = converse(encode("built"), taken)
    assert ending.answer is not None
    assert ending.wall_s is not None
    assert ending.load_s is not None
    assert ending.wall_s >= NAP_S / 2  # on a busy machine the clock may start after the nap has begun
    assert ending.load_s < NAP_S
    assert ending.stage == "solving"


def test_an_answer_that_comes_with_the_word_that_starts_the_clock_took_no_negative_time() -> None:
    ending = converse(encode("built") + encode("answer", {"value": 2}), 0)
    assert ending.answer is not None
    assert ending.answer.fields() == {"value": 2}
    assert ending.wall_s == 0.0
