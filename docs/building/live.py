"""The debugger's and the simulator's pages, made anew in the build and shown within the site."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

from rich.console import Console

DEBUGGER = {  # file → title, what it shows
    "two-layers": (
        "A network of two layers",
        "Two samples, two inputs, three hidden units, two classes, momentum: every number can be checked by hand. "
        "[Lesson 09](../tutorials/09_one_training_step.ipynb) goes through such a step.",
    ),
    "emoji": (
        "The main job",
        "The first step of the main job's small model on four concepts: drawings, words, two towers, the contrastive "
        "loss, AdamW. It's what `tinyxm step emoji` writes.",
    ),
}
SIMULATOR = {  # file → title, what it shows, the kernel, the one beside it
    "coalescing": (
        "What 32 lanes fetch",
        "The same matmul twice: neighbouring lanes read far from one another on the left, side by side on the right.",
        "matmul/cuda_naive.cu",
        "matmul/cuda_coalesced.cu",
    ),
    "banks": (
        "Banks of shared memory",
        "A transposition through shared memory: a column of a 32 × 32 tile lies in one bank; one number more in each "
        "row, and it lies in all.",
        "transpose/cuda_unpadded.cu",
        "transpose/cuda_padded.cu",
    ),
    "race": (
        "A race",
        "A barrier is missing. The simulator names the two threads and both lines, even where the result was right.",
        "simt/examples/race.cu",
        None,
    ),
}
KEYS = "→ and ← step, space plays, f follows one weight, / searches"


def write(tree: Path) -> dict[str, int]:
    """The pages themselves, and the two pages of the site that show them.

    Returns the number of the main job's first operation of each phase and name, such as "forward conv2d".
    """
    live = tree / "extra" / "live"
    live.mkdir(parents=True)
    numbers = _steps(live)
    _launches(live)
    (tree / "practice").mkdir(exist_ok=True)
    lines = ["# The step debugger, live", "", f"Click into it, then {KEYS}. [How it's read](../docs/debugger.md).", ""]
    for name, (title, told) in DEBUGGER.items():
        lines += _frame(name, title, told)
    (tree / "practice" / "debugger.md").write_text("\n".join(lines), "utf-8")
    lines = [
        "# The GPU simulator, live",
        "",
        "CUDA C run on NumPy, every thread a lane: click a line, or step with → and ←. "
        "[How it's read](../docs/simulator.md).",
        "",
    ]
    for name, (title, told, kernel, beside) in SIMULATOR.items():
        command = f"`tinyxm simt {kernel}" + (f" --beside {beside}`" if beside else " racing`")
        lines += _frame(name, title, f"{told} Made by {command}.")
    (tree / "practice" / "simulator.md").write_text("\n".join(lines), "utf-8")
    return numbers


def _frame(name: str, title: str, told: str) -> list[str]:
    page = f"../live/{name}.html"
    frame = f'<iframe class="live" src="{page}" title="{title}" loading="lazy"></iframe>'
    return [f"## {title}", "", told, "", frame, "", f'<a href="{page}">On a page of its own</a>', ""]


def _steps(live: Path) -> dict[str, int]:
    import numpy as np

    import tinyxm as xm
    from tinyxm import recipes
    from tinyxm.recipes.step import first_step

    rng = np.random.default_rng(0)
    model = xm.nn.Sequential(xm.nn.Linear(2, 3, rng=rng), xm.nn.Tanh(), xm.nn.Linear(3, 2, rng=rng))
    optimizer = xm.optim.Momentum(model.parameters(), lr=0.5)
    x, labels = np.array([[1.0, 0.5], [-0.5, 1.0]], np.float32), np.array([1, 0])
    with xm.record(model, optimizer) as step:
        loss = xm.ops.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
    step.to_html(live / "two-layers.html")
    job = first_step(recipes.get("emoji"), console=Console(file=io.StringIO()))
    job.to_html(live / "emoji.html")
    return {f"{each.phase} {each.name}": number for number, each in reversed([*enumerate(job.operations)])}


def _launches(live: Path) -> None:
    from tinyxm import cli

    for name, (_, _, kernel, beside) in SIMULATOR.items():
        options = ["--beside", beside] if beside else ["racing"]
        with redirect_stdout(io.StringIO()):
            status = cli.main(["simt", kernel, *options, "--html", str(live / f"{name}.html")])
        if status != (beside is None):  # a race is told by the status, too
            raise RuntimeError(f"tinyxm simt {kernel} ended with status {status}")
