"""Read pieces, a state dict with `weight` and `bias` each, in the forms in which people save a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from generator.errors import LayoutError
from generator.files.state import read_state, state_in
from generator.reassembly.layout.reading.network import describe_layers, layers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["plain_array", "read_pieces"]

KEYS = ("weight", "bias")

HINTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("running_mean", "running_var", "num_batches_tracked"), "a block of this family has no normalisation layer"),
    (("weight_g", "weight_v", "weight_orig", "weight_u"), "remove the weight norm, spectral norm or pruning first"),
    (("parametrizations",), "remove the parametrisation first: torch.nn.utils.parametrize.remove_parametrizations"),
)
"""Parts of keys that a plain layer does not have, and the hint that the error gives for them."""


@dataclass(frozen=True)
class _Piece:
    """One piece as it was read.

    Attributes:
        tensors: weight and bias in float32.
        notes: what was unusual about the file, for a remark about all pieces, and an example of each.
    """

    tensors: Mapping[str, np.ndarray]
    notes: tuple[tuple[str, str], ...]


def read_pieces(paths: Mapping[int, Path], remark: Callable[[str], None]) -> dict[str, np.ndarray]:
    """Read all pieces, in the order of their numbers.

    Args:
        paths: file of each number.
        remark: is called with each kind of deviation that was read nevertheless, once for all pieces.

    Returns:
        Arrays of float32, named `<number>.weight` and `<number>.bias`.

    Raises:
        StorageError: if a file cannot be read.
        LayoutError: naming the file that holds no plain layer, and what it holds.
    """
    tensors: dict[str, np.ndarray] = {}
    seen: dict[str, list[str]] = {}
    for number, path in sorted(paths.items()):
        piece = _read_piece(path)
        tensors.update({f"{number}.{kind}": array for kind, array in piece.tensors.items()})
        for note, example in piece.notes:
            seen.setdefault(note, []).append(f"{path.name}: {example}")
    for note, examples in seen.items():
        remark(f"{len(examples)} of {len(paths)} pieces {note} ({examples[0]})")
    return tensors


def _read_piece(path: Path) -> _Piece:
    content, notes = read_state(path), []
    state, wrapper = state_in(content, path)
    if wrapper:
        beside = ", ".join(str(key) for key in list(content)[:6] if key != wrapper)
        notes.append(("were read from one level below", f"{wrapper!r}" + (f", without {beside}" if beside else "")))
    state, prefix = _without_prefix(state)
    if prefix:
        notes.append(("were read without the prefix of their keys", repr(prefix)))
    _check_keys(state, path)
    arrays = {}
    for kind in (key for key in state if key in KEYS):
        arrays[str(kind)] = plain_array(state[kind], f"{path} {kind}")
        tensor = state[kind].detach()
        if tensor.dtype.itemsize < torch.float32.itemsize:
            notes.append(("have fewer digits than float32", _short(tensor.dtype)))
        elif not torch.equal(tensor.to(torch.float32).to(tensor.dtype), tensor):
            notes.append(("were rounded to float32", _short(tensor.dtype)))
    return _Piece(arrays, tuple({note: (note, example) for note, example in notes}.values()))


def _without_prefix(state: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], str]:
    """Remove the prefix of all keys: `module.` of DataParallel, `_orig_mod.` of torch.compile, a layer's name."""
    prefixes = {str(key).rpartition(".")[0] for key in state}
    prefix = prefixes.pop() if len(prefixes) == 1 else ""
    if not prefix or f"{prefix}.weight" not in state:
        return state, ""
    return {key[len(prefix) + 1 :]: value for key, value in state.items()}, f"{prefix}."


def _check_keys(state: Mapping[Any, Any], path: Path) -> None:
    keys = [str(key) for key in state]
    if "weight" in keys and set(keys) <= set(KEYS):
        return
    layers = layers_of(state)
    if len(layers) > 1:
        raise LayoutError(f"{path} is no single piece: it holds {describe_layers(layers)}; save each layer on its own")
    parts = {part for key in keys for part in key.split(".")}
    hint = next((f"; {text}" for names, text in HINTS if parts & set(names)), "")
    shown = ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
    found = f"the key{'s' if len(keys) > 1 else ''} {shown}" if keys else "no keys"
    raise LayoutError(f"{path} holds {found}; expected weight and bias{hint}")


def plain_array(tensor: Any, what: str) -> np.ndarray:
    """Convert a tensor to float32.

    Args:
        tensor: what a file holds where a tensor is expected.
        what: file and key, for errors.

    Raises:
        LayoutError: if it is no dense floating-point tensor, or holds numbers that float32 cannot.
    """
    if not isinstance(tensor, torch.Tensor):
        raise LayoutError(f"{what} is a {type(tensor).__name__}, not a tensor; expected a float32 tensor")
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.device.type != "cpu":
        raise LayoutError(f"{what} is no dense tensor with values; save it with .to_dense(), from the CPU")
    if not tensor.is_floating_point():
        raise LayoutError(f"{what} is {_short(tensor.dtype)}; expected a floating-point tensor, such as float32")
    array: np.ndarray = tensor.detach().to(torch.float32).contiguous().numpy()
    bad = ~np.isfinite(array)
    if not bad.any():
        return array
    first = tuple(int(index) for index in np.argwhere(bad)[0])
    value = float(tensor[first])
    if np.isfinite(value):
        raise LayoutError(f"{what} holds {value:g} at {list(first)}, which float32 cannot hold")
    raise LayoutError(f"{what} holds NaN or infinity in {int(bad.sum())} of {bad.size} numbers, first at {list(first)}")


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
