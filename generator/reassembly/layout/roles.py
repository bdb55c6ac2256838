"""Derive the role of each loose piece (incoming half, outgoing half, head) from its shape.

Incoming halves are m x d, outgoing halves d x m, and the head is o x d. Shapes are ambiguous if the hidden width m
equals the state width d or the number of outputs o. Norms and alignment with the head or the inputs do not separate
the halves of trained square blocks reliably. For ambiguous shapes the layout must therefore state the roles, or the
solver must find them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from pydantic import JsonValue

__all__ = ["ROLES_FILE", "roles_from_shapes", "unknown_roles"]

ROLES_FILE = "roles.json"
"""File beside `pieces/` that states the roles where shapes are ambiguous; the published puzzle has no such file."""


def roles_from_shapes(pieces: Mapping[str, np.ndarray], *, width: int, outputs: int) -> dict[str, JsonValue]:
    """Find the role of every piece of a residual network.

    Args:
        pieces: tensors named `<number>.weight` and `<number>.bias`.
        width: of the inputs, d.
        outputs: of the predictions, o.

    Raises:
        LayoutError: if the shapes form no residual network with a head, or are ambiguous.
    """
    weights = {int(name.partition(".")[0]): array for name, array in pieces.items() if name.endswith(".weight")}
    _check_layers(pieces, weights)
    head = _find_head(weights, width, outputs)
    blocks = {number: array for number, array in weights.items() if number != head}
    hidden = _hidden_width({array.shape for array in blocks.values()}, width)
    if hidden == width:
        raise LayoutError(
            f"hidden width and state width are both {width}, so shapes cannot tell incoming from outgoing halves; "
            f"add {ROLES_FILE}, or --roles unknown"
        )
    incoming: list[JsonValue] = [number for number, array in sorted(blocks.items()) if array.shape == (hidden, width)]
    outgoing: list[JsonValue] = [number for number in sorted(blocks) if number not in incoming]
    if len(incoming) != len(outgoing):
        raise LayoutError(f"{len(incoming)} incoming halves cannot pair with {len(outgoing)} outgoing ones")
    return {"incoming": incoming, "outgoing": outgoing, "head": head}


def unknown_roles(pieces: Mapping[str, np.ndarray], *, width: int, outputs: int) -> dict[str, JsonValue]:
    """Find the head among the pieces of a residual network, and list the square halves, whose roles stay unknown.

    Args:
        pieces: tensors named `<number>.weight` and `<number>.bias`.
        width: of the inputs, d.
        outputs: of the predictions, o.

    Raises:
        LayoutError: if the shapes form no residual network with a head, or already determine the roles.
    """
    weights = {int(name.partition(".")[0]): array for name, array in pieces.items() if name.endswith(".weight")}
    _check_layers(pieces, weights)
    if outputs == width:
        raise LayoutError(
            f"the head has the shape {(outputs, width)} of a square half, so roles cannot be unknown; "
            f"add {ROLES_FILE} and leave out --roles unknown"
        )
    head = _find_head(weights, width, outputs)
    halves: list[JsonValue] = [number for number in sorted(weights) if number != head]
    hidden = _hidden_width({array.shape for number, array in weights.items() if number != head}, width)
    if hidden != width:
        raise LayoutError(
            f"hidden width {hidden} and state width {width} differ, so shapes tell the roles; leave out --roles unknown"
        )
    return {"unknown": halves, "head": head}


def _check_layers(pieces: Mapping[str, np.ndarray], weights: Mapping[int, np.ndarray]) -> None:
    for number, weight in sorted(weights.items()):
        if weight.ndim != 2:
            raise LayoutError(f"piece {number} weight has shape {weight.shape}; a layer's has two dimensions")
        bias = pieces.get(f"{number}.bias")
        if bias is not None and bias.shape != weight.shape[:1]:
            raise LayoutError(
                f"piece {number} bias has shape {bias.shape}; expected {weight.shape[:1]}, one per row of its weight"
            )
    if len(weights) < 3 or len(weights) % 2 == 0:
        raise LayoutError(
            f"there are {len(weights)} pieces; a residual network of K blocks and a head has 2K + 1, at least 3"
        )


def _find_head(weights: Mapping[int, np.ndarray], width: int, outputs: int) -> int:
    heads = [number for number, array in weights.items() if array.shape == (outputs, width)]
    if not heads:
        raise LayoutError(f"no piece has the head's shape {(outputs, width)} (outputs x inputs)")
    if len(heads) == 1:
        return heads[0]
    if len(heads) == 2:
        raise LayoutError(f"pieces {heads[0]} and {heads[1]} both have the head's shape {(outputs, width)}")
    raise LayoutError(
        f"{len(heads)} pieces have the head's shape {(outputs, width)}, so shapes cannot tell it; add {ROLES_FILE}"
    )


def _hidden_width(shapes: set[tuple[int, ...]], width: int) -> int:
    """Find m, given that every shape is m x d or d x m."""
    for shape in sorted(shapes):
        if width not in shape:
            raise LayoutError(f"a piece of shape {shape} fits no block whose state has width {width}")
    hidden = {rows if columns == width else columns for rows, columns in shapes}
    if len(hidden) > 1:
        raise LayoutError(f"the blocks have different hidden widths: {', '.join(map(str, sorted(hidden)))}")
    return hidden.pop()
