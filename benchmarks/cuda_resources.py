"""What every CUDA kernel of tinyxm_kernels takes on each architecture, as its compiler tells: no GPU is needed.

    python benchmarks/cuda_resources.py [--json FILE]

Each `.cu` is compiled by NVRTC with the definitions that its rungs give it, for each architecture. How large the blocks
are, and how much dynamic shared memory they ask for, is seen from the launches of tinyxm_kernels/cuda/cases.py, of
which nothing is run. Then `python docs/make_gpu_table.py` makes the table of docs/gpu-kernels.md.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import tinyxm_kernels
from tinyxm_kernels import nvrtc
from tinyxm_kernels.cuda import cases
from tinyxm_kernels.cuda.launch import CudaKernel

PACKAGE = Path(tinyxm_kernels.__file__).parent
RECORD = Path(__file__).parent / "results/cuda_resources.json"
ARCHITECTURES = "sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"


class Variant(NamedTuple):
    """A source with the definitions that it is compiled with; of each of its kernels that is launched so, the blocks:
    how many threads, and bytes of dynamic shared memory."""

    file: Path
    defines: dict[str, str]
    blocks: dict[str, list[tuple[int, int]]]

    @property
    def name(self) -> str:
        given = "".join(f" {name}={value}" for name, value in self.defines.items())
        return self.file.relative_to(PACKAGE).as_posix() + given


def variants() -> list[Variant]:
    """Every source of the package, as it is launched."""
    seen: dict[Any, dict[str, set[tuple[int, int]]]] = defaultdict(lambda: defaultdict(set))

    def see(kernel: CudaKernel, grid: Any, block: tuple[int, int, int], packed: Any, shared: int) -> None:
        x, y, z = block
        seen[kernel.file, kernel.defines][kernel.name].add((x * y * z, shared))

    with patch.object(CudaKernel, "_simulate", see):
        for case, rung in cases.pairs():
            case.run(rung)
        for example in cases.EXAMPLES:
            example.run()
    return [
        Variant(file, dict(defines), {name: sorted(blocks) for name, blocks in sorted(kernels.items())})
        for (file, defines), kernels in sorted(seen.items(), key=lambda item: (str(item[0][0]), item[0][1]))
    ]


def rows(variants: list[Variant], architecture: str) -> Iterator[tuple[Variant, str, nvrtc.Compiled]]:
    """Each variant's kernels that are launched, compiled for an architecture."""
    for variant in variants:
        compiled = nvrtc.compile(variant.file, architecture, variant.defines)
        for kernel in variant.blocks:
            yield variant, kernel, compiled


def record() -> dict[str, Any]:
    kernels: dict[tuple[str, str], dict[str, Any]] = {}
    every = variants()
    for architecture in ARCHITECTURES:
        for variant, kernel, compiled in rows(every, architecture):
            row = {"source": variant.name, "kernel": kernel, "blocks": variant.blocks[kernel]}
            own = kernels.setdefault((variant.name, kernel), row)
            own[architecture] = compiled.kernels[kernel]._asdict()
    return {
        "what": "registers a thread; bytes of static shared memory a block, of stack, spills and constants",
        "blocks": "threads, and bytes of dynamic shared memory",
        "compiler": f"NVRTC {nvrtc.version()}",
        "architectures": ARCHITECTURES,
        "kernels": list(kernels.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=RECORD)
    options = parser.parse_args()
    if nvrtc.missing():
        parser.exit(2, nvrtc.missing() + "\n")
    options.json.write_text(json.dumps(record(), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
