"""What a real GPU makes of the CUDA kernels: each held to its reference, and timed beside cuBLAS and CuPy's own.

    record = examine()           # RuntimeError with the reason where there is no GPU
    print(markdown(record))

Checks are of two kinds: the small cases of `cases.CASES`, against the reference on the CPU in float64; and the large
ones, which are timed, too, against the reference on the GPU in float64, which is CuPy's arithmetic and none of ours.

Times are the device's own (CUDA events around many calls in a row, the median of several rounds), so that what Python
takes to launch isn't counted as long as the device has work waiting. Where it hasn't, and the host is what takes the
time, the row says so. Operands lie where the call before left them: those that fit in the L2 cache are read from there.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.cuda import cases
from tinyxm_kernels.cuda.cases import Case
from tinyxm_kernels.cuda.devices import describe, like, move, require
from tinyxm_kernels.registry import Rung

FORMAT = 1
ERRORS = {"float16": 5e-3, "float32": 1e-4, "float64": 1e-10}  # of the greatest number
ROUNDS, WARM_UP, ROUND, LONGEST = 7, 3, 0.01, 0.5  # of a measurement; seconds of a round, and of a call that gets three
HOST_BOUND = 0.8  # of the time of a call: what the host takes to launch it
CUPY = "CuPy"  # the row of the reference, which NumPy's protocols carry to CuPy's own kernels

Report = Callable[[str], None]
Row = dict[str, Any]


def examine(report: Report = lambda line: None) -> dict[str, Any]:
    """The record: of which device, what was checked, what was timed; `report` hears of each line.

    {"format", "made", "device": see `describe`, "copy": GB/s of a copy within the device's memory,
    "checks": [{"operation", "case", "rung", "dtype", "error", "tolerance", "passed", "reason"}],
    "times": [{"operation", "shape", "dtype", "rung", "ms", "fastest", "slowest", "gflops", "gbytes", "host_bound"}]}
    """
    if reason := _missing():
        raise RuntimeError(f"doctor: there is no GPU to examine: {reason}")
    checks = [told(row, report) for case in cases.CASES for row in check(case)]
    times: list[Row] = []
    for case in cases.LARGE:
        drawn = case.operands()
        found = [told(row, report) for row in check_large(case, drawn)]
        checks += found
        right = [row["rung"] for row in found if row["passed"]]
        times += [told(row, report) for row in time_all(case, drawn, right)]
    return {
        "format": FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": describe(),
        "copy": copy_rate(),
        "checks": checks,
        "times": times,
    }


def _missing() -> str:
    try:
        require()
    except ImportError as error:
        return str(error)
    return ""


def told(row: Row, report: Report) -> Row:
    name = f"{row['operation']} {row.get('case') or row['shape']} {row['dtype']} {row['rung']}"
    if "ms" in row:
        report(f"{name}: {row['ms']:.4g} ms, {row['gflops']:.4g} GFLOP/s, {row['gbytes']:.4g} GB/s")
    else:
        report(f"{name}: error {row['error']:.1e}" if row["passed"] else f"{name}: FAILED, {_why(row)}")
    return row


def rungs_of(case: Case, dtype: str) -> Iterator[Rung]:
    """Each rung for GPUs that takes the case, cuBLAS among them, and last the reference."""
    for rung in kernels.ladder(case.operation, "cuda"):
        if rung.available and rung.name not in case.but and dtype in rung.dtypes:
            yield rung
    yield kernels.ladder(case.operation)[0]


def check(case: Case) -> Iterator[Row]:
    """A small case by each rung on the GPU, beside the reference on the CPU; rows of `checks`."""
    drawn = case.operands()
    return compared(case, drawn, case.run("reference", in_float64, drawn))


def check_large(case: Case, drawn: Sequence[Any]) -> Iterator[Row]:
    """A large case by each rung on the GPU, beside the reference there, in float64."""
    return compared(case, drawn, case.run("reference", lambda x: to_device(in_float64(x)), drawn))


def in_float64(x: Any) -> Any:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def to_device(x: Any) -> Any:
    return move(x, "cuda")


def compared(case: Case, drawn: Sequence[Any], truth: Sequence[Any]) -> Iterator[Row]:
    """A row for each rung; one that fails in any way is a row, too, and the others go on."""
    dtype = str(drawn[0].dtype)
    for rung in rungs_of(case, dtype):
        error, reason = None, ""
        try:
            found = case.run(rung.name, to_device, drawn)
            error = max(difference(like(x, y), y) for x, y in zip(found, truth, strict=True))
        except Exception as failure:
            reason = f"{type(failure).__name__}: {failure}"
        row: Row = {"operation": case.operation, "case": case.label, "rung": rung.name, "dtype": dtype}
        passed = error is not None and error <= ERRORS[dtype]
        yield row | {"error": error, "tolerance": ERRORS[dtype], "passed": passed, "reason": reason}


def difference(found: Any, truth: Any) -> float:
    """The greatest difference of two arrays, over the greatest number; infinite where either isn't finite."""
    if found.shape != truth.shape:
        raise ValueError(f"shape {found.shape}, expected {truth.shape}")
    if not truth.size:
        return 0.0
    apart = float(np.max(np.abs(found.astype(np.float64) - truth)))
    return apart / max(1e-30, float(np.max(np.abs(truth)))) if np.isfinite(apart) else float("inf")


def time_all(case: Case, drawn: Sequence[Any], rungs: Sequence[str]) -> Iterator[Row]:
    """How long each of these rungs takes; rows of `times`."""
    operands = [to_device(x) if isinstance(x, np.ndarray) else x for x in drawn]
    flops = kernels.flops(case.operation, *operands, **case.settings)
    moved = kernels.bytes_moved(case.operation, *operands, **case.settings)
    for rung in rungs:

        def call() -> None:
            getattr(kernels, case.operation)(*operands, **case.settings)

        with kernels.using(f"{case.operation}={rung}"):
            times, host = measure(call)
        ms = median(times)
        yield {
            "operation": case.operation,
            "shape": case.label,
            "dtype": str(operands[0].dtype),
            "rung": CUPY if rung == "reference" else rung,
            **{"ms": ms, "fastest": min(times), "slowest": max(times)},
            **{"gflops": flops / ms / 1e6, "gbytes": moved / ms / 1e6, "host_bound": host > HOST_BOUND * ms},
        }


def measure(call: Callable[[], Any]) -> tuple[list[float], float]:
    """Milliseconds of one call on the device, of each of several rounds of calls in a row; and on the host."""
    import cupy

    begin, end = cupy.cuda.Event(), cupy.cuda.Event()

    def round_of(calls: int) -> tuple[float, float]:
        begin.record()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        host = time.perf_counter() - start
        end.record()
        end.synchronize()
        return cupy.cuda.get_elapsed_time(begin, end) / calls, 1e3 * host / calls

    for _ in range(WARM_UP):  # compiles, fills the pool of memory, wakes the clocks
        first, _ = round_of(1)
    calls = int(min(1000, max(1, 1e3 * ROUND / max(first, 1e-3))))
    rounds = [round_of(calls) for _ in range(ROUNDS if first < 1e3 * LONGEST else 3)]
    return [device for device, _ in rounds], median(host for _, host in rounds)


def copy_rate(size: int = 1 << 28) -> float:
    """GB/s, read and written, of a copy of `size` bytes within the device's memory: what a kernel can hope for."""
    import cupy

    a = cupy.zeros(size // 4, np.float32)
    b = cupy.empty_like(a)

    def copy() -> None:
        b[...] = a

    return 2 * size / median(measure(copy)[0]) / 1e6


def failures(record: dict[str, Any]) -> list[Row]:
    return [row for row in record["checks"] if not row["passed"]]


def markdown(record: dict[str, Any]) -> str:
    """The record as a section of a page: the device, the checks in a sentence, and a table of times."""
    device, checks, failed = record["device"], record["checks"], failures(record)
    kinds = {(row["operation"], row["rung"]) for row in checks if row["rung"] != "reference"}
    lines = [
        f"### {device['name']} ({device['arch']})",
        "",
        f"{record['made'][:10]}, {device['processors']} multiprocessors, {device['memory'] / 2**30:.0f} GiB, CUDA "
        f"{device['runtime']} on a driver for {device['driver']}, CuPy {device['cupy']}; a copy within its memory",
        f"moves {record['copy']:.0f} GB/s. {len(kinds)} kernels were held to their references in {len(checks)} checks,",
        f"of which {len(failed) or 'none'} failed.",
        "",
        *(f"- {row['operation']} {row['case']} {row['dtype']} by {row['rung']}: {_why(row)}" for row in failed),
        *[""] * bool(failed),
        "| operation | shape | rung | ms | GFLOP/s | GB/s | of the library's or CuPy's speed |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    best = {
        (row["operation"], row["shape"], row["dtype"]): row["ms"]
        for name in (CUPY, "cublas")  # the library, where there is one
        for row in record["times"]
        if row["rung"] == name
    }
    for row in record["times"]:
        peer = best.get((row["operation"], row["shape"], row["dtype"]))
        share = f"{peer / row['ms']:.0%}" if peer else ""
        shape = row["shape"] + (", float16" if row["dtype"] == "float16" else "")
        numbers = [
            f"{row['ms']:.3g}" + "\\*" * row["host_bound"],
            f"{row['gflops']:.0f}",
            f"{row['gbytes']:.0f}",
            share,
        ]
        lines.append("| " + " | ".join([row["operation"], shape, row["rung"], *numbers]) + " |")
    if any(row["host_bound"] for row in record["times"]):
        lines += ["", "\\* The host took as long to launch as the device to compute: a shorter time isn't seen."]
    return "\n".join(lines) + "\n"


def _why(row: Row) -> str:
    return row["reason"] or f"error {row['error']:.1e}, at most {row['tolerance']:.0e} was expected"
