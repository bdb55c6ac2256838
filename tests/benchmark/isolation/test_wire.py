from __future__ import annotations

import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.isolation.wire import KINDS, Decoder, Frame, WireError, encode, receive, tensor_bytes


@given(
    st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(), st.binary(max_size=50)), max_size=5),
    st.integers(1, 40),
)
def test_frames_survive_any_cutting_of_the_stream(messages: list[tuple[str, int, bytes]], step: int) -> None:
    stream = b"".join(encode(kind, {"n": number}, blob) for kind, number, blob in messages)
    decoder = Decoder()
    frames = [frame for start in range(0, len(stream), step) for frame in decoder.feed(stream[start : start + step])]
    assert [(frame.kind, frame.fields()["n"], frame.blob) for frame in frames] == messages


@given(st.binary(min_size=18, max_size=200))
def test_garbage_is_refused_or_waited_on_but_never_raises_anything_else(garbage: bytes) -> None:
    try:
        frames = Decoder(1000).feed(garbage)
    except WireError:
        return
    assert garbage.startswith(b"NJ")
    assert all(frame.kind in KINDS for frame in frames)


def test_a_long_frame_is_refused_before_it_is_read() -> None:
    head = encode("answer", {"value": "x" * 2000})[:18]
    with pytest.raises(WireError, match="at most"):
        Decoder(1000).feed(head)


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b"[" * 100_000, b"\xff", b'{"n": ' + b"9" * 5000 + b"}"])
def test_a_payload_that_is_no_object_is_a_wire_error(payload: bytes) -> None:
    with pytest.raises(WireError, match="JSON"):
        Frame("answer", payload).fields()


def test_tensors_go_through_and_damaged_ones_do_not() -> None:
    tensors = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}
    blob = tensor_bytes(tensors)
    assert np.array_equal(Frame("answer", blob=blob).tensors()["w"], tensors["w"])
    assert Frame("answer").tensors() == {}
    with pytest.raises(WireError, match="tensors"):
        Frame("answer", blob=blob[:-1]).tensors()


def test_receive_reads_one_frame_and_tells_a_hung_up_peer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(encode("trial") + encode("stop"))
        theirs.shutdown(socket.SHUT_WR)
        first, second = receive(ours), receive(ours)
        assert first is not None
        assert second is not None
        assert (first.kind, second.kind) == ("trial", "stop")
        assert receive(ours) is None
