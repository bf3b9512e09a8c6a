"""Strokes: from the paths of an SVG to polylines with times, and to the frames of a video in which they are drawn.

A point is (x, y), x to the right and y downwards, in the drawing's own units; a polyline is (points, 2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import drawing
from .image import read_bytes
from .step import step
from .video import Video, draw_video

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]

MOST_BYTES = 2**24  # of an SVG file
FARTHEST = 1e6  # a coordinate, in units: what is farther off is a fault, and would take points without end
MOST_PIXELS = 2**28  # of all frames together
NOT_DRAWN = {"defs", "symbol", "marker", "pattern", "mask", "clipPath"}

_NUMBER = re.compile(r"[\s,]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_FLAG = re.compile(r"[\s,]*([01])")
_COMMAND = re.compile(r"[\s,]*([A-Za-z])")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


class SvgPaths(NamedTuple):
    """What an SVG draws: the `d` of each path, in order, and the box (left, top, width, height) that it's seen in."""

    paths: list[str]
    view_box: Box


class Stroke(NamedTuple):
    """A line drawn by a pen: `points` (k, 2), and the `seconds` (k,) at which the pen is there, never decreasing."""

    points: Points
    seconds: NDArray[np.float64]


def read_svg_paths(source: bytes | str | PathLike[str]) -> SvgPaths:
    """The paths of an SVG file, or of its bytes; other shapes and texts are passed over.

    Nothing is fetched or expanded: a file that declares an entity is refused (a few lines of them can unfold to
    gigabytes), and so is a path under a `transform`, whose points would be wrong. Raises ValueError naming the file.
    """
    name = f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else read_bytes("read_svg_paths", Path(source), MOST_BYTES)
    paths: list[str] = []
    boxes: list[Box] = []
    within: list[tuple[str, bool]] = []  # the elements around: name, and whether they move what is in them

    def start(tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(" ")[2]
        if not within and kind != "svg":
            raise ValueError(f"its outermost element is <{kind}>, not <svg>")
        within.append((kind, "transform" in attributes))
        if len(within) == 1:
            boxes.append(_view_box(attributes))
        if kind == "path" and not NOT_DRAWN & {outer for outer, _ in within}:
            if any(moves for _, moves in within):
                raise ValueError("a path is moved by a transform, which isn't read; apply it in a drawing program")
            paths.append(attributes.get("d", ""))

    def refuse(name: str, *rest: Any) -> None:
        raise ValueError(f"it declares the entity {name!r}, and entities aren't expanded")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: within.pop()
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
        if not paths:
            raise ValueError("it has no path")
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ValueError(f"read_svg_paths: {name} isn't an SVG that can be read: {error}") from error
    return SvgPaths(paths, boxes[0])


def _view_box(attributes: dict[str, str]) -> Box:
    given = attributes.get("viewBox")
    if given is None:
        sides = [attributes.get(side, "100").removesuffix("px") for side in ("width", "height")]
        given = " ".join(["0 0", *sides])
    try:
        left, top, width, height = (float(number) for number in given.replace(",", " ").split())
    except ValueError:
        raise ValueError(f"its box is {given!r}; expected four numbers") from None
    if not (0 < width <= FARTHEST and 0 < height <= FARTHEST and max(abs(left), abs(top)) <= FARTHEST):
        raise ValueError(f"its box is {given!r}; expected sides above 0 and up to {FARTHEST:g}")
    return left, top, width, height


def parse_path(d: str) -> list[list[Points]]:
    """The subpaths of an SVG path, each a list of Bézier curves by their control points: (2, 2) a line, (3, 2), (4, 2).

    All commands: M L H V C S Q T A Z, large for absolute and small for relative. S and T take the mirror image of the
    last control point where the command before was a curve of the same kind; arcs become cubic curves of at most 45°,
    which are off by 4·10⁻⁶ of the radius. Raises ValueError with the place where it can't go on.
    Source: SVG 1.1, sections 8.3 (paths) and F.6 (arcs).
    """
    subpaths: list[list[Points]] = []
    at = start = np.zeros(2)
    control = None  # the last control point of a curve, and its kind
    place, command, previous = 0, "", ""
    d = d.rstrip(" \t\r\n,")
    while place < len(d):
        if found := _COMMAND.match(d, place):
            command, place = found[1], found.end()
        elif command.upper() in ("", "Z"):
            raise ValueError(_fault(d, place, "a command"))
        elif command in "Mm":  # further points of a move are lines
            command = "L" if command == "M" else "l"
        kind = command.upper()
        if kind not in _ARGUMENTS:
            raise ValueError(_fault(d, place - len(command), "one of M L H V C S Q T A Z"))
        if not subpaths and kind != "M":
            raise ValueError(_fault(d, place - len(command), "M, where a path begins"))
        numbers, place = _numbers(d, place, kind)
        origin = at if command.islower() else np.zeros(2)
        if kind == "Z":
            curve = [np.stack([at, start])]
        elif kind == "M":
            at = start = origin + numbers
            subpaths.append([])
            previous, control = kind, None
            continue
        elif kind in "HV":
            end = at.copy()
            end["HV".index(kind)] = origin["HV".index(kind)] + numbers[0]
            curve = [np.stack([at, end])]
        elif kind == "A":
            curve = _arc(at, origin + numbers[5:], numbers)
        else:
            points = origin + np.reshape(numbers, (-1, 2))
            if kind in "ST":
                smooth = control is not None and previous in ("CS" if kind == "S" else "QT")
                points = np.vstack([2 * at - control if smooth and control is not None else at, points])
            curve = [np.vstack([at, points])]
        if previous == "Z":  # what follows a closed subpath begins where that one did
            subpaths.append([])
        subpaths[-1] += curve
        if not all((np.abs(part) <= FARTHEST).all() for part in curve):
            raise ValueError(_fault(d, place, f"coordinates up to {FARTHEST:g}"))
        at, control, previous = curve[-1][-1], curve[-1][-2], kind
    return [curves for curves in subpaths if curves]


def _numbers(d: str, place: int, kind: str) -> tuple[NDArray[np.float64], int]:
    numbers = []
    for k in range(_ARGUMENTS[kind]):
        flag = kind == "A" and k in (3, 4)  # "a1 1 0 00.5.5": flags need nothing between them
        found = (_FLAG if flag else _NUMBER).match(d, place)
        if not found:
            raise ValueError(_fault(d, place, "0 or 1" if flag else f"{_ARGUMENTS[kind]} numbers after {kind}"))
        numbers.append(float(found[1]))
        place = found.end()
    return np.array(numbers), place


def _fault(d: str, place: int, expected: str) -> str:
    return f"parse_path: at character {place} of {d[:40]!r}: {d[place : place + 12]!r}; expected {expected}"


def _arc(start: Points, end: Points, numbers: NDArray[np.float64]) -> list[Points]:
    """An elliptical arc as cubic curves: from endpoints to centre and angles as in SVG 1.1, F.6.5 and F.6.6."""
    radii, large, sweep = np.abs(numbers[:2]), bool(numbers[3]), bool(numbers[4])
    if not radii.all() or np.array_equal(start, end):
        return [np.stack([start, end])]
    cosine, sine = np.cos(np.radians(numbers[2])), np.sin(np.radians(numbers[2]))
    turn = np.array([[cosine, -sine], [sine, cosine]])
    half = turn.T @ (start - end) / 2 / radii  # where the ellipse is the unit circle
    length = float(half @ half)
    if length > 1:  # too small to reach: enlarged until it does
        radii, half, length = radii * np.sqrt(length), half / np.sqrt(length), 1.0
    sign = -1 if large == sweep else 1
    middle = sign * np.sqrt(max(1 / length - 1, 0)) * np.array([half[1], -half[0]])
    first, last = np.arctan2(*(half - middle)[::-1]), np.arctan2(*(-half - middle)[::-1])
    angle = (last - first) % (2 * np.pi) if sweep else -((first - last) % (2 * np.pi))
    pieces = max(int(np.ceil(abs(angle) / (np.pi / 4) - 1e-9)), 1)
    edges = first + angle * np.arange(pieces + 1) / pieces
    reach = 4 / 3 * np.tan(angle / pieces / 4)
    circle, along = (np.stack(pair, -1) for pair in ((np.cos(edges), np.sin(edges)), (-np.sin(edges), np.cos(edges))))
    centre = (start + end) / 2 + turn @ (radii * middle)
    curves = [
        centre + (np.stack([a, a + reach * u, b - reach * v, b]) * radii) @ turn.T
        for a, b, u, v in zip(circle, circle[1:], along, along[1:], strict=False)
    ]
    curves[0][0], curves[-1][-1] = start, end
    return curves


def flatten_path(d: str, tolerance: float = 0.05) -> list[Points]:
    """An SVG path as polylines (points, 2), one for each subpath, nowhere farther than `tolerance` units from it.

    A Bézier curve of degree k, B(t) = Σᵢ C(k, i)·tⁱ·(1 − t)ᵏ⁻ⁱ·Pᵢ, is taken at n + 1 even steps of t. A chord over a
    step h = 1/n errs by at most h²/8·max‖B″‖, and ‖B″‖ ≤ k(k − 1)·max‖Pᵢ − 2Pᵢ₊₁ + Pᵢ₊₂‖ =: k(k − 1)·M, so

        n = ⌈√(k(k − 1)·M / (8·tolerance))⌉

    Source: the error of linear interpolation; Wang 1984 has this bound for Bézier curves.
    """
    if not tolerance > 0:
        raise ValueError(f"flatten_path: tolerance {tolerance}; expected a positive number of units")
    return [np.vstack([curves[0][:1], *(_flat(curve, tolerance)[1:] for curve in curves)]) for curves in parse_path(d)]


def _flat(curve: Points, tolerance: float) -> Points:
    degree = len(curve) - 1
    bend = np.linalg.norm(np.diff(curve, 2, axis=0), axis=1).max(initial=0)
    n = max(int(np.ceil(np.sqrt(degree * (degree - 1) * bend / (8 * tolerance)))), 1)
    t = np.arange(n + 1)[:, None] / n
    levels = list(curve[:, None])  # de Casteljau: between neighbours again and again, for all t at once
    while len(levels) > 1:
        levels = [(1 - t) * a + t * b for a, b in pairwise(levels)]
    return levels[0]


def timed_strokes(
    polylines: Sequence[ArrayLike], units_per_second: float = 100.0, pause_seconds: float = 0.15
) -> list[Stroke]:
    """Polylines drawn one after another at an even speed, a pause in between: t = start + length so far / speed."""
    if not units_per_second > 0 or pause_seconds < 0:
        raise ValueError(
            f"timed_strokes: {units_per_second} units per second, pauses of {pause_seconds} s; expected more than 0"
        )
    strokes, now = [], 0.0
    for polyline in polylines:
        points = np.asarray(polyline, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
            raise ValueError(f"timed_strokes: a polyline {points.shape}; expected finite points (points, 2)")
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        strokes.append(Stroke(points, now + np.concatenate([[0], np.cumsum(steps)]) / units_per_second))
        now = float(strokes[-1].seconds[-1]) + pause_seconds
    return strokes


def reversed_strokes(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The same strokes written backwards, the last one first, from its end on: t → the end of all − t."""
    end = strokes[-1].seconds[-1] if strokes else 0.0
    return [Stroke(points[::-1], end - seconds[::-1]) for points, seconds in reversed(strokes)]


def _draw_lines(axes: Any, strokes: Sequence[Stroke], settings: Any) -> None:
    for number, stroke in enumerate(strokes):
        axes.plot(*stroke.points.T, ".-", markersize=3, linewidth=1, color=f"C{number % 10}")
        axes.annotate(str(number + 1), stroke.points[0], fontsize=8)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_xlabel(f"{len(strokes)} strokes")


@step(before=_draw_lines, after=drawing.picture)
def draw_strokes(
    strokes: Sequence[Stroke],
    seconds: float = float("inf"),
    *,
    size: int | tuple[int, int] = 64,
    view_box: Box = (0, 0, 109, 109),
    width: float = 5.0,
) -> NDArray[np.float32]:
    """What is drawn by a time, (height, width, 1): 1 is ink, 0 none, edges in between.

    `size`: pixels a side, or (height, width); `view_box`: (left, top, width, height), which is fitted in and centred;
    `width` of the pen in the drawing's units, its tip round. A pixel whose centre is d pixels from the line, drawn r
    pixels to each side, gets min(½ + r − d, 2·r, 1), at least 0: the share of it that is covered, but for corners.
    """
    canvas, scale, offset = _canvas("draw_strokes", size, view_box, width)
    for stroke in strokes:
        _ink(canvas, _part(stroke, -np.inf, seconds) * scale + offset, width * scale / 2)
    return canvas[..., None]


@step(before=_draw_lines, after=draw_video)
def stroke_frames(
    strokes: Sequence[Stroke],
    *,
    rate_hz: float = 12.0,
    size: int | tuple[int, int] = 64,
    view_box: Box = (0, 0, 109, 109),
    width: float = 5.0,
    hold_seconds: float = 0.5,
) -> Video:
    """The strokes being drawn, as a video: frame k, (height, width, 1), is `draw_strokes` at k / rate_hz seconds.

    The last frames, for `hold_seconds`, show all. Only what is new is drawn on each frame: distances to a line are the
    least of those to its parts, so the most of both coverages is that of the whole.
    """
    canvas, scale, offset = _canvas("stroke_frames", size, view_box, width)
    if not rate_hz > 0 or hold_seconds < 0:
        raise ValueError(f"stroke_frames: {rate_hz} frames a second, held for {hold_seconds} s; expected more than 0")
    end = max((float(stroke.seconds[-1]) for stroke in strokes), default=0.0)
    count = int(np.ceil(end * rate_hz - 1e-9)) + 1 + round(hold_seconds * rate_hz)
    if count * canvas.size > MOST_PIXELS:
        raise ValueError(
            f"stroke_frames: {count} frames of {canvas.shape[1]} × {canvas.shape[0]} pixels; expected at most "
            f"{MOST_PIXELS:,} pixels: ask for fewer frames a second, or smaller ones"
        )
    frames = np.empty((count, *canvas.shape, 1), np.float32)
    before = -np.inf
    for k in range(count):
        now = k / rate_hz + 1e-9
        for stroke in strokes:
            _ink(canvas, _part(stroke, before, now) * scale + offset, width * scale / 2)
        frames[k, ..., 0], before = canvas, now
    return Video(frames, np.arange(count + 1) / rate_hz)


def _canvas(
    operation: str, size: int | tuple[int, int], view_box: Box, width: float
) -> tuple[NDArray[np.float32], float, Points]:
    """An empty picture, and how units become pixels: scale·point + offset."""
    rows, columns = (size, size) if isinstance(size, (int, np.integer)) else size
    left, top, across, down = view_box
    if min(rows, columns) < 1 or rows * columns > MOST_PIXELS or not (across > 0 and down > 0 and width > 0):
        raise ValueError(f"{operation}: size {size}, view_box {view_box}, width {width}; expected sides above 0")
    scale = min(columns / across, rows / down)
    middle = np.array([left + across / 2, top + down / 2])
    return np.zeros((rows, columns), np.float32), scale, np.array([columns / 2, rows / 2]) - scale * middle


def _part(stroke: Stroke, since: float, until: float) -> Points:
    """The points of a stroke between two times, its ends in between them found linearly; none where it wasn't drawn."""
    points, seconds = (np.asarray(values, np.float64) for values in stroke)
    if points.shape != (len(seconds), 2) or not len(seconds) or (np.diff(seconds) < 0).any():
        raise ValueError(f"Stroke: points {points.shape} at {seconds.shape} times; expected (k, 2) at k growing times")
    if until < seconds[0] or since >= seconds[-1]:
        return np.empty((0, 2))
    ends = np.clip([since, until], seconds[0], seconds[-1])
    inner = points[(seconds > ends[0]) & (seconds < ends[1])]
    first, last = (np.array([np.interp(end, seconds, axis) for axis in points.T]) for end in ends)
    return np.vstack([first, inner, last])


def _ink(canvas: NDArray[np.float32], points: Points, radius: float) -> None:
    """Draw a polyline, in pixels, on a canvas: the most of what is there and of its coverage."""
    rows, columns = canvas.shape
    for start, end in pairwise(points):
        low = np.floor(np.minimum(start, end) - radius - 1).clip(0, (columns, rows)).astype(int)
        high = np.ceil(np.maximum(start, end) + radius + 1).clip(0, (columns, rows)).astype(int)
        if (low >= high).any():
            continue
        x = np.arange(low[0], high[0]) + 0.5 - start[0]
        y = np.arange(low[1], high[1])[:, None] + 0.5 - start[1]
        along = end - start
        squared = float(along @ along)
        place = np.clip((x * along[0] + y * along[1]) / squared, 0, 1) if squared > 0 else 0.0
        distance = np.hypot(x - place * along[0], y - place * along[1])
        coverage = np.clip(0.5 + radius - distance, 0, min(2 * radius, 1)).astype(np.float32)
        box = canvas[low[1] : high[1], low[0] : high[0]]
        np.maximum(box, coverage, out=box)
