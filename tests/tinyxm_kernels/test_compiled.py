"""The cache of compiled kernels: an edited one is never taken from it, a copy always is, whatever else goes wrong."""

import os
import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tinyxm_kernels import _cache
from tinyxm_kernels._cache import fingerprint
from tinyxm_kernels._compiled import compiled

PACKAGE = {
    "__init__": "",
    "lowest": """
        from tinyxm_kernels._compiled import compiled
        FACTOR = 2
        @compiled
        def lowest(x):
            return FACTOR * x
        """,
    "middle": """
        from llvmlite import ir
        from numba.extending import intrinsic
        from tinyxm_kernels._compiled import compiled
        from . import lowest
        OFFSET = {"by": 1}
        class Writer:
            constant = 10.0
            def value(self):
                return ir.Constant(ir.DoubleType(), self.constant)
        @intrinsic
        def number(typing):
            from numba import types
            return types.float64(), lambda context, builder, signature, arguments: Writer().value()
        def shifted(by):
            @compiled
            def shift(x):
                return lowest.lowest(x) + by + number()
            return shift
        shift = shifted(OFFSET["by"])
        """,
    "top": """
        from tinyxm_kernels._compiled import compiled
        from .middle import shift
        @compiled
        def top(x):
            return shift(x)
        """,
}
RUN = "import sys; from room.top import top; print(top(1.0), sum(top.stats.cache_hits.values()))"


@pytest.fixture
def room(tmp_path):
    """A package of kernels, `room`, in a folder of its own, and what calling its uppermost one prints."""
    return Room(tmp_path / "here", tmp_path / "cache")


class Room:
    def __init__(self, folder, cache):
        self.folder, self.cache = folder, cache
        (folder / "room").mkdir(parents=True)
        for name, source in PACKAGE.items():
            (folder / "room" / f"{name}.py").write_text(textwrap.dedent(source))

    def edit(self, name, old, new):
        path = self.folder / "room" / f"{name}.py"
        source = path.read_text()
        assert source.count(old) == 1
        path.write_text(source.replace(old, new))

    def start(self, code=RUN, **environment):
        path = os.pathsep.join([str(self.folder), *sys.path])
        settings = {"PYTHONPATH": path, "TINYXM_KERNEL_CACHE": str(self.cache), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", code]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env={**os.environ, **settings, **environment}, **pipes)

    def run(self, code=RUN, **environment):
        process = self.start(code, **environment)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out.strip(), err

    def kept(self):
        return sorted(path.name.split("-")[0] for path in self.cache.glob("*.bin"))


def test_what_is_unchanged_comes_from_the_cache_at_any_place_and_in_silence(room, tmp_path):
    out, err = room.run(PYTHONHASHSEED="1")
    assert out == "13.0 0"
    assert err == f"tinyxm: compiling kernels (once; kept in {room.cache})\n"
    assert room.kept() == ["lowest", "shift", "top"]
    assert room.run(PYTHONHASHSEED="2") == ("13.0 1", "")
    assert Room(tmp_path / "there", room.cache).run() == ("13.0 1", "")


EDITS = [
    ("lowest", "FACTOR * x", "FACTOR * x * x - 1", "12.0"),
    ("lowest", "FACTOR = 2", "FACTOR = 3", "14.0"),
    ("lowest", "FACTOR = 2", "FACTOR = 2.0", "13.0"),
    ("lowest", "@compiled", "@compiled(fast=False)", "13.0"),
    ("middle", '"by": 1', '"by": 5', "17.0"),
    ("middle", "constant = 10.0", "constant = 20.0", "23.0"),
    ("middle", "ir.Constant(ir.DoubleType(), self.constant)", "ir.Constant(ir.DoubleType(), -self.constant)", "-7.0"),
    ("middle", "Writer().value()", "ir.Constant(ir.DoubleType(), 0.5)", "3.5"),
    ("top", "return shift(x)", "return -shift(x)", "-13.0"),
]


@pytest.mark.slow
def test_an_edit_anywhere_below_is_compiled_and_undone_is_taken_from_the_cache(room):
    room.run()
    for name, old, new, result in EDITS:
        source = (room.folder / "room" / f"{name}.py").read_text()
        room.edit(name, old, new)
        assert room.run()[0] == f"{result} 0", (name, new)
        (room.folder / "room" / f"{name}.py").write_text(source)
    assert room.run() == ("13.0 1", "")


@pytest.mark.slow
def test_kernels_that_one_function_made_in_several_processes_are_told_apart(tmp_path):
    """Strips for kernels 3 and 5 wide have one name in Numba, in processes that begin alike."""
    code = (
        "import sys, numpy as np, tinyxm_kernels as kernels; from tinyxm_kernels import _compiled\n"
        "_compiled.SERIAL_BELOW, x = 0, np.random.default_rng(0).normal(size=(2, 20, 20, 16)).astype(np.float32)\n"
        "for k in map(int, sys.argv[1:]):\n"
        "    with kernels.threads(2):\n"
        "        y = kernels.conv2d(x, np.ones((k, k, 1, 16), np.float32), groups=16)\n"
        "    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), (1, 2))\n"
        "    np.testing.assert_allclose(y, windows.sum((4, 5)), atol=1e-4)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "0", "TINYXM_KERNEL_CACHE": str(tmp_path)}
    environment["TINYXM_KERNELS"] = "conv2d=depthwise"
    for widths in (["3"], ["5"], ["3", "5"], ["5", "3"]):
        done = subprocess.run([sys.executable, "-c", code, *widths], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_damaged_file_is_compiled_again(room):
    room.run()
    for damage in (lambda content: content[:100], lambda content: content[:-1] + b"?", lambda content: b""):
        for path in room.cache.glob("top-*.bin"):
            path.write_bytes(damage(path.read_bytes()))
        assert room.run()[0] == "13.0 0"
        assert room.run()[0] == "13.0 1"


def test_processes_that_compile_at_once_agree(room):
    results = [process.communicate(timeout=120)[0] for process in [room.start() for _ in range(4)]]
    assert {result.split()[0] for result in results} == {"13.0"}
    assert room.run()[0] == "13.0 1"
    assert not list(room.cache.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_one_warning(room, tmp_path):
    (tmp_path / "file").write_text("")
    _, err = room.run(TINYXM_KERNEL_CACHE=str(tmp_path / "file" / "below"))
    assert err.count("RuntimeWarning: compiled kernels can't be kept in") == 1
    assert "(Not a directory): every process compiles them" in err


def test_a_full_disk_is_a_warning_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_KERNEL_CACHE", str(tmp_path))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_cache.os, "replace", full)
    with pytest.warns(RuntimeWarning, match=r"can't be kept in .* \(No space left on device\)"):
        assert compiled(lambda x: x + 41)(1) == 42
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_down_is_a_warning_and_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_KERNEL_CACHE", str(tmp_path))

    def refused(_):
        raise TypeError("cannot pickle 'PyCapsule' object")

    monkeypatch.setattr(_cache, "dumps", refused)
    with pytest.warns(RuntimeWarning, match=r"compiled <lambda> can't be kept \(cannot pickle 'PyCapsule' object\)"):
        assert compiled(lambda x: x + 42)(1) == 43
    assert not list(tmp_path.iterdir())


def test_what_is_left_over_goes_and_what_was_used_longest_ago_where_there_is_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(_cache, "LARGEST", 250)
    ages = {"dead.part": 7200, "alive.part": 60, "old.bin": 3000, "older.bin": 4000, "new.bin": 10, "other.txt": 9000}
    for name, age in ages.items():
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (_cache.time.time() - age,) * 2)
    _cache._prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alive.part", "new.bin", "old.bin", "other.txt"]


def test_a_kernel_in_use_is_not_the_oldest(tmp_path, monkeypatch):
    path = pathlib.Path(tmp_path / "kernel.bin")
    path.write_bytes(b"")
    os.utime(path, (0, 0))
    _cache._touch(path)
    assert path.stat().st_mtime > 1e9


def test_a_fingerprint_tells_values_types_order_and_sharing_apart():
    f, g = (lambda: 1), (lambda: 2)
    different = [1, 1.0, True, "1", (1,), [1], {1: 2}, {2: 1}, (1, 2), (2, 1), (f, g, f), (f, g, g), np.float32(1)]
    different += [np.int32, np.int64, np.ones(2), np.ones((2, 1)), np.zeros(2), None, int, -0.0, 0.0]
    assert len({fingerprint(value) for value in different}) == len(different)
    assert fingerprint({"b", "a"}) == fingerprint({"a", "b"})


class Terminal:
    def __init__(self, terminal):
        self.text, self.isatty = "", lambda: terminal
        self.flush = lambda: None

    def write(self, text):
        self.text += text


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_one_line_on_a_terminal_and_few_elsewhere(terminal, monkeypatch):
    stream = Terminal(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "__stderr__", stream)
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(_cache.time, "perf_counter", lambda: float(next(clock)) + 1)
    progress = _cache.Progress()
    for name in ("matmul", "conv2d", "adam"):
        progress.begin(f"{name}_on_threads")
        progress.begin(name)
        progress.end(name)
        progress.end(f"{name}_on_threads")
    first, *rest = stream.text.removesuffix("\n").split("\n")
    assert first.startswith("tinyxm: compiling kernels (once; kept in ")
    if terminal:
        assert len(rest) == 1
        assert rest[0].endswith("\r\x1b[K")
        assert "compiled 5 kernels" in rest[0]
    else:
        assert 1 <= len(rest) <= 5
        assert all(line.startswith("tinyxm: compiled ") for line in rest)
