"""Frames between processes: a kind, JSON and an optional blob. No frame to or from a solver holds a pickle.

A frame is a head of fixed size (mark, kind, two lengths), a JSON object, and an optional blob of bytes, usually
safetensors. A reader must treat every byte from a solver as forged. It checks the head before it allocates memory, and
decodes the content only where the content is needed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    import numpy as np

__all__ = ["KINDS", "Decoder", "Frame", "WireError", "encode", "receive", "tensor_bytes"]

KINDS = frozenset(
    {
        # parent to launcher
        "warm",
        "fork",
        "scorer",
        "sweep",
        # launcher to parent
        "swept",
        # parent to the process that scores, and its reply
        "call",
        "result",
        # server to parent
        "process",
        "hello",
        "refused",
        "done",
        # parent to server
        "trial",
        "stop",
        # parent to solver
        "puzzle",
        "go",
        # solver to parent
        "built",
        "log",
        "report",
        "answer",
        "error",
        # solver to parent, where the puzzle has an oracle
        "query",
        # parent to solver
        "reply",
    }
)
_MARK = b"NJ"
_HEAD = struct.Struct("!2s8sII")
_CHUNK = 1 << 16
_LONGEST = (1 << 32) - 1


class WireError(Exception):
    """Bytes are not a valid frame. The harness catches this error everywhere."""


@dataclass(frozen=True)
class Frame:
    """One message whose content is not decoded yet.

    Attributes:
        kind: one of `KINDS`.
        payload: text of a JSON object.
        blob: bytes after the JSON: safetensors, a file or raw numbers, by kind.
    """

    kind: str
    payload: bytes = b"{}"
    blob: bytes = b""

    def fields(self) -> dict[str, Any]:
        """Decode the JSON part.

        Raises:
            WireError: if the payload is not a JSON object, or nests too deep to be read.
        """
        try:
            value = json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise WireError(f"a {self.kind!r} frame does not hold JSON ({type(error).__name__})") from None
        if not isinstance(value, dict):
            raise WireError(f"a {self.kind!r} frame does not hold a JSON object")
        return value

    def tensors(self) -> dict[str, np.ndarray]:
        """Decode the blob as named tensors.

        Raises:
            WireError: if the blob is not valid safetensors.
        """
        if not self.blob:
            return {}
        from safetensors.numpy import load  # noqa: PLC0415 - the runner starts the launcher before it imports numpy

        try:
            return load(self.blob)
        except Exception as error:  # noqa: BLE001 - forged bytes can make the reader raise nearly anything
            raise WireError(f"a {self.kind!r} frame holds damaged tensors ({type(error).__name__})") from None


def tensor_bytes(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Write named tensors as safetensors; return no bytes if there are no tensors."""
    if not tensors:
        return b""
    from safetensors.numpy import save  # noqa: PLC0415 - see `Frame.tensors`

    return save(dict(tensors))


def encode(
    kind: str, fields: Mapping[str, Any] | None = None, blob: bytes = b"", *, blob_bytes: int | None = None
) -> bytes:
    """Write a frame.

    Args:
        kind: one of `KINDS`.
        fields: the JSON part.
        blob: the bytes after the JSON.
        blob_bytes: length of the blob, if the caller sends the blob itself after the returned bytes. This saves a copy.

    Raises:
        WireError: if the JSON or the blob takes 4 GiB or more.
    """
    payload = json.dumps(fields or {}, separators=(",", ":")).encode()
    extra = len(blob) if blob_bytes is None else blob_bytes
    if max(len(payload), extra) > _LONGEST:
        raise WireError(f"a {kind!r} frame of {max(len(payload), extra) >> 20} MiB is too long for the wire")
    return _HEAD.pack(_MARK, kind.encode().ljust(8), len(payload), extra) + payload + blob


class Decoder:
    """Cut a stream of bytes into frames. Limits on the length of a frame bound the memory of the reader.

    Args:
        limit: largest size of a frame in bytes; None for no limit.
        own_limits: largest size by kind; replaces `limit` for that kind.
    """

    def __init__(self, limit: int | None = None, own_limits: Mapping[str, int] | None = None) -> None:
        self._limit = limit
        self._own_limits = own_limits or {}
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take some bytes and return the frames that they complete.

        Raises:
            WireError: if the bytes are not the start of a frame, or the frame exceeds its limit.
        """
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while (frame := self._cut(start)) is not None:
            frames.append(frame)
            start += _HEAD.size + len(frame.payload) + len(frame.blob)
        if start:
            del self._buffer[:start]
        return frames

    def _cut(self, start: int) -> Frame | None:
        if len(self._buffer) - start < _HEAD.size:
            return None
        mark, label, length, extra = _HEAD.unpack_from(self._buffer, start)
        kind = label.rstrip().decode("ascii", "replace")
        if mark != _MARK or kind not in KINDS:
            raise WireError("bytes that are no frame")
        limit = self._own_limits.get(kind, self._limit)
        if limit is not None and length + extra > limit:
            size = (length + extra) / 2**20
            raise WireError(f"a {kind!r} frame of {size:.1f} MiB; at most {limit / 2**20:g} are read")
        middle = start + _HEAD.size + length
        if len(self._buffer) < middle + extra:
            return None
        view = memoryview(self._buffer)
        frame = Frame(kind, bytes(view[start + _HEAD.size : middle]), bytes(view[middle : middle + extra]))
        view.release()
        return frame


def receive(connection: socket.socket) -> Frame | None:
    """Wait for exactly one frame from a trusted process; return None if the process closed the connection.

    Raises:
        WireError: if the bytes are not a frame.
    """
    head = _exactly(connection, _HEAD.size)
    if head is None:
        return None
    _mark, label, length, extra = _HEAD.unpack(head)
    kind = label.rstrip().decode("ascii", "replace")
    if kind not in KINDS:
        raise WireError("bytes that are no frame")
    payload, blob = _exactly(connection, length), _exactly(connection, extra)
    return None if payload is None or blob is None else Frame(kind, payload, blob)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    buffer = bytearray(min(count, _CHUNK * 16))  # grows with the received bytes, not with the length in the head
    filled = 0
    while filled < count:
        if filled == len(buffer):
            buffer.extend(bytes(min(count - filled, len(buffer))))
        with memoryview(buffer) as view:
            got = connection.recv_into(view[filled:])
        if not got:
            return None
        filled += got
    return bytes(buffer)
