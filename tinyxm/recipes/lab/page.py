"""Both twins of a mistake side by side: the losses, and beneath them what gives the mistake away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tinyxm.recipes.lab.symptoms import Twins, false_negatives, lengths, nearest_training, off_centre
from tinyxm.training.diagnosis import Evidence, Finding
from tinyxm.training.plots import BLUE, GRAY, ORANGE, WIDTH
from tinyxm.training.report import Plot, Section, write_report

Draw = Callable[[Axes, Evidence, str], None]


def write_page(path: str | Path, both: Twins) -> Path:
    """Write one self-contained HTML page: symptoms, plots, diagnosis and mend. Returns the path."""
    mistake = both.mistake
    symptoms = {
        label: f"right twin {shown(right)}, wrong twin {shown(wrong)}"
        for label, (right, wrong) in both.symptoms.items()
    }
    right, wrong = both.diagnosis
    title, caption = SIGNS[mistake.name][:2]
    plot = Plot(twin_figure(both), f"Above, the loss at each step; the axes are the same. Beneath, {title}: {caption}")
    sections = [
        Section("The symptom", [f"What to look for: {mistake.shows}.", symptoms, plot]),
        Section("The diagnosis", [{"right twin": named(right), "wrong twin": named(wrong)}]),
        Section("Do it again", [f"`tinyxm lab {mistake.name} --seed {both.seed}`"]),
    ]
    introduction = f"The mistake: {mistake.what}. Two trainings on real digits, alike but for that one place."
    footer = "Handwritten digits: Alpaydin & Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0."
    return write_report(path, f"The failure lab: {mistake.name.replace('_', ' ')}", introduction, sections, footer)


def named(findings: list[Finding]) -> str:
    """What the rules found, as one text."""
    return " ".join(map(str, findings)) or "nothing"


def shown(value: float) -> str:
    """A symptom's number in three digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def twin_figure(both: Twins) -> Figure:
    """The right twin at the left, the wrong one at the right: losses above, the evidence of the mistake beneath."""
    title, _, draw = SIGNS[both.mistake.name]
    figure = Figure((WIDTH, 5.6), layout="constrained")
    losses = figure.add_subplot(2, 2, 1)
    other = figure.add_subplot(2, 2, 2, sharey=losses)
    below = figure.add_subplot(2, 2, 3), figure.add_subplot(2, 2, 4)
    for axes, twin, e, colour in (
        (losses, "right twin", both.right, BLUE),
        (other, "wrong twin", both.wrong, ORANGE),
    ):
        axes.plot(np.arange(len(e.losses)), e.losses, color=colour, linewidth=1.2)
        if e.unlearned is not None:
            axes.axhline(e.unlearned, color=GRAY, linestyle="--", linewidth=1)
        axes.set_title(f"{twin}: loss", loc="left", fontsize=10)
        axes.set_xlabel("step")
    known = [loss for e in (both.right, both.wrong) for loss in e.losses if np.isfinite(loss)]
    if max(known) > 30 * known[0]:  # one wild step would flatten all others
        losses.set_yscale("log")
    else:
        losses.set_ylim(bottom=0)
    for axes, e, colour in zip(below, (both.right, both.wrong), (BLUE, ORANGE), strict=True):
        draw(axes, e, colour)
        axes.set_title(title, loc="left", fontsize=10)
    _same_axes(*below)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _same_axes(left: Axes, right: Axes) -> None:
    """One scale for both, so that a difference is one of the twins; pictures have theirs by `_image`."""
    if left.images:
        limit = max(float(np.abs(np.asarray(axes.images[0].get_array())).max()) for axes in (left, right))
        for axes in (left, right):
            low = axes.images[0].get_clim()[0]
            axes.images[0].set_clim(-limit if low < 0 else 0, limit or 1)
            if low < 0:
                axes.figure.colorbar(axes.images[0], ax=axes)
        return
    for get, put in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
        ends = [getattr(axes, get)() for axes in (left, right)]
        for axes in (left, right):
            getattr(axes, put)(min(low for low, _ in ends), max(high for _, high in ends))


def _image(axes: Axes, values: np.ndarray, x: str, y: str, signed: bool = False) -> None:
    colours, low = ("RdBu", -1) if signed else ("Greys", 0)
    axes.imshow(values, cmap=colours, vmin=low, vmax=1, aspect="auto", interpolation="nearest")
    axes.set(xlabel=x, ylabel=y)


def _lengths(axes: Axes, e: Evidence, colour: str) -> None:
    axes.hist(lengths(e), bins=list(np.arange(0.05, lengths(e).max() + 0.1, 0.1)), color=colour)
    axes.set(xlabel="length", ylabel="vectors")


def _sums(axes: Axes, e: Evidence, colour: str) -> None:
    assert e.shares is not None
    sums = e.shares.sum(axis=1)
    axes.hist(sums, bins=list(np.arange(-0.025, sums.max() + 0.05, 0.05)), color=colour)
    axes.set(xlabel="sum of a picture's shares", ylabel="pictures")


def _false_negatives(axes: Axes, e: Evidence, colour: str) -> None:
    _image(axes, false_negatives(e).astype(float), "name", "picture")
    axes.set_aspect("equal")


def _first_gradients(axes: Axes, e: Evidence, colour: str) -> None:
    _image(axes, next(g for g in e.gradients.values() if g.ndim == 2), "unit", "pixel", signed=True)


def _norms(axes: Axes, e: Evidence, colour: str) -> None:
    axes.semilogy(np.maximum(e.gradient_norms, 1e-3), color=colour, linewidth=1.2)
    axes.set_xlabel("step")


def _distances(axes: Axes, e: Evidence, colour: str) -> None:
    axes.hist(nearest_training(e), bins=list(np.arange(0, 3.2, 0.1)), color=colour)
    axes.set(xlabel="distance to the nearest training sample", ylabel="test samples")


def _off_centre(axes: Axes, e: Evidence, colour: str) -> None:
    side = round(off_centre(e).size ** 0.5)
    _image(axes, off_centre(e).reshape(side, -1), "", "", signed=True)
    axes.set_aspect("equal")


def _told(axes: Axes, e: Evidence, colour: str) -> None:
    names = list(e.scores)
    bars = axes.barh([name.replace("_", " ") for name in names], list(e.scores.values()), color=GRAY)
    bars[names.index(e.reported)].set_color(colour)
    axes.set(xlabel="BLEU-4", xlim=(0, 1))


SIGNS: Mapping[str, tuple[str, str, Draw]] = {
    "no_unit_length": ("lengths of the vectors", "a dot product of vectors that aren't 1 long is no cosine.", _lengths),
    "softmax_axis": ("sums of shares", "what is said of one picture must add up to 1.", _sums),
    "duplicate_captions": (
        "right answers that count as wrong",
        "black is a picture and a name that belong together, and are pushed apart.",
        _false_negatives,
    ),
    "zero_initialisation": ("gradients of the first layer", "white is 0: nothing to go by.", _first_gradients),
    "no_warm_up": ("gradient norm", "steps that are too long lead to where the gradient is wild.", _norms),
    "learning_rate_too_high": ("gradient norm", "it leaps, and there is no way back.", _norms),
    "leaking_split": ("how new the test is", "at 0 a test sample is a training sample.", _distances),
    "test_statistics": (
        "the mean taken off, less the training set's",
        "what isn't white came from the test samples.",
        _off_centre,
    ),
    "teacher_forcing": ("BLEU", "in colour the one that is told, in gray the other.", _told),
}
