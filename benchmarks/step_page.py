"""How long the page of a recorded step takes to open, and from one operation to the next, in Chromium.

    python benchmarks/step_page.py [PAGE.html ...] [--rounds 3] [--json FILE]

Without pages, those of the steps that the tests record. Opening counts from the navigation to the first frame that
shows the step. A step: each operation once forward and once back in every round; milliseconds on the clock from the key
press to the end of the layout, median, 95th percentile and greatest, and the same of the processor's time for all that
the page's thread then does, script, layout and painting, which others at work on the machine don't change.
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

PAINTED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(
  Math.max(performance.now(), performance.getEntriesByName("tinyxm-step ready")[0].startTime)))))"""

STEPS = """async () => {
  const last = document.querySelectorAll("[data-op]").length - 1;
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const taken = [];
  for (const key of ["ArrowRight", "ArrowLeft"]) for (let i = 0; i < last; i++) {
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


def processor_time(tab: Any, operations: int) -> list[float]:
    """Milliseconds that the page's thread works for each step, forward and back."""
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration") * 1e3

    taken = []
    for key in ("ArrowRight", "ArrowLeft"):
        for _ in range(operations - 1):
            start = spent()
            tab.keyboard.press(key)
            tab.evaluate("document.body.offsetHeight")
            taken.append(spent() - start)
    return taken


def measure(page: Path, browser: Any, rounds: int) -> dict[str, Any]:
    opened: list[float] = []
    steps: list[float] = []
    worked: list[float] = []
    operations = 0
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        tab = context.new_page()
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("[data-ready]")
        opened.append(tab.evaluate(PAINTED))
        operations = tab.evaluate("document.querySelectorAll('[data-op]').length")
        steps += tab.evaluate(STEPS)
        worked += processor_time(tab, operations)
        context.close()
    return {
        "megabytes": page.stat().st_size / 1e6,
        "operations": operations,
        "open": [float(np.median(opened)), max(opened)],
        "step": [*map(float, np.quantile(steps, (0.5, 0.95, 1.0)))],
        "step_processor": [*map(float, np.quantile(worked, (0.5, 0.95, 1.0)))],
    }


def recorded(folder: Path) -> list[Path]:
    """Pages of the steps that the tests record."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests/steps"))
    from recorded_examples import EXAMPLES

    from tinyxm.steps.page import to_html
    from tinyxm.steps.trace import encode

    for name, example in EXAMPLES.items():
        (folder / f"{name}.html").write_text(to_html(encode(example())), "utf-8")
    return [folder / f"{name}.html" for name in EXAMPLES]


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
        for page in [*options.pages] or recorded(Path(folder)):
            facts[page.stem] = rounded(measure(page, browser, options.rounds))
            print(page.stem, facts[page.stem])
    options.json.write_text(f"{json.dumps(facts, indent=1)}\n")


if __name__ == "__main__":
    main()
