"""The error for a refused pickle names its class and how to save the tensors; no code of the pickle runs."""

from __future__ import annotations

import argparse
import os
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from generator.errors import LayoutError
from generator.files.state import read_state, state_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class OwnBlock(nn.Module):
    """A module that no other program has."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 3)


class Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.fspath(self.mark),)


def save(content: object, path: Path, how: str) -> None:
    if how == "pickle":
        path.write_bytes(pickle.dumps(content))
    elif how == "text pickle":
        path.write_bytes(pickle.dumps(content, protocol=0))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "torch")


def refusal(path: Path) -> str:
    with pytest.raises(LayoutError) as caught:
        read_state(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


AS_TENSORS = "save only tensors: torch.save({'weight': torch.as_tensor(weight), 'bias': torch.as_tensor(bias)}, path)"
AS_STATE = "save only tensors: torch.save(layer.state_dict(), path)"
PLAIN = "save only tensors: torch.save({'weight': weight, 'bias': bias}, path)"


@pytest.mark.parametrize("how", ["torch", "legacy"])
@pytest.mark.parametrize(
    ("make", "name", "advice"),
    [
        (lambda: {"weight": np.ones((2, 2))}, "numpy.ndarray", AS_TENSORS),
        (lambda: {"weight": torch.ones(2), "loss": np.float64(1)}, "multiarray.scalar", AS_TENSORS),
        (lambda: nn.Linear(2, 3), "torch.nn.modules.linear.Linear", AS_STATE),
        (lambda: {"weight": torch.ones(2), "args": argparse.Namespace(a=1)}, "argparse.Namespace", PLAIN),
        (OwnBlock, "OwnBlock", AS_STATE),
    ],
    ids=["array", "scalar", "module", "namespace", "own module"],
)
def test_a_refused_class_is_named(tmp_path: Path, how: str, make: Callable[[], object], name: str, advice: str) -> None:
    save(make(), tmp_path / "piece_0.pth", how)
    message = refusal(tmp_path / "piece_0.pth")
    assert "piece_0.pth is refused: it asks for " in message
    assert f"{name}, which could run code when read; {advice}" in message


@pytest.mark.parametrize("how", ["pickle", "text pickle"])
def test_pickles_of_other_programs_are_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "piece_0.pth"
    save({"weight": np.ones((2, 2))}, path, how)
    assert AS_TENSORS in refusal(path)
    save({"weight": [[1.0]]}, path, how)
    assert "is a damaged pickle, or one that torch.save did not write; save it with torch.save(" in refusal(path)


@pytest.mark.parametrize("how", ["torch", "legacy", "pickle", "text pickle"])
def test_the_class_is_found_without_running_it(tmp_path: Path, how: str) -> None:
    save(
        {"weight": torch.ones(2) if how in {"torch", "legacy"} else [1.0], "x": Runs(tmp_path / "mark")},
        tmp_path / "p",
        how,
    )
    assert f"it asks for {os.mkdir.__module__}.mkdir" in refusal(tmp_path / "p")
    assert not (tmp_path / "mark").exists()


def test_names_of_classes_are_printable(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\x80\x02cos\nsys\x1b[31mtem\n(U\x01xtR.")
    assert "\x1b" not in refusal(tmp_path / "p")


def test_one_level_of_a_checkpoint_is_unwrapped(tmp_path: Path) -> None:
    layer = {"weight": torch.ones(2, 2)}
    for key in ("state_dict", "model_state_dict", "model", "module"):
        assert state_in({key: layer, "epoch": 3}, tmp_path) == (layer, key)
    assert state_in(layer, tmp_path) == (layer, "")
    assert state_in({**layer, "model": {}}, tmp_path)[1] == ""
    with pytest.raises(LayoutError, match="several state dicts, under state_dict and model; save one of them"):
        state_in({"model": layer, "state_dict": layer}, tmp_path)
    for content, kind in (([layer], "a list"), (torch.ones(2), "one bare tensor"), (None, "a NoneType")):
        with pytest.raises(LayoutError, match=f"holds {kind}; expected a state dict with weight and bias"):
            state_in(content, tmp_path)
