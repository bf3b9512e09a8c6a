"""The order of the site: the parts of the course, and the pages by theme."""

from __future__ import annotations

from pathlib import Path

from tinyxm.course.tutor import lessons

ROOT = Path(__file__).parents[2]
LESSONS = {path.stem: path for path in lessons().values()}

PARTS = {  # title → number of the part's last lesson
    "Arrows and data": 3,
    "A network and its training": 14,
    "Modalities": 18,
    "Arrows between modalities": 24,
    "Trust": 27,
    "Kernels and the GPU": 32,
    "Limits": 99,
}

THEMES = {
    "The engine": "engine derivatives operations layers sequences optimizers",
    "Every number explained": "explain debugger trace",
    "Data": "data cleaning splits loading image text audio video",
    "Scores, and looking inside": "metrics alignment interpretation workbench failures",
    "Arrows, one by one": "recipes image-text captions text-image video-text audio-image image-audio speech "
    "audio-video fusion",
    "Kernels": "kernels gpu-kernels gpu simulator bench",
    "Exercises and proof": "exercises certificate",
}
BEFORE = {  # what leads a theme's page: where the site has more of it than docs/ does
    "Exercises and proof": "**[The exercises](practice/exercises.md)**: every task by lesson, with its points and the "
    "file to begin with.",
}
APART = ("api", "glossary", "syllabus")  # which have a place of their own


def parts() -> dict[str, list[str]]:
    """Each part of the course with its lessons, in order; a part without lessons is left out."""
    found: dict[str, list[str]] = {}
    for stem in LESSONS:
        title = next(title for title, last in PARTS.items() if int(stem[:2]) <= last)
        found.setdefault(title, []).append(stem)
    return found


def themes() -> dict[str, list[str]]:
    """Each theme with its pages of docs/; one that no theme names stands under "Further pages"."""
    there = sorted(page.stem for page in (ROOT / "docs").glob("*.md") if page.stem not in APART)
    found = {title: [name for name in names.split() if name in there] for title, names in THEMES.items()}
    further = [name for name in there if not any(name in names for names in found.values())]
    return {**found, "Further pages": further} if further else found
