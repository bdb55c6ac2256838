"""Read and write the published layout of "I dropped a neural net" (Jane Street, January 2026).

    pieces/piece_<i>.pth   a state dict with `weight` and, where the layer has one, `bias`
    historical_data.csv    measurement_0 ... measurement_<d-1>, pred, true
                           (pred_0 ... and true_0 ... where the network has several outputs)

Both may lie in a folder `historical_data_and_pieces/`. A solution is the list of piece
numbers in execution order; it is published as the SHA-256 of the numbers joined with commas.
The layout does not name the activation. Roles of pieces follow from their shapes; where shapes
are ambiguous, `roles.json` beside `pieces/`, an addition of this suite, states the roles, unless
they are for the solver to find.
"""

from __future__ import annotations

import pickle
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import ValidationError

from generator.errors import LayoutError, SpecError, StorageError
from generator.plugins import describe_failure
from generator.puzzle.content import Puzzle, make_puzzle
from generator.puzzle.storage import first_fault, writing_folder
from generator.reassembly.layout.roles import ROLES_FILE, roles_from_shapes, unknown_roles
from generator.reassembly.layout.table import read_table, write_table
from generator.reassembly.network.residual import activation_function
from generator.reassembly.puzzle import Roles
from generator.reassembly.unknown_roles import view_any
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue

__all__ = ["NESTED", "export_layout", "import_layout", "write_layout"]

NESTED = "historical_data_and_pieces"
"""Name of the folder that may hold both parts."""

CSV = "historical_data.csv"

ROLES = ("known", "unknown")
"""Choices of `roles`."""


def import_layout(
    folder: Path,
    *,
    name: str,
    activation: str = "relu",
    solution_sha256: str | None = None,
    roles: str = "known",
) -> Puzzle:
    """Read a folder in the published layout as a puzzle whose answer is not known.

    With `roles` "unknown", which square blocks allow, the solver must find the roles, and `roles.json` is not read.

    Raises:
        StorageError: if a file is missing or cannot be read.
        LayoutError: if the files do not describe shuffled layers of a residual network with data.
        SpecError: for an unknown activation, a hash that is none, or `roles` neither "known" nor "unknown".
    """
    activation_function(activation)
    if solution_sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", solution_sha256):
        raise SpecError(f"{solution_sha256!r} is no SHA-256; it has 64 hexadecimal digits")
    if roles not in ROLES:
        raise SpecError(f"--roles is known or unknown, not {roles!r}{did_you_mean(roles, ROLES)}")
    root = _root(folder)
    pieces = _read_pieces(root / "pieces")
    data = read_table(root / CSV)
    puzzle = make_puzzle(
        family="reassembly",
        name=name,
        spec={"activation": activation},
        facts={"roles": _read_roles(root, pieces, data, known=roles == "known")},
        generator="published layout",
        pieces=pieces,
        data=data,
        solution_sha256=solution_sha256.lower() if solution_sha256 else None,
    )
    view_any(puzzle)
    return puzzle


def write_layout(puzzle: Puzzle, folder: Path, *, nested: bool = False) -> tuple[str, ...]:
    """Write a puzzle as `export_layout` does, and remark on what the layout cannot say.

    Raises:
        StorageError: if the folder exists or cannot be written.
    """
    export_layout(puzzle, folder, nested=nested)
    activation = puzzle.manifest.spec.get("activation", "relu")
    remarks = []
    if activation != "relu":
        remarks.append(f"the layout does not name the activation: this network's is {activation}, not relu")
    if view_any(puzzle).roles is None:
        remarks.append(f"the roles are part of the puzzle, so there is no {ROLES_FILE}; import with --roles unknown")
    return tuple(remarks)


def export_layout(puzzle: Puzzle, folder: Path, *, nested: bool = False, replace: bool = False) -> None:
    """Write a puzzle in the published layout, all of it or nothing.

    Raises:
        StorageError: if the folder exists (unless `replace`) or cannot be written.
    """
    roles = view_any(puzzle).roles
    layers: dict[int, dict[str, torch.Tensor]] = {}
    for tensor_name, array in puzzle.pieces.items():
        piece, _, kind = tensor_name.partition(".")
        layers.setdefault(int(piece), {})[kind] = torch.from_numpy(np.array(array))
    with writing_folder(folder, replace=replace) as scratch:
        root = scratch / NESTED if nested else scratch
        (root / "pieces").mkdir(parents=True)
        for number, state in sorted(layers.items()):
            ordered = {key: state[key] for key in ("weight", "bias") if key in state}
            torch.save(ordered, root / f"pieces/piece_{number}.pth")
        if roles is not None and not _shapes_tell(puzzle):
            (root / ROLES_FILE).write_text(roles.model_dump_json() + "\n", encoding="utf-8")
        write_table(puzzle.data, root / CSV)


def _root(folder: Path) -> Path:
    if not folder.is_dir():
        raise StorageError(f"no folder at {folder}")
    for root in (folder, folder / NESTED):
        if (root / "pieces").is_dir():
            return root
    raise StorageError(f"{folder} holds neither pieces/ nor {NESTED}/pieces/")


def _read_roles(
    root: Path, pieces: Mapping[str, np.ndarray], data: Mapping[str, np.ndarray], *, known: bool
) -> dict[str, JsonValue]:
    if not known:
        return unknown_roles(pieces, width=data["inputs"].shape[1], outputs=data["predictions"].shape[1])
    file = root / ROLES_FILE
    if not file.exists():
        return roles_from_shapes(pieces, width=data["inputs"].shape[1], outputs=data["predictions"].shape[1])
    try:
        return Roles.model_validate_json(file.read_bytes()).model_dump(mode="json")
    except OSError as error:
        raise StorageError(f"cannot read {file}: {error.strerror or error}") from error
    except ValidationError as error:
        raise LayoutError(f"{file}: {first_fault(error)}") from None


def _shapes_tell(puzzle: Puzzle) -> bool:
    data = puzzle.data
    try:
        roles_from_shapes(puzzle.pieces, width=data["inputs"].shape[1], outputs=data["predictions"].shape[1])
    except LayoutError:
        return False
    return True


def _read_pieces(folder: Path) -> dict[str, np.ndarray]:
    numbers: dict[int, Path] = {}
    for path in folder.iterdir():
        match = re.fullmatch(r"piece_(\d+)\.pth", path.name)
        if match is None:
            raise LayoutError(f"{path} is no piece; expected piece_<number>.pth only")
        if int(match[1]) in numbers:
            raise LayoutError(f"{path} and {numbers[int(match[1])].name} have the same number")
        numbers[int(match[1])] = path
    if not numbers:
        raise LayoutError(f"{folder} holds no piece_<number>.pth")
    pieces = {}
    for piece, path in sorted(numbers.items()):
        for kind, tensor in _read_state(path).items():
            pieces[f"{piece}.{kind}"] = tensor
    return pieces


def _read_state(path: Path) -> dict[str, np.ndarray]:
    """Read one piece; a pickle that asks for anything but tensors is refused unread."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the reader makes of damaged bytes
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise LayoutError(f"{path} is no plain state dict: it is damaged, or would run code when read") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # noqa: BLE001 - the reader raises almost anything over damaged bytes
        raise LayoutError(f"{path} is damaged or truncated ({describe_failure(error)[:80]})") from None
    if not isinstance(state, dict) or "weight" not in state:
        raise LayoutError(f"{path} has no 'weight'; a piece is a state dict with weight and bias")
    unknown = sorted(str(key) for key in state.keys() - {"weight", "bias"})
    if unknown:
        raise LayoutError(f"{path} has an unknown entry {unknown[0]!r}; a piece is a state dict with weight and bias")
    return {kind: _finite_array(tensor, f"{path} {kind}") for kind, tensor in state.items()}


def _finite_array(tensor: Any, what: str) -> np.ndarray:
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        raise LayoutError(f"{what} is no floating-point tensor")
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.device.type != "cpu":
        raise LayoutError(f"{what} is no dense tensor")
    array: np.ndarray = tensor.detach().to(torch.float32).contiguous().numpy()
    if not np.isfinite(array).all():
        raise LayoutError(f"{what} holds NaN or infinity")
    return array
