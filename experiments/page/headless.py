"""Start the system's Chromium without a window, for tests and screenshots. Nothing is downloaded."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

__all__ = ["chromium", "find_chromium"]

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Find Chromium: the program that NETJIGSAW_CHROMIUM names, else a program on the PATH.

    Raises:
        FileNotFoundError: if there is no Chromium; the message says what to install.
    """
    named = [os.environ["NETJIGSAW_CHROMIUM"]] if os.environ.get("NETJIGSAW_CHROMIUM") else NAMES
    found = next(filter(None, map(shutil.which, named)), None)
    if found is None:
        raise FileNotFoundError(
            f"no Chromium ({', '.join(named)}): apt-get install --no-install-recommends chromium, or name the program "
            "in NETJIGSAW_CHROMIUM"
        )
    return found


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, and stop it when the context ends.

    Raises:
        FileNotFoundError: if there is no Chromium.
    """
    # Chromium refuses to run as root inside its own sandbox; the pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
