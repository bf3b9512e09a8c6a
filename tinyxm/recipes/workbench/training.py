"""What training does: each modality's gradient, and the space it makes, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinyxm import nn
from tinyxm.training.plots import SERIES, WIDTH, smoothed

GRADIENT = "gradient_norm_of_"
SPACE = {
    "alignment": "alignment (less is better)",
    "uniformity": "uniformity (less is better)",
    "modality_gap": "modality gap",
    "effective_rank": "effective rank",
}


def gradient_norms(model: nn.Module) -> dict[str, float]:
    """The norm of each part's gradient after a backward pass: {"gradient_norm_of_image": ‖∂θ_image‖, ...}.

    Parts are the model's own modules, such as its towers; those without a gradient are left out. For `Recipe.watch`:
    one modality whose gradient is many times another's learns alone, and the other is carried along.
    """
    squares: dict[str, Any] = {}
    for name, parameter in model.named_parameters():
        part, dot, _ = name.partition(".")
        if dot and parameter.grad is not None:
            squares[part] = squares.get(part, 0.0) + np.linalg.norm(parameter.grad.ravel()) ** 2
    return {f"{GRADIENT}{part}": float(np.sqrt(square)) for part, square in squares.items()}


def training_of_the_space(metrics: Sequence[Mapping[str, Any]], stage: str | None = None) -> Figure:
    """Gradient norms per modality, and the measures of the space, by step, of a run's metrics.jsonl.

    metrics: records that hold what `gradient_norms` or `space_of` gave, by `Recipe.watch`. stage: whose, by default the
    first that has any. Raises ValueError where none has.
    """
    keys = [key for key in dict.fromkeys(k for record in metrics for k in record) if key.startswith(GRADIENT)]
    measured = [key for key in SPACE if any(key in record for record in metrics)]
    having = [record for record in metrics if any(key in record for key in (*keys, *measured))]
    if not having:
        raise ValueError("training_of_the_space: no record has a gradient norm per modality or a measure of the space")
    stage = having[0].get("stage") if stage is None else stage
    having = [record for record in having if record.get("stage") == stage]
    panels = ([("gradient norm", keys)] if keys else []) + [(SPACE[key], [key]) for key in measured]
    down = -(-len(panels) // 2)
    figure = Figure((WIDTH, 2.9 * down), layout="constrained")
    grid = figure.subplots(down, 2 if len(panels) > 1 else 1, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (title, shown) in zip(grid, panels, strict=False):
        for key, colour in zip(shown, SERIES * len(shown), strict=False):
            points = [(record["step"], record[key]) for record in having if key in record]
            steps, values = (np.array(column, np.float64) for column in zip(*points, strict=True))
            axes.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
            axes.plot(steps, smoothed(values), color=colour, linewidth=1.8, label=key.removeprefix(GRADIENT))
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("step")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#E4E4E4", linewidth=0.8)
        if shown == keys:
            axes.set_yscale("log")
            axes.legend(frameon=False)
    return figure
