"""Draws what data is: pictures, sounds, spectrograms, frames, tokens, columns. Each drawer takes matplotlib's axes, the
value, and the settings of the step that it belongs to, of which it reads those it knows by name (`rate_hz`, `hop`)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#767676"  # Okabe and Ito 2008
LINE = 64  # characters across an axes
Settings = Mapping[str, Any]


def to_pyplot(figure: Figure) -> None:
    """Hands over to pyplot a figure of its own, as every `plot` of tinyxm gives it: `plt.show()` then shows it, too."""
    import matplotlib.pyplot as plt

    manager: Any = plt.figure(figsize=tuple(figure.get_size_inches())).canvas.manager  # its own figure is replaced
    manager.canvas.figure = figure
    figure.set_canvas(manager.canvas)


def file(axes: Axes, source: Any, settings: Settings) -> None:
    """The first bytes of a file, in hexadecimal and as characters."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    rows = [data[at : at + 12] for at in range(0, min(len(data), 144), 12)]
    shown = [f"{row.hex(' '):36}{''.join(chr(b) if 32 <= b < 127 else '·' for b in row)}" for row in rows]
    axes.set_axis_off()
    axes.text(0, 0.97, "\n".join(shown), family="monospace", fontsize=8, va="top", in_layout=False, parse_math=False)
    axes.set_title(f"{len(data)} bytes, the first {min(len(data), 144)}", fontsize=8)


def picture(axes: Axes, image: Any, settings: Settings) -> None:
    """An image, (height, width[, channels]), uint8 or 0 to 1, transparent parts over a chequered ground; or several."""
    values = np.asarray(image)
    if values.ndim > 3:
        return pictures(axes, values, settings)
    unit = values / 255 if values.dtype == np.uint8 else np.clip(values.astype(np.float64), 0, 1)
    if unit.ndim == 3 and unit.shape[-1] in (2, 4):
        rows, columns = np.indices(unit.shape[:2]) * 16 // max(unit.shape[:2])
        ground = np.where((rows + columns) % 2, 0.85, 1.0)[..., None]
        unit = unit[..., :-1] * unit[..., -1:] + ground * (1 - unit[..., -1:])
    axes.imshow(unit.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xlabel(f"{values.shape[1]} × {values.shape[0]} pixels, {values.dtype}")
    axes.set_xticks([])
    axes.set_yticks([])


def pictures(axes: Axes, images: Any, settings: Settings) -> None:
    """Images (n, height, width[, channels]) or the frames of a video, at most 12, evenly spaced, in rows."""
    values = np.asarray(images)
    shown = values[np.linspace(0, len(values) - 1, min(len(values), 12)).round().astype(int)]
    count, height, width = shown.shape[:3]
    columns = min(max(round(np.sqrt(1.5 * count * height / width)), 1), count)  # about half as wide again as high
    white = 255 if values.dtype == np.uint8 else 1
    framed = np.pad(shown, [(0, -count % columns), (0, 1), (0, 1), *[(0, 0)] * (shown.ndim - 3)], constant_values=white)
    rows = framed.reshape(-1, columns, *framed.shape[1:])
    picture(axes, np.concatenate(list(np.concatenate(list(rows.swapaxes(0, 1)), axis=2)), axis=0), settings)
    axes.set_xlabel(f"{len(values)} of {values.shape[2]} × {values.shape[1]} pixels, {values.dtype}")


def planes(axes: Axes, image: Any, settings: Settings) -> None:
    """The channels of an image, (height, width, channels), side by side as gray pictures."""
    values = np.asarray(image)
    picture(axes, np.concatenate(list(np.moveaxis(values, -1, 0)), axis=1), settings)
    axes.set_xlabel(f"{values.shape[-1]} channels of {values.shape[1]} × {values.shape[0]} pixels, {values.dtype}")


def waveform(axes: Axes, sound: Any, settings: Settings) -> None:
    """A sound, (samples[, channels]), over seconds where `to_hz` or `rate_hz` is known, else over samples."""
    values = np.asarray(sound)
    rate = settings.get("rate_hz")
    time = np.arange(len(values)) / (rate or 1)
    axes.plot(time, values.reshape(len(values), -1), linewidth=0.6)
    axes.axhline(0, color=GRAY, linewidth=0.5)
    axes.set_xlabel(f"seconds (at {rate:g} Hz)" if rate else f"{len(values)} samples")
    axes.margins(x=0)


def spectrogram(axes: Axes, values: Any, settings: Settings) -> None:
    """Frames of features, (frames, features): time to the right, low features below."""
    array = np.asarray(values)
    shown = np.abs(array) if np.iscomplexobj(array) else array
    axes.imshow(shown.T, aspect="auto", origin="lower", cmap="magma", interpolation="nearest")
    axes.set_xlabel(f"{array.shape[0]} frames")
    axes.set_ylabel(f"{array.shape[1]} features")


def curve(axes: Axes, values: Any, settings: Settings) -> None:
    """Numbers in their order."""
    axes.plot(np.asarray(values), color=BLUE, linewidth=1)
    axes.set_xlabel(f"{len(values)} values")


def distribution(axes: Axes, values: Any, settings: Settings) -> None:
    """How numbers are spread, non-finite ones counted apart."""
    array = np.asarray(values, np.float64).ravel()
    finite = array[np.isfinite(array)]
    axes.hist(finite, bins=40, color=BLUE)
    missing = array.size - finite.size
    axes.set_xlabel(f"{array.size} values" + f", {missing} not finite" * bool(missing))


def bars(axes: Axes, counts: Any, settings: Settings) -> None:
    """{name: number}, largest first, at most 20."""
    largest = sorted(dict(counts).items(), key=lambda item: -item[1])[:20]
    axes.barh([str(name) for name, _ in largest][::-1], [count for _, count in largest][::-1], color=BLUE)
    axes.tick_params(labelsize=7)


def text(axes: Axes, value: Any, settings: Settings) -> None:
    """A text, wrapped, or tokens each in a box of its own; what doesn't fit is counted."""
    axes.set_axis_off()
    plain: dict[str, Any] = {"family": "monospace", "fontsize": 8, "va": "top", "in_layout": False}
    plain["parse_math"] = False  # or dollars would set what stands between them as a formula
    if isinstance(value, str):
        lines = textwrap.wrap(_in_font(value[: 20 * LINE]), LINE) or [""]
        axes.text(0, 0.97, "\n".join(lines[:14]), **plain)
        axes.set_title(f"{len(value)} characters" + ", the first lines" * (len(lines) > 14), fontsize=8)
        return
    tokens, at, row, shown = [str(token) for token in value], 0, 0, 0
    for token in tokens:
        if at and at + len(token) > LINE - 2:  # room for the box
            at, row = 0, row + 1
        if row == 9:
            break
        box = {"boxstyle": "round,pad=0.25", "fc": "#E8F1F8", "ec": BLUE, "linewidth": 0.7}
        axes.text((at + 0.5) / LINE, 0.97 - 0.11 * row, _in_font(token[:LINE]), bbox=box, **plain)
        at, shown = at + len(token) + 2, shown + 1
    axes.set_title(f"{len(tokens)} tokens" + f", the first {shown}" * (shown < len(tokens)), fontsize=8)


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("monospace")).get_charmap())


def _in_font(value: str) -> str:
    """The text with a frame for each character that the font can't draw, which would be a warning for each."""
    return "".join(c if c in "\t\n" or ord(c) in _glyphs() else "\u25af" for c in value)


def columns(axes: Axes, table: Any, settings: Settings) -> None:
    """A table's numeric columns, (rows, columns): for each its quartiles as a box, a line from the 5th to the 95th
    percentile, and what lies beyond as dots."""
    array = np.asarray(table, np.float64)
    names: Sequence[str] = settings.get("names") or [str(k) for k in range(array.shape[1])]
    for k, column in enumerate(array.T):
        finite = column[np.isfinite(column)]
        if not len(finite):
            continue
        low, first, middle, third, high = np.percentile(finite, [5, 25, 50, 75, 95])
        axes.plot([low, high], [k, k], color=GRAY, linewidth=0.8)
        axes.barh(k, third - first, 0.6, left=first, color="#E8F1F8", edgecolor=BLUE, linewidth=0.8)
        axes.plot([middle, middle], [k - 0.3, k + 0.3], color=ORANGE, linewidth=1.2)
        beyond = finite[(finite < low) | (finite > high)]
        axes.plot(beyond, np.full(len(beyond), k), ".", color=GRAY, markersize=2)
    axes.set_yticks(range(array.shape[1]), list(names))
    axes.set_ylim(array.shape[1] - 0.5, -0.5)
    axes.tick_params(labelsize=7)
