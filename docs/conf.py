"""How Sphinx makes the site; `make docs` builds it, and any broken link, anchor or picture fails the build."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "netjigsaw"
version = release = installed_version("netjigsaw")

extensions = ["myst_parser"]
nitpicky = True
myst_heading_anchors = 3  # headings down to this level have GitHub's anchors
highlight_language = "none"  # an indented block is a shell line or a picture of a screen, in no language

html_theme = "furo"  # its fonts are the reader's own, and no page asks any other machine for anything
html_title = f"netjigsaw {release}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it fetches pages, which a browser refuses for files on the disk
html_use_index = False  # an index of names would be empty: the pages document commands
