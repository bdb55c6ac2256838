"""A made-up store, its page, and a browser that reports every error and every request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.store import Store
from generator.plugins import load_file
from leaderboard.page.make import write_page
from leaderboard.ranking.frame import frame_of_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from playwright.sync_api import Browser, Page

EXPERIMENTS = Path(__file__).resolve().parents[3] / "experiments" / "page"


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Store]:
    """Make a store of results that are drawn."""
    write_store = load_file(EXPERIMENTS / "made_up_store.py").write_store

    def make(**sizes: int) -> Store:
        folder = tmp_path_factory.mktemp("made-up") / "store"
        write_store(folder, **sizes)
        return Store(folder)

    return make


@pytest.fixture(scope="session")
def store(made_up: Callable[..., Store]) -> Store:
    """12 solvers, three of them with parameters, on 20 puzzles with two seeds."""
    return made_up(rows=480, solvers=12, seeds=2)


@pytest.fixture(scope="session")
def frame(store: Store) -> pd.DataFrame:
    return frame_of_store(store, details=True)


@pytest.fixture(scope="session")
def page_file(store: Store, frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "index.html"
    write_page(store, frame, out)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; a machine without one fails the test, and says what to install."""
    headless: Any = load_file(EXPERIMENTS / "headless.py")
    try:
        headless.find_chromium()
    except FileNotFoundError as error:
        pytest.fail(str(error))
    with headless.chromium() as running:
        yield running


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a file; afterwards, check that no page had an error or requested another file."""
    pages: list[Page] = []
    told: list[str] = []
    asked: list[str] = []
    files: set[str] = set()

    def open_one(path: Path, address: str = "", **settings: Any) -> Page:
        page = browser.new_page(**settings)
        page.set_default_timeout(10_000)
        page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
        pages.append(page)
        files.add(path.as_uri())
        page.goto(path.as_uri() + address)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert told == []
    assert set(asked) == files
