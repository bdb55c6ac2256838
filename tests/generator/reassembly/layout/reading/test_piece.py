"""Pieces are read in every usual form, with one remark for all; the error for an unreadable piece names its content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.generator.reassembly.layout.reading.conftest import Read, Refused

    State = dict[str, torch.Tensor]


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_checkpoints_are_read(layout: Path, digest: str, read: Read, rewrite: Callable[..., None], key: str) -> None:
    rewrite(lambda state: {"epoch": 3, key: state})
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks == [f"7 of 7 pieces were read from one level below (piece_0.pth: {key!r}, without epoch)"]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "linear.", "0."])
def test_prefixes_are_removed(layout: Path, digest: str, read: Read, rewrite: Callable[..., None], prefix: str) -> None:
    rewrite(lambda state: {"state_dict": {prefix + key: value for key, value in state.items()}})
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks[1:] == [f"7 of 7 pieces were read without the prefix of their keys (piece_0.pth: {prefix!r})"]


def weight_norm(state: State) -> object:
    rows, columns = state["weight"].shape
    return nn.utils.parametrizations.weight_norm(nn.Linear(columns, rows)).state_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: {"a": state["weight"], "b": state["bias"]}, "holds the keys a, b; expected weight and bias"),
        (lambda state: {"W": state["weight"]}, "holds the key W; expected weight and bias"),
        (lambda _: {}, "holds no keys; expected weight and bias"),
        (lambda _: {1: torch.ones(1), "weight": torch.ones(2, 2)}, "holds the keys 1, weight; expected"),
        (lambda state: {**state, "running_mean": torch.ones(1)}, "running_mean; expected weight and bias; a block of"),
        (weight_norm, "expected weight and bias; remove the parametrisation first"),
        (
            lambda state: {"0.weight": state["weight"], "2.weight": state["weight"]},
            "is no single piece: it holds a whole network of 2 layers (0 ",
        ),
        (lambda state: {**dict.fromkeys("abcdefghij", state["bias"])}, "a, b, c, d, e, f and 4 more; expected"),
    ],
)
def test_other_keys_are_named(
    layout: Path, refused: Refused, rewrite: Callable[..., None], change: Callable[[State], object], message: str
) -> None:
    rewrite(change)
    assert "piece_0.pth " in refused(layout)
    assert message in refused(layout)


@pytest.mark.parametrize("kind", [torch.complex64, torch.int64, torch.int8, torch.bool])
def test_other_kinds_of_numbers_are_refused_by_name(
    layout: Path, refused: Refused, rewrite: Callable[..., None], kind: torch.dtype
) -> None:
    rewrite(lambda state: {key: value.to(kind) for key, value in state.items()})
    name = str(kind).removeprefix("torch.")
    assert f"piece_0.pth weight is {name}; expected a floating-point tensor, such as float32" in refused(layout)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_remarked(layout: Path, read: Read, rewrite: Callable[..., None], kind: torch.dtype) -> None:
    rewrite(lambda state: {key: value.to(kind) for key, value in state.items()})
    puzzle, remarks = read(layout)
    assert {array.dtype for array in puzzle.pieces.values()} == {np.dtype(np.float32)}
    name = str(kind).removeprefix("torch.")
    assert remarks == [f"7 of 7 pieces have fewer digits than float32 (piece_0.pth: {name})"]


def test_double_precision_is_remarked_where_it_is_rounded(
    layout: Path, digest: str, read: Read, rewrite: Callable[..., None]
) -> None:
    rewrite(lambda state: {key: value.double() for key, value in state.items()})
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [])
    rewrite(lambda state: {key: value * (1 + 1e-12) for key, value in state.items()})
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks == ["7 of 7 pieces were rounded to float32 (piece_0.pth: float64)"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_located(layout: Path, refused: Refused, value: float) -> None:
    path = layout / "pieces/piece_4.pth"
    state = torch.load(path, weights_only=True)
    state["weight"][0, 1] = value
    torch.save(state, path)
    size = state["weight"].numel()
    assert f"piece_4.pth weight holds NaN or infinity in 1 of {size} numbers, first at [0, 1]" in refused(layout)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_safetensors_are_read_whatever_their_name(layout: Path, digest: str, read: Read, suffix: str) -> None:
    for path in sorted((layout / "pieces").iterdir()):
        state = torch.load(path, weights_only=True)
        path.unlink()
        save_file(state, path.with_suffix(suffix))
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [])


def test_safetensors_that_are_cut_off_are_damaged(layout: Path, refused: Refused) -> None:
    path = layout / "pieces/piece_2.pth"
    save_file(torch.load(path, weights_only=True), path)
    path.write_bytes(path.read_bytes()[:-1])
    assert "piece_2.pth is a damaged or truncated safetensors file" in refused(layout)
