"""Sphinx's settings for the site that make_site.py builds."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

TREE = Path(os.environ["TINYXM_SITE_TREE"])  # what make_site.py wrote

project, author, language = "tinyxm", "The tinyxm developers", "en"
copyright = "The tinyxm developers, MIT licence; drawings by their own"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # lessons were run before, by building/lessons.py
nb_merge_streams = True
myst_heading_anchors = 4
highlight_language = "none"  # blocks without a language are formulas
nitpicky = True
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
root_doc = "index"

html_theme = "furo"
html_title = "tinyxm"
html_static_path = ["building/static", str(TREE / "static")]  # of the tree last, with source.css made there
html_extra_path = [str(TREE / "extra")]
exclude_patterns = ["extra", "static"]
html_css_files = ["site.css"]
html_show_search_summary = False  # a summary is fetched, and a page from file:// can't fetch
html_use_index = html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0a5a9c", "color-brand-content": "#0a5a9c"},
    "dark_css_variables": {"color-brand-primary": "#7cc0f5", "color-brand-content": "#7cc0f5"},
}


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", fold_answers)
    app.connect("doctree-read", describe_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fold_answers(app: Sphinx, tree: nodes.document) -> None:
    """A section called Answers is folded, so that nobody reads it by accident."""
    for section in list(tree.findall(nodes.section)):
        if section[0].astext() == "Answers":
            opened = '<details class="answers"><summary>Show the answers</summary>'
            section.insert(1, nodes.raw("", opened, format="html"))
            section.append(nodes.raw("", "</details>", format="html"))


def describe_pictures(app: Sphinx, tree: nodes.document) -> None:
    """Pictures that lessons drew get the words that building/lessons.py found for them, by their digests."""
    told: dict[str, Any] = json.loads((Path(app.srcdir) / "alternatives.json").read_text("utf-8"))
    for image in tree.findall(nodes.image):
        digest = re.search(r"[0-9a-f]{64}", image["uri"])
        if digest:
            image["alt"] = told[digest[0]]
