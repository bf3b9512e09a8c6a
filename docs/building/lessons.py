"""Lessons: the scripts of tutorials/, run as notebooks, two at a time, an error in one ending the build."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbclient
import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from building.contents import LESSONS, PARTS, ROOT
from building.links import relink

SECONDS = 180  # at most, for a lesson
SETUP = """
%matplotlib inline
%config InlineBackend.figure_formats = ["retina"]
from IPython import get_ipython
from matplotlib.figure import Figure

def _words(figure):
    told = [figure.get_suptitle()]
    for axes in figure.axes:
        named = [axes.get_ylabel(), axes.get_xlabel()]
        sides = " against ".join(" ".join(side.split()) for side in named if side)
        told.append(" ".join(axes.get_title().split()) + (f" ({sides})" if sides else ""))
    return "; ".join(dict.fromkeys(words for words in told if words.strip()))

_png = get_ipython().display_formatter.formatters["image/png"]
_draw = _png.lookup_by_type(Figure)

def _described(figure):
    data, facts = _draw(figure)
    return data, {**facts, "alt": _words(figure)}

_png.for_type(Figure, _described)
del get_ipython, Figure
"""


def write(tree: Path, kept: Path, run: set[str], jobs: int) -> None:
    """Every lesson into the tree as a notebook, and the words for those who don't see its pictures.

    Those whose numbers are in `run` are run; their outcome is kept until they, or the packages, change.
    """
    (tree / "tutorials").mkdir(parents=True)
    alternatives: dict[str, str] = {}
    executed = _executed({stem: path for stem, path in LESSONS.items() if stem[:2] in run}, kept, jobs)
    for stem, path in LESSONS.items():
        book = executed.get(stem) or _read(path)
        alternatives |= _describe(book)
        _dress(book, stem)
        (tree / "tutorials" / f"{stem}.ipynb").write_text(nbformat.writes(book), "utf-8")
    (tree / "alternatives.json").write_text(json.dumps(alternatives, ensure_ascii=False), "utf-8")


def _read(path: Path) -> NotebookNode:
    book: NotebookNode = jupytext.read(path)
    book.cells = [cell for cell in book.cells if "active-ipynb" not in cell.metadata.get("tags", ())]  # not for a page
    book.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    return book


def _executed(lessons: dict[str, Path], kept: Path, jobs: int) -> dict[str, NotebookNode]:
    kept.mkdir(parents=True, exist_ok=True)
    state = _state()
    files = {}
    for stem, path in lessons.items():
        files[stem] = kept / f"{stem}-{hashlib.sha256(state + path.read_bytes()).hexdigest()[:16]}.ipynb"
    missing = [stem for stem, file in files.items() if not file.exists()]
    for old in kept.glob("*.ipynb"):
        if old not in files.values() and old.stem.rpartition("-")[0] in files:
            old.unlink()
    began = time.perf_counter()
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        asked = {pool.submit(_run, lessons[stem], files[stem]): stem for stem in missing}
        try:
            for done in as_completed(asked):
                print(f"{asked[done]}: {done.result():.1f} s", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if missing:
        print(f"{len(missing)} lessons in {time.perf_counter() - began:.0f} s", flush=True)
    return {stem: nbformat.read(file, as_version=4) for stem, file in files.items()}


def _state() -> bytes:
    """A digest of all that lessons are made of beside their own text."""
    digest = hashlib.sha256(SETUP.encode())
    for folder in ("tinyxm", "kernels"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".cu", ".js"):
                digest.update(path.read_bytes())
    return digest.digest()


def _run(path: Path, out: Path) -> float:
    """Run a lesson in a process of its own, on one thread; the seconds it took. An error tells the cell."""
    os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    os.environ |= {"PYTHONWARNINGS": "", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    began = time.perf_counter()
    book = _read(path)
    book.cells.insert(0, nbformat.v4.new_code_cell(SETUP))
    with TemporaryDirectory() as sockets:
        # two kernels that look for free ports at once may find the same one; sockets of their own can't be mistaken
        by = {} if sys.platform == "win32" else {"transport": "ipc", "ip": f"{sockets}/kernel"}
        config = Config({"AsyncKernelManager": by})
        client = nbclient.NotebookClient(book, timeout=SECONDS, kernel_name="python3", config=config)
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            raise RuntimeError(f"{path.name} failed:\n{error}") from None
    del book.cells[0]
    for cell in book.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                raise RuntimeError(f"{path.name} wrote to stderr:\n{output['text']}")
    part = out.with_suffix(".part")
    part.write_text(nbformat.writes(book), "utf-8")
    part.replace(out)
    return time.perf_counter() - began


def _describe(book: NotebookNode) -> dict[str, str]:
    """Of each picture, by its digest, the words in its place: the heading it stands under, its titles and axes."""
    found, heading = {}, ""
    for cell in book["cells"]:
        for line in cell["source"].splitlines() if cell["cell_type"] == "markdown" else ():
            heading = re.sub(r"[`*]", "", line.lstrip("# ")) if re.match(r"#+ ", line) else heading
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                digest = hashlib.sha256(b64decode(output["data"]["image/png"])).hexdigest()
                words = output["metadata"].get("image/png", {}).get("alt", "")
                found[digest] = ": ".join(filter(None, (heading, words)))
    return found


def _dress(book: NotebookNode, stem: str) -> None:
    """Links between pages, and under the title what the lesson is, where its file is, and what exercises it has."""
    from tinyxm.course import exercises

    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = relink(cell["source"], f"tutorials/{stem}.py")
    part = next(i for i, last in enumerate(PARTS.values(), 1) if int(stem[:2]) <= last)
    words = [f"Lesson {stem[:2]} · part {part}", f'<a href="../source/tutorials/{stem}.py.html">the script</a>']
    words.append(f"as a notebook: `tinyxm tutor {stem[:2]} --notebook`")
    given = [each for each in exercises().values() if each.lesson[:2] == stem[:2]]
    if given:
        links = ", ".join(f"[{each.short}](../practice/exercises.md#{each.short})" for each in given)
        words.append(f"exercise{'s' * (len(given) > 1)}: {links}")
    first = book["cells"][0]
    heading, _, rest = first["source"].partition("\n")
    first["source"] = f"{heading}\n\n<div class='lesson-facts'>\n\n{' · '.join(words)}\n\n</div>\n\n{rest}"


def numbers(asked: str) -> Iterator[str]:
    """The numbers of the lessons that were asked for: all, none, or such as 04,09. Raises ValueError."""
    known = [stem[:2] for stem in LESSONS]
    chosen = known if asked == "all" else [] if asked == "none" else [number.zfill(2) for number in asked.split(",")]
    for number in chosen:
        if number not in known:
            sys.exit(f"make_site: there is no lesson {number}; there are {known[0]} to {known[-1]}, all, none")
        yield number
