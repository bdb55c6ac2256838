"""The tensors of a checkpoint by name. Each reader takes the tensors of its layout; what is left over is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

from generator.errors import LayoutError
from generator.files.state import read_state, state_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Weights", "read_weights"]

_WRAPPED = re.compile(r"^(?:module\.|_orig_mod\.)+")
"""Prefixes that torch.nn.DataParallel and torch.compile add to every name."""

_BUFFERS = re.compile(r"(?:.*\.)?(?:mask|IGNORE|basis)")
"""Constant buffers that no reader needs: causal masks, which the networks do not use, and Fourier bases."""


class Weights:
    """Tensors by name, in float64 once they are taken.

    Args:
        tensors: the state dict.
        path: its file, for errors.
    """

    def __init__(self, tensors: Mapping[str, Any], path: Path) -> None:
        self._tensors, self.path = tensors, path
        self._taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a tensor of this name."""
        return name in self._tensors

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tensors."""
        return tuple(self._tensors)

    def take(self, name: str, *shape: int | None) -> torch.Tensor:
        """Return a tensor in float64.

        Args:
            name: its name.
            shape: its sizes; None where any size is right.

        Raises:
            LayoutError: if it is missing, no dense tensor of finite floats, or of another shape.
        """
        if name not in self._tensors:
            raise LayoutError(f"{self.path}: the tensor {name} is missing; it holds {', '.join(self.names[:6])}")
        tensor = self._tensors[name]
        if not isinstance(tensor, torch.Tensor):
            raise LayoutError(f"{self.path}: {name} is a {type(tensor).__name__}; expected a tensor")
        if not tensor.dtype.is_floating_point or tensor.layout != torch.strided:
            raise LayoutError(f"{self.path}: {name} is {tensor.dtype}, {tensor.layout}; expected dense floats")
        fits = len(shape) == tensor.dim() and all(
            size in {None, found} for size, found in zip(shape, tensor.shape, strict=True)
        )
        if not fits or not tensor.numel():
            wanted = " x ".join("any" if size is None else str(size) for size in shape)
            raise LayoutError(f"{self.path}: {name} has shape {tuple(tensor.shape)}; expected {wanted}")
        if not torch.isfinite(tensor).all():
            raise LayoutError(f"{self.path}: {name} holds NaN or infinity; take a checkpoint before training diverged")
        self._taken.add(name)
        return tensor.detach().to(torch.float64)

    def refuse_others(self, layout: str) -> None:
        """Refuse tensors that no reader took, because a network with them computes something else.

        Raises:
            LayoutError: naming the first of them.
        """
        for name in self._tensors:
            if name not in self._taken and not _BUFFERS.fullmatch(name):
                raise LayoutError(f"{self.path}: {name} is no tensor of {layout}; a network with it is not read")


def read_weights(path: Path) -> Weights:
    """Read the tensors of a checkpoint: a state dict, or the one in a dictionary beside losses and optimiser state.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if it holds no state dict.
    """
    content = read_state(path, "a checkpoint", "torch.save(model.state_dict(), path)")
    if not isinstance(content, dict):
        raise LayoutError(f"{path} holds a {type(content).__name__}; expected a state dict, alone or as 'model'")
    state, _ = state_in(content, path)
    return Weights({_WRAPPED.sub("", str(name)): value for name, value in state.items()}, path)
