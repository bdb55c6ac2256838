"""Name the files that operating systems, editors and tools leave in folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_litter"]

FILES = re.compile(
    r"""
    \..*                                    # .DS_Store, ._piece_0.pth, .gitkeep, .piece_0.pth.swp, .nfs0000
    | thumbs\.db | ehthumbs\.db | desktop\.ini | icon\r?
    | .*~ | \#.*\#                          # copies that editors keep
    | .*:zone\.identifier                   # where Windows notes the origin of a download
    | (?:readme|license|licence|changelog|copying|notice|authors|citation)(?:\.[a-z]+)?
    | (?!.*piece[ _-]*[0-9]).*\.(?:md|txt|rst|url|webloc|lnk|log|sha256|md5)
    | (?:checksums?|sha256sums|md5sums)(?:\.[a-z0-9]+)?
    | makefile | dockerfile | .*\.pyc? | .*\.ipynb
    """,
    re.VERBOSE | re.IGNORECASE,
)
FOLDERS = re.compile(
    r"\..*|__macosx|__pycache__|\$recycle\.bin|system volume information|lost\+found|@eadir|node_modules", re.IGNORECASE
)


def is_litter(path: Path) -> bool:
    """Return whether a file is litter by its name: a hidden file, a thumbnail, a backup, a note.

    A text file with the name of a piece, such as `piece_3.txt`, is not litter.
    """
    return (FOLDERS if path.is_dir() else FILES).fullmatch(path.name) is not None
