"""One page on a run: its space, its training, the gap against temperature, false negatives, missing modalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.models.linear import PrincipalComponents
from tinyxm.recipes.workbench.collapse import collapse
from tinyxm.recipes.workbench.missing import MissingModalities
from tinyxm.recipes.workbench.negatives import false_negatives
from tinyxm.recipes.workbench.space import space_of, temperature_sweep
from tinyxm.recipes.workbench.training import training_of_the_space
from tinyxm.training.report import Part, Plot, Section, write_report

if TYPE_CHECKING:
    from tinyxm.recipes.run import Run

Matrix = NDArray[Any]
BATCH = 128  # pairs of the false-negative map, where the run doesn't say
WIDTH = 128  # principal components of the features that small towers are trained on


@dataclass(frozen=True)
class Pairs:
    """What a recipe of two towers shows of a run, as `Recipe.pairs` gives it.

    embeddings: {modality: (m, d)}, two modalities, of held-out pairs, by the trained model. train, held_out:
    {modality: features (n, p)} and {modality: features (m, p)}, for what is trained here. names, pictures: of the
    training pairs, (n,) and (n, height, width, 3 or 4) or None. kinds, held_out_kinds: where pairs of one kind mean the
    same. stage: whose model it is.
    """

    embeddings: dict[str, Matrix]
    train: dict[str, Matrix]
    held_out: dict[str, Matrix]
    names: Sequence[str]
    pictures: Matrix | None = None
    kinds: Matrix | None = None
    held_out_kinds: Matrix | None = None
    stage: str = ""


def write_page(run: Run, path: Path | None = None) -> Path:
    """Write workbench.html into the run's folder, or to `path`; returns where it is.

    Raises ValueError for a recipe that has neither two towers nor a fused model.
    """
    found = sections(run, steps=100)
    if not found:
        raise ValueError(f"workbench: {run.recipe.name} has neither two towers nor a fused model to look into")
    path = path or run.folder.path / "workbench.html"
    introduction = (
        "What the model's space looks like, what training did to it, and which modality carries the answer. None of "
        "these measures is a score: each shows why a score is what it is."
    )
    return write_report(path, f"Workbench: {run.recipe.title}", introduction, found)


def sections(run: Run, steps: int = 0) -> list[Section]:
    """What can be told of this run; `steps` are those of the small towers at each temperature, 0 to leave them out."""
    pairs, missing = run.recipe.pairs(run), run.recipe.missing(run)
    found: list[Section] = []
    if pairs is not None:
        gap = [_gap(run, pairs, steps)] if steps else []
        found = [_space(pairs), *_training(run), *gap, _negatives(run, pairs)]
    return found + ([] if missing is None else [_missing(missing)])


def _space(pairs: Pairs) -> Section:
    x, y = pairs.embeddings.values()
    alarm = collapse(pairs.embeddings)
    told = {sign.name: f"{sign.value:.3g} (alarm beyond {sign.limit:.3g})" for sign in alarm.signs}
    parts: list[Part] = [
        "Of held-out pairs. Modality gap: distance of both modalities' centres, 0 to 2. Alignment: squared distance of "
        "true pairs; uniformity: how evenly the sphere is filled; of both, less is better. Effective rank: directions "
        "in use.",
        space_of(x, y),
        f"Collapse alarm: {alarm}.",
        told,
        Plot(
            alarm.plot(), "Singular values of the held-out embeddings: steep where few directions are in use.", "space"
        ),
    ]
    return Section("The shared space", parts)


def _training(run: Run) -> list[Section]:
    try:
        figure = training_of_the_space(run.folder.metrics())
    except ValueError:
        return []
    caption = (
        "The gradient's norm in each part, after clipping, and what else was logged of the space. A part whose "
        "gradient is many times another's learns alone, and the other is carried along."
    )
    return [Section("Along training", [Plot(figure, caption, "gradients")])]


def _gap(run: Run, pairs: Pairs, steps: int) -> Section:
    train, held_out = {}, {}
    for name, features in pairs.train.items():
        axes = PrincipalComponents(WIDTH, fewer=True).fit(np.asarray(features, np.float32))
        train[name], held_out[name] = axes.transform(features), axes.transform(pairs.held_out[name])
    kinds = pairs.held_out_kinds
    correct = None if kinds is None else kinds[:, None] == kinds
    (x, y), (new_x, new_y) = train.values(), held_out.values()
    sweep = temperature_sweep(
        x, y, new_x, new_y, kinds=pairs.kinds, correct=correct, steps=steps, seed=run.settings.seed
    )
    told = (
        "Small two towers, trained on the same pairs' features at fixed temperatures, from the same start. A low "
        "temperature looks at the hardest negatives alone and leaves the gap as it was; a high one closes it, and "
        "treats all negatives alike. Neither end is best for retrieval."
    )
    caption = "Left: after training. Right: how each training goes through the plane of alignment and uniformity."
    return Section("The modality gap against temperature", [told, Plot(sweep.plot(), caption, "temperature")])


def _negatives(run: Run, pairs: Pairs) -> Section:
    rng = np.random.default_rng(run.settings.seed)
    size = min(run.settings.batch_size, BATCH, len(pairs.names))
    rows = rng.choice(len(pairs.names), size, replace=False)
    pictures = None if pairs.pictures is None else pairs.pictures[rows]
    features = [np.asarray(view)[rows] for view in pairs.train.values()]
    found = false_negatives(*features, names=[pairs.names[i] for i in rows], pictures=pictures)
    told = (
        f"A batch of {size} pairs, drawn as training draws them: {len(found.pairs)} of its "
        f"{size * (size - 1) // 2:,} pairs of different samples agree in picture, sound or text by 0.9 or more, or "
        "bear one name. A contrastive loss pushes them apart all the same, unless it's told (`same=` of `info_nce`)."
    )
    return Section("False negatives", [told, Plot(found.plot(), "Their likeness; such pairs are framed.", "negatives")])


def _missing(found: MissingModalities) -> Section:
    return Section(
        "Missing modalities",
        [
            *([f"Asked: {found.model}."] if found.model else []),
            Plot(found.bars(), "With only these modalities there.", "alone"),
            Plot(
                found.plot(),
                "With growing shares of samples that lack one, or any but not all.",
                "missing",
            ),
        ],
    )
