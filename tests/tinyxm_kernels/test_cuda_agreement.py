"""Every kernel of the package, twice: in the simulator, and compiled by the machine's C++ compiler. They agree on each
number, and on what each line asks of memory: requests, lanes, bytes, sectors or bank passes, and the fewest possible.

The two share nothing: the one reads the source by pycparser and runs it on NumPy under masks, in the order of threads;
the other is GCC's code, a coroutine to each thread, the last thread and block first.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import shim

import tinyxm_kernels
from tinyxm_kernels.cuda import cases
from tinyxm_kernels.cuda.launch import CudaKernel

pytestmark = pytest.mark.skipif(bool(shim.missing()), reason=shim.missing() or "there")

PACKAGE = Path(tinyxm_kernels.__file__).parent


@pytest.fixture
def both(monkeypatch):
    """Each launch is made by both, on copies of the same arrays: a list of the kernel, its arguments after either, and
    the counts of either."""
    seen = []

    def launch(kernel, grid, block, packed, shared):
        copies = {id(x): x.copy() for x in packed if isinstance(x, np.ndarray)}
        arguments = [copies.get(id(x), x) for x in packed]
        compiled = shim.library(kernel.file, kernel.defines).run(kernel.name, grid, block, arguments, shared)
        run = kernel.program.launch(kernel.name, grid, block, packed, shared=shared, check=False, count=True)
        names = [p.name for p, x in zip(kernel.parameters, packed, strict=True) if isinstance(x, np.ndarray)]
        counted = {
            (line, space, operation, names[array] if array >= 0 else ""): tuple(count)
            for (line, space, operation, array), count in compiled.items()
        }
        seen.append((kernel, packed, arguments, simulated(run), counted))

    monkeypatch.setattr(CudaKernel, "_simulate", launch)
    return seen


def simulated(run):
    """The simulator's counts as the compiled execution has them: of one line, space and operation together; shared
    arrays, too, of which that has only the addresses."""
    counts = defaultdict(lambda: np.zeros(5, np.int64))
    for line in run.lines:
        for a in line["accesses"]:
            key = line["line"], a["space"], a["operation"], a["array"] if a["space"] == "global" else ""
            counts[key] += [a[name] for name in ("requests", "lanes", "bytes", "transactions", "ideal")]
    return {key: tuple(map(int, numbers)) for key, numbers in counts.items()}


def compare(seen, numbers=True):
    assert seen, "nothing was launched"
    for kernel, simulated_arrays, compiled_arrays, counts, compiled_counts in seen:
        assert counts == compiled_counts, f"{kernel}: line, space, operation, array: requests, lanes, bytes, ..."
        for one, other in zip(simulated_arrays, compiled_arrays, strict=True):
            if numbers and isinstance(one, np.ndarray):
                # the exponential of NumPy and of the C library differ in the last bit, as do sums in another order
                tolerance = 0 if one.dtype.kind in "iub" else 2e-5 if one.dtype.itemsize > 2 else 2e-3
                np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=str(kernel))


PAIRS = [pytest.param(*pair, id=f"{pair[0].operation}-{pair[0].label}-{pair[1]}") for pair in cases.pairs()]


@pytest.mark.parametrize(("case", "by"), PAIRS)
def test_a_rung(case, by, both):
    case.run(by)
    compare(both)


@pytest.mark.parametrize("example", cases.EXAMPLES, ids=lambda example: f"{example.file}-{example.kernel}")
def test_an_example(example, both):
    example.run()
    compare(both, numbers=not example.wrong)


def test_no_kernel_of_the_package_is_left_out(monkeypatch):
    launched = set()
    monkeypatch.setattr(CudaKernel, "_simulate", lambda kernel, *launch: launched.add((kernel.file, kernel.name)))
    for case, by in cases.pairs():
        case.run(by)
    for example in cases.EXAMPLES:
        example.run()
    kernels = {(file, name) for file in PACKAGE.rglob("*.cu") for name in shim.kernels_of(file.read_text("utf-8"))}
    assert len(kernels) > 40
    assert kernels - launched == set(), "add a case to tinyxm_kernels/cuda/cases.py"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("tile[threadIdx.x][i]", "tile[threadIdx.x][i] + 1.0f"),  # another result
        ("tile[TILE][TILE + 1]", "tile[TILE][TILE + 2]"),  # other banks
        ("tile[TILE][TILE + 1]", "tile[TILE][TILE]"),
        (
            "if (top + i < m && column < n)",
            "if (top + i < m && column < n && a[(top + i) * n + column] < 9.0f)",
        ),  # a load
    ],
)
def test_they_disagree_on_two_sources(text, other, both, monkeypatch):
    """The comparison can fail: the compiler gets a kernel that is changed a little, the simulator the right one."""
    source = (PACKAGE / "transpose" / "cuda_padded.cu").read_text("utf-8")
    assert source.count(text) == 1
    changed = shim.Library(source.replace(text, other))
    monkeypatch.setattr(shim, "library", lambda *which: changed)
    case = next(case for case in cases.CASES if (case.operation, case.label) == ("transpose", "stack"))
    case.run("cuda_padded")
    with pytest.raises(AssertionError):
        compare(both)
