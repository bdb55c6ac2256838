"""Facts and figures of networks that add modulo p."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from generator.modular.puzzle import view_puzzle
from generator.modular.sealed import truth_of
from leaderboard.modular.fingerprint import facts
from leaderboard.modular.pictures import circle_points, correct_by_sum_and_difference, draw
from tests.generator.modular.made import a_puzzle


def test_without_the_answer_only_what_a_solver_sees_is_told() -> None:
    told = dict(facts(view_puzzle(a_puzzle().puzzle)))
    assert told["network"] == "addition modulo 23, relu units 80"
    assert told["label"] == "not known"
    assert "key frequencies" not in told
    withheld = dict(facts(view_puzzle(a_puzzle(withhold_unembedding=True, lookups=9).puzzle)))
    assert withheld["oracle"] == "tells the class of 9 pairs"
    assert withheld["network"].endswith("unembedding withheld")


def test_with_the_answer_circles_outcomes_and_measures_are_told() -> None:
    made = a_puzzle()
    truth, told = truth_of(made.sealed), dict(facts(view_puzzle(made.puzzle), made.sealed))
    first = truth.circles[0]
    assert told["label"] == "hybrid"
    assert told["key frequencies"].startswith(f"{first.frequency} {first.kind} {first.amplitude:.2f}; ")
    assert told["delete 1"].startswith("correct logit ")
    assert told["share of the pairs answered right"] == "1.000"
    assert told[f"frequency {first.frequency}"].startswith("CV alone 0.")


def test_a_table_of_one_circle_is_a_circle() -> None:
    angles = 2 * np.pi * 3 * np.arange(23) / 23
    table = torch.zeros(23, 5, dtype=torch.float64)
    table[:, 1], table[:, 3] = torch.from_numpy(np.cos(angles)), torch.from_numpy(np.sin(angles))
    points = circle_points(table, 3)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(points @ points.T, np.cos(angles[:, None] - angles), atol=1e-12)


@pytest.mark.parametrize("p", [11, 12])
def test_correct_logits_are_arranged_by_sum_and_difference(p: int) -> None:
    logits = torch.arange(p**3, dtype=torch.float64).reshape(p, p, p)
    image = correct_by_sum_and_difference(logits)
    assert image[(7 + 3) % p, 4] == logits[7, 3, (7 + 3) % p]
    assert int(np.isnan(image).sum()) == (0 if p % 2 else p * p // 2)


def test_the_figure_shows_circles_logits_and_amplitudes() -> None:
    made = a_puzzle()
    figure = draw(view_puzzle(made.puzzle), made.sealed, "p")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    shown = [one.frequency for one in truth_of(made.sealed).circles]
    assert [f"circle {frequency}, first table" for frequency in shown] == titles[:3]
    curves = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("Amplitude"))
    lines = {str(line.get_label()): np.asarray(line.get_ydata(), np.float64) for line in curves.lines}
    kinds = {one.frequency: one.kind for one in truth_of(made.sealed).circles}
    for frequency, kind in kinds.items():
        spread = lines[f"frequency {frequency}"].std()
        assert (spread > 0.4) == (kind == "pizza")


def test_without_names_singular_values_are_drawn_and_with_public_names_the_circles() -> None:
    view = view_puzzle(a_puzzle().puzzle)
    (axes,) = draw(view, None, "p").axes
    assert [line.get_label() for line in axes.lines] == ["first table", "second table", "unembedding"]
    public = draw(view_puzzle(a_puzzle(names="public").puzzle), None, "p")
    assert public.axes[0].get_title(loc="left").startswith("circle ")


def test_a_withheld_unembedding_leaves_the_circles() -> None:
    made = a_puzzle(withhold_unembedding=True)
    figure = draw(view_puzzle(made.puzzle), made.sealed, "p")
    frequencies = {one.frequency for one in truth_of(made.sealed).circles}
    drawn = {int(axes.get_title(loc="left").split()[1].rstrip(",")) for axes in figure.axes[:3]}
    assert drawn == frequencies
