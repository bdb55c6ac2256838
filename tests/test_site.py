"""The documents build as a site: every page can be reached, every link leads somewhere, and nothing is fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from generator.plugins import load_file

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
MAKEFILE_FLAGS = ["--fail-on-warning", "--keep-going", "--fresh-env", "--quiet"]


def build(docs: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does."""
    command = [sys.executable, "-m", "sphinx", *MAKEFILE_FLAGS, "--doctree-dir", str(out) + "-doctrees"]
    return subprocess.run([*command, str(docs), str(out)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "html"
    done = build(DOCS, out)
    assert done.returncode == 0, done.stderr
    return out


class Fetched(HTMLParser):
    """Collects what a browser loads by itself with a page, and where its links lead."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(held.get("href", ""))
            return
        self.loaded += [held[name] for name in ("src", "srcset", "href", "data", "poster", "action") if name in held]


def test_make_docs_builds_as_strictly_as_this_test() -> None:
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    assert f"-m sphinx {' '.join(MAKEFILE_FLAGS)} " in makefile
    assert "make docs" in (TOP / ".ci" / "run").read_text(encoding="utf-8")


def test_the_navigation_lists_every_page(site: Path) -> None:
    links = Fetched(site / "index.html").links
    pages = [path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")]
    assert len(pages) > 15
    assert set(pages) - {"index.html"} <= set(links)


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert pages
    for page in pages:
        for address in Fetched(page).loaded:
            assert not re.match(r"(?:[a-z]+:)?//", address), (page.name, address)
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert "@import" not in text, style
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", text), style


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("[there](nowhere.md)", "'nowhere.md'"),
        ("[there](index.md#no-such-heading)", "'no-such-heading'"),
        ("[there](#no-such-heading)", "'no-such-heading'"),
        ("![picture](images/none.png)", "images/none.png"),
    ],
    ids=["page", "anchor", "own anchor", "picture"],
)
def test_a_broken_link_fails_the_build(tmp_path: Path, page: str, complaint: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(DOCS / "conf.py", docs)
    (docs / "index.md").write_text(f"# One\n\n[here](#one)\n\n{page}\n", encoding="utf-8")
    done = build(docs, tmp_path / "html")
    assert done.returncode == 1
    assert [complaint in line for line in done.stderr.splitlines() if "WARNING" in line] == [True], done.stderr


def test_a_page_outside_the_navigation_fails_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(DOCS / "conf.py", docs)
    (docs / "index.md").write_text("# One\n", encoding="utf-8")
    assert build(docs, tmp_path / "html").returncode == 0
    (docs / "lost.md").write_text("# Lost\n", encoding="utf-8")
    done = build(docs, tmp_path / "html")
    assert done.returncode == 1
    assert "lost.md" in done.stderr


@pytest.mark.browser
def test_search_works_from_the_disk(site: Path) -> None:
    headless: Any = load_file(TOP / "experiments" / "page" / "headless.py")
    asked: list[str] = []
    errors: list[str] = []
    with headless.chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{site.as_uri()}/search.html?q=mcnemar")
        found = page.locator("#search-results li a").filter(has_text="Read the leaderboard")
        found.first.wait_for(timeout=10_000)
        found.first.click()
        page.get_by_role("heading", level=1).wait_for()
        assert page.url.partition("?")[0] == f"{site.as_uri()}/tutorials/read-the-leaderboard.html"
    assert not errors
    assert asked
    assert {address.partition(":")[0] for address in asked} <= {"file", "data"}
