from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from leaderboard.reassembly.fingerprint import blocks_of
from leaderboard.reassembly.pictures import draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    Plant = Callable[..., Any]


def test_assignment_brings_the_pairs_onto_the_diagonal(plant: Plant) -> None:
    planted = plant()
    before, after, *_ = draw(planted.view, planted.sealed, "net").axes
    dealt, assigned = (np.asarray(axes.images[0].get_array()) for axes in (before, after))
    assert sorted(dealt.ravel()) == pytest.approx(sorted(assigned.ravel()))
    assert np.array_equal(assigned.argmax(axis=1), np.arange(5))
    assert not np.array_equal(dealt.argmax(axis=1), np.arange(5))
    assert not after.lines  # nothing is wrong, so nothing is framed


def test_as_dealt_means_the_order_of_the_pieces(plant: Plant) -> None:
    planted = plant()
    blocks = blocks_of(planted.view, planted.sealed)
    dealt = np.asarray(draw(planted.view, planted.sealed, "net").axes[0].images[0].get_array())
    for position, (i, j) in enumerate(zip(blocks.incoming, blocks.outgoing, strict=True)):
        assert dealt[i, j] == pytest.approx(float(blocks.dominance[position, position]))


def test_wrong_pairs_are_framed_and_counted(plant: Plant) -> None:
    planted = plant(depth=12, signal=0.0)
    blocks = blocks_of(planted.view, planted.sealed)
    wrong = sum(found != place for place, found in enumerate(blocks.matched))
    after = draw(planted.view, planted.sealed, "net").axes[1]
    shown = np.asarray(after.images[0].get_array())
    for place, found in enumerate(blocks.matched):
        assert shown[place, place] == pytest.approx(float(blocks.dominance[place, found]))
    assert len(after.lines) == wrong > 0
    assert f"{12 - wrong} of 12 pairs right" in after.get_title(loc="left")


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def test_depth_is_drawn_only_where_it_is_known(plant: Plant) -> None:
    planted = plant()
    known, unknown = draw(planted.view, planted.sealed, "net"), draw(planted.view, None, "net")
    assert any("τ = +1.00" in text for text in legend(known.axes[3]))
    assert not any("τ" in text for text in legend(unknown.axes[3]))
    assert "true depth not known" in unknown.axes[3].get_xlabel()
    assert unknown.get_suptitle().endswith("(answer not known)")


def test_one_block_can_be_drawn(plant: Plant) -> None:
    planted = plant(depth=1)
    assert draw(planted.view, planted.sealed, "net").axes
