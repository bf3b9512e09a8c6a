"""One kernel, launched once in the simulator from words: what `tinyxm simt` does.

A source may say in comments how its kernels are tried; what is left out of an experiment is taken from there:

    // tinyxm simt scale.cu scale --grid 4 --block 64
    //     --args float:256,float*:256,2 --expect "y = 2 * x"
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm_kernels
from tinyxm_kernels import nvrtc
from tinyxm_kernels.simt import Program
from tinyxm_kernels.simt import arguments as given
from tinyxm_kernels.simt.expect import check
from tinyxm_kernels.simt.occupancy import occupancy
from tinyxm_kernels.simt.table import is_right

PACKAGE = Path(tinyxm_kernels.__file__).parent
COMMAND = re.compile(r"^\s*//\s*tinyxm simt\s+(?:\S+\.cu\s+)?(.+(?:\n\s*//\s*--.+)*)$", re.MULTILINE)
Size = tuple[int, ...]


@dataclass(frozen=True)
class Experiment:
    """What is launched; where an entry is None the source's own comment has the say.

    `grid` and `block` are (x, y, z) or shorter, `shared` bytes of dynamic shared memory, `args` what
    `simt.arguments` describes, `expect` formulas of `simt.expect`; `warp` (block, warp of it) is traced for `steps`
    statements; an `architecture` such as "sm_80" asks for the occupancy, with the `registers` of a thread, or those
    that NVRTC gives it.
    """

    file: Path
    kernel: str | None = None
    grid: Size | None = None
    block: Size | None = None
    args: str | None = None
    shared: int | None = None
    defines: Mapping[str, str] = field(default_factory=dict)
    expect: tuple[str, ...] | None = None
    seed: int = 0
    warp: tuple[int, int] | None = None
    steps: int = 2000
    architecture: str | None = None
    registers: int | None = None


def find(name: str) -> Path:
    """The source of that name: a file, or one of the package's, such as matmul/cuda_tiled.cu.

    Raises ValueError where there is neither, naming the nearest of the package's.
    """
    for path in (Path(name), PACKAGE / name):
        if path.is_file():
            return path
    known = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.cu"))
    near = difflib.get_close_matches(name, known, 3, 0.4) or known
    raise ValueError(f"simt: no file {name}, here or in the package, which has {', '.join(near)}")


def perform(experiment: Experiment) -> dict[str, Any]:
    """Launch it and return the run's report, with what this module adds to it:

    "defines" and "seed", "arguments" as they were given, "outputs" with a digest and the first numbers of
    each array that the kernel may write, "expected" what came of each formula, and "occupancy".

    Raises ValueError (of which `SubsetError` is one) or TypeError for what can't be launched.
    """
    program = Program(experiment.file, defines=dict(experiment.defines))
    kernel = _named(program, experiment)
    asked = _completed(experiment, kernel, program.text)
    parameters = program.kernels[kernel].parameters
    drawn = given.draw(given.split(asked.args or ""), parameters, kernel, asked.seed)
    before = {each.name: each.value.copy() if isinstance(each.value, np.ndarray) else each.value for each in drawn}
    run = program.launch(
        kernel,
        asked.grid or 1,
        asked.block or 1,
        [each.value for each in drawn],
        shared=asked.shared or 0,
        trace=asked.warp,
        steps=asked.steps,
    )
    written = [each for each in drawn if each.writable and each.value is not None]
    report: dict[str, Any] = run.report() | {
        "defines": dict(experiment.defines),
        "seed": asked.seed,
        "arguments": [given.describe(argument) for argument in drawn],
        "outputs": [given.digest(argument) for argument in written],
    }
    outputs = {argument.name: argument.value for argument in written}
    report["expected"] = _checked(asked.expect or (), before, outputs, of_the_source=experiment.expect is None)
    if asked.architecture:
        report["occupancy"] = _occupancy(asked, asked.architecture, kernel, report)
    return report


def is_clean(report: Mapping[str, Any]) -> bool:
    """Whether the sanitizer found nothing and every formula holds."""
    return not report["findings"] and is_right(report)


def hints(source: str) -> dict[str, dict[str, Any]]:
    """What the comments of a source say of each kernel: the options of `tinyxm simt`, by name."""
    found: dict[str, dict[str, Any]] = {}
    for command in COMMAND.findall(source):
        try:
            kernel, *words = shlex.split(re.sub(r"\n\s*//", " ", command))
        except ValueError:
            continue  # an open quotation mark: words for a reader
        options = found.setdefault(kernel, {})
        for option, value in zip(words[::2], words[1::2], strict=False):
            name = option.removeprefix("--")
            if name == "expect":
                options["expect"] = (*options.get("expect", ()), value)
            elif name in ("grid", "block"):
                options[name] = size(value, f"--{name}")
            elif name == "shared":
                options[name] = int(value)
            elif name == "args":
                options[name] = value
    return found


def size(text: str, option: str) -> Size:
    """One to three whole numbers, as 4,4."""
    words = text.replace("x", ",").split(",")
    if not 1 <= len(words) <= 3 or not all(word.strip().isdecimal() and int(word) > 0 for word in words):
        raise ValueError(f"simt: {option} {text}: expected one to three whole numbers above 0, such as 4,4")
    return tuple(map(int, words))


def _named(program: Program, experiment: Experiment) -> str:
    kernels = list(program.kernels)
    name = experiment.kernel or (kernels[0] if len(kernels) == 1 else None)
    if name is None or name not in kernels:
        told = "which kernel?" if name is None else f"no kernel {name}"
        there = f"it has {', '.join(kernels)}" if kernels else "it has no __global__ function"
        raise ValueError(f"simt: {told} in {experiment.file.name}; {there}")
    return name


def _completed(experiment: Experiment, kernel: str, source: str) -> Experiment:
    """With what the source's comments say where nothing was said."""
    told = hints(source).get(kernel, {})
    missing = {name: value for name, value in told.items() if getattr(experiment, name) is None}
    full = replace(experiment, **missing)
    for name in ("grid", "block", "args"):
        if getattr(full, name) is None:
            raise ValueError(
                f"simt: {kernel} needs --{name}; nor has its source a comment `// tinyxm simt {kernel} --{name} ...`"
            )
    return full


def _occupancy(asked: Experiment, architecture: str, kernel: str, report: Mapping[str, Any]) -> dict[str, Any]:
    """The occupancy, with the registers that were given, or else those that NVRTC gives the kernel, if it is there."""
    registers, whose = asked.registers, "given"
    if registers is None:
        try:
            compiled = nvrtc.compile(asked.file, architecture, asked.defines).kernels
            if kernel in compiled:  # by that name only what is extern "C"
                registers, whose = compiled[kernel].registers, f"by NVRTC {nvrtc.version()}"
        except ImportError:
            pass
    threads = int(np.prod(report["block"]))
    held = report["shared"]["static"] + report["shared"]["dynamic"]
    found = occupancy(architecture, threads, registers or 0, held)
    return {**found._asdict(), "registers": registers, "registers_from": whose}


def _checked(
    formulas: tuple[str, ...], before: Mapping[str, Any], outputs: Mapping[str, np.ndarray], of_the_source: bool
) -> list[dict[str, Any]]:
    results = []
    for formula in formulas:
        try:
            results.append(check(formula, before, outputs))
        except ValueError as error:
            if not of_the_source:
                raise
            # The comment was written for other arguments than those that were given
            told = f"Not checked, for the arguments don't fit it: {error}"
            results.append({"output": None, "formula": formula, "agrees": None, "told": told})
    return results
