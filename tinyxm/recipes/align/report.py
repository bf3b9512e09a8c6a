"""What the report of a run shows: scores, the spectrum of correlations, and what the first directions mean."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.data import Split
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.models.linear import CanonicalCorrelation
from tinyxm.recipes.align.methods import canonical
from tinyxm.recipes.recipe import Hit, Results
from tinyxm.training.plots import BLUE, GRAY, ORANGE, WIDTH, drawable, on_white, score_bars
from tinyxm.training.report import Part, Plot, Scores, Section
from tinyxm.training.tables import ROWS as KNOWN
from tinyxm.training.tables import score_tables

if TYPE_CHECKING:
    from tinyxm.recipes.align.pairings import Pairing
    from tinyxm.recipes.run import Run

TITLES = {
    "two_measures": "a tumour's mean and worst measures",
    "two_styles": "Twemoji's and OpenMoji's drawings",
    "picture_text": "emoji's pictures and texts",
    "spoken_written": "spoken and handwritten digits",
    "twemoji_to_openmoji": "Twemoji → OpenMoji",
    "openmoji_to_twemoji": "OpenMoji → Twemoji",
    "twemoji": "Twemoji",
    "openmoji": "OpenMoji",
}
ROWS = {
    "model": (
        "deep CCA",
        "a tower of one hidden layer for each modality, trained so that all canonical correlations of a batch are as "
        "large as they can be, and linear CCA after it",
    )
}
NOTES = (
    "A correlation in training says little: with as many directions as there are samples, anything correlates with "
    "anything. The plots of correlations show the held-out pairs' beside it; what is left there is real.",
    "Spoken and handwritten digits belong together by their class alone, so any picture of the digit is a right "
    "answer, and recall at 1 is the share of queries answered with the right class. The voices are synthesised, and "
    "those of the test were never heard.",
    "Kernel CCA, generalised CCA and CSLS see the whole of the test gallery, or a third modality in training: no more "
    "of the test than CCA does.",
    "CSLS takes many queries at once; a search engine that hears one at a time can't use it.",
)
KEPT = {"voices": ["speaker"], "families": ["variants", "family"], "patients": []}  # what each split keeps whole
SHOWN = 3  # directions
ENDS = 4  # samples at each end of a direction


def leaks(pairing: Pairing, near: float | None) -> list[str]:
    """What crosses the split all the same; without `near`, the same samples alone."""
    parts = Split({"train": pairing.train, "test": pairing.test})
    return str(parts.leaks(pairing.samples, groups=KEPT[pairing.over], near=near, rate_hz=RATE_HZ)).splitlines()


def hit(pairing: Pairing, modality: str, row: int, score: float) -> Hit:
    """One answer, with its picture."""
    shown, id_ = pairing.shown[modality], pairing.samples.ids[row]
    names = pairing.samples["name"] if "name" in pairing.samples.modalities else pairing.samples["text"]
    return Hit(names[row], score, None if isinstance(shown, list) else np.asarray(shown[row]), id_)


def introduction(results: Results) -> str:
    """What was done and how well it went, in three sentences."""
    told = []
    for part, way, score, among in (
        ("picture_text", "text_to_image", "recall@10", "among the first ten"),
        ("spoken_written", "audio_to_image", "recall@1", "first"),
    ):
        if part in results:
            scores = {"model": results[part][way], **results[part][way]["baselines"]}
            found = {name: scored[score] for name, scored in scores.items()}
            best = max(found, key=lambda name: (found[name], name == "cca"))  # where all are right, the simplest
            told.append(
                f"For {TITLES[part]}, linear CCA finds {found['cca']:.0%} {among}, "
                + ("and no other method more" if best == "cca" else f"{_called(best)}, the best, {found[best]:.0%}")
            )
    largest = max(scores["largest_difference"] for scores in results["scikit_learn"].values())
    sentences = [
        "Pairs of modalities, brought together by every method of alignment and asked for one another on held-out data",
        *told,
        f"Canonical variates differ from scikit-learn's by {largest:.1g} of a standard deviation at most",
    ]
    return ". ".join(sentences) + "."


def _called(method: str) -> str:
    return {**KNOWN, **ROWS}[method][0] if method in {**KNOWN, **ROWS} else method.replace("_", " ")


def sections(run: Run, results: Results) -> list[Section]:
    """A section for each pairing."""
    found = []
    for name in run.stages:
        pairing, ways = run.data[name], run.data[name].ways
        tables = score_tables({name: {way: results[name][way] for way in ways}}, TITLES, ROWS)
        first, second = pairing.pair
        parts: list[Part] = [
            f"{len(pairing.train):,} pairs to learn from, {len(pairing.test):,} held out; {pairing.over} are on one "
            "side of the split.",
            Scores(tables),
            Plot(score_bars(tables, "recall@1"), "Recall at 1 of every method, held out.", f"{name}_scores"),
            Plot(
                spectrum_plot(results[name]["spectrum"]),
                "The correlation of each canonical direction: in training, and of pairs never seen.",
                f"{name}_spectrum",
            ),
            Plot(
                directions_plot(pairing, canonical(pairing, run.settings.components)),
                f"The first directions of linear CCA, and what lies at both ends of each, held out: "
                f"{TITLES.get(first, first)} above, {TITLES.get(second, second)} beneath."
                if pairing.shown
                else "How each measure correlates with the first canonical directions, held out.",
                f"{name}_directions",
            ),
        ]
        found.append(Section(TITLES[name][:1].upper() + TITLES[name][1:], parts))
    return found


def spectrum_plot(spectra: dict[str, dict[str, list[float]]]) -> Figure:
    """Correlation by direction, a panel for CCA and one for deep CCA: training above, held out beneath."""
    figure = Figure((WIDTH, 3.2), layout="constrained")
    for axes, (method, parts) in zip(figure.subplots(1, 2, sharey=True), spectra.items(), strict=True):
        places = np.arange(1, len(parts["train"]) + 1)
        axes.plot(places, parts["train"], "o-", color=BLUE, markersize=3, label="training")
        axes.plot(places, parts["held_out"], "o-", color=ORANGE, markersize=3, label="held out")
        axes.axhline(0, color=GRAY, linewidth=0.8)
        axes.set_title({"cca": "CCA", "deep_cca": "deep CCA"}[method], loc="left", fontsize=10)
        axes.set_xlabel("canonical direction")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#E4E4E4", linewidth=0.8)
    figure.axes[0].set_ylabel("correlation")
    figure.axes[0].legend(frameon=False, loc="lower left")
    return figure


def directions_plot(pairing: Pairing, model: CanonicalCorrelation) -> Figure:
    """What the first canonical directions mean: samples at their ends, or where features have names, those' weight."""
    projected = {}
    for name, project in zip(pairing.pair, (model.project_x, model.project_y), strict=True):
        projected[name] = project(pairing.reduced_views[name][pairing.test])
    return _loadings(pairing, projected) if pairing.columns else _ends(pairing, projected)


def _loadings(pairing: Pairing, projected: dict[str, NDArray[Any]]) -> Figure:
    """Correlation of each feature with the first variates of its own view."""
    figure = Figure((WIDTH, 3.6), layout="constrained")
    axes = figure.subplots(1, len(projected), sharey=True)
    for panel, (name, variates) in zip(axes, projected.items(), strict=True):
        view = pairing.views[name][pairing.test]
        table = np.corrcoef(view.T, variates[:, :SHOWN].T)[: view.shape[1], view.shape[1] :]
        drawn = panel.imshow(table, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        panel.set_yticks(range(view.shape[1]), pairing.columns[name])
        panel.set_xticks(range(SHOWN), [f"direction {k + 1}" for k in range(SHOWN)])
        for (i, j), value in np.ndenumerate(table):
            panel.text(j, i, f"{value:z.2f}", ha="center", va="center", color="white" if abs(value) > 0.6 else "black")
        panel.set_title(name, loc="left", fontsize=10)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    figure.colorbar(drawn, ax=axes, label="correlation", fraction=0.03).outline.set_visible(False)
    return figure


def _ends(pairing: Pairing, projected: dict[str, NDArray[Any]]) -> Figure:
    """The held-out samples with the lowest and the highest value of each of the first directions."""
    rows = 2 * SHOWN
    figure = Figure((WIDTH, 1.05 * rows + 0.3), layout="constrained")
    grid = figure.subplots(rows, 2 * ENDS, squeeze=False)
    for direction in range(SHOWN):
        for place, (name, variates) in enumerate(projected.items()):
            order = np.argsort(variates[:, direction], kind="stable")
            across = grid[2 * direction + place]
            for axes, row in zip(across, [*order[:ENDS], *order[-ENDS:]], strict=True):
                _show(axes, pairing.shown[name], int(pairing.test[row]))
                axes.set_xticks([])
                axes.set_yticks([])
                axes.spines[:].set_visible(False)
            across[0].set_ylabel(f"{direction + 1}: {TITLES.get(name, name)}", fontsize=9)
    grid[0, 0].set_title("one end", loc="left", fontsize=10)
    grid[0, ENDS].set_title("the other", loc="left", fontsize=10)
    return figure


def _show(axes: Any, shown: Any, row: int) -> None:
    if isinstance(shown, list):
        broken = "\n".join(textwrap.wrap(drawable(shown[row]), 14, max_lines=3, placeholder=" …"))
        axes.text(0.5, 0.5, broken, ha="center", va="center", fontsize=8, parse_math=False, transform=axes.transAxes)
    else:
        axes.imshow(on_white(np.asarray(shown[row])), interpolation="nearest")
