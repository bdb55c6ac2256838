from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import benchmark.isolation.wire
from benchmark.isolation.packing import pack
from generator.errors import HarnessError

if TYPE_CHECKING:
    from generator.puzzle.storage import LoadedPuzzle


def test_a_puzzle_too_large_for_the_wire_is_one_clear_line(
    toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(pack(toys[0].puzzle).sizes_mib) == 3
    monkeypatch.setattr(benchmark.isolation.wire, "_LONGEST", 100)
    with pytest.raises(HarnessError, match=r"^puzzle 'toy0' cannot be sent to a solver: .* too long for the wire;"):
        pack(toys[0].puzzle)
