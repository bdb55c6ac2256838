from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from generator.errors import SpecError
from leaderboard.pictures.run import Series, draw_run
from leaderboard.ranking.frame import frame_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes

    from benchmark.results.trial import Row

    MakeRow = Callable[..., Row]

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def frame(row: MakeRow) -> pd.DataFrame:
    rows = [row("quick", n, metrics={"share": 1.0}, wall_s=n + 1.0) for n in range(4)]
    rows += [row("slow", 0, metrics={"share": 1.0}, wall_s=9.0)]
    rows += [row("slow", n, "partial", metrics={"share": 0.25 * n}, wall_s=9.0) for n in (1, 2)]
    return frame_of(rows)


def test_a_cactus_climbs_to_the_solved_share_of_all_cells(frame: pd.DataFrame) -> None:
    cactus = draw_run(frame, "toy").axes[0]
    quick, slow = cactus.lines
    x, y = np.asarray(quick.get_xdata()), np.asarray(quick.get_ydata())
    assert x[1:-1].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert y[:-1].tolist() == [0.0, 25.0, 50.0, 75.0, 100.0]
    assert np.asarray(slow.get_ydata())[-1] == 25.0  # the missing cell counts
    assert [text.get_text() for text in draw_run(frame, "toy").subfigs[0].legends[0].get_texts()] == ["quick", "slow"]


def test_errors_fall_and_never_rise(frame: pd.DataFrame) -> None:
    series = [Series("quick", [0.0, 1.0, 2.0], [0.5, 0.7, 0.0]), Series("elsewhere", [1.0], [0.1])]
    errors = draw_run(frame, "toy", series).axes[1]
    x, y = np.asarray(errors.lines[0].get_xdata()), np.asarray(errors.lines[0].get_ydata())
    assert y.tolist() == [0.5, 0.5, 1e-15]
    assert x[0] > 0  # a logarithmic axis has no zero
    assert errors.get_yscale() == errors.get_xscale() == "log"


def test_one_solver_has_one_colour(frame: pd.DataFrame) -> None:
    figure = draw_run(frame, "toy", [Series("slow", [1.0], [0.5])])
    cactus, errors, _, bars = figure.axes
    slow = to_rgba(cactus.lines[1].get_color())
    assert slow != to_rgba(cactus.lines[0].get_color())
    assert slow == to_rgba(errors.lines[0].get_color()) == bars.patches[-1].get_facecolor()


def bar_heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]


def test_bars_show_the_metric_behind_the_solved_share(frame: pd.DataFrame) -> None:
    *_, quick, slow = draw_run(frame, "toy").axes
    heights = bar_heights(slow)
    assert heights[:4] == pytest.approx([100.0, 25.0, 50.0, 0.0])
    assert heights[4:] == pytest.approx([100.0, 0.0, 0.0, 0.0])
    assert bar_heights(quick) == pytest.approx([100.0] * 8)
    assert [tick.get_text() for tick in slow.get_xticklabels()] == ["net-0", "net-1", "net-2", "net-3"]


def test_puzzles_stand_in_order_of_ease(row: MakeRow) -> None:
    rows = [row("a", n, "solved" if n == 3 else "partial", seed=seed) for n in range(4) for seed in (0, 1)]
    rows += [row("b", n, "solved" if n >= 2 else "partial", seed=seed) for n in range(4) for seed in (0, 1)]
    *_, last = draw_run(frame_of(rows), "toy").axes
    assert [tick.get_text() for tick in last.get_xticklabels()] == ["net-3", "net-2", "net-0", "net-1"]


def test_a_solver_that_was_skipped_throughout_is_not_drawn(row: MakeRow) -> None:
    rows = [row("own"), *(row("foreign", n, "skipped", wall_s=None) for n in range(3))]
    figure = draw_run(frame_of(rows), "toy")
    assert [line.get_label() for line in figure.axes[0].lines] == ["own"]
    assert figure.get_suptitle() == "toy: 1 solvers on 1 cells"


def test_many_solvers_and_puzzles_can_be_drawn(row: MakeRow) -> None:
    rows = [row(f"s{s}", n, "crashed", wall_s=None) for s in range(12) for n in range(50)]
    figure = draw_run(frame_of(rows), "toy")
    assert len({(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}) == 12
    assert figure.axes[-1].get_xlabel() == "50 puzzles"


@pytest.mark.usefixtures("loss")
def test_where_a_metric_ranks_its_values_are_drawn_by_puzzle(scored: Callable[..., list[Row]], row: MakeRow) -> None:
    rows = [*scored("a", [0.4, 0.1, 0.2]), *scored("b", [0.5, 0.3]), row("b", 2, "crashed")]
    figure = draw_run(frame_of(rows), "toy", [Series("a", [1.0], [0.5])])
    values, errors = figure.axes
    assert [line.get_label() for line in values.lines] == ["a", "b"]
    assert np.asarray(values.lines[0].get_ydata()).tolist() == pytest.approx([0.1, 0.4, 0.2])
    assert np.asarray(values.lines[1].get_ydata()).tolist() == pytest.approx([0.3, 0.5, 1.0])
    assert [tick.get_text() for tick in values.get_xticklabels()] == ["net-1", "net-0", "net-2"]
    assert values.get_yscale() == "log"
    assert errors.get_ylabel() == "loss over par, best so far"


def test_a_run_without_the_family_is_an_error(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="no results of family 'reassembly'"):
        draw_run(frame, "reassembly")


def test_a_series_needs_an_error_for_every_time() -> None:
    with pytest.raises(SpecError, match="has 2 times but 1 errors"):
        Series("a", [1.0, 2.0], [0.5])
