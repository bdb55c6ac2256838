"""The experiment on ranking by a metric, with fewer comparisons."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.family import registry as family_module
from generator.plugins import load_file

RANKING = load_file(Path(__file__).parents[2] / "experiments" / "measuring" / "continuous_ranking.py")


@pytest.fixture(autouse=True)
def _family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(family_module._FAMILIES, RANKING.NAME, RANKING.FAMILY)


def test_the_table_separates_the_better_solver_only() -> None:
    lines = [line for line in RANKING.table().splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[:3] for row in cells] == [
        ["1", "a", "`better`"],
        ["2", "b", "`equal-1`"],
        ["3", "b", "`equal-2`"],
        ["–", "–", "`crashing`"],
    ]


def test_the_gate_catches_losses_and_rarely_raises_false_alarms() -> None:
    assert RANKING.count_alarms(20, 1.05, (12, 1)) == 20
    assert RANKING.count_alarms(40, 1.0, (12, 1)) <= 3
