"""A recorded step in the terminal: one operation after another, forward and back, by the arrow keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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

Array = NDArray[Any]
ROWS, WIDE = 6, 60  # rows of an array that are shown; columns of the terminal that a panel takes
BLUE, WHITE, ORANGE = (0, 114, 178), (255, 255, 255), (213, 94, 0)  # below 0, at 0, above
KEYS = "← → one operation · [ ] one phase · home end · / search · q quit"


def play(trace: Mapping[str, Any], console: Console | None = None, keys: Callable[[], str] | None = None) -> None:
    """Step through a trace by the keyboard; where there is none, as in a pipe, print every operation instead.

    `keys` gives one key at each call: "left", "right", "home", "end", or a character; by default the terminal's.
    """
    console = console or Console()
    numbers = arrays(trace)
    if keys is None and not (console.is_terminal and sys.stdin.isatty()):
        for at in range(len(trace["operations"])):
            console.print(line(trace, at), soft_wrap=True)
        return
    with _keyboard() if keys is None else _given(keys) as read, Live(console=console, screen=keys is None) as live:
        at, told = 0, ""
        while True:
            live.update(screen(trace, numbers, at, told, console.width, console.height), refresh=True)
            key, told = read(), ""
            if key in ("q", "escape", "\x03"):
                return
            if key == "/":
                at, told = _search(trace, at, read, lambda text: live.update(Text(f"search: {text}▏"), refresh=True))
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
    begins = [i for i, op in enumerate(operations) if not i or op["phase"] != operations[i - 1]["phase"]]
    if key == "]":
        return next((i for i in begins if i > at), last)
    if key == "[":
        return next((i for i in reversed(begins) if i < at), 0)
    return at


def _search(trace: Mapping[str, Any], at: int, read: Callable[[], str], show: Callable[[str], None]) -> tuple[int, str]:
    text = ""
    while True:
        show(text)
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
        text.append(f" = {op['name']}")
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
        phases.append(f" {phase} ", style).append(" ")
    above = max(2, (height - 30) // 2)
    first = max(0, min(at - above, len(operations) - 2 * above - 1))
    lines = []
    for i in range(first, min(first + 2 * above + 1, len(operations))):
        row = Text("▶ " if i == at else "  ").append_text(line(trace, i))
        row.no_wrap, row.overflow = True, "ellipsis"
        lines.append(row)
    return Group(
        Text(f"{trace['title']}   operation {at} of 0 … {len(operations) - 1}", style="bold"),
        Text(told or KEYS, style="yellow" if told else "dim", no_wrap=True, overflow="ellipsis"),
        phases,
        Rule(style="dim"),
        *lines,
        Rule(style="dim"),
        *_details(trace, numbers, op, width, ROWS if height >= 40 else 2),
    )


def _details(
    trace: Mapping[str, Any], numbers: list[Array], op: Mapping[str, Any], width: int, rows: int
) -> list[RenderableType]:
    parts: list[RenderableType] = []
    formula = op.get("says") or _stated(trace, op)
    if formula:
        parts.append(Text(formula, style="green"))
    if "line" in op:
        source = trace["code"]["lines"][op["line"]]
        code = source["text"].get(str(source["line"]), source["text"].get(source["line"], "")).strip()
        where = f"{source['file']}:{source['line']}  {code}"
        parts.append(Text(where, style="magenta", no_wrap=True, overflow="ellipsis"))
    across = max(1, min(3, width // WIDE))
    given = [(name, x["value"]) for name, x in op["operands"].items() if "value" in x][:2]
    shown = [("result", op["result"]), *given] if op["result"] is not None else given
    cells = [_panel(trace, numbers, name, number, width // across - 1, rows) for name, number in shown]
    grid = Table.grid(padding=(0, 1, 0, 0))
    for i in range(0, len(cells), across):
        grid.add_row(*cells[i : i + across])
    return [*parts, grid]


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
        text.append(f"… {len(block) - rows} more rows")
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


@contextmanager
def _given(keys: Callable[[], str]) -> Iterator[Callable[[], str]]:
    yield keys


SEQUENCES = {  # what terminals send behind an escape
    **{"[C": "right", "[D": "left", "[H": "home", "[F": "end"},
    **{"OC": "right", "OD": "left", "[1~": "home", "[4~": "end"},
}


@contextmanager
def _keyboard() -> Iterator[Callable[[], str]]:
    """A function that waits for one key."""
    if sys.platform == "win32":
        import msvcrt

        codes = {"K": "left", "M": "right", "G": "home", "O": "end"}

        def read() -> str:
            key = msvcrt.getwch()
            return codes.get(msvcrt.getwch(), "") if key in ("\x00", "\xe0") else "escape" if key == "\x1b" else key

        yield read
        return
    import os
    import select
    import termios
    import tty

    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)

    def waiting() -> bool:
        return bool(select.select([file], [], [], 0.05)[0])

    def read_posix() -> str:
        key = os.read(file, 1).decode("utf-8", "ignore")
        if key != "\x1b":
            return key
        rest = ""
        while waiting() and len(rest) < 4 and not (rest and ((rest[-1].isalpha() and rest != "O") or rest[-1] == "~")):
            rest += os.read(file, 1).decode("utf-8", "ignore")
        return SEQUENCES.get(rest, "escape" if not rest else "")

    try:
        tty.setcbreak(file)
        yield read_posix
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)
