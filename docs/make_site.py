"""Build the site, lessons run and all, into site/html: `python docs/make_site.py`

It needs the extras `data` and `docs`. An error in a lesson, a warning of Sphinx, or a link that leads nowhere ends it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as build

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS)]

from building import batch, checks, exercises, lessons, live, pages, records, reference, sources  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lessons", default="all", help="which lessons are run: all, none, or such as 04,09")
    parser.add_argument("--jobs", type=int, default=2, help="lessons run at a time")
    parser.add_argument("--out", type=Path, default=DOCS.parent / "site", help="folder to build in, for its html/")
    parser.add_argument("--external-links", action="store_true", help="only ask whether links to elsewhere hold")
    asked = parser.parse_args()
    out, run = asked.out.resolve(), set(lessons.numbers(asked.lessons))
    tree, html = out / "source", out / "html"
    if asked.external_links:
        return sphinx(tree, out / "links", "linkcheck")
    shutil.rmtree(tree, ignore_errors=True)
    lessons.write(tree, out / "run", run, asked.jobs)
    batch.write(tree, live.write(tree))
    exercises.write(tree)
    sources.write(tree)
    reference.write(tree)
    pages.write(tree, records.write(tree))
    if status := sphinx(tree, html):
        return status
    found = [*checks.faults(html, run), *checks.solutions(html)]
    print("\n".join(found) or f"the site: {html / 'index.html'}")
    return bool(found)


def sphinx(tree: Path, out: Path, kind: str = "html") -> int:
    """Sphinx's exit status; a warning is a failure."""
    shutil.rmtree(out, ignore_errors=True)
    os.environ["TINYXM_SITE_TREE"] = str(tree)
    kept = str(out.parent / "doctrees")
    options = ["-q", "-W", "--keep-going", "-j", "2", "-c", str(DOCS), "-d", kept, "-b", kind]
    return build([*options, str(tree), str(out)])


if __name__ == "__main__":
    sys.exit(main())
