"""Solvers that misuse the oracle of the family `linear`: `docs/examples/families/linear.py`."""

from __future__ import annotations

import gc
import json
import os
import socket
import struct
from typing import Any

import numpy as np

ROW = [0.5] * 6
HEAD = struct.Struct("!2s8sII")


def guess() -> list[list[float]]:
    """Answer in the right form, wrongly."""
    return [[0.0] * 6] * 2


def honest(_: Any, context: Any) -> Any:
    return np.array([context.oracle(unit)[0] for unit in np.eye(6)]).T


def channel() -> socket.socket:
    return socket.socket(fileno=os.dup(3))


def frame(rows: int, blob: bytes, *, announced: int | None = None) -> bytes:
    payload = json.dumps({"rows": rows}).encode()
    return HEAD.pack(b"NJ", b"query   ", len(payload), len(blob) if announced is None else announced) + payload + blob


def asks_on(_: Any, context: Any) -> Any:
    """Ask until long after the budget is spent."""
    refused = 0
    for _round in range(500):
        try:
            context.oracle(ROW)
        except Exception as error:  # noqa: BLE001 - whatever it is
            refused += 1
            context.log(f"{refused} {type(error).__name__} {error} left {context.oracle.left}")
    return guess()


def resets_itself(_: Any, context: Any) -> Any:
    """Set the count of its handle back, and ask from a child process and over a copy of the socket."""
    for _round in range(100):
        context.oracle(ROW)
    context.oracle._left = 100
    if os.fork() == 0:
        with channel() as own:
            own.sendall(frame(1, np.array(ROW).tobytes()))
            print("child", own.recv(4096), flush=True)  # noqa: T201 - seen by the test
        os._exit(0)
    os.wait()
    try:
        context.oracle(ROW)
    except Exception as error:  # noqa: BLE001 - whatever it is
        context.log(str(error))
    return guess()


def bad_queries(_: Any, context: Any) -> Any:
    """Ask what the local check lets nobody ask, straight over the wire; none of it may be charged."""
    with channel() as own:
        for row in ([np.nan] * 6, [np.inf] * 6, [2.0] * 6, [-2.0] * 6):
            own.sendall(frame(1, np.array(row).tobytes()))
            context.log(own.recv(4096)[18:].decode())
        own.sendall(frame(0, b""))
        context.log(own.recv(4096)[18:].decode())
    for query in ([[0.0] * 5], np.zeros((2, 3, 6)), "words", [], np.zeros((5000, 6)), [[9.0] * 6]):
        try:
            context.oracle(query)
        except Exception as error:  # noqa: BLE001 - whatever it is
            context.log(f"{type(error).__name__} {error}")
    context.oracle(ROW)
    return guess()


def wrong_length(_: Any, __: Any) -> Any:
    with channel() as own:
        own.sendall(frame(3, np.array(ROW).tobytes()))
        own.recv(4096)
    return guess()


def negative_rows(_: Any, __: Any) -> Any:
    with channel() as own:
        own.sendall(frame(-1, b""))
        own.recv(4096)
    return guess()


def announces_gigabytes(_: Any, __: Any) -> Any:
    with channel() as own:
        own.sendall(frame(1, b"", announced=3 << 30))
        own.recv(4096)
    return guess()


def never_reads(_: Any, __: Any) -> Any:
    """Replay one query a million times without reading a reply."""
    with channel() as own:
        flood = frame(1, np.array(ROW).tobytes()) * 1000
        for _round in range(1000):
            own.sendall(flood)
    return guess()


def dies_in_mid_query(_: Any, __: Any) -> Any:
    with channel() as own:
        own.sendall(frame(4, np.array([ROW] * 4).tobytes())[:-40])
        os.kill(os.getpid(), 9)


def asks_for_ever(_: Any, __: Any) -> Any:
    """Ask refused queries until time is up: the harness must keep its watch."""
    own = channel()
    query = frame(1, np.array([9.0] * 6).tobytes())
    while True:
        own.sendall(query)
        own.recv(4096)


def looks_for_the_teacher(puzzle: Any, context: Any) -> Any:
    """Look for the weights in memory, in files and in the oracle's handle."""
    arrays = [thing for thing in gc.get_objects() if isinstance(thing, np.ndarray)]
    seen = [array.tolist() for array in arrays if array.shape == (2, 6) and array.dtype == np.float64]
    for folder, _folders, files in os.walk("/"):
        if folder.startswith(("/proc", "/sys")):
            continue
        for name in files:
            if name == f"{puzzle.digest}.safetensors":
                try:
                    with open(os.path.join(folder, name), "rb") as file:  # noqa: PTH118, PTH123 - as an attacker would
                        seen.append(f"{folder}/{name} {len(file.read())} bytes")
                except OSError:
                    pass
    context.log(f"seen {len(seen)} {seen}")
    return seen[0] if seen and isinstance(seen[0], list) else guess()
