import random
from importlib.resources import files
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tinyxm.data.strokes import (
    Stroke,
    draw_strokes,
    flatten_path,
    parse_path,
    read_svg_paths,
    reversed_strokes,
    stroke_frames,
    timed_strokes,
)

KANJI = find_spec("kanji") is not None
LETTER = "M31.01,33c0.88,0.88,2.75,1.82,5.25,1.75c8.62-0.25,20-2.12,29.5-4.25s4.62-0.88,6.62-0.5"


def bezier(curve, t):
    """B(t) by Bernstein's polynomials, in float64."""
    a = 1 - t
    weights = {2: [a, t], 3: [a**2, 2 * a * t, t**2], 4: [a**3, 3 * a**2 * t, 3 * a * t**2, t**3]}[len(curve)]
    return np.stack(weights, -1) @ curve


def polyline_distance(points, line):
    """How far points are from a polyline: the least over its parts."""
    best = np.full(len(points), np.inf)
    for a, b in pairwise(line):
        t = np.clip((points - a) @ (b - a) / max((b - a) @ (b - a), 1e-30), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - a - t[:, None] * (b - a), axis=1))
    return best


def fonttools_curves(d):
    """The same path by fontTools' parser: subpaths of curves."""
    pen = pytest.importorskip("fontTools.pens.recordingPen").RecordingPen()
    pytest.importorskip("fontTools.svgLib.path").parse_path(d, pen)
    subpaths, at = [], None
    for name, points in pen.value:
        if name == "moveTo":
            start = at = points[0]
            subpaths.append([])
        elif name == "closePath":
            subpaths[-1].append(np.array([at, start]))
        elif name != "endPath":
            subpaths[-1].append(np.array([at, *points], float))
            at = points[-1]
    return subpaths


@pytest.mark.parametrize(
    "d",
    [
        LETTER,
        "M 1 2 L 3 4 H 9 V -1 h -2 v .5 l 1-1",
        "m1,2 3,4-5.5e0.25 6 7",
        "M0 0C1 2 3 4 5 6S7 8 9 10s1 1 2-3",
        "M0 0S7 8 9 10",
        "M0,0Q5,9 10,0T20,0t10,0T 1 1",
        "M0 0T5 5",
        "M0 0L5 5S7 8 9 10T1 2",
        "M10 10L20 10L20 20Z",
        "M0 0A5 5 0 0 1 10 0",
        "M0 0a5 3 30 1 0 4 2A1 1 0 0 0 9 9",
    ],
)
def test_paths_against_fonttools(d):
    mine, theirs = parse_path(d), fonttools_curves(d)
    assert len(mine) == len(theirs)
    t = np.linspace(0, 1, 601)
    for curves, others in zip(mine, theirs, strict=True):
        if "A" in d.upper():  # which fontTools cuts into other pieces
            line = np.concatenate([bezier(curve, t) for curve in others])
            assert max(polyline_distance(bezier(curve, t[::60]), line).max() for curve in curves) < 3e-3
            np.testing.assert_allclose(curves[-1][-1], others[-1][-1], atol=1e-9)
            continue
        others = [curve for curve in others if len(curves) == len(others) or not np.array_equal(*curve[[0, -1]])]
        for curve, other in zip(curves, others, strict=True):
            np.testing.assert_allclose(curve, other, atol=1e-9)


def test_arcs_lie_on_their_ellipses():
    half = flatten_path("M0 0A1 1 0 0 1 2 0", 1e-4)[0]  # sweep 1: angles grow, from the left over the top, y downwards
    np.testing.assert_allclose(np.hypot(half[:, 0] - 1, half[:, 1]), 1, atol=2e-4)
    np.testing.assert_allclose(half[np.argmin(half[:, 1])], [1, -1], atol=0.05)
    lengths = {}
    for large in (0, 1):
        for sweep in (0, 1):
            line = flatten_path(f"M0 0A5 5 0 {large}{sweep}5 5", 1e-4)[0]
            lengths[large, sweep] = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
            centre = (5, 0) if large == sweep else (0, 5)
            np.testing.assert_allclose(np.hypot(*(line - centre).T), 5, atol=3e-4)
    quarter = np.pi / 2 * 5
    assert lengths == pytest.approx(
        {(0, 0): quarter, (0, 1): quarter, (1, 0): 3 * quarter, (1, 1): 3 * quarter}, rel=1e-4
    )
    turned = flatten_path("M0 0A3 1 90 0 1 0 6", 1e-4)[0]  # radii 3 and 1, turned upright
    np.testing.assert_allclose((turned[:, 1] - 3) ** 2 / 9 + turned[:, 0] ** 2, 1, atol=3e-4)
    small = flatten_path("M0 0A1 1 0 0 1 10 0", 1e-3)[0]  # too small to reach: enlarged to radius 5
    np.testing.assert_allclose(np.hypot(small[:, 0] - 5, small[:, 1]), 5, atol=2e-3)
    np.testing.assert_array_equal(flatten_path("M0 0A0 1 0 0 1 10 0")[0], [[0, 0], [10, 0]])


def test_flattening_keeps_to_its_tolerance_and_needs_the_points_it_takes():
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 3000)
    for tolerance in (1.0, 0.1, 0.01):
        tight = 0.0
        for _ in range(20):
            curve = rng.uniform(0, 100, (rng.integers(3, 5), 2))
            letter = {3: "Q", 4: "C"}[len(curve)]
            numbers = " ".join(f"{value!r}" for value in curve[1:].ravel().tolist())
            start = " ".join(map(repr, curve[0].tolist()))
            line = flatten_path(f"M{start}{letter}{numbers}", tolerance)[0]
            np.testing.assert_array_equal(line[[0, -1]], curve[[0, -1]])
            far = polyline_distance(bezier(curve, t), line).max()
            assert far <= tolerance
            tight = max(tight, far / tolerance)
        assert tight > 0.5
    # a parabola bends evenly: the bound is met exactly in the middle of each chord
    line = flatten_path("M0 0Q50 100 100 0", 1.0)[0]
    assert len(line) == np.ceil(np.sqrt(2 * 200 / 8)) + 1


def test_subpaths_and_closing():
    square, line = flatten_path("M0 0H4V4H0ZL9 9")
    np.testing.assert_array_equal(square, [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]])
    np.testing.assert_array_equal(line, [[0, 0], [9, 9]])
    assert [len(one) for one in flatten_path("M0 0 1 1 M5 5 m1 1 l1 0 1 0")] == [2, 3]
    assert flatten_path("") == []
    assert flatten_path("M1 1") == []


@pytest.mark.parametrize(
    ("d", "fault"),
    [
        ("L1 1", "M, where a path begins"),
        ("M1", "2 numbers after M"),
        ("M0 0 C1 2 3 4 5", "6 numbers after C"),
        ("M0 0 X 1", "one of M L H"),
        ("M0 0 A1 1 0 2 0 1 1", "0 or 1"),
        ("M0 0 L1e9 0", "coordinates up to"),
        ("M0 0 L1e999 0", "coordinates up to"),
        ("M0 0 Z 5 5", "a command"),
        ("M0 0 L nan 0", "2 numbers after L"),
        ("5 5", "a command"),
    ],
)
def test_faulty_paths(d, fault):
    with pytest.raises(ValueError, match=rf"parse_path: at character \d+ of .*{fault}"):
        flatten_path(d)


def test_any_text_is_a_path_or_a_fault():
    pick = random.Random(0)
    good = bad = 0
    for _ in range(3000):
        parts = ["M0 0"]
        for letter in pick.choices("MLHVCSQTAZmlhvcsqtaz", k=pick.randrange(5)):
            count = {"H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "A": 7, "Z": 0}.get(letter.upper(), 2)
            parts.append(letter + " ".join(pick.choice(["0", "1", ".5", "-3", "1e1"]) for _ in range(count)))
        d = list("".join(parts))
        if pick.random() < 0.5:
            d[pick.randrange(len(d))] = pick.choice("MCAz0.-, ex\x00\u0661")
        try:
            lines = flatten_path("".join(d))
        except ValueError as error:
            bad += 1
            if not str(error).startswith("parse_path: at character "):
                raise
        else:
            good += 1
            assert all(np.isfinite(line).all() for line in lines)
    assert good > 500
    assert bad > 500


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 109 109">{}</svg>'


def test_svg_paths(tmp_path):
    inside = (
        '<defs><path d="M9 9"/></defs><g><path d="M0 0L1 1"/></g><text transform="scale(2)">1</text><path d="M2 2"/>'
    )
    found = read_svg_paths(SVG.format(inside).encode())
    assert found.paths == ["M0 0L1 1", "M2 2"]
    assert found.view_box == (0, 0, 109, 109)
    (tmp_path / "a.svg").write_text('<svg width="20px" height="10"><path d="M0 0"/></svg>')
    assert read_svg_paths(tmp_path / "a.svg").view_box == (0, 0, 20, 10)
    # what KanjiVG's files begin with: a declaration of attributes is harmless, and the address isn't fetched
    head = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.0//EN" "http://localhost:1/x.dtd" [<!ATTLIST g a CDATA #IMPLIED >]>'
    assert read_svg_paths((head + SVG.format('<path d="M0 0"/>')).encode()).paths == ["M0 0"]


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(10))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"<!DOCTYPE svg [{LAUGHS}]>" + SVG.format("<text>&l9;</text>"), "declares the entity 'l0'"),
        ('<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG.format("&x;"), "declares the entity 'x'"),
        ('<!DOCTYPE svg [<!ENTITY % x SYSTEM "http://localhost:1/">%x;]>' + SVG.format(""), "declares the entity 'x'"),
        (SVG.format("&nothing;"), "undefined entity"),
        (SVG.format('<g transform="scale(2)"><path d="M0 0"/></g>'), "moved by a transform"),
        (SVG.format(""), "has no path"),
        (SVG.format("<path"), "not well-formed"),
        ("", "no element"),
        ("<html/>", "outermost element is <html>"),
        (SVG.replace("0 0 109 109", "0 0 0 5").format(""), "expected sides above 0"),
        (SVG.replace("0 0 109 109", "0 0 one 5").format(""), "expected four numbers"),
        (SVG.replace("0 0 109 109", "0 0 nan 5").format(""), "expected sides above 0"),
    ],
)
def test_svg_that_is_refused(tmp_path, content, fault):
    (tmp_path / "a.svg").write_text(content)
    with pytest.raises(ValueError, match=rf"read_svg_paths: .*a\.svg isn't an SVG that can be read: .*{fault}"):
        read_svg_paths(tmp_path / "a.svg")


def test_svg_that_is_too_large_isnt_read(tmp_path):
    with (tmp_path / "a.svg").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match=r"a\.svg has 1,099,511,627,776 bytes"):
        read_svg_paths(tmp_path / "a.svg")


def test_the_pen_moves_at_its_speed():
    first, second = timed_strokes([[[0, 0], [3, 4], [3, 14]], [[0, 0], [1, 0]]], units_per_second=10, pause_seconds=0.5)
    np.testing.assert_allclose(first.seconds, [0, 0.5, 1.5])
    np.testing.assert_allclose(second.seconds, [2.0, 2.1])
    with pytest.raises(ValueError, match="0 units per second"):
        timed_strokes([], units_per_second=0)
    with pytest.raises(ValueError, match=r"a polyline \(3,\)"):
        timed_strokes([[1, 2, 3]])


def capsule(length, width):
    return length * width + np.pi * width**2 / 4


@pytest.mark.parametrize(("start", "end"), [((8, 20), (30, 20)), ((10.3, 8.1), (29.7, 31.4)), ((20, 20), (20, 20))])
@pytest.mark.parametrize("width", [2.0, 6.5])
def test_ink_has_the_area_of_the_line(start, end, width):
    stroke = timed_strokes([[start, end]])
    picture = draw_strokes(stroke, size=40, view_box=(0, 0, 40, 40), width=width)
    assert picture.shape == (40, 40, 1)
    expected = capsule(np.hypot(*np.subtract(end, start)), width)
    assert picture.sum() == pytest.approx(expected, rel=0.04, abs=0.4)
    double = draw_strokes(stroke, size=80, view_box=(0, 0, 40, 40), width=width)
    assert double.sum() == pytest.approx(4 * expected, rel=0.02, abs=0.6)


def test_ink_against_pillow_drawn_large():
    points = np.array([(6.0, 6), (30, 12), (18, 33), (33, 30)])
    mine = draw_strokes(timed_strokes([points]), size=40, view_box=(0, 0, 40, 40), width=4)[..., 0]
    large = Image.new("L", (640, 640))
    pen = ImageDraw.Draw(large)
    scaled = [tuple(point * 16) for point in points]
    pen.line(scaled, fill=255, width=64)
    for x, y in scaled:
        pen.ellipse([x - 32, y - 32, x + 32, y + 32], fill=255)
    truth = np.asarray(large.resize((40, 40), Image.Resampling.BOX)) / 255
    assert np.abs(mine - truth).max() < 0.3  # in the inner corners, where two parts cover one pixel
    assert np.abs(mine - truth)[:18, 8:28].max() < 0.16  # along a line
    assert np.abs(mine - truth).mean() < 0.005


def test_thin_lines_are_pale_not_broken():
    line = draw_strokes(timed_strokes([[[0, 20.5], [40, 20.5]]]), size=40, view_box=(0, 0, 40, 40), width=0.4)
    np.testing.assert_allclose(line[20, 5:35, 0], 0.4, atol=1e-6)


def test_frames_show_what_is_drawn_by_then():
    strokes = timed_strokes([one for d in (LETTER, "M10 80 C 40 20 60 20 100 90") for one in flatten_path(d)])
    video = stroke_frames(strokes, rate_hz=10, size=(40, 48), hold_seconds=0.3)
    assert video.frames.shape[1:] == (40, 48, 1)
    assert video.frames.dtype == np.float32
    assert len(video.seconds) == len(video.frames) + 1
    end = strokes[-1].seconds[-1]
    assert len(video.frames) == np.ceil(end * 10) + 1 + 3
    for k, frame in enumerate(video.frames):
        np.testing.assert_allclose(frame, draw_strokes(strokes, k / 10, size=(40, 48)), atol=1e-5)
    assert (np.diff(video.frames, axis=0) >= 0).all()
    assert 0 < video.frames[0].sum() < 12  # the pen's tip
    np.testing.assert_array_equal(video.frames[-1], draw_strokes(strokes, size=(40, 48)))
    # halfway through a straight stroke half of it is there
    half = draw_strokes(timed_strokes([[[10, 50], [90, 50]]], 80), 0.5, size=109, width=4).sum()
    assert half == pytest.approx(capsule(40, 4), rel=0.02)


def test_strokes_reversed_run_back_in_time():
    strokes = timed_strokes([[[0, 0], [10, 0]], [[5, 5], [5, 9], [8, 9]]], 10, 0.5)  # until 1.0; from 1.5 to 2.2
    first, last = reversed_strokes(strokes)
    assert first.points.tolist() == [[8, 9], [5, 9], [5, 5]]
    np.testing.assert_allclose(first.seconds, [0, 0.3, 0.7])
    assert last.points.tolist() == [[10, 0], [0, 0]]
    np.testing.assert_allclose(last.seconds, [1.2, 2.2])
    assert reversed_strokes([]) == []
    for mine, theirs in zip(reversed_strokes([first, last]), strokes, strict=True):
        np.testing.assert_allclose(mine.seconds, theirs.seconds, atol=1e-12)
        np.testing.assert_array_equal(mine.points, theirs.points)


def test_what_cannot_be_drawn():
    strokes = timed_strokes([[[0, 0], [1000, 0]]], units_per_second=0.001)
    with pytest.raises(ValueError, match=r"stroke_frames: \d+ frames of 64 × 64 pixels; expected at most"):
        stroke_frames(strokes)
    with pytest.raises(ValueError, match="draw_strokes: size 0"):
        draw_strokes(strokes, size=0)
    with pytest.raises(ValueError, match="0 frames a second"):
        stroke_frames(strokes, rate_hz=0)
    with pytest.raises(ValueError, match=r"Stroke: points \(2, 2\) at \(2,\) times"):
        draw_strokes([Stroke(np.zeros((2, 2)), np.array([1.0, 0.0]))])
    assert draw_strokes([], size=4).sum() == 0
    assert (draw_strokes(timed_strokes([[[500, 500], [600, 600]]]), size=8) == 0).all()  # out of sight


def test_strokes_show_themselves(tmp_path):
    strokes = timed_strokes(flatten_path(LETTER))
    draw_strokes.plot(strokes, 0.2).savefig(tmp_path / "a.png")
    figure = stroke_frames.plot(strokes, rate_hz=10)
    assert "seconds" in figure.axes[1].get_xlabel()


@pytest.mark.skipif(not KANJI, reason="kanjivg isn't installed")
@pytest.mark.parametrize("name", ["04e00", "03042", "06f22", "09b31", "00038", "00061"])
def test_real_characters(name):
    data = files("kanji").joinpath(f"{name}.svg").read_bytes()
    paths, box = read_svg_paths(data)
    assert box == (0, 0, 109, 109)
    assert len(paths) == data.count(b"<text")  # each stroke has its number written beside it
    for d in paths:
        (line,) = flatten_path(d, 0.02)
        ((*curves,),) = fonttools_curves(d)
        on = np.concatenate([bezier(curve, np.linspace(0, 1, 50)) for curve in curves])
        assert polyline_distance(on, line).max() <= 0.02
        assert line.min() >= 0
        assert line.max() <= 109
