from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.errors import SpecError
from leaderboard.ranking.rank import rank
from leaderboard.tables.render import FORMATS, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row

    MakeRow = Callable[..., Row]

pytestmark = pytest.mark.usefixtures("toy")


def lines(text: str) -> list[list[str]]:
    """Cells of each row of a Markdown table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_markdown_aligns_rounds_and_sets_the_best_in_bold(rows: list[Row]) -> None:
    text = render(rank(rows))
    head, rule, good, bad, new = lines(text)
    assert text.startswith("### toy\n\n|")
    assert head[1:8] == [
        "not separated",
        "solver",
        "solved",
        "95 % interval (%)",
        "share found (%)",
        "median error",
        "median wall (s)",
    ]
    assert [mark.endswith("-:") for mark in rule] == [True, False, False, True, True, True, True, True, True, False]
    assert good == ["1", "a", "`good[k=1]`", "**6/6**", "61–100", "**100.0**", "**1.2e-14**", "0.25", "6/6", ""]
    assert bad == ["2", "b", "`bad`", "0/6", "0–39", "33.3", "5.0e-01", "0.12", "6/6", "5 partial, 1 timeout"]
    assert new == ["–", "–", r"`new` \*", "1/6", "3–56", "16.7", "∞", "∞", "1/6", "5 missing"]


def test_puzzles_are_shown_as_solved_and_cells_as_not_solved(row: MakeRow) -> None:
    rows = [row("a", n, "partial" if n == seed == 0 else "solved", seed=seed) for n in range(2) for seed in range(2)]
    (line,) = lines(render(rank(rows)))[2:]
    assert (line[3], line[4], line[-1]) == ("1/2", "9–91", "1 partial")


def test_coverage_is_shown_only_where_it_is_incomplete(rows: list[Row]) -> None:
    assert "coverage" not in render(rank(rows[:-1]))
    assert "provisional" not in render(rank(rows[:-1]))
    assert "coverage" in render(rank(rows))


def test_being_quick_counts_among_those_that_solve(row: MakeRow) -> None:
    rows = [row("slow", wall_s=2.0), row("fast", wall_s=1.0), row("empty", 0, "partial", wall_s=0.5)]
    assert [line[-2] for line in lines(render(rank(rows)))[2:]] == ["**1.00**", "2.00", "0.50"]


def test_where_all_are_alike_none_is_the_best(row: MakeRow, rows: list[Row]) -> None:
    assert "**" not in render(rank(rows[:6]))
    assert "**" not in render(rank([row("a"), row("b")]))


def test_a_pipe_in_a_name_does_not_break_the_table(row: MakeRow) -> None:
    text = render(rank([row("a|b")]))
    assert r"`a\|b`" in text


def test_another_level_is_said_everywhere(rows: list[Row]) -> None:
    text = render(rank(rows, alpha=0.01))
    assert "99 % interval" in text
    assert "alpha = 0.01" in text
    assert [line[:2] for line in lines(text)[2:]] == [["1", "a"], ["2", "a"], ["–", "–"]]


def test_plain_has_no_markup(rows: list[Row]) -> None:
    text = render(rank(rows), "plain")
    assert text.startswith("toy\n\n")
    assert not any(mark in text for mark in ("**", "`", "#", "\\"))
    assert "new *" in text


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_holds_every_table(row: MakeRow, style: str) -> None:
    rows = [row(name, n, groups={"depth": 8 * n}) for name in ("zoe", "bob") for n in (1, 2)]
    text = render(rank(rows, by="depth"), style)
    assert text.count("zoe") == text.count("bob") == 2
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_an_unknown_format_names_the_known_ones(rows: list[Row]) -> None:
    with pytest.raises(SpecError, match="no table format 'githab'; did you mean github"):
        render(rank(rows), "githab")
