"""How long the page of a recorded step takes to open, and from one operation to the next, in Chromium.

    python benchmarks/step_page.py [PAGE.html ...] [--rounds 3] [--json FILE]

The steps that the tests record, one of arrays of a million columns, and the pages that are given. Opening counts from
the navigation to the first frame that shows the step. A step: each operation once forward and once back in every round,
where there are more than STRETCH those in the midst; milliseconds on the clock from the key press to the end of the
layout, median, 95th percentile and greatest, and the same of the processor's time for all that the page's thread then
does, script, layout and painting, which others at work on the machine change less. Of the slowest operations the name,
and the median of that time over the times that they were shown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

OPEN, STEP = 2000.0, 50.0  # ms, what it may take
STRETCH = 150  # operations of a step that are gone through
SLOWEST = 3  # operations that are named

PAINTED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(
  Math.max(performance.now(), performance.getEntriesByName("tinyxm-step ready")[0].startTime)))))"""

STEPS = """async (further) => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const taken = [];
  for (const key of ["ArrowRight", "ArrowLeft"]) for (let i = 0; i < further; i++) {
    await painted();
    const start = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    document.body.offsetHeight;
    const laid = performance.now();
    await painted();
    taken.push(laid - start);
  }
  return taken;
}"""


def processor_time(tab: Any, numbers: range) -> list[tuple[int, float]]:
    """Milliseconds that the page's thread works for each step, forward and back, with the operation that it shows.

    The page stands at the first of the numbers, and does so afterwards.
    """
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration") * 1e3

    taken = []
    for key, shown in (("ArrowRight", numbers[1:]), ("ArrowLeft", numbers[-2::-1])):
        for number in shown:
            start = spent()
            tab.keyboard.press(key)
            tab.evaluate("document.body.offsetHeight")
            taken.append((number, spent() - start))
    return taken


def measure(page: Path, browser: Any, rounds: int) -> dict[str, Any]:
    opened: list[float] = []
    steps: list[float] = []
    worked: list[tuple[int, float]] = []
    operations, names = 0, []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        tab = context.new_page()
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("[data-ready]")
        opened.append(tab.evaluate(PAINTED))
        operations = tab.evaluate("document.querySelectorAll('[data-op]').length")
        names = tab.evaluate("[...document.querySelectorAll('[data-op] .name')].map((one) => one.textContent)")
        first = max(0, operations - STRETCH) // 2
        numbers = range(first, min(first + STRETCH, operations))
        tab.evaluate("(first) => (location.hash = `op=${first}`)", first)
        steps += tab.evaluate(STEPS, len(numbers) - 1)
        worked += processor_time(tab, numbers)
        context.close()
    return {
        "megabytes": page.stat().st_size / 1e6,
        "operations": operations,
        "open": [float(np.median(opened)), max(opened)],
        "step": [*map(float, np.quantile(steps, (0.5, 0.95, 1.0)))],
        "step_processor": [*map(float, np.quantile([taken for _, taken in worked], (0.5, 0.95, 1.0)))],
        "slowest": slowest(worked, names),
    }


def slowest(worked: list[tuple[int, float]], names: list[str]) -> dict[str, float]:
    """The SLOWEST operations by the median of their times."""
    medians = {n: float(np.median([taken for other, taken in worked if other == n])) for n in {n for n, _ in worked}}
    return {f"{n} {names[n]}": medians[n] for n in sorted(medians, key=lambda n: -medians[n])[:SLOWEST]}


def recorded(folder: Path) -> list[Path]:
    """Pages of the steps that the tests record."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests/steps"))
    from recorded_examples import EXAMPLES

    from tinyxm.steps.page import to_html
    from tinyxm.steps.trace import encode

    steps = {**EXAMPLES, "wide": wide}
    for name, example in steps.items():
        (folder / f"{name}.html").write_text(to_html(encode(example())), "utf-8")
    return [folder / f"{name}.html" for name in steps]


def wide() -> Any:
    """A step over a million columns, and over images whose batch is too large to be kept whole."""
    import tinyxm as xm

    rng = np.random.default_rng(0)
    row, images = rng.standard_normal((1, 10**6), np.float32), rng.standard_normal((8, 64, 64, 32), np.float32)
    kernel, scale = xm.Parameter(rng.standard_normal((3, 3, 32, 16), np.float32)), xm.Parameter(np.ones(1, np.float32))
    optimizer = xm.optim.Adam([kernel, scale])
    with xm.record(optimizer=optimizer, title="A million columns") as step:
        loss = (row * scale + 1).mean() + xm.ops.relu(xm.ops.conv2d(images, kernel, padding=1)).mean()
        loss.backward()
        optimizer.step()
    return step


def rounded(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: rounded(part) for key, part in x.items()}
    return [rounded(part) for part in x] if isinstance(x, list) else float(f"{x:.3g}") if isinstance(x, float) else x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/step_page.json")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        facts: dict[str, Any] = {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),  # processes at work beside this one
            "chromium": browser.version,
            "unit": "ms: median and greatest to open; median, 95th percentile and greatest of a step",
            "allowed": {"open": OPEN, "step": STEP},
        }
        for page in [*recorded(Path(folder)), *options.pages]:
            facts[page.stem] = rounded(measure(page, browser, options.rounds))
            print(page.stem, facts[page.stem])
    options.json.write_text(f"{json.dumps(facts, indent=1)}\n")


if __name__ == "__main__":
    main()
