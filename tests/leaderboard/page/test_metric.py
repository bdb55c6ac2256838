"""The page of a family that ranks by a metric: its data, and the page in a Chromium."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from benchmark.statistics import sign_flips
from leaderboard.page.make import make_page
from leaderboard.page.metric import MOST_PUZZLES, metric_by_puzzle
from leaderboard.ranking.frame import frame_of
from leaderboard.ranking.grid import grid_of, mark_live
from leaderboard.ranking.rank import rank

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.results.trial import Row
    from generator.family.record import Family

    Scored = Callable[..., list[Row]]

pytestmark = pytest.mark.usefixtures("loss")

LOSSES = {"better": [0.1, 0.3, 0.2, 0.5, 0.4, 0.25, 0.35], "worse": [0.2, 0.6, 0.4, 0.45, 0.8, 0.5, 0.7]}


@pytest.fixture
def results(scored: Scored, row: Callable[..., Row]) -> list[Row]:
    """Two solvers with scores, and one that crashed; puzzles of two kinds."""
    rows = [one for solver, losses in LOSSES.items() for one in scored(solver, losses)]
    rows += [row("crashing", n, "crashed", reason="boom") for n in range(7)]
    return [one.model_copy(update={"groups": {"depth": 4 if int(one.puzzle, 16) < 4 else 8}}) for one in rows]


def family_of(text: str) -> dict[str, Any]:
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    assert data is not None
    (family,) = json.loads(data[1])["families"]
    return dict(family)


def test_the_data_agree_with_the_ranking(results: list[Row]) -> None:
    family = family_of(make_page(frame_of(results, details=True), {}, {}))
    (ranking,) = rank(results)
    for solver, standing in zip(family["solvers"], ranking.standings, strict=True):
        assert (solver["name"], solver["place"], solver["letters"]) == (
            standing.solver,
            standing.place,
            standing.letters,
        )
        assert solver["value"] == pytest.approx(standing.ranking_value, rel=1e-3)
    assert (family["rankBy"], family["cactus"], family["both"]) == ("loss", None, None)
    by_puzzle = family["byPuzzle"]
    assert by_puzzle["names"][0] == "net-0"
    assert sorted(by_puzzle["values"][0]) == sorted(LOSSES["better"])
    assert set(by_puzzle["values"][2]) == {1}
    p = sign_flips(np.log(LOSSES["better"]) - np.log(LOSSES["worse"]))
    assert family["pairs"]["p"][0][1] == family["pairs"]["p"][1][0] == pytest.approx(p, rel=1e-3)
    assert (family["pairs"]["ahead"][0][1], family["pairs"]["ahead"][1][0]) == (6, 1)
    (facet,) = family["facets"]
    assert facet["mean"][0][0] == pytest.approx(np.exp(np.log(LOSSES["better"][:4]).mean()), rel=1e-3)


@pytest.mark.parametrize("whole", [False, True])
def test_many_puzzles_are_thinned_where_single_ones_are_not_shown(scored: Scored, loss: Family, *, whole: bool) -> None:
    rows = scored("a", np.linspace(0.1, 0.9, 1000))
    found = metric_by_puzzle(grid_of(mark_live(frame_of(rows))), [0], loss.ranking_metric, whole=whole)
    assert len(found["names"]) == (1000 if whole else MOST_PUZZLES)
    assert (found["values"][0][0], found["values"][0][-1]) == (0.1, 0.9)


@pytest.mark.browser
def test_the_page_shows_the_metric(open_page: Callable[..., Any], results: list[Row], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(make_page(frame_of(results, details=True), {}, {}), encoding="utf-8")
    page = open_page(path)
    rows = page.locator(".ranking tbody tr")
    assert rows.first.locator("td, th").all_inner_texts()[:4] == ["1", "a", "better", "0.270"]
    assert rows.last.locator("td, th").all_inner_texts()[:4] == ["–", "–", "crashing", "1.000"]
    assert page.locator(".ranking thead th").last.inner_text() == "not scored"
    expect(page.get_by_role("heading", name="loss over par by puzzle")).to_be_visible()
    line = page.locator(".chart [data-line='0']")
    line.focus()
    expect(page.locator(".said")).to_have_text("better: loss over par 0.270 on average")
    assert line.locator("circle").count() == 7
    expect(page.locator("table:has-text('loss over par by depth') tbody tr").first).to_contain_text("0.234")
    page.get_by_role("link", name="side by side").click()
    expect(page.locator(".verdict")).to_contain_text("sign-flip test over puzzles")
    assert page.locator(".counts td.number").all_inner_texts() == ["6", "1", "0"]
    page.locator("#panel").get_by_label("Better solver").select_option("worse")
    assert page.locator("#panel table:has-text('puzzle by puzzle') tbody th").all_inner_texts() == ["net-3"]
    page.goto(path.as_uri() + f"#/f/toy/p/{0:064x}")
    expect(page.get_by_text("2 of 3 solvers have a score. The best loss over par is 0.100, by better.")).to_be_visible()
    page.goto(path.as_uri() + "#/f/toy/s/crashing")
    expect(page.get_by_text("none: no score")).to_be_visible()
    page.goto(path.as_uri() + "#/f/toy/s/better")
    expect(page.get_by_text("7 of 7", exact=True).first).to_be_visible()
