"""Take screenshots of a leaderboard page, light and dark, for the documentation.

Run as `python experiments/page/leaderboard_pictures.py site/index.html --out docs/images`. Without a page, the script
makes one from a synthetic store. It needs Chromium, see `headless.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

HOME = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOME), str(HOME / "experiments" / "page")]

from headless import chromium
from made_up_store import write_store

from benchmark.results.store import Store
from leaderboard.page.make import write_page
from leaderboard.ranking.frame import frame_of_store

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

VIEW: ViewportSize = {"width": 1200, "height": 1500}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def take(page: Path, out: Path) -> None:
    """Write `leaderboard-light.png` and `leaderboard-dark.png`."""
    with chromium() as browser:
        for theme in THEMES:
            view = browser.new_page(color_scheme=theme, viewport=VIEW)
            view.goto(page.resolve().as_uri())
            view.locator(".chart svg").first.wait_for()
            view.screenshot(path=out / f"leaderboard-{theme}.png")
            print(out / f"leaderboard-{theme}.png")


def main() -> None:
    """Make a page if none is given, and take its screenshots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, nargs="?", help="Leaderboard page. (default: a page of a synthetic store)")
    parser.add_argument(
        "--out", type=Path, default=HOME / "docs" / "images", help="Folder to write to. (default: docs/images)"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        page = options.page
        if page is None:
            folder, page = Path(scratch, "store"), Path(scratch, "page.html")
            write_store(folder, rows=640, solvers=8, seeds=1)
            write_page(Store(folder), frame_of_store(Store(folder), details=True), page)
        take(page, options.out)


if __name__ == "__main__":
    main()
