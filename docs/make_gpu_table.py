"""Make docs/gpu-kernels.md from what was recorded of the compiled CUDA kernels: `python docs/make_gpu_table.py`"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from tinyxm_kernels.simt.occupancy import ARCHITECTURES, KIB, occupancy

PAGE = Path(__file__).with_name("gpu-kernels.md")
RECORD = Path(__file__).parents[1] / "benchmarks/results/cuda_resources.json"
DEVICES = {
    "sm_70": "V100", "sm_75": "T4, RTX 20", "sm_80": "A100", "sm_86": "RTX 30, A10", "sm_87": "Jetson Orin",
    "sm_89": "RTX 40, L4", "sm_90": "H100, H200", "sm_100": "B200", "sm_120": "RTX 50",
}  # fmt: skip
HEAD = """\
# The CUDA kernels, compiled

Every CUDA kernel of `tinyxm_kernels` is compiled for the architectures below by NVIDIA's own compiler, which needs no
GPU, and held by a test to what is recorded here: no registers in memory ("spills"), no stack, no warning. **Compiled
for these architectures, numerics checked in simulation, not yet run on a GPU.**

Each cell has the registers that a thread takes and, as a percentage, the occupancy: how many of the warps that a
multiprocessor has room for it can hold at a time. A letter says what leaves room for no more: `r` registers, `s` shared
memory, `b` the slots for blocks; none where it is the warps themselves, so that a block more wouldn't fit even if it
took nothing. Full occupancy isn't the aim: a kernel that keeps its sums in registers computes more with fewer warps.

Shared memory is that of a block: static, which the source declares, + dynamic, which the launch asks for. Where a
kernel is launched with blocks of several sizes each is a row. `HALF=1` and the like are definitions that it is compiled
with.

How occupancy is computed stands in `tinyxm_kernels/simt/occupancy.py`; by hand:

```python
from tinyxm_kernels.simt.occupancy import occupancy

held = occupancy("sm_80", threads=256, registers=37)
assert (held.blocks, held.warps, held.fraction, held.limited_by) == (6, 48, 0.75, ("registers",))
```

## What a multiprocessor has

{limits}

Each has 65,536 registers, and gives a thread 255 at most, a block 1,024 threads. From sm_80 on 1 KiB of shared memory
is the system's for each block. (CUDA C++ Programming Guide, Compute Capabilities.)

## What the kernels take

Recorded with {compiler}: `python benchmarks/cuda_resources.py`, then `python docs/make_gpu_table.py`.
"""
LETTERS = {"registers": "r", "shared memory": "s", "blocks": "b"}


def page() -> str:
    record = json.loads(RECORD.read_text("utf-8"))
    head = HEAD.replace("{limits}", limits()).replace("{compiler}", record["compiler"])
    rooms = groupby(record["kernels"], key=lambda row: row["source"].split("/")[0])
    return head + "".join(
        f"\n### {room if room != 'simt' else 'examples of the simulator'}\n\n{table(list(rows), record)}\n"
        for room, rows in rooms
    )


def limits() -> str:
    rows = [
        f"| {a.name} | {DEVICES[a.name]} | {a.warps} | {a.blocks} | {a.shared // KIB} | {a.shared_per_block // KIB} |"
        for a in ARCHITECTURES.values()
    ]
    head = "| architecture | such as | warps | blocks | shared memory, KiB | of it for one block |"
    return "\n".join([head, "| --- | --- " + "| ---: " * 4 + "|", *rows])


def table(rows: list[dict[str, Any]], record: dict[str, Any]) -> str:
    architectures = record["architectures"]
    lines = [
        f"| source | kernel | threads | shared | {' | '.join(architectures)} |",
        "| --- | --- " + "| ---: " * (2 + len(architectures)) + "|",
    ]
    for row in rows:
        source = row["source"].rpartition("/")[2].replace(".cu", "")
        for threads, dynamic in row["blocks"]:
            static = {row[name]["shared"] for name in architectures}
            shared = f"{'/'.join(map(str, sorted(static)))}{f' + {dynamic}' if dynamic else ''}"
            cells = " | ".join(cell(name, row[name], threads, dynamic) for name in architectures)
            lines.append(f"| {source} | `{row['kernel']}` | {threads} | {shared} | {cells} |")
    return "\n".join(lines)


def cell(architecture: str, taken: dict[str, int], threads: int, dynamic: int) -> str:
    held = occupancy(architecture, threads, taken["registers"], taken["shared"] + dynamic)
    by = "" if "warps" in held.limited_by else "".join(LETTERS[name] for name in held.limited_by)
    return f"{taken['registers']} · {100 * held.fraction:.0f} {by}".strip()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
