from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.planned import PlannedPuzzle, SuiteUse
from benchmark.results.store import Store
from leaderboard.page.make import make_page
from leaderboard.page.render import SCRIPTS, _asset
from leaderboard.ranking.frame import frame_of, frame_of_store
from leaderboard.ranking.planned import with_plan
from leaderboard.ranking.rank import rank_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from benchmark.results.trial import Row

ASSETS = ("page.css", "page.html.jinja", *(f"{name}.js" for name in SCRIPTS))
EVIL = "</script><img src=x onerror=\"document.title='owned'\"><!--"


class Elements(HTMLParser):
    """Collects the elements of a page, what is in its scripts and styles, and every address that it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.content: dict[str, str] = {}
        self.attributes: list[tuple[str, str | None]] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = f"{tag}#{dict(attrs).get('id', '')}" if tag in {"script", "style"} else ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.content[self._inside] = self.content.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as the base class has it
        self._inside = ""


def data_of(text: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(Elements(text).content["script#data"])
    return held


def test_the_page_names_nothing_outside_itself(page_file: Path) -> None:
    elements = Elements(page_file.read_text(encoding="utf-8"))
    addresses = [value or "" for name, value in elements.attributes if name in {"src", "href", "srcset", "action"}]
    assert addresses
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    outside = re.findall(r"(?:https?:)?//[^\s\"'/]+\.[^\s\"']+|@import|url\(", "".join(map(_asset, ASSETS)))
    assert outside == ["http://www.w3.org/2000/svg"]  # the name of a vocabulary, which nobody fetches


def test_the_policy_lets_only_the_pages_own_program_run(page_file: Path) -> None:
    elements = Elements(page_file.read_text(encoding="utf-8"))
    (policy,) = (value for name, value in elements.attributes if value and "default-src" in value and name == "content")
    for held, rule in (("script#", "script-src"), ("style#", "style-src")):
        digest = base64.b64encode(hashlib.sha256(elements.content[held].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not [name for name, _ in elements.attributes if name.startswith("on") or name == "style"]


def test_the_program_never_turns_text_into_markup() -> None:
    program = "".join(_asset(f"{name}.js") for name in SCRIPTS)
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setTimeout|fetch\(|XMLHttp"
    )
    assert re.findall(forbidden, program) == []
    assert "</script" not in program.lower()
    assert "<!--" not in program


def test_foreign_names_stay_inside_their_quotes(frame: pd.DataFrame) -> None:
    plain = make_page(frame, {}, {})
    changed = frame.copy()
    for name in ("solver", "puzzle_name", "reason", "groups.regime", "source", "limits"):
        first = changed[name].astype(str).iloc[0]
        changed[name] = changed[name].astype(object).where(changed[name].astype(str) != first, EVIL)
    evil = make_page(changed, {}, {})
    assert Elements(evil).tags == Elements(plain).tags
    (family,) = data_of(evil)["families"]
    assert EVIL in [solver["name"] for solver in family["solvers"]]
    assert EVIL in family["single"]["names"]
    assert EVIL in family["single"]["results"]["reasons"]


def test_the_data_agree_with_the_ranking(page_file: Path, frame: pd.DataFrame) -> None:
    (family,) = data_of(page_file.read_text(encoding="utf-8"))["families"]
    (ranking,) = rank_frame(frame)
    for standing, solver, line, bits in zip(
        ranking.standings, family["solvers"], family["cactus"], family["single"]["solved"], strict=True
    ):
        assert (solver["name"], solver["place"], solver["letters"], solver["solved"]) == (
            standing.solver,
            standing.place,
            standing.letters,
            standing.puzzles_solved,
        )
        assert solver["statuses"] == dict(standing.statuses)
        assert bits.count("1") == standing.puzzles_solved == max(line["solved"], default=0)
    for one in family["facets"]:
        for row, solver in zip(one["solved"], family["solvers"], strict=True):
            assert sum(row) == solver["solved"], one["key"]
    assert [one["key"] for one in family["facets"]][:2] == ["depth", "regime"]
    assert {"width", "hidden", "weight_decay"} <= {one["key"] for one in family["facets"]}


def test_machines_are_shown_without_their_names(page_file: Path, store: Store) -> None:
    (session,) = store.sessions().values()
    text = page_file.read_text(encoding="utf-8")
    assert session.cpu in json.dumps(data_of(text)["sessions"])
    assert "host" not in data_of(text)["sessions"][session.id]


def test_what_was_planned_and_never_run_is_missing(frame: pd.DataFrame, store: Store) -> None:
    (session,) = store.sessions().values()
    puzzle = PlannedPuzzle(name="never", digest="f" * 64, family="reassembly", groups={"depth": 6})
    use = SuiteUse(name="s", headline=("kendall_tau",), puzzles=(puzzle,), seeds=(0,))
    planned = session.model_copy(update={"suites": (use,)})
    found = data_of(make_page(with_plan(frame, [planned]), {}, {session.id: planned}))
    (family,) = found["families"]
    assert (found["results"], family["puzzleCount"]) == (len(frame), 21)
    assert all(solver["statuses"]["missing"] == 1 and solver["place"] is None for solver in family["solvers"])
    assert [metric["key"] for metric in family["metrics"] if metric["headline"]] == ["kendall_tau"]
    assert "never" in family["single"]["names"]


@pytest.mark.usefixtures("toy")
def test_other_families_have_pages_too(rows: list[Row]) -> None:
    (family,) = data_of(make_page(frame_of(rows, details=True), {}, {}))["families"]
    assert [metric["label"] for metric in family["metrics"]] == ["share found", "error", "tau"]
    assert [solver["place"] for solver in family["solvers"]] == [1, 2, None]
    assert family["solvers"][0]["parameters"] == "k=1"
    assert family["single"]["spec"] == {}


def test_the_command_writes_the_page(cli: Callable[..., tuple[int, str, str]], store: Store, tmp_path: Path) -> None:
    code, out, _ = cli("leaderboard", "--results", store.folder, "--html", "site/index.html")
    assert (code, out.partition(",")[0]) == (0, "page in site/index.html")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert data_of(text)["results"] == len(frame_of_store(Store(store.folder)))


def test_a_page_has_no_other_format(fails: Callable[..., str], store: Store) -> None:
    said = fails("leaderboard", "--results", store.folder, "--html", "x.html", "--by", "depth")
    assert said == "--html has every table and label on one page; leave --by and --format out"


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("selector", [":root", ':root[data-theme="dark"]'])
def test_colours_have_contrast(selector: str) -> None:
    block = _asset("page.css").partition(f"{selector} {{")[2].partition("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for text in ("text", "faint", "link"):
        for ground in ("ground", "raised"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)  # WCAG 2.2, 1.4.3
    lines = [name for name in colours if re.fullmatch(r"s\d", name)]
    assert len(lines) == 8
    for mark in (*lines, "focus", "solved", "partial", "timeout", "memory", "crashed", "other"):
        assert contrast(colours[mark], colours["ground"]) >= 3.0, mark  # WCAG 2.2, 1.4.11
