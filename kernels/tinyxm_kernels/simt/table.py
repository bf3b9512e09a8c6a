"""A simulated launch on the terminal: its totals, a profile per source line, and what the sanitizer found.

All figures are those of `run.report()`, the counters of a model: they say what the source asks of a warp, and no time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Report = Mapping[str, Any]
Line = Mapping[str, Any]
MODEL = "Counted by a simulator from the source as it stands, before a compiler changes it."
MEANINGS = {
    "flops": "floating-point operations, a fused multiply-add being two",
    "global sectors": "transfers of 32 bytes between a warp and global memory",
    "bank passes": "turns of shared memory's 32 banks, each of which serves one word of 4 bytes in a turn",
    "atomics' extra rounds": "turns that lanes of a warp wait for others that change the same address",
    "active lanes": "lanes that a statement runs for, on average",
    "divergent branches": "branches where some lanes of a warp go one way and some the other",
    "arithmetic intensity": "operations for each byte that the sectors carry",
    "registers of a thread": "of 32 bits each; what the compiler makes of the kernel",
    "occupancy": "warps that can be resident on a multiprocessor, of those it has room for",
}
COLUMNS = "line", "runs", "lanes", "divergent", "sectors", "passes", "rounds", "flops"
PASSES = "shared_passes", "ideal_passes"
TOLERATED = 1.05  # times the ideal that are not worth a colour: the ragged edge of an array


class Total(NamedTuple):
    """One figure of a whole launch: `value` for ratios, `text` to show."""

    name: str
    value: float
    text: str
    wasteful: bool = False

    @property
    def meaning(self) -> str:
        return MEANINGS[self.name]


class Ratio(NamedTuple):
    """Transactions for each request of a warp, and the fewest that its distinct bytes could have come in."""

    taken: float
    ideal: float

    @property
    def excess(self) -> float:
        """How many times the ideal; 1 where nothing is wasted."""
        return self.taken / self.ideal if self.ideal else 1.0

    @property
    def wasteful(self) -> bool:
        return self.excess > TOLERATED

    def __str__(self) -> str:
        return f"{short(self.taken)} / {short(self.ideal)}"


def totals(report: Report) -> list[Total]:
    """The figures of the whole launch, in the order of `MEANINGS`, without those that nothing had to do with."""
    sums = report["totals"]
    lanes, intensity, conflicts = sums["active_lanes"], sums["intensity"], sums["conflicts"]
    rows = [Total("flops", sums["flops"], f"{sums['flops']:,}")] if sums["flops"] else []
    for name, taken, ideal in (("global sectors", "sectors", "ideal_sectors"), ("bank passes", *PASSES)):
        if sums[taken]:
            ratio = Ratio(sums[taken], sums[ideal])
            beside = f"×{ratio.excess:.3g} the ideal" if ratio.excess > 1 else "the ideal"
            rows.append(Total(name, sums[taken], f"{sums[taken]:,}, {beside}", ratio.wasteful))
    if conflicts:
        rows.append(Total("atomics' extra rounds", conflicts, f"{conflicts:,}", True))
    rows.append(Total("active lanes", lanes, f"{short(lanes)} of 32", lanes < 32 / TOLERATED))
    if sums["branches"]:
        told = f"{sums['divergent']:,} of {sums['branches']:,}"
        rows.append(Total("divergent branches", sums["divergent"], told, sums["divergent"] > 0))
    if intensity:
        rows.append(Total("arithmetic intensity", intensity, f"{intensity:.3g} flop/byte"))
    if report.get("occupancy"):
        rows += _occupied(report["occupancy"])
    return rows


def _occupied(occupancy: Report) -> list[Total]:
    """What the kernel takes of a multiprocessor's warps, with what limits it, and the registers that this was told."""
    limits = " and ".join(occupancy["limited_by"])
    told = f"{occupancy['fraction']:.0%} on {occupancy['architecture']}, by {limits}"
    registers = occupancy["registers"]
    if registers is None:
        return [Total("occupancy", occupancy["fraction"], f"{told}; registers weren't counted")]
    from_whom = f"{registers}, {occupancy['registers_from']}"
    return [Total("registers of a thread", registers, from_whom), Total("occupancy", occupancy["fraction"], told)]


def ratio_of(accesses: Iterable[Report]) -> Ratio | None:
    """Of these accesses together, transactions for a request and the ideal; None where there was no request."""
    accesses = list(accesses)
    requests, taken, ideal = (sum(each[key] for each in accesses) for key in ("requests", "transactions", "ideal"))
    return Ratio(taken / requests, ideal / requests) if requests else None


def ratios(line: Line) -> dict[str, Ratio | None]:
    """The ratio of a line's accesses to each space."""
    return {
        space: ratio_of(access for access in line["accesses"] if access["space"] == space)
        for space in ("global", "shared")
    }


def compared(first: Report, second: Report) -> list[tuple[str, str, str, str]]:
    """Rows of (name, of the first, of the second, second over first), for each figure that either has."""
    ours, theirs = ({total.name: total for total in totals(report)} for report in (first, second))
    rows = []
    for name in [name for name in MEANINGS if name in ours or name in theirs]:
        one, other = ours.get(name), theirs.get(name)
        ratio = f"×{other.value / one.value:.3g}" if one and other and one.value and other.value else "–"
        rows.append((name, one.text if one else "0", other.text if other else "0", ratio))
    return rows


def source_of(report: Report) -> Sequence[str]:
    """The lines of the source: the report's own, or those of its trace. Raises ValueError where it has neither."""
    lines = report.get("source") or (report.get("trace") or {}).get("source")
    if lines is None:
        raise ValueError("simt: a report without its source; give it as report['source'], a list of lines")
    return lines


def lines_named(finding: Report, source: Sequence[str]) -> list[int]:
    """The source lines that a finding is about: its own, then those of the other access."""
    return [line for line in dict.fromkeys((finding["line"], *finding["lines"])) if 0 < line <= len(source)]


def told_apart(reports: Sequence[Report]) -> list[str]:
    """A name for each launch: its kernel, or what else tells it from the others."""
    names = [report["kernel"] for report in reports]
    defines = [" ".join(f"{key}={value}" for key, value in report.get("defines", {}).items()) for report in reports]
    launches = ["grid {}, block {}".format(*_sizes(report)) for report in reports]
    for told in (names, [report["file"] for report in reports], _joined(names, defines), _joined(names, launches)):
        if len(set(told)) == len(told):
            return told
    return [f"{name} {number}" for number, name in enumerate(names, 1)]


def _joined(names: Sequence[str], further: Sequence[str]) -> list[str]:
    return [f"{name} {more}".strip() for name, more in zip(names, further, strict=True)]


def given(report: Report) -> str:
    """What it was launched with, in a sentence; empty where the report doesn't tell."""
    arguments = report.get("arguments", ())
    told = ", ".join(f"{argument['name']} {argument['given']}" for argument in arguments)
    return f"Given {told}; seed {report['seed']}." if arguments else ""


def result(report: Report) -> str:
    """Whether the result is what was expected, in a sentence; empty where nothing was expected."""
    return " ".join(check["told"] for check in report.get("expected", ()))


def short(value: float) -> str:
    """A count for each request: whole, or with one digit."""
    return f"{value:.0f}" if float(value).is_integer() or value >= 1000 else f"{value:.1f}"


def titled(report: Report) -> str:
    """The launch in a line."""
    grid, block = _sizes(report)
    shared = report["shared"]
    defines = "".join(f", {name}={value}" for name, value in report.get("defines", {}).items())
    held = f", {shared['static'] + shared['dynamic']:,} bytes shared" if shared["static"] + shared["dynamic"] else ""
    return f"{report['kernel']}, {report['file']}: grid {grid}, blocks of {block} threads{held}{defines}."


def is_right(report: Report) -> bool:
    """Whether no formula was found broken."""
    return all(check["agrees"] is not False for check in report.get("expected", ()))


def _sizes(report: Report) -> list[str]:
    """Grid and block as 4×4."""
    told = []
    for given_size in (report["grid"], report["block"]):
        kept = list(given_size)
        while len(kept) > 1 and kept[-1] == 1:
            kept.pop()
        told.append("×".join(map(str, kept)))
    return told


def show(report: Report, console: Any) -> None:
    """Print totals, the profile per line and the findings with the lines that they are about."""
    from rich.table import Table

    console.print(f"[bold]{_plain(titled(report))}[/bold]", highlight=False, soft_wrap=True)
    if given(report):
        console.print(given(report), markup=False, highlight=False, soft_wrap=True)
    figures = Table.grid(padding=(0, 2))
    for total in totals(report):
        figures.add_row(total.name, _plain(total.text), style="yellow" if total.wasteful else "")
    console.print(figures)
    console.print()
    console.print(profile(report, console.width))
    console.print()
    if result(report):
        style = "" if is_right(report) else "bold red"
        console.print(result(report), style=style, markup=False, highlight=False, soft_wrap=True)
    show_findings(report, console)
    for line in "".join(report.get("printed", ())).splitlines():
        console.print(f"printf: {line}", markup=False, highlight=False, soft_wrap=True)


def show_limits(reports: Iterable[Report], console: Any) -> None:
    """Print that all of this is a model, and what it leaves out."""
    sentences = dict.fromkeys(sentence for report in reports for sentence in report["not_modelled"])
    console.print(f"model: {MODEL} Not modelled: {'; '.join(sentences)}.", style="dim", markup=False, highlight=False)


def profile(report: Report, width: int) -> Any:
    """A rich table, a row for each line that ran and, where it touches memory more than once, for each access; the
    source is cut where the figures leave it no room within `width` characters."""
    from rich.table import Table
    from rich.text import Text

    source, rows = source_of(report), []
    for line in report["lines"]:
        rows.append(
            {
                "line": str(line["line"]),
                "runs": f"{line['executions']:,}",
                "lanes": short(line["active_lanes"]),
                "divergent": f"{line['divergent']:,} of {line['branches']:,}" if line["branches"] else "",
                **_moved(line["accesses"]),
                "flops": _count(line["flops"]),
                "source": Text(source[line["line"] - 1].rstrip().expandtabs(4)),
            }
        )
        if len(line["accesses"]) > 1:
            rows += [
                _moved([access]) | {"source": Text(f"    {access['operation']} {access['array']}", style="dim")}
                for access in line["accesses"]
            ]
    table = Table(box=None, pad_edge=False, header_style="bold", caption_justify="left")
    table.caption = "runs: by a warp; sectors, passes: for a warp's request / the fewest that its bytes could take"
    columns = [name for name in COLUMNS if any(row.get(name) for row in rows)]
    for name in columns:
        needed = max(len(name), *(len(row.get(name, "")) for row in rows))
        table.add_column(name, justify="right", no_wrap=True, width=needed)
        width -= needed + 2
    table.add_column("source", no_wrap=True, overflow="ellipsis", max_width=max(width, 12))
    for row in rows:
        table.add_row(*(row.get(name, "") for name in (*columns, "source")))
    return table


def _moved(accesses: Sequence[Report]) -> dict[str, Any]:
    per_space = {
        space: ratio_of(access for access in accesses if access["space"] == space) for space in ("global", "shared")
    }
    return {
        "sectors": _told(per_space["global"]),
        "passes": _told(per_space["shared"]),
        "rounds": _count(sum(access["conflicts"] for access in accesses)),
    }


def show_findings(report: Report, console: Any) -> None:
    """Print each finding with the source lines that it names; one line where there is none."""
    if not report["findings"]:
        console.print("findings: none", highlight=False)
    source = source_of(report)
    for finding in report["findings"]:
        times = f" ({finding['count']:,} times)" if finding["count"] > 1 else ""
        console.print(
            f"[bold red]{_plain(finding['kind'])}[/], line {finding['line']}{times}: {_plain(finding['message'])}",
            highlight=False,
            soft_wrap=True,
        )
        for line in lines_named(finding, source):
            console.print(f"  {line:4} | {source[line - 1].rstrip()}", markup=False, highlight=False, soft_wrap=True)


def show_compared(first: Report, second: Report, console: Any) -> None:
    """Print the totals of two launches side by side, with the second's over the first's."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in (*told_apart((first, second)), "second / first"):
        table.add_column(_plain(name), justify="right")
    for row in compared(first, second):
        table.add_row(*map(_plain, row))
    console.print(table)
    console.print()


def _told(ratio: Ratio | None) -> Any:
    """A ratio; in yellow, and with its excess, where more was moved than must be."""
    from rich.text import Text

    if ratio is None:
        return ""
    excess = f" ×{short(ratio.excess)}" if ratio.wasteful else ""
    return Text(f"{ratio}{excess}", style="yellow" if ratio.wasteful else "")


def _count(value: int) -> str:
    return f"{value:,}" if value else ""


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
