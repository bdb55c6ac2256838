"""Networks in safetensors files and torch state dicts: what is read, and what is refused with which line."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from generator.errors import LayoutError, NetjigsawError, StorageError
from generator.recovery.layout.network import read_layers

if TYPE_CHECKING:
    from pathlib import Path

    State = dict[str, torch.Tensor]


def state(*widths: int, names: tuple[str, ...] = (), dtype: torch.dtype = torch.float64, biases: bool = True) -> State:
    """Draw a state dict; the names count from 1 unless given."""
    rng = torch.Generator().manual_seed(0)
    found: State = {}
    for number, (before, units) in enumerate(pairwise(widths)):
        name = names[number] if names else str(number + 1)
        found[f"{name}.weight"] = torch.randn(units, before, generator=rng, dtype=torch.float64).to(dtype)
        if biases:
            found[f"{name}.bias"] = torch.randn(units, generator=rng, dtype=torch.float64).to(dtype)
    return found


def written(path: Path, content: Any) -> Path:
    """Write a file of the format that its name says."""
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


@pytest.mark.parametrize("file", ["net.safetensors", "net.pt", "net.pth"])
@pytest.mark.parametrize(
    "names",
    [
        ("0", "1", "2"),
        ("0", "2", "4"),
        ("1", "2", "3"),
        ("layers.0", "layers.1", "layers.2"),
        ("net.8", "net.10", "net.12"),
        ("fc1", "fc2", "fc3"),
    ],
)
def test_names_with_numbers_give_the_order(tmp_path: Path, file: str, names: tuple[str, ...]) -> None:
    content = state(4, 5, 5, 1, names=names)
    shuffled = {key: content[key] for key in sorted(content, reverse=True)}
    layers = read_layers(written(tmp_path / file, shuffled))
    for name, (weight, bias) in zip(names, layers, strict=True):
        np.testing.assert_array_equal(weight, content[f"{name}.weight"].numpy())
        np.testing.assert_array_equal(bias, content[f"{name}.bias"].numpy())


def test_names_without_numbers_count_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = state(4, 5, 1, names=("hidden", "answer"))
    assert [weight.shape for weight, _ in read_layers(written(tmp_path / "net.pt", content))] == [(5, 4), (1, 5)]


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "network"])
def test_a_checkpoint_around_the_state_dict_is_opened(tmp_path: Path, wrapper: str) -> None:
    content = {"epoch": 3, wrapper: OrderedDict(state(4, 5, 1))}
    assert len(read_layers(written(tmp_path / "net.pt", content))) == 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_float_formats_become_float64_exactly(tmp_path: Path, dtype: torch.dtype) -> None:
    content = state(3, 4, 2, dtype=dtype)
    (weight, bias), _ = read_layers(written(tmp_path / "net.safetensors", content))
    assert weight.dtype == bias.dtype == np.float64
    np.testing.assert_array_equal(weight, content["1.weight"].double().numpy())


def test_missing_biases_are_zero(tmp_path: Path) -> None:
    (_, first), (_, last) = read_layers(written(tmp_path / "net.pt", state(3, 4, 2, biases=False)))
    assert first.tolist() == [0.0] * 4
    assert last.tolist() == [0.0] * 2


def test_parameters_with_gradients_are_read(tmp_path: Path) -> None:
    content = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).state_dict(keep_vars=True)
    assert [weight.shape for weight, _ in read_layers(written(tmp_path / "net.pt", content))] == [(4, 3), (1, 4)]


def with_changes(content: State, **changes: Any) -> State:
    return {**content, **{key.replace("_", "."): value for key, value in changes.items()}}


REFUSED: dict[str, tuple[Any, str]] = {
    "one layer": (state(4, 1), "holds 1 linear layer; a network needs a hidden layer"),
    "nothing": ({}, "holds no linear layer"),
    "a bare tensor": (torch.ones(3, 3), "holds one bare tensor"),
    "a list": ([torch.ones(2)], "holds a list"),
    "chain": ({**state(4, 5, 1), "3.weight": torch.ones(2, 7)}, "layer '3' takes 7 inputs, but layer '2'"),
    "transposed": ({"0.weight": torch.ones(4, 5), "1.weight": torch.ones(5, 1)}, "transpose them"),
    "convolution": (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 1)).state_dict(), "like that of a convolution"),
    "layer norm": (nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1)).state_dict(), "normalisation"),
    "batch norm": (nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).state_dict(), "normalisation layer"),
    "recurrent": (nn.LSTM(3, 4).state_dict(), "'weight_ih_l0' is no weight or bias"),
    "text": ({**state(4, 5, 1), "note": "mine"}, "'note', a str is no weight or bias"),
    "NaN": (with_changes(state(4, 5, 1), **{"1_bias": torch.full((5,), torch.nan)}), "layer '1': bias holds NaN"),
    "integers": (with_changes(state(4, 5, 1), **{"1_weight": torch.ones(5, 4, dtype=torch.int64)}), "torch.int64"),
    "bias length": (with_changes(state(4, 5, 1), **{"1_bias": torch.ones(4)}), r"bias has shape \(4,\)"),
    "bias alone": ({**state(4, 5, 1), "3.bias": torch.ones(1)}, "layer '3' has a bias, but no weight"),
    "empty weight": ({**state(4, 5, 1), "1.weight": torch.ones(0, 4)}, r"weight has shape \(0, 4\)"),
    "too wide": ({"0.weight": torch.ones(5000, 1), "1.weight": torch.ones(1, 5000)}, "at most 4096 are scored"),
}


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_other_content_is_refused_with_its_fault(tmp_path: Path, kind: str) -> None:
    content, fault = REFUSED[kind]
    with pytest.raises(LayoutError, match=fault) as raised:
        read_layers(written(tmp_path / "net.pt", content))
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "net.pt") in str(raised.value)


class Intruder:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path, writer: str) -> None:
    content = {**state(4, 5, 1), "x.weight": Intruder(tmp_path / "ran")}
    path = tmp_path / "net.pt"
    if writer == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(LayoutError, match="could run code"):
        read_layers(path)
    assert not (tmp_path / "ran").exists()


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1)), tmp_path / "net.pt")
    with pytest.raises(LayoutError, match="state_dict"):
        read_layers(tmp_path / "net.pt")


@pytest.mark.parametrize("file", ["net.safetensors", "net.pt"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, file: str, share: float) -> None:
    path = written(tmp_path / file, state(30, 20, 1))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(NetjigsawError) as raised:
        read_layers(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is missing"):
        read_layers(tmp_path / "net.pt")
