"""Build the site, lessons run and all, into site/html: `python docs/make_site.py`

It needs the extras `data` and `docs`. An error in a lesson, a warning of Sphinx, or a link that leads nowhere ends it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS)]

from building import batch, exercises, lessons, live, pages, records, reference, sources  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lessons", default="all", help="which lessons are run: all, none, or such as 04,09")
    parser.add_argument("--jobs", type=int, default=2, help="lessons run at a time")
    parser.add_argument(
        "--out", type=Path, default=DOCS.parent / "site", help="folder to build in; html/ in it is the site"
    )
    asked = parser.parse_args()
    tree = asked.out / "source"
    shutil.rmtree(tree, ignore_errors=True)
    lessons.write(tree, asked.out / "run", lessons.numbers(asked.lessons), asked.jobs)
    batch.write(tree, live.write(tree))
    exercises.write(tree)
    sources.write(tree)
    reference.write(tree)
    pages.write(tree, records.write(tree))
    return sphinx(tree, asked.out / "html")


def sphinx(tree: Path, out: Path) -> int:
    from sphinx.cmd.build import main as build

    shutil.rmtree(out, ignore_errors=True)
    os.environ["TINYXM_SITE_TREE"] = str(tree)
    return build(["-q", "-W", "--keep-going", "-c", str(DOCS), "-d", str(out.parent / "doctrees"), str(tree), str(out)])


if __name__ == "__main__":
    sys.exit(main())
