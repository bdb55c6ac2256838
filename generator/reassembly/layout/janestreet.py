"""Read and write the published layout of "I dropped a neural net" (Jane Street, January 2026).

    pieces/piece_<i>.pth   a state dict with `weight` and, where the layer has one, `bias`
    historical_data.csv    measurement_0 ... measurement_<d-1>, pred, true
                           (pred_0 ... and true_0 ... where the network has several outputs)

Both may lie in a folder `historical_data_and_pieces/`. A solution is the list of piece
numbers in execution order; it is published as the SHA-256 of the numbers joined with commas.
The layout does not name the activation. Roles of pieces follow from their shapes. Where shapes are ambiguous,
`roles.json` beside `pieces/`, an addition of this suite, states the roles, unless the solver must find them.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import ValidationError

from generator.errors import LayoutError, SpecError, StorageError, first_fault
from generator.family.layout import Imported
from generator.puzzle.content import Puzzle, make_puzzle
from generator.puzzle.sealing import seal_imported
from generator.puzzle.storage import writing_folder
from generator.reassembly.layout.precision import with_precision
from generator.reassembly.layout.reading.apart import find_network, write_apart
from generator.reassembly.layout.reading.folder import CSV, NESTED, find_files
from generator.reassembly.layout.reading.numbering import PIECES
from generator.reassembly.layout.reading.piece import read_pieces
from generator.reassembly.layout.roles import ROLES_FILE, roles_from_shapes, unknown_roles
from generator.reassembly.layout.table import read_table, write_table
from generator.reassembly.network.residual import activation_function
from generator.reassembly.puzzle import Roles
from generator.reassembly.scoring.verdict import remarks as precision_remarks
from generator.reassembly.unknown_roles import view_any
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import JsonValue

    from generator.puzzle.sealing import Made

__all__ = ["NESTED", "export_layout", "import_layout", "read_layout", "write_layout"]


def read_layout(folder: Path, *, name: str, activation: str = "relu", **options: Any) -> Imported | Made:
    """Read a folder as `import_layout` does, with remarks on deviations from the published layout.

    A whole network beside a table, instead of pieces, is taken apart: its pieces are shuffled and the answer is sealed.

    Args:
        folder: with pieces and table.
        name: of the puzzle.
        activation: of the blocks.
        **options: more options of `import_layout`.

    Raises:
        StorageError: if a file is missing or cannot be read.
        LayoutError: if the files do not describe layers of a residual network with data.
        SpecError: for a wrong option.
    """
    remarks: list[str] = []
    network = find_network(folder, remarks.append)
    if network is None:
        puzzle = import_layout(folder, name=name, activation=activation, remark=remarks.append, **options)
        return Imported(puzzle, (*remarks, *precision_remarks(puzzle)))
    activation_function(activation)
    with tempfile.TemporaryDirectory(prefix="netjigsaw-import-") as scratch:
        unpacked, rng = Path(scratch), np.random.default_rng(np.random.SeedSequence())
        answer = write_apart(network, unpacked, activation=activation, rng=rng, remark=remarks.append)
        puzzle = import_layout(unpacked, name=name, activation=activation, **options)
    return seal_imported(puzzle, list(answer), (*remarks, *precision_remarks(puzzle)))


ROLES = ("known", "unknown")
"""Choices of `roles`."""


def import_layout(
    folder: Path,
    *,
    name: str,
    activation: str = "relu",
    solution_sha256: str | None = None,
    precision: str | None = None,
    roles: str = "known",
    remark: Callable[[str], None] = lambda _: None,
) -> Puzzle:
    """Read a folder in the published layout as a puzzle whose answer is not known.

    Args:
        folder: to read.
        name: of the puzzle.
        activation: of the blocks.
        solution_sha256: hash of the published solution, if there is one.
        precision: of the predictions, as `layout.precision.parse_precision` reads it; measured by default.
        roles: with "unknown" the solver must find the roles, and `roles.json` is not read; needs square blocks.
        remark: called with each deviation from the published layout that was read nevertheless.

    Raises:
        StorageError: if a file is missing or cannot be read.
        LayoutError: if the files do not describe shuffled layers of a residual network with data.
        SpecError: for an unknown activation or precision, an invalid hash, or `roles` neither "known" nor "unknown".
    """
    activation_function(activation)
    if solution_sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", solution_sha256):
        raise SpecError(f"{solution_sha256!r} is no SHA-256; it has 64 hexadecimal digits")
    if roles not in ROLES:
        raise SpecError(f"--roles is known or unknown, not {roles!r}{did_you_mean(roles, ROLES)}")
    files = find_files(folder, remark)
    pieces = read_pieces(files.pieces, remark)
    data, measured = with_precision(read_table(files.table, remark=remark), precision)
    puzzle = make_puzzle(
        family="reassembly",
        name=name,
        spec={"activation": activation, **measured},
        facts={"roles": _read_roles(files.root, pieces, data, known=roles == "known")},
        generator="published layout",
        pieces=pieces,
        data=data,
        solution_sha256=solution_sha256.lower() if solution_sha256 else None,
    )
    view_any(puzzle)
    return puzzle


def write_layout(puzzle: Puzzle, folder: Path, *, nested: bool = False) -> tuple[str, ...]:
    """Write a puzzle as `export_layout` does, and return remarks on properties that the layout cannot hold.

    Raises:
        StorageError: if the folder exists or cannot be written.
    """
    export_layout(puzzle, folder, nested=nested)
    spec, remarks = puzzle.manifest.spec, []
    if (activation := spec.get("activation", "relu")) != "relu":
        remarks.append(f"the layout does not name the activation: this network's is {activation}, not relu")
    if (computed := spec.get("predictions_computed", "float32")) != "float32":
        remarks.append(f"the layout does not name the precision: import it with --precision {computed}")
    if view_any(puzzle).roles is None:
        remarks.append(f"the roles are part of the puzzle, so there is no {ROLES_FILE}; import with --roles unknown")
    return tuple(remarks)


def export_layout(puzzle: Puzzle, folder: Path, *, nested: bool = False, replace: bool = False) -> None:
    """Write a puzzle in the published layout, completely or not at all.

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
        (root / PIECES).mkdir(parents=True)
        for number, state in sorted(layers.items()):
            ordered = {key: state[key] for key in ("weight", "bias") if key in state}
            torch.save(ordered, root / PIECES / f"piece_{number}.pth")
        if roles is not None and not _shapes_tell(puzzle):
            (root / ROLES_FILE).write_text(roles.model_dump_json() + "\n", encoding="utf-8")
        write_table(puzzle.data, root / CSV)


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
