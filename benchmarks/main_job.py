"""The main job's figures beside what it is to reach, from finished runs.

    python benchmarks/main_job.py RUN [RUN ...] [--json FILE]

Exit status 1 where a run misses a figure. The figures are those of a trial of the same model in PyTorch on the same
data, less about two standard errors; CCA's and the nearest training image's are the run's own.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

TARGETS = {  # direction: the least recall@1 and recall@10
    "text_to_image": (0.40, 0.67),
    "image_to_text": (0.38, 0.65),
    "image_to_text_via_images": (0.0, 0.69),
}
UNSEEN = (0.12, 0.34)  # on Twemoji's drawings, both ways


def rows_of(run: Path) -> list[dict[str, Any]]:
    results = json.loads((run / "results.json").read_text("utf-8"))
    rows = []
    for direction, (first, ten) in TARGETS.items():
        scores = results["held_out_style"][direction]
        bars = [scores["baselines"][name] for name in ("cca", "nearest_training_image")]
        reached = scores["recall@1"] >= first and scores["recall@10"] >= ten
        above = all(scores[key] > bar[key] for bar in bars for key in ("recall@1", "recall@10"))
        rows.append(row(run, "held-out style", direction, scores, (first, ten), reached and above))
    for direction in ("text_to_image", "image_to_text"):
        scores = results["unseen_concepts"][direction]
        reached = scores["recall@1"] >= UNSEEN[0] and scores["recall@10"] >= UNSEEN[1]
        rows.append(row(run, "unseen concepts", direction, scores, UNSEEN, reached))
    return rows


def row(
    run: Path, part: str, direction: str, scores: dict[str, Any], least: tuple[float, float], reached: bool
) -> dict[str, Any]:
    baselines = {name: [scores["baselines"][name][f"recall@{k}"] for k in (1, 10)] for name in scores["baselines"]}
    found = [scores["recall@1"], scores["recall@10"]]
    return {
        **{"run": run.name, "part": part, "direction": direction, "recall@1, @10": found, "to reach": least},
        **{"reached": reached, "baselines": baselines},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/main_job.json")
    options = parser.parse_args()
    rows = [row for run in options.runs for row in rows_of(run)]
    seconds = {
        run.name: json.loads((run / "results.json").read_text("utf-8"))["facts"]["seconds"] for run in options.runs
    }
    print(f"{'run':10}{'part':18}{'direction':28}{'R@1':>6}{'R@10':>6}{'to reach':>14}{'CCA':>14}{'nearest':>14}")
    for r in rows:
        one, ten, *others = (
            100 * x
            for pair in (
                r["recall@1, @10"],
                r["to reach"],
                *(r["baselines"][n] for n in ("cca", "nearest_training_image")),
            )
            for x in pair
        )
        beside = "".join(f"{a:>8.1f} /{b:>4.0f}" for a, b in zip(others[::2], others[1::2], strict=True))
        missed = "" if r["reached"] else "  missed"
        print(f"{r['run']:10}{r['part']:18}{r['direction']:28}{one:>6.1f}{ten:>6.1f}{beside}{missed}")
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps({"seconds": seconds, "rows": rows}, indent=1) + "\n")
    return 0 if all(r["reached"] for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
