"""A recorded step in the terminal: one operation after another, forward and back, by the arrow keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tinyxm.steps.blob import arrays
from tinyxm.steps.keyboard import keyboard

Array = NDArray[Any]
ROWS, FEWEST = 6, 2  # of an array that are shown, where there is room, and where there is little
WIDE, NARROW = 60, 38  # columns of the terminal that a panel takes, and where it is low
BLUE, WHITE, ORANGE = (0, 114, 178), (255, 255, 255), (213, 94, 0)  # below 0, at 0, above
LEAP = "r past what repeats · "
KEYS = "← → one operation · [ ] one phase · home end · / search · {}q quit"


def play(trace: Mapping[str, Any], console: Console | None = None, keys: Callable[[], str] | None = None) -> None:
    """Step through a trace by the keyboard; where there is none, as in a pipe, print every operation instead.

    `keys` gives one key at each call: "left", "right", "home", "end", or a character; by default the terminal's.
    """
    console = console or Console()
    numbers = arrays(trace)
    if keys is None and not (console.is_terminal and not console.is_dumb_terminal and sys.stdin.isatty()):
        for at in range(len(trace["operations"])):
            console.print(line(trace, at), soft_wrap=True)
        return

    def show(told: str) -> None:
        live.update(screen(trace, numbers, at, told, console.width, console.height), refresh=True)

    at, told = 0, ""
    with (
        keyboard() if keys is None else nullcontext(keys) as read,
        Live(console=console, screen=keys is None, auto_refresh=False) as live,
    ):
        while True:
            show(told)
            key = read()
            told = told if not key else ""
            if key in ("q", "escape", "\x03"):
                return
            if key == "/":
                at, told = _search(trace, at, read, show)
            else:
                at = moved(trace, at, key)


def moved(trace: Mapping[str, Any], at: int, key: str) -> int:
    """Where a key leads from the operation `at`."""
    operations = trace["operations"]
    last = max(len(operations) - 1, 0)
    if key in ("right", "l", " "):
        return min(at + 1, last)
    if key in ("left", "h"):
        return max(at - 1, 0)
    if key in ("home", "g"):
        return 0
    if key in ("end", "G"):
        return last
    inside = next((r for r in trace.get("repeats", ()) if r["first"] <= at <= r["last"]), None)
    if key in ("r", "R") and inside is not None:
        return min(inside["last"] + 1, last) if key == "r" else max(inside["first"] - 1, 0)
    begins = [i for i, op in enumerate(operations) if not i or op["phase"] != operations[i - 1]["phase"]]
    if key == "]":
        return next((i for i in begins if i > at), last)
    if key == "[":
        return next((i for i in reversed(begins) if i < at), 0)
    return at


def _search(trace: Mapping[str, Any], at: int, read: Callable[[], str], show: Callable[[str], None]) -> tuple[int, str]:
    text = ""
    while True:
        show(f"search: {text}▏ (Enter finds, Escape ends it)")
        key = read()
        if key in ("\r", "\n"):
            break
        if key == "escape":
            return at, ""
        text = text[:-1] if key in ("\x7f", "\b") else text + key if len(key) == 1 else text
    found = find(trace, text, at)
    return (at, f"nothing is called {text!r}") if found is None else (found, "")


def find(trace: Mapping[str, Any], text: str, at: int = -1) -> int | None:
    """The next operation behind `at`, going round, whose name, layer or result has this text; None where none has."""
    operations, n = trace["operations"], len(trace["operations"])
    for i in (*range(at + 1, n), *range(at + 1)):
        op = operations[i]
        if text.lower() in f"{op['name']} {op['module']} {_name(trace, op['result'])}".lower():
            return i
    return None


def line(trace: Mapping[str, Any], at: int) -> Text:
    """One operation in one line: its phase, what it made, of what."""
    op = trace["operations"][at]
    text = Text(f"{at:4} {op['phase']:13} ", style="dim")
    text.append(_name(trace, op["result"]), style="bold")
    text.append(f" {_shape(trace, op['result'])}", style="cyan")
    if op["kind"] != "data":
        text.append(f" = {'add up' if op['kind'] == 'accumulate' else op['name']}")
        text.append(f"({', '.join(_told(trace, name, x) for name, x in op['operands'].items())})", style="dim")
    return text


def screen(
    trace: Mapping[str, Any], numbers: list[Array], at: int, told: str = "", width: int = 80, height: int = 40
) -> RenderableType:
    """What is to be seen at the operation `at`."""
    operations = trace["operations"]
    if not operations:
        return Text("This step has no operation.")
    op = operations[at]
    phases = Text()
    for phase in trace["phases"]:
        there = any(other["phase"] == phase for other in operations)
        style = "bold reverse" if phase == op["phase"] else "" if there else "dim strike"
        phases.append(f" {phase} ", style)
    lines = _list(trace, at, max(2, (height - 30) // 2))
    head: list[Text | Rule] = [
        _one_line(f"operation {at} of {len(operations) - 1}{_time(trace, at)}   {trace['title']}", "bold"),
        _one_line(told or KEYS.format(LEAP if trace.get("repeats") else ""), "yellow" if told else "dim"),
        phases,
        Rule(style="dim"),
        *lines,
        Rule(style="dim"),
    ]
    taken = sum(
        -(-max(part.cell_len, 1) // width) if not part.no_wrap else 1 for part in head if isinstance(part, Text)
    )
    return Group(*head, *_details(trace, numbers, op, width, height - taken - 2))


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _list(trace: Mapping[str, Any], at: int, above: int) -> list[Text]:
    """The lines around the operation `at`: one for each operation, one for all of a repetition that one isn't in."""
    n = len(trace["operations"])
    shut = {r["first"]: r for r in trace.get("repeats", ()) if not r["first"] <= at <= r["last"]}
    rows, i = [], 0
    while i < n:
        rows.append(i)
        i = shut[i]["last"] + 1 if i in shut else i + 1
    first = max(0, min(rows.index(at) - above, len(rows) - 2 * above - 1))
    lines = []
    for i in rows[first : first + 2 * above + 1]:
        own = _repeated(trace, shut[i]) if i in shut else line(trace, i)
        lines.append(_one_line("▶ " if i == at else "  ").append_text(own))
    return lines


def _repeated(trace: Mapping[str, Any], repeat: Mapping[str, Any]) -> Text:
    """A repetition in one line: its phase, what runs, how often."""
    op = trace["operations"][repeat["first"]]
    text = Text(f"{repeat['first']:4} {op['phase']:13} ", style="dim")
    times = len(repeat["starts"])
    one = repeat["last"] - repeat["first"] + 1 == times  # operation each time
    text.append(f"{times} times ", style="bold").append(op["name"] if one else repeat["module"] or op["name"])
    return text.append(f", to {repeat['last']}", style="dim")


def _time(trace: Mapping[str, Any], at: int) -> str:
    """Which time of a repetition it is."""
    for repeat in trace.get("repeats", ()):
        if repeat["first"] <= at <= repeat["last"]:
            return f" · time {sum(start <= at for start in repeat['starts'])} of {len(repeat['starts'])}"
    return ""


def _details(
    trace: Mapping[str, Any], numbers: list[Array], op: Mapping[str, Any], width: int, height: int
) -> list[RenderableType]:
    """What the operation does, and as much of its arrays as there is room for."""
    parts: list[RenderableType] = []
    formula = op.get("says") or _stated(trace, op)
    if formula:
        text = Text(formula, style="green")
        parts.append(text)
        height -= len(text.wrap(Console(width=width), width))
    if "line" in op:
        source = trace["code"]["lines"][op["line"]]
        code = source["text"].get(str(source["line"]), source["text"].get(source["line"], "")).strip()
        where = f"{source['file']}:{source['line']}  {code}"
        parts.append(_one_line(where, "magenta"))
        height -= 1
    shown = _arrays_of(op)
    across = max(1, min(3, width // (WIDE if height > 2 * (ROWS + 3) else NARROW)))
    if len(shown) > (room := max(1, height // (FEWEST + 3)) * across):  # 3: the frame, and "more rows"
        room = max(1, (height - 1) // (FEWEST + 3)) * across
        left = ", ".join(f"{title}: {_name(trace, number)}" for title, number in shown[room:])
        parts.append(_one_line(f"no room for {left}", "dim"))
        shown, height = shown[:room], height - 1
    rows = max(1, min(ROWS, height // -(-len(shown) // across) - 3)) if shown else 0
    cells = [_panel(trace, numbers, title, number, width // across - 1, rows) for title, number in shown]
    grid = Table.grid(padding=(0, 1, 0, 0))
    for i in range(0, len(cells), across):
        grid.add_row(*cells[i : i + across])
    return [*parts, grid]


def _arrays_of(op: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What an operation made, and what it read, by what to call them there."""
    made = [] if op["result"] is None else [("result", op["result"])]
    found = [*made, *op.get("also", {}).items()]
    for name, x in op["operands"].items():
        read = (
            [(name, x["value"])] if "value" in x else [(f"{name}[{i}]", n) for i, n in enumerate(x.get("values", ()))]
        )
        found += [(title, number) for title, number in read if number is not None]
    return found


def _stated(trace: Mapping[str, Any], op: Mapping[str, Any]) -> str:
    """What an operation does: by its rule, or its kind where it has none; data has none, whatever it's called."""
    rules, kind, name = trace["code"]["rules"], op["kind"], op["name"]
    if kind == "adjoint":
        forward, _, operand = name.rpartition(".")
        return f"the gradient of {operand} in {rules.get(forward, {}).get('formula', name)}"
    if kind in ("forward", "clip", "update"):
        return str(rules.get(op.get("rule", name), {}).get("formula", ""))
    return {
        "accumulate": "two gradients of one value are added",
        "norm": "√Σ g², over all gradients",
        "data": "what came in",
        "after": "what the weights are now",
    }.get(kind, "")


def _panel(
    trace: Mapping[str, Any], numbers: list[Array], title: str, number: int, width: int, rows: int
) -> RenderableType:
    array, value = numbers[number], trace["values"][number]
    told = value["statistics"]
    below = f"{told['least']:.4g} … {told['greatest']:.4g}" if "least" in told else "nothing finite"
    head = Text(f"{title}: {value['name']} {tuple(value['shape'])}", no_wrap=True, overflow="ellipsis")
    body = _numbers(array, rows, max(1, (width - 6) // 8))
    return Panel(body, title=head, subtitle=Text(below), title_align="left", subtitle_align="left", width=width)


def _numbers(array: Array, rows: int, columns: int) -> RenderableType:
    """The first rows and columns of an array as a matrix; blue below 0, orange above, as strong as they are large."""
    if not array.size:
        return Text("empty")
    block = array.reshape(1, 1) if not array.ndim else array.reshape(-1, array.shape[-1])
    part = block[:rows, :columns].astype(np.float64)
    largest = float(np.max(np.abs(block.astype(np.float64)), where=np.isfinite(block), initial=0)) or 1.0
    text = Text(no_wrap=True)
    for row in part:
        for x in row:
            strength = min(abs(x) / largest, 1) * 0.7 if np.isfinite(x) else 0
            mixed = [round(a + strength * (b - a)) for a, b in zip(WHITE, BLUE if x < 0 else ORANGE, strict=True)]
            style = f"black on rgb({','.join(map(str, mixed))})"
            text.append(f"{x + 0.0:>7.3g} " if array.dtype.kind == "f" else f"{int(x):>7} ", style)
        text.append("…\n" if block.shape[1] > columns else "\n")
    if len(block) <= rows:
        text.rstrip()
    else:
        text.append(f"… {(more := len(block) - rows)} more row{'s' * (more > 1)}")
    return text


def _name(trace: Mapping[str, Any], number: int | None) -> str:
    return "" if number is None else str(trace["values"][number]["name"])


def _shape(trace: Mapping[str, Any], number: int | None) -> str:
    return "" if number is None else f"({', '.join(map(str, trace['values'][number]['shape']))})"


def _told(trace: Mapping[str, Any], name: str, operand: Mapping[str, Any]) -> str:
    if "value" in operand:
        return f"{name}: {_name(trace, operand['value'])}"
    if "values" in operand:
        return f"{name}: {len(operand['values'])} arrays"
    return f"{name}: {operand['plain']}"
