"""A simulated launch as one HTML page: the source with its profile, and a warp stepped through it, forward and back.

The page holds everything that it shows, asks for nothing from anywhere (its content security policy forbids it to) and
works from a file. Its source and figures are there without JavaScript; the stepper needs it.
"""

import base64
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tinyxm_kernels.simt import table
from tinyxm_kernels.simt.table import Line, Ratio, Report

ASSETS = Path(__file__).with_name("assets")
CONTROLS = (
    ("first", "|◀", "first step"),
    ("back", "◀", "one step back"),
    ("play", "▶ play", "play or pause"),
    ("forward", "▶", "one step forward"),
    ("last", "▶|", "last step"),
)


def write_page(path: str | Path, *reports: Report) -> Path:
    """Write the page of one launch, or of two to compare; an older file is replaced only when this one is whole.

    Each report is `run.report()`; with a trace in it (`launch(..., trace=(block, warp))`) there is a stepper.
    Raises ValueError without a report or with more than two, OSError where the file can't be written.
    """
    path = Path(path)
    text = page(*reports)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    os.replace(part, path)
    return path


def page(*reports: Report) -> str:
    """The page of `write_page` as a text."""
    if not 1 <= len(reports) <= 2:
        raise ValueError(f"page: {len(reports)} reports; give one, or two to compare")
    style, script = ((ASSETS / name).read_text("utf-8") for name in ("page.css", "page.js"))
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    names = table.told_apart(reports)
    body = [_header(reports), _findings(reports), *map(_printed, reports)]
    body += [_compared(reports, names)] if len(reports) > 1 else []
    body += [_kernel(report, number) for number, report in enumerate(reports)]
    body.append(_footer(reports))
    return Template((ASSETS / "page.html").read_text("utf-8")).substitute(
        policy=policy,
        title=escape(f"{' and '.join(names)} – tinyxm simt"),
        style=style,
        script=script,
        body="\n".join(body),
        data=embedded([_data(report) for report in reports]),
    )


def embedded(value: Any) -> str:
    """JSON that can stand inside a script element: no `<` to end it with, and numbers that JSON lacks as texts."""
    text = json.dumps(finite(value), separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def finite(value: Any) -> Any:
    """The same with NaN and ±Infinity as texts, which JSON has no numbers for."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(report: Report) -> dict[str, Any]:
    """What the script needs."""
    trace = report.get("trace")
    if trace:
        trace = {key: value for key, value in trace.items() if key != "source"}
    kept = {key: report[key] for key in ("kernel", "lines", "findings")}
    return {**kept, "source": [*table.source_of(report)], "trace": trace}


def _header(reports: Sequence[Report]) -> str:
    titles = "".join(
        f"<p>{escape(table.titled(report))} {escape(table.given(report))} {_result(report)}</p>" for report in reports
    )
    name = " and ".join(escape(name) for name in table.told_apart(reports))
    note = f"{table.MODEL} No GPU took part, and no time is told."
    return (
        f"<header><h1>{name}</h1>{titles}"
        f'<p><span class="model">{escape(reports[0]["label"])}</span> {escape(note)}</p></header>'
    )


def _result(report: Report) -> str:
    kind = "" if table.is_right(report) else ' class="wrong"'
    return f"<strong{kind}>{escape(table.result(report))}</strong>" if table.result(report) else ""


def _findings(reports: Sequence[Report]) -> str:
    items = []
    for kernel, report in enumerate(reports):
        of = f" in {table.told_apart(reports)[kernel]}" if len(reports) > 1 else ""
        for index, finding in enumerate(report["findings"]):
            times = f", {finding['count']:,} times" if finding["count"] > 1 else ""
            where = f'<button type="button" data-of="{kernel}-{index}">show line {finding["line"]}</button>'
            items.append(
                f"<li><strong>▲ {escape(finding['kind'])}</strong>{escape(of)}, line {finding['line']}{times}: "
                f"{escape(finding['message'])} {where}<pre>{_quoted(report, finding)}</pre></li>"
            )
    told = f"<ul>{''.join(items)}</ul>" if items else '<p class="clean">The sanitizer found nothing.</p>'
    return f'<section class="findings" aria-label="Findings">{told}</section>'


def _printed(report: Report) -> str:
    """What the kernel said by printf."""
    if not report.get("printed"):
        return ""
    text = escape("".join(report["printed"]))
    return f'<section class="printed"><h2>printf</h2><pre tabindex="0">{text}</pre></section>'


def _quoted(report: Report, finding: Report) -> str:
    source = table.source_of(report)
    return escape("\n".join(f"{line:4} | {source[line - 1].rstrip()}" for line in table.lines_named(finding, source)))


def _compared(reports: Sequence[Report], names: Sequence[str]) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in (*names, "ratio"))
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in table.compared(*reports)
    )
    choices = "".join(
        f'<button type="button" data-show="{number}" aria-pressed="{"false" if number else "true"}">'
        f"{escape(name)}</button>"
        for number, name in enumerate(names)
    )
    return (
        '<section class="compare wide"><table class="figures">'
        "<caption>Side by side; the ratio is the second over the first</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
        f'<div class="choice" role="group" aria-label="Which launch is shown below">{choices}</div>'
    )


def _kernel(report: Report, number: int) -> str:
    stepped = bool(report.get("trace") and report["trace"]["steps"])
    hidden = " hidden" if number else ""
    return (
        f'<main id="kernel-{number}" class="{"stepped" if stepped else "whole"}"{hidden}>'
        f'<section class="profile" aria-label="Source and profile">{_totals(report)}{_source(report)}'
        f'<div class="line-detail" data-part="line"></div></section>{_stepper() if stepped else ""}</main>'
    )


def _totals(report: Report) -> str:
    parts = []
    for total in table.totals(report):
        kind = ' class="excess"' if total.wasteful else ""
        parts.append(
            f'<div{kind} title="{escape(total.meaning)}"><dt>{escape(total.name)}</dt>'
            f"<dd>{escape(total.text)}</dd></div>"
        )
    return f'<dl class="totals">{"".join(parts)}</dl>'


def _source(report: Report) -> str:
    lines = {line["line"]: line for line in report["lines"]}
    found: dict[int, list[str]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["line"], []).append(finding["kind"])
    most = {
        space: max((_transactions(line, space) for line in lines.values()), default=0) for space in ("global", "shared")
    }
    busiest = max((line["executions"] for line in lines.values()), default=0)
    rows = []
    for number, text in enumerate(table.source_of(report), 1):
        line = lines.get(number)
        kinds = " ".join([*(["unrun"] if line is None else []), *(["found"] if number in found else [])])
        marked = f' data-found="{escape(", ".join(dict.fromkeys(found[number])))}"' if number in found else ""
        rows.append(
            f'<tr data-line="{number}" class="{kinds}">{_margin(line, most, busiest)}'
            f'<td class="number"><button type="button" aria-label="line {number}">{number}</button></td>'
            f'<td class="code"{marked}>{escape(text.rstrip())}</td></tr>'
        )
    heads = (
        ("runs", "times a warp ran the line", "runs"),
        ("lanes", "lanes active, on average, of 32", ""),
        ("sectors", "32-byte sectors of global memory for each request / the fewest that could be", ""),
        ("passes", "bank passes of shared memory for each request / the fewest that could be", ""),
        ("line", "", ""),
    )
    head = "".join(f'<th scope="col" class="{kind}" title="{escape(title)}">{name}</th>' for name, title, kind in heads)
    return (
        '<div class="source" data-part="source" tabindex="0" role="region" aria-label="Source with its profile">'
        f'<table><thead><tr>{head}<th scope="col" class="code">source</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _margin(line: Line | None, most: Mapping[str, int], busiest: int) -> str:
    """The four figures before a line, each with a bar: of executions, lanes, and the shares of what was moved."""
    if line is None:
        return '<td class="runs"></td><td></td><td></td><td></td>'
    share = line["executions"] / busiest if busiest else 0
    cells = [f'<td class="bar runs ideal" data-share="{share:.3f}">{line["executions"]:,}</td>']
    lanes = line["active_lanes"]
    kind = "ideal" if lanes > 31.5 else "excess"
    cells.append(f'<td class="bar {kind}" data-share="{(32 - lanes) / 32:.3f}">{table.short(lanes)}</td>')
    cells += [
        _ratio_cell(ratio, _transactions(line, space) / most[space] if most[space] else 0)
        for space, ratio in table.ratios(line).items()
    ]
    return "".join(cells)


def _ratio_cell(ratio: Ratio | None, share: float) -> str:
    if ratio is None:
        return "<td></td>"
    kind = "excess" if ratio.wasteful else "ideal"
    return f'<td class="bar {kind}" data-share="{share:.3f}">{escape(str(ratio))}</td>'


def _transactions(line: Line, space: str) -> int:
    return sum(access["transactions"] for access in line["accesses"] if access["space"] == space)


def _stepper() -> str:
    playing = ' data-part="play" class="play"'

    def buttons(controls: Sequence[tuple[str, str, str]]) -> str:
        return "".join(
            f'<button type="button" data-go="{go}" aria-label="{label}" title="{label}"'
            f"{playing if go == 'play' else ''}>{sign}</button>"
            for go, sign, label in controls
        )

    speeds = "".join(f'<option value="{rate}">{rate}/s</option>' for rate in (1, 2, 5, 20))
    return (
        '<section class="stepper" aria-label="Stepper"><div class="controls" role="group" aria-label="Steps">'
        f"{buttons(CONTROLS)}"
        '<output data-part="count" aria-live="polite"></output>'
        '<input type="range" min="0" value="0" data-part="slider" aria-label="step">'
        f'<select data-part="speed" aria-label="steps in a second">{speeds}</select></div>'
        '<p class="where" data-part="where"></p><pre class="statement" data-part="statement"></pre>'
        '<div data-part="alarms"></div>'
        "<h3>The 32 lanes of the warp</h3>"
        '<div class="grid lanes" data-part="lanes" role="group" aria-label="lanes"></div>'
        '<div class="lane-detail" data-part="lane"></div>'
        '<h3>What this statement changed</h3><div data-part="changed"></div>'
        '<div data-part="memory"></div>'
        '<details open><summary>The other variables, as they stand</summary><div data-part="others"></div></details>'
        '<p class="keys"><kbd>→</kbd> forward, <kbd>←</kbd> back, <kbd>space</kbd> plays, <kbd>Home</kbd> and '
        "<kbd>End</kbd>; click a line to go to its next step, a lane to follow it</p></section>"
    )


def _footer(reports: Sequence[Report]) -> str:
    sentences = dict.fromkeys(sentence for report in reports for sentence in report["not_modelled"])
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<footer><h2>What the model leaves out</h2><ul>{items}</ul></footer>"
