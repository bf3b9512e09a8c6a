"""The teaching kernels show what they are there to show: the wrong is found out, the mended is clean and right."""

import re
from pathlib import Path

import numpy as np
import pytest

from tinyxm_kernels import simt

FOLDER = Path(simt.__file__).parent / "examples"
DTYPES = {"float": np.float32, "int": np.int32}


def run(file, name, grid, block, *arguments, **options):
    options = {"check": True, "count": True} | options
    return simt.Program(FOLDER / f"{file}.cu").launch(name, grid, block, list(arguments), **options)


def line(launched, start):
    (found,) = (told for told in launched.lines if told["source"].startswith(start))
    return found


def commands():
    """The command lines in the comments of the files."""
    for file in sorted(FOLDER.glob("*.cu")):
        for told in re.findall(
            r"tinyxm simt (\S+) (\w+) --grid (\S+) --block (\S+) --args (\S+)", file.read_text("utf-8")
        ):
            yield (file.name, *told)


def test_every_file_tells_how_to_run_each_of_its_kernels():
    told = {(file, name) for file, name, *_ in ((c[0], c[2]) for c in commands())}
    there = {(file.name, name) for file in FOLDER.glob("*.cu") for name in simt.Program(file).kernels}
    assert told == there
    assert all(command[0] == command[1] for command in commands())


@pytest.mark.parametrize(("file", "named", "kernel", "grid", "block", "arguments"), list(commands()))
def test_the_commands_in_the_comments_run(file, named, kernel, grid, block, arguments):
    """With arrays drawn as the command draws them; only what is wrong on purpose is found, and only there."""
    drawn = []
    for argument in arguments.split(","):
        kind, _, shape = argument.rpartition(":")
        if not kind:
            drawn.append(int(argument))
            continue
        sides = tuple(map(int, shape.split("x")))
        dtype = DTYPES[kind.rstrip("*")]
        values = np.random.default_rng(len(drawn)).integers(-9, 10, sides).astype(dtype)
        drawn.append(np.zeros(sides, dtype) if kind.endswith("*") else values)
    launched = run(file.removesuffix(".cu"), kernel, int(grid), int(block), *drawn)
    assert {finding.kind for finding in launched.findings} == ({"race"} if kernel in ("racing", "losing") else set())


@pytest.mark.parametrize("block", [32, 64, 256, 1024])
def test_the_dropped_barrier_is_a_race_from_two_warps_on(block):
    x, sums = np.random.default_rng(0).integers(-9, 10, 2 * block).astype(np.float32), np.zeros(2, np.float32)
    launched = run("race", "mended", 2, block, x, sums)
    assert launched.findings == []
    assert sums.tolist() == x.reshape(2, block).sum(1).tolist()
    launched = run("race", "racing", 2, block, x, np.zeros(2, np.float32))
    if block > 32:
        assert launched.findings
        source = (FOLDER / "race.cu").read_text("utf-8").splitlines()
        assert {source[finding.line - 1].strip()[:14] for finding in launched.findings} == {"part[thread] +="[:14]}


def test_banks():
    x, sums = np.random.default_rng(0).integers(-9, 10, (64, 32)).astype(np.float32), np.zeros(64, np.float32)
    passes = {}
    for name in ("conflicting", "skewed"):
        launched = run("banks", name, 2, 32, x, sums)
        assert sums.tolist() == x.sum(1).tolist()
        sums[:] = 0
        (load,) = line(launched, "sum +=")["accesses"]
        passes[name] = load["transactions"] / load["requests"]
    assert passes == {"conflicting": 32, "skewed": 1}


def test_divergence():
    counts, divergent = {}, {}
    for name in ("branching", "choosing"):
        steps = np.full(100, -1, np.int32)
        launched = run("divergence", name, 2, 64, steps, 100)
        counts[name] = steps.tolist()
        divergent[name] = sum(told["divergent"] for told in launched.lines if not told["source"].startswith("while"))
    assert counts["branching"] == counts["choosing"]
    assert counts["branching"][:8] == [0, 1, 7, 2, 5, 8, 16, 3]  # OEIS A006577
    assert max(counts["branching"]) == counts["branching"][96] == 118
    assert divergent["choosing"] == 1  # numbers 97 to 128, of which 100 are asked for
    assert divergent["branching"] > 50


@pytest.mark.parametrize("bins", [1, 5, 32, 1000])
def test_histograms(bins):
    x = np.random.default_rng(0).integers(-(2**31), 2**31, 700).astype(np.int32)
    expected = np.bincount(x.view(np.uint32) % bins, minlength=bins).tolist()
    for name in ("counting", "gathering"):
        counts = np.zeros(bins, np.int32)
        assert run("histogram", name, 3, 256, x, counts, 700, bins).findings == []
        assert counts.tolist() == expected
    counts = np.zeros(bins, np.int32)
    assert {finding.kind for finding in run("histogram", "losing", 3, 256, x, counts, 700, bins).findings} == {"race"}
    assert counts.sum() < 700  # some are lost


def test_gathering_leaves_a_few_atomics_to_global_memory():
    x = np.random.default_rng(0).integers(0, 32, 1024).astype(np.int32)
    requests = {}
    for name in ("counting", "gathering"):
        launched = run("histogram", name, 4, 256, x, np.zeros(32, np.int32), 1024, 32)
        accesses = [access for told in launched.lines for access in told["accesses"]]
        requests[name] = sum(a["requests"] for a in accesses if (a["operation"], a["space"]) == ("atomic", "global"))
    assert requests == {
        "counting": 32,
        "gathering": 4,
    }  # a request of each of 32 warps; of one warp of each of 4 blocks


@pytest.mark.parametrize(("n", "block"), [(1, 32), (5, 32), (64, 32), (100, 64), (1024, 256), (1000, 1024)])
def test_stencils(n, block):
    x = np.random.default_rng(0).integers(-9, 10, n).astype(np.float32)
    around = np.pad(x, 3, mode="edge")
    expected = sum(around[i : i + n] for i in range(7)) / np.float32(7)
    for name in ("direct", "shared"):
        y = np.full(n, np.nan, np.float32)
        assert run("stencil", name, -(-n // block), block, x, y, n).findings == []
        np.testing.assert_array_equal(y, expected)


def test_the_shared_stencil_fetches_a_quarter():
    """1024 numbers: 7 loads of each, or one and the 6 around each of 4 blocks."""
    x = np.ones(1024, np.float32)
    lanes = {}
    for name in ("direct", "shared"):
        launched = run("stencil", name, 4, 256, x, np.zeros(1024, np.float32), 1024)
        accesses = [access for told in launched.lines for access in told["accesses"]]
        lanes[name] = sum(a["lanes"] for a in accesses if (a["operation"], a["space"]) == ("load", "global"))
    assert lanes == {"direct": 7 * 1024, "shared": 1024 + 4 * 6}
