"""The experiment on roles measures what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.plugins import load_file
from generator.reassembly.spec import ReassemblySpec

SCRIPT: Any = load_file(Path(__file__).parents[2] / "experiments" / "solving" / "role_accuracy.py")
BRIEF = {"depth": 2, "width": 6, "hidden": 6, "rows": 60, "steps": 5, "batch": 10}


def test_every_recipe_can_hide_its_roles() -> None:
    for recipe in SCRIPT.RECIPES.values():
        assert ReassemblySpec.model_validate({**recipe, "roles": "unknown"}).roles == "unknown"


def test_a_row_holds_accuracy_and_puzzles_solved() -> None:
    ((label, accuracy, solved),) = SCRIPT.rows({"brief": BRIEF}, seeds=2, wall_s=5.0)
    assert label == "brief"
    assert accuracy in {"0", "25", "50", "75", "100"}
    assert solved in {"0/2", "1/2", "2/2"}
    assert SCRIPT.rows({"brief": BRIEF}, seeds=1, wall_s=0.0)[0][2] == "–"


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_accuracy_is_the_share_of_right_roles(monkeypatch: pytest.MonkeyPatch, wrong: int) -> None:
    made, view = SCRIPT.make({**BRIEF, "depth": 4}, 1)
    incoming, outgoing = view.assembly(made.sealed.answer)

    def guess(*_: Any) -> Any:
        roles = -np.ones(8)
        roles[incoming[wrong:] + outgoing[:wrong]] = 1.0
        return roles

    monkeypatch.setattr(SCRIPT, "guess_roles", guess)
    assert SCRIPT.role_accuracy(made, view) == 1 - wrong / 4
