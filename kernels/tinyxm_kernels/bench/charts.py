"""Two pictures of a run: the ladders, rung by rung, and the roofline with each rung a point under it.

Colours are Okabe and Ito's, told apart by colour-blind readers (2008); peers differ by dashes, too.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyxm_kernels.bench.figures import Row
from tinyxm_kernels.bench.runner import Machine
from tinyxm_kernels.bench.table import number, ordered

BLUE, ORANGE, GREEN, PURPLE, SKY, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#767676"
PEERS = {
    "torch": (ORANGE, "--"),
    "torch_channels_last": (PURPLE, "-."),
    "jax": (GREEN, ":"),
    "numpy": ("black", (0, (6, 2, 1, 2, 1, 2))),
}
MARKERS = "osD^vP*X"
PANELS = 6  # more ladders than this don't fit on a page


def draw(rows: Sequence[Row], machine: Machine, path: Path) -> None:
    """Draw the ladders of the largest shapes above, the roofline below; PNG or SVG by the file's suffix."""
    from matplotlib.figure import Figure

    groups = ladders(rows)[:PANELS]
    if not groups:
        raise ValueError("bench: nothing was measured, so there is nothing to draw")
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    figure = Figure(figsize=(11, 2.9 * lines + 5.2), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(2.9 * lines, 5.2))
    upper, lower = parts
    for axes, group in zip(np.ravel(upper.subplots(lines, columns, squeeze=False)), groups, strict=False):
        ladder(axes, group)
    for axes in np.ravel(upper.get_axes())[len(groups) :]:
        axes.remove()
    roofline(lower.subplots(), rows, machine)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    figure.savefig(part, dpi=130)
    part.replace(path)


def ladders(rows: Sequence[Row]) -> list[list[Row]]:
    """For each operation, dtype and number of threads, the rows of the shape with the most work; most
    threads first."""
    groups: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.operation, row.dtype, row.threads), []).append(row)
    largest = {key: max(group, key=lambda row: row.flops).shape for key, group in groups.items()}
    found = [[row for row in group if row.shape == largest[key]] for key, group in groups.items()]
    return sorted(found, key=lambda group: -group[0].threads)


def ladder(axes: Any, rows: Sequence[Row]) -> None:
    """The rungs of one operation as bars on a log scale, slowest at the top; the peers as lines."""
    own = [row for row in ordered(rows) if not row.is_peer]
    places = np.arange(len(own))
    axes.barh(places, [row.best_gflops for row in own], color=[BLUE if r.default else SKY for r in own], height=0.7)
    most, least = max(row.best_gflops for row in rows), min(row.best_gflops for row in own)
    for place, row in zip(places, own, strict=True):
        told = f" {number(row.best_gflops)}" + ("" if row.decided else " ?")
        axes.text(least / 2, place, told, va="center", fontsize=8, color="white" if row.default else "black")
    for row in rows:
        if row.is_peer:
            colour, dashes = PEERS.get(row.rung, (GRAY, "-"))
            axes.axvline(row.best_gflops, color=colour, linestyle=dashes, linewidth=1.4, label=row.rung, zorder=3)
    axes.set(xscale="log", xlim=(least / 2, most * 2), xlabel="GFLOP/s, best (log scale)")
    plain(axes.xaxis)
    axes.set_yticks(places, [row.rung for row in own])
    axes.invert_yaxis()
    threads = f"{rows[0].threads} thread{'s' * (rows[0].threads > 1)}"
    axes.set_title(f"{rows[0].operation} {rows[0].shape}, {rows[0].dtype}, {threads}", fontsize=10)
    if any(row.is_peer for row in rows):
        axes.legend(framealpha=1, edgecolor="none", fontsize=7, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)


def plain(axis: Any) -> None:
    """Numbers such as 20, 50, 100 along a log scale."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def roofline(axes: Any, rows: Sequence[Row], machine: Machine) -> None:
    """Speed over arithmetic intensity: no kernel is above the lower of the peak and intensity · bandwidth.

    The intensity is that of the operation (its operations over the bytes it must move at least), on the most threads
    that were measured; rungs of one operation share a marker.
    """
    threads = max(row.threads for row in rows)
    dtype = rows[0].dtype
    shown = [row for row in rows if row.threads == threads and row.dtype == dtype and not row.is_peer]
    peak, bandwidth = machine.gflops[dtype, threads], machine.bandwidth[threads]
    intensities = [row.flops / row.bytes for row in shown]
    ridge = peak / bandwidth
    x = np.geomspace(min([*intensities, ridge]) / 2, max([*intensities, ridge]) * 4, 200)
    axes.plot(x, np.minimum(peak, bandwidth * x), color="black", linewidth=1.5)
    axes.text(x[-1], peak * 1.08, f"peak {peak:.0f} GFLOP/s", ha="right", fontsize=9)
    slope = f"memory {bandwidth:.0f} GB/s"
    axes.annotate(slope, (x[0], bandwidth * x[0]), (24, 2), textcoords="offset points", fontsize=9)
    axes.axvline(ridge, color=GRAY, linewidth=0.8, linestyle=":")
    axes.text(ridge, peak * 1.08, f"ridge {ridge:.1f}", fontsize=8, color=GRAY, ha="center")
    colours = BLUE, ORANGE, GREEN, PURPLE, SKY, "black", GRAY
    for place, operation in enumerate(dict.fromkeys(row.operation for row in shown)):
        own = [row for row in shown if row.operation == operation]
        axes.plot(
            [row.flops / row.bytes for row in own],
            [row.best_gflops for row in own],
            linestyle="none",
            marker=MARKERS[place % len(MARKERS)],
            color=colours[place % len(colours)],
            markerfacecolor="none",
            markersize=6,
            label=operation,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="arithmetic intensity of the operation, operations per byte (log scale)",
        ylabel="GFLOP/s, best (log scale)",
        title=f"Roofline, {dtype}, {threads} thread{'s' * (threads > 1)}: each rung at each shape is a point",
    )
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=6)
    axes.spines[["top", "right"]].set_visible(False)
