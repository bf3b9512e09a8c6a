"""Show on docs/gpu.md what `tinyxm doctor --gpu` found on real machines: `python docs/make_gpu.py`

The records are benchmarks/results/gpu-*.json. Without one the page says that nothing has run on a GPU yet.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from tinyxm_kernels.cuda.record import markdown

PAGE = Path(__file__).with_name("gpu.md")
RECORDS = Path(__file__).parents[1] / "benchmarks/results"
NOT_YET = """\
**Compiled for sm_70 to sm_120, numerics checked in simulation, not yet run on a GPU.** `tinyxm doctor --gpu` on a
machine with one writes the record that takes the place of this sentence.
"""


def page() -> str:
    records = [json.loads(file.read_text("utf-8")) for file in sorted(RECORDS.glob("gpu-*.json"))]
    shown = "\n".join(markdown(record) for record in records) or NOT_YET
    return re.sub(
        r"(<!-- record -->\n).*(<!-- /record -->)",
        lambda found: f"{found[1]}{shown}{found[2]}",
        PAGE.read_text("utf-8"),
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
