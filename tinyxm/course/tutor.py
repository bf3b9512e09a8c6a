"""Lessons found by their numbers, as pages of the site or as notebooks."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tinyxm.course.exercise import folder

CHECKOUT = Path(__file__).parents[2]
BUILDER = CHECKOUT / "docs" / "make_site.py"
SITE = CHECKOUT / "site" / "html"


def lessons() -> dict[str, Path]:
    """The lessons' scripts by their numbers, such as 04, in order."""
    return {path.name[:2]: path for path in sorted(folder().parent.glob("[0-9][0-9]_*.py"))}


def lesson(number: str) -> Path:
    """A lesson by its number, 9 or 09, or by its name. Raises ValueError."""
    found = re.match(r"(\d{1,2})(_|$)", number)
    known = lessons()
    if found is None or found[1].zfill(2) not in known:
        raise ValueError(f"tutor: {number!r} is no lesson; there are {', '.join(known)} (tinyxm tutor --list)")
    return known[found[1].zfill(2)]


def title(path: Path) -> str:
    """The first heading of a lesson, or of a page of the documentation. Raises ValueError where there is none."""
    found = re.search(r"^# (?:# )?([^%#\s].*)$", path.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{path} has no title")
    return found[1]


def site(asked: Path | None = None) -> Path:
    """The site's page of a lesson, or its first page. Raises RuntimeError where the site isn't built, saying how to."""
    page = SITE / ("index.html" if asked is None else f"tutorials/{asked.stem}.html")
    if page.exists():
        return page
    if not BUILDER.exists():
        raise RuntimeError(
            "tutor: what was installed carries the lessons, not the site, which is built in a clone; here "
            "`tinyxm tutor --list` lists them, and `tinyxm tutor 01 --notebook` opens one as a notebook"
        )
    raise RuntimeError(
        f'tutor: {page} isn\'t built yet; in {CHECKOUT} say: pip install -e ".[data,docs]", then python '
        "docs/make_site.py, which runs every lesson, in some minutes; `tinyxm tutor 01 --notebook` needs "
        "none of it"
    )


def notebook(asked: Path, into: Path) -> Path:
    """The lesson as a notebook in the folder `into`; one that is there already is left as it is.

    Raises RuntimeError where jupytext isn't installed.
    """
    out = into / f"{asked.stem}.ipynb"
    if out.exists():
        return out
    if find_spec("jupytext") is None:
        raise RuntimeError(
            'tutor: a notebook is made by jupytext, which isn\'t installed: pip install "tinyxm[notebook]"; or run '
            f"the script as it is: python {asked}"
        )
    import jupytext

    book = jupytext.read(asked)
    book.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    jupytext.write(book, out)
    return out


def open_notebook(path: Path) -> bool:
    """Open it in Jupyter Lab until that is left; False where Jupyter Lab isn't installed."""
    if find_spec("jupyterlab") is None:
        return False
    subprocess.run([sys.executable, "-m", "jupyterlab", str(path)], check=True)
    return True
