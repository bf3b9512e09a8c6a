"""A traced warp on the terminal, statement by statement: one at a time with the keys, or all of them as a listing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tinyxm_kernels.simt.table import Report, source_of

WARP, ROW, MOST = 32, 16, 6
PASS = "bank pass", "bank passes", "bank"
# What terminals send: escape sequences on Unix, à and a letter on Windows
FORWARD = "\x1b[C", "\x1b[B", "\x1bOC", "àM", "àP", " ", "\r", "\n", "n"
BACK = "\x1b[D", "\x1b[A", "\x1bOD", "àK", "àH", "p", "b"
FIRST, LAST = ("\x1b[H", "\x1bOH", "\x1b[1~", "àG", "g"), ("\x1b[F", "\x1bOF", "\x1b[4~", "àO", "G")
QUIT = "q", "\x1b", "\x03", "\x04", ""
KEYS = "→ or n forward, ← or p back, g first, G last, q quit"


def interactive(report: Report, console: Any, read_key: Callable[[], str]) -> None:
    """Show a step at a time; `read_key` waits for a key and returns it as terminals send it."""
    steps, at = report["trace"]["steps"], 0
    moves = {key: -1 for key in BACK} | {key: 1 for key in FORWARD}
    moves |= {key: -len(steps) for key in FIRST} | {key: len(steps) for key in LAST}
    with console.screen():  # what stood there comes back at the end
        while steps:
            console.clear()
            for line in told(report, at):
                console.print(line, highlight=False, soft_wrap=True)
            console.print(f"\n{KEYS}", style="dim", highlight=False)
            key = read_key()
            if key in QUIT:
                return
            at = min(max(at + moves.get(key, 0), 0), len(steps) - 1)


def listing(report: Report, console: Any) -> None:
    """Print every step."""
    for at in range(len(report["trace"]["steps"])):
        for line in told(report, at):
            console.print(line, highlight=False, soft_wrap=True)
        console.print()


def told(report: Report, at: int) -> Iterator[Any]:
    """A step in lines: where it stands, who takes part, what changed, what memory was asked for."""
    from rich.text import Text

    trace = report["trace"]
    step, source = trace["steps"][at], source_of(report)
    alive = [lane for lane, thread in enumerate(trace["threads"]) if thread is not None]
    active = [lane for lane in alive if step["mask"] >> lane & 1]
    goes_on = "; the record ends here, the warp goes on" if trace["truncated"] and at + 1 == len(trace["steps"]) else ""
    place = f"block ({', '.join(map(str, trace['block']))}), warp {trace['warp']}"
    yield Text(f"step {at + 1} of {len(trace['steps'])}: line {step['line']}, {step['kind']}; {place}{goes_on}", "dim")
    text, start = source[step["line"] - 1].rstrip(), step["column"] - 1
    yield Text.assemble((f"{step['line']:5} | {text[:start].lstrip()}", "dim"), (text[start:], "bold"))
    mask = "".join("#" if lane in active else "." if lane in alive else " " for lane in range(WARP))
    yield Text(f"lanes   {mask}  {len(active)} of {len(alive)} active")
    for change in step["changes"]:
        yield from _values(f"{change['name']} {change['type']}", change["values"], len(active))
    for access in step["memory"]:
        yield from _access(access)
    for index in step["findings"]:
        finding = report["findings"][index]
        yield Text.assemble((f"{finding['kind']}: ", "bold red"), finding["message"])


def _values(name: str, values: Sequence[Any], active: int) -> Iterator[Any]:
    from rich.text import Text

    held = [value for value in values if value is not None]
    if active > 1 and held and all(value == held[0] for value in held):
        yield Text(f"{name} = {brief(held[0])} in each of them")
        return
    yield Text(name)
    for start in range(0, WARP, ROW):
        row = values[start : start + ROW]
        if any(value is not None for value in row):
            yield Text(f"  {start:2}:" + "".join(f"{brief(value):>8}" for value in row))


def _access(access: Mapping[str, Any]) -> Iterator[Any]:
    from rich.text import Text

    taken, ideal = access["transactions"], access["ideal"]
    unit, several, place = ("sector", "sectors", "byte") if access["space"] == "global" else PASS
    verdict = f"{taken} {unit if taken == 1 else several}" + (f" where {ideal} would do" if taken > ideal else "")
    told = f"{access['operation']} {access['space']} {access['array']}: {verdict}"
    yield Text(told, "yellow" if taken > ideal else "")
    where: dict[int, list[int]] = {}
    for lane, index in enumerate(access["indices"]):
        if index is not None:
            byte = index * access["element_bytes"]
            where.setdefault(byte // 32 * 32 if place == "byte" else byte // 4 % 32, []).append(lane)
    parts = [f"{place} {key}: {runs(lanes)}" for key, lanes in sorted(where.items())]
    further = [f"and {len(parts) - MOST} more"] if len(parts) > MOST else []
    yield Text("  lanes by " + "; ".join([*parts[:MOST], *further]), "dim")


def brief(value: Any) -> str:
    """A number in at most seven characters; nothing for a lane without one."""
    if value is None:
        return "·"
    if isinstance(value, bool | str):
        return str(value)
    return str(value) if isinstance(value, int) and abs(value) < 10**7 else f"{value:.3g}"


def runs(lanes: Sequence[int]) -> str:
    """Neighbouring lanes as 0–7."""
    parts: list[list[int]] = []
    for lane in lanes:
        if parts and parts[-1][1] == lane - 1:
            parts[-1][1] = lane
        else:
            parts.append([lane, lane])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in parts)
