"""The published layout with unknown roles: import, export, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.errors import LayoutError, SpecError
from generator.reassembly.layout.foreign import write_foreign
from generator.reassembly.layout.janestreet import import_layout, write_layout
from generator.reassembly.layout.printing.reader import permutation_reader
from generator.reassembly.making.generate import generate
from generator.reassembly.spec import ReassemblySpec
from generator.reassembly.unknown_roles import view_any

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made


def make(*, width: int = 4, hidden: int = 4, outputs: int = 1, roles: str = "known") -> Made:
    spec = {"depth": 3, "width": width, "hidden": hidden, "outputs": outputs, "rows": 5, "steps": 0, "roles": roles}
    return generate(ReassemblySpec.model_validate(spec), name="p", seed=1)


def test_the_refusal_names_both_ways_out(tmp_path: Path) -> None:
    write_layout(make(roles="unknown").puzzle, tmp_path / "square")
    with pytest.raises(LayoutError) as caught:
        import_layout(tmp_path / "square", name="p")
    assert str(caught.value) == (
        "hidden width and state width are both 4, so shapes cannot tell incoming from outgoing halves; "
        "add roles.json, or --roles unknown"
    )


def test_a_round_trip_without_roles(tmp_path: Path) -> None:
    made = make(roles="unknown")
    remarks = write_layout(made.puzzle, tmp_path / "square")
    assert remarks == ("the roles are part of the puzzle, so there is no roles.json; import with --roles unknown",)
    assert not (tmp_path / "square/roles.json").exists()
    again = import_layout(tmp_path / "square", name="p", roles="unknown")
    assert again.manifest.facts == {"roles": made.puzzle.manifest.facts["roles"]}
    assert again.pieces.keys() == made.puzzle.pieces.keys()
    assert all(np.array_equal(again.pieces[name], made.puzzle.pieces[name]) for name in again.pieces)
    assert view_any(again).roles is None


def test_stated_roles_do_not_reach_a_puzzle_of_unknown_roles(tmp_path: Path) -> None:
    known = make()
    write_layout(known.puzzle, tmp_path / "square")
    assert (tmp_path / "square/roles.json").exists()
    puzzle = import_layout(tmp_path / "square", name="p", roles="unknown")
    assert set(puzzle.manifest.facts["roles"]) == {"unknown", "head"}  # type: ignore[arg-type]
    write_layout(puzzle, tmp_path / "again")
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"pieces", "historical_data.csv"}


def test_programs_get_no_roles_and_may_put_any_half_at_any_position(tmp_path: Path) -> None:
    made = make(roles="unknown")
    write_foreign(made.puzzle, tmp_path / "work")
    assert not list(tmp_path.rglob("roles.json"))
    assert permutation_reader(made.puzzle)("6,5,4,3,2,1,0") == [6, 5, 4, 3, 2, 1, 0]


def test_layouts_whose_roles_cannot_be_unknown(tmp_path: Path) -> None:
    write_layout(make(hidden=5).puzzle, tmp_path / "oblong")
    with pytest.raises(LayoutError, match="hidden width 5 and state width 4 differ, so shapes tell the roles; leave"):
        import_layout(tmp_path / "oblong", name="p", roles="unknown")
    write_layout(make(outputs=4).puzzle, tmp_path / "wide-head")
    with pytest.raises(LayoutError, match=r"the head has the shape \(4, 4\) of a square half.*add roles\.json and"):
        import_layout(tmp_path / "wide-head", name="p", roles="unknown")
    with pytest.raises(SpecError, match="--roles is known or unknown, not 'unkown'; did you mean"):
        import_layout(tmp_path / "oblong", name="p", roles="unkown")
