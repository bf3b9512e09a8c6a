"""Run reports: one HTML file that holds everything it shows and asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from tinyxm.training.folder import beside
from tinyxm.training.gallery import STYLE as GALLERY_STYLE
from tinyxm.training.gallery import Gallery
from tinyxm.training.tables import INTERVALS, Table, drawn_over, explanations, html_table, measures

RESOLUTION = 160  # dots per inch: sharp on a dense screen, at half the size in pixels
STYLE = """
:root { color-scheme: light dark; --ink: #1d1f23; --faint: #5d636e; --line: #d9dce2; --paper: #fff; --own: #eaf3fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --faint: #a0a6b1; --line: #3b3f47; --paper: #17191c; --own: #1b2c3a; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; border-top: 1px solid var(--line); padding-top: 1.2rem; }
p, dd, li { max-width: 46rem; }
p.lead { font-size: 1.1rem; }
a { color: inherit; }
code { font: .9em ui-monospace, monospace; }
nav a { margin-right: 1.1rem; white-space: nowrap; }
table { border-collapse: collapse; margin: 1.2rem 0 1.6rem; font-variant-numeric: tabular-nums; }
div.wide { overflow-x: auto; margin-right: min(0rem, (64.5rem - 100vw) / 2); }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .3rem 1.1rem .3rem 0; text-align: right; white-space: nowrap; vertical-align: baseline; }
thead th { white-space: normal; vertical-align: bottom; max-width: 7.5rem; line-height: 1.25; }
th { font-weight: 500; }
th[scope=row] { text-align: left; padding-left: .5rem; min-width: 11.5rem; }
thead :is(th, td):first-child { text-align: left; padding-left: .5rem; vertical-align: bottom; }
th[scope=row], thead td { position: sticky; left: 0; background: inherit; background-clip: padding-box; }
thead tr, tbody tr { background: var(--paper); }
thead th, thead td { color: var(--faint); border-bottom: 1px solid var(--line); }
tbody tr { border-bottom: 1px solid var(--line); }
tr.model, tr.via_images, tr.with_cca { background: var(--own); }
.interval { color: var(--faint); font-size: .8em; display: inline-block; min-width: 4.8em; text-align: left; }
table.facts td { text-align: left; white-space: normal; }
table.facts th { color: var(--faint); min-width: 0; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0; }
figure { margin: 1.4rem 0; overflow-x: auto; }
figure img { max-width: max(100%, 38rem); height: auto; background: #fff; border-radius: 6px; }
figcaption { color: var(--faint); font-size: .9rem; max-width: 46rem; position: sticky; left: 0; }
@media (max-width: 40rem) { th[scope=row] { white-space: normal; min-width: 7.5rem; } }
footer { margin-top: 3rem; color: var(--faint); font-size: .9rem; }
@media print {
  :root { --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --own: #f0f0f0; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  h2 { break-after: avoid; }
  figure, table, tr { break-inside: avoid; }
  body { font-size: 11pt; }
  div.wide, figure { overflow: visible; }
  figure img { max-width: 100%; }
  th, td { padding-right: .6rem; }
}
"""


UNITS = {"dbfs": "dBFS", "db": "dB", "hz": "Hz", "mb": "MB"}  # at the end of a key of the results


@dataclass(frozen=True)
class Plot:
    """A figure with the sentence that tells what to see in it; with a name it's also kept as plots/NAME.png."""

    figure: Figure
    caption: str
    name: str = ""


@dataclass(frozen=True)
class Scores:
    """Score tables; what rows and columns mean is told beneath the first that have them."""

    tables: Sequence[Table]


@dataclass(frozen=True)
class Grid:
    """A table of texts: a heading for each column, and rows, the first of each being its name."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


# A text is a paragraph, a list of texts a bulleted list, a mapping a table of names and values.
Part = str | Sequence[str] | Mapping[str, Any] | Plot | Scores | Grid | Gallery


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it."""

    title: str
    parts: Sequence[Part]


def write_report(
    path: str | Path, title: str, introduction: str, sections: Sequence[Section], footer: str = ""
) -> Path:
    """Write the report as one HTML file with its pictures inside; an older one is replaced only when this is whole.

    Texts are plain: `code` stands in backquotes, web addresses become links, all else is shown as it stands; the page's
    content security policy allows neither scripts nor requests. Named
    plots are also written into the folder `plots` beside it. Returns the path. Raises OSError where it can't be
    written, TypeError for a part that is none of `Part`.
    """
    path = Path(path)
    links = "".join(f'<a href="#{_anchor(section.title)}">{escape(section.title)}</a> ' for section in sections)
    told: set[str] = set()
    galleries = any(isinstance(part, Gallery) for section in sections for part in section.parts)
    body = "\n".join(_section(section, path.parent / "plots", told) for section in sections)
    style = STYLE + (GALLERY_STYLE if galleries else "")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; media-src data:; style-src 'sha256-{digest}'; base-uri 'none'"
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
<p class="lead">{_text(introduction)}</p>
<nav>{links}</nav>
{body}
<footer>{_text(footer)}</footer>
</main>
</body>
</html>
"""
    with beside(path) as part:
        part.write_text(page, "utf-8", "backslashreplace")  # names of files may be no text
    return path


def _section(section: Section, plots: Path, told: set[str]) -> str:
    parts = "\n".join(_part(part, plots, told) for part in section.parts)
    return f'<section>\n<h2 id="{_anchor(section.title)}">{escape(section.title)}</h2>\n{parts}\n</section>'


def _part(part: Part, plots: Path, told: set[str]) -> str:
    match part:
        case str():
            return f"<p>{_text(part)}</p>"
        case Plot():
            return f"<figure>{_picture(part, plots)}<figcaption>{_text(part.caption)}</figcaption></figure>"
        case Gallery():
            return part.html()
        case Scores():
            tables = "".join(f'<div class="wide">{html_table(table)}</div>' for table in part.tables)
            notes = [text for text in (INTERVALS.format(drawn_over(part.tables)),) if text not in told]
            words = explanations(part.tables) | measures(part.tables)
            meanings = {label: text for label, text in words.items() if label not in told}
            told.update(notes, meanings)
            terms = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}.</dd>" for label, text in meanings.items())
            paragraph = f"<p>{escape(' '.join(notes))}</p>" if notes else ""
            return tables + paragraph + (f"<dl>{terms}</dl>" if terms else "")
        case Grid():
            head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in part.headings[1:])
            rows = "".join(
                f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
                for name, *cells in part.rows
            )
            head = f"<thead><tr><td>{escape(part.headings[0])}</td>{head}</tr></thead>"
            return f'<div class="wide"><table>{head}<tbody>{rows}</tbody></table></div>'
        case Mapping():
            rows = "".join(
                f'<tr><th scope="row">{escape(_words(name))}</th><td>{_text(_value(value))}</td></tr>'
                for name, value in part.items()
            )
            return f'<table class="facts"><tbody>{rows}</tbody></table>'
        case Sequence():
            return "<ul>" + "".join(f"<li>{_text(text)}</li>" for text in part) + "</ul>"
    raise TypeError(f"write_report: a {type(part).__name__} can't be a part; expected {Part}")


def _picture(plot: Plot, plots: Path) -> str:
    data = io.BytesIO()
    plot.figure.savefig(data, format="png", dpi=RESOLUTION)
    if plot.name:
        plots.mkdir(exist_ok=True)
        with beside(plots / f"{plot.name}.png") as part:
            part.write_bytes(data.getvalue())
    width = round(plot.figure.get_figwidth() * 100)
    encoded = base64.b64encode(data.getvalue()).decode()
    return f'<img width="{width}" alt="{escape(plot.caption)}" src="data:image/png;base64,{encoded}">'


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(name)} {_value(item)}" for name, item in value.items())
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(name: object) -> str:
    words = str(name).replace("_", " ")
    return re.sub(r" (dbfs|db|hz|mb|seconds)$", lambda unit: f", {UNITS.get(unit[1], unit[1])}", words)


def _text(text: str) -> str:
    """Escaped, with `code` and links."""
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"https?://[^\s<>,;)]*[^\s<>,;).]", lambda found: f'<a href="{found[0]}">{found[0]}</a>', html)


def _anchor(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")
