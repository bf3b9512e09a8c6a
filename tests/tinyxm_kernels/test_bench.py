"""The bench: shapes, figures on made-up times, real runs of a second or two, a user's own rung. No time is asserted."""

import json
import re

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm_kernels.bench import (
    PLANS,
    Results,
    Settings,
    ahead,
    draw,
    goals,
    measure,
    mine,
    parse,
    peers,
    record,
    runner,
    save,
)
from tinyxm_kernels.bench.figures import interval, row_of, undecided, verdict
from tinyxm_kernels.bench.fused import GOALS
from tinyxm_kernels.bench.plan import arrays_of, show
from tinyxm_kernels.bench.plans import CONVOLUTIONS, sizes_for
from tinyxm_kernels.bench.record import page
from tinyxm_kernels.bench.tune import overrides, tune

SMALL = {"matmul": "16", "linear": "16", "gelu": "16", "softmax_cross_entropy": "8x5", "layer_norm": "8x5"}
SMALL |= {"max_pool2d": "2x7x6x4x3x2x1", "scatter_add_rows": "30x10x4", "adam_update": "100x3"}
SMALL |= {"layer_norm_gradients": "8x5", "group_norm": "2x3x2x6x3 1x3x2x6x6", "group_norm_gradients": "2x3x2x6x3"}
SMALL |= {"attention": "2x5x7x3x1", "attention_gradients": "2x5x7x3x1", "bias_max_pool2d": "2x7x6x4x3x2x1"}
CONVOLUTION = "1x6x6x2x3x3x1x1"
FACTS = {"operation": "matmul", "shape": "2x2x2", "dtype": "float32", "threads": 1, "flops": 16, "bytes": 48}
FIELDS = {"operation", "rung", "shape", "dtype", "threads", "best_gflops", "median_gflops", "peak_share", "ratios"}


def row(rung="packed", ours=1e-6, peers=(), default=False, operation="matmul", shape="2x2x2", threads=1, error=0.0):
    """A row that takes `ours` seconds in each round, beside peers {name: seconds}."""
    facts = {**FACTS, "operation": operation, "shape": shape, "threads": threads, "peak": 100.0}
    theirs = {name: [[seconds]] * 5 for name, seconds in dict(peers).items()}
    return row_of(rung, facts, [[ours]] * 5, theirs, [1.0], default=default, error=error)


@pytest.mark.parametrize("text", ["512", "512x256x1024", "8x56x56x64x64x3x1x1", "4x8x8x4x4x3x1x2x2x4"])
def test_a_shape_is_read_as_it_is_shown(text):
    assert [show(shape) for shape in parse(f" {text}, {text}")] == [text, text]
    assert parse(text.replace("x", "×")) == parse(text)


@pytest.mark.parametrize("text", ["", "12y", "3x", "-3", "2.5", "x"])
def test_what_is_no_shape_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"bench: .*512x512x512"):
        parse(text)


def test_each_operation_takes_the_sizes_that_are_its_own():
    work = sizes_for(("matmul", "conv2d"), parse(f"32 16x8x4 {CONVOLUTION}"))
    assert work == [("matmul", (32,) * 3), ("matmul", (16, 8, 4)), ("conv2d", (1, 6, 6, 2, 3, 3, 1, 1))]
    assert sizes_for(("conv2d",), [])[0] == ("conv2d", CONVOLUTIONS[0])
    with pytest.raises(ValueError, match="bench: size 3x4 is no shape of matmul m×k×n"):
        sizes_for(("matmul",), parse("3x4"))
    with pytest.raises(ValueError, match="doesn't fit"):
        sizes_for(("conv2d",), parse("1x2x2x1x1x5x1x0"))


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_runs_its_operation_and_counts_its_work(name):
    plan, rng = PLANS[name], np.random.default_rng(0)
    for shape in (*plan.sizes, *plan.quick):
        small = plan.shrunk(shape, 1e-6)
        assert plan.complete(small) == small
        operands = plan.operands(small, np.dtype("float64"), rng)
        with kernels.registry.watching() as calls:
            assert all(np.isfinite(array).all() for array in arrays_of(plan.run(operands)))
        assert name in [op.name for op, _ in calls]
        assert plan.flops(operands) == sum(op.flops(*kernels.registry._shapes(inputs)) for op, inputs in calls)
        assert plan.moved(operands) > 0


def test_a_matmul_moves_each_element_once():
    operands = PLANS["matmul"].operands((2, 3, 5), np.dtype("float64"), np.random.default_rng(0))
    assert PLANS["matmul"].flops(operands) == 2 * 2 * 3 * 5
    assert PLANS["matmul"].moved(operands) == 8 * (2 * 3 + 3 * 5 + 2 * 5)


def test_figures_of_made_up_times():
    ours, theirs = [[4e-9, 2e-9], [3e-9, 3e-9]], [[6e-9, 4e-9], [9e-9, 9e-9]]
    found = row_of("packed", {**FACTS, "peak": 16.0}, ours, {"torch": theirs}, [1.0], [[6e-9]], error=0.5)
    assert found.best_gflops == pytest.approx(8)  # 16 operations in 2 ns
    assert found.median_gflops == pytest.approx(16 / 3)
    assert found.peak_share == pytest.approx(0.5)
    assert found.ratios == {"torch": pytest.approx(2)}
    assert found.intervals == {"torch": (pytest.approx(5 / 3 + 1 / 3), pytest.approx(3 - 1 / 3))}  # of 5/3 and 3
    assert found.beside_blas == pytest.approx(0.5)
    assert set(found.as_json()) >= FIELDS | {"decided", "intervals"}
    json.dumps(found.as_json())


def test_a_ratio_is_decided_where_its_interval_is_on_one_side_or_all_near_one():
    assert verdict(1.01, 1.5) == "faster"
    assert verdict(0.5, 0.99) == "slower"
    assert verdict(0.96, 1.04) == "even"
    assert verdict(0.9, 1.01) == ""
    assert interval([[2.0]] * 4, [[1.0], [2.0], [1.0], [2.0]]) == (1.0, 2.0)


def test_a_noisy_run_decides_nothing_and_says_why():
    calm, wild = [[1.0, 1.0]] * 4, [[1.0, 9.0], [9.0, 9.0], [9.0, 9.0]]
    assert undecided(calm, {"torch": (1.2, 1.3)}, [10, 9.8, 10]) == ""
    assert "straddles 1 against jax" in undecided(calm, {"torch": (1.2, 1.3), "jax": (0.8, 1.3)}, [10])
    assert "machine was disturbed" in undecided(calm, {}, [10, 5, 5])
    assert "median is 11% of its best" in undecided(wild, {}, [10])
    assert "2 rounds, of 3 at least" in undecided(calm[:2], {}, [10])


def test_goals_are_of_the_default_choice_against_the_better_layout():
    rows = []
    for shape in map(show, CONVOLUTIONS):
        rows.append(row("implicit", 1e-6, {"torch": 3e-6, "torch_channels_last": 2e-6}, True, "conv2d", shape))
        rows.append(row("winograd", 5e-7, {"torch": 3e-6, "torch_channels_last": 2e-6}, False, "conv2d", shape))
    rows += [row("packed", 1e-6, {"numpy": 0.9e-6}, shape="512x512x512")]
    rows += [row("blas", 1e-6, {"numpy": 1e-6}, True, shape="512x512x512")]
    found = {goal.name: goal for goal in goals(rows)}
    mean = found["conv2d, geometric mean / torch"]
    assert mean.measured == pytest.approx(2)
    assert mean.met
    assert "best rungs 4.00" in mean.note
    assert found["conv2d 8x56x56x64x64x3x1x1, winograd / torch"].measured == pytest.approx(4)
    assert found["matmul 512, packed / OpenBLAS"].met is False
    assert found["matmul 1024, packed / OpenBLAS"].met is None
    assert found["matmul, default choice / best rung, least"].measured == pytest.approx(1)
    assert not any(goal.met for goal in goals(rows[:-4]) if goal.name.startswith("conv2d, geometric"))  # a shape lacks


@pytest.fixture(scope="module")
def measured():
    """One run over everything, on shapes that take no time."""
    results, told = Results(), []
    sizes = tuple(parse(" ".join([*SMALL.values(), CONVOLUTION])))
    settings = Settings(sizes=sizes, threads=(1,), against=("numpy",), quick=True)
    measure(settings, results, lambda line, done: told.append((line, done)))
    return settings, results, told


def test_a_run_has_a_row_for_every_rung_that_takes_the_operands(measured):
    _, results, _ = measured
    assert not [note for note in results.notes if "failed" in note or "left out" in note]
    for name in PLANS:
        rows = [row for row in results.rows if row.operation == name]
        assert {row.shape for row in rows} <= {"16x16x16", *" ".join(SMALL.values()).split(), CONVOLUTION}
        assert sum(row.default for row in rows) == len({row.shape for row in rows}) >= 1
        skipped = [note.split(": ")[1].split()[0] for note in results.notes if note.startswith(f"{name} ")]
        known = [rung.name for rung in kernels.ladder(name, "cpu") if rung.available]
        assert sorted({row.rung for row in rows if not row.is_peer} | set(skipped)) == sorted(known)
        assert all(row.error < 1e-3 and row.best_gflops >= row.median_gflops > 0 for row in rows)
    assert {(row.operation, row.rung) for row in results.rows if row.is_peer} == {("matmul", "numpy")}
    assert results.machine.gflops["float32", 1] > 0
    assert results.machine.bandwidth[1] > 0


def test_a_run_tells_how_far_it_is(measured):
    settings, _, told = measured
    assert told[-1][1] == settings.comparisons - 1
    assert any("adam_update 100x3" in line for line, _ in told)


def test_rows_are_written_as_the_list_that_was_promised(measured, tmp_path):
    path = tmp_path / "new" / "rows.json"
    save(measured[1].rows, path)
    rows = json.loads(path.read_text("utf-8"))
    assert len(rows) == len(measured[1].rows)
    assert all(FIELDS | {"decided"} <= set(row) for row in rows)
    assert all(set(row["ratios"]) == set() for row in rows if row["rung"] == "numpy")
    assert list(path.parent.iterdir()) == [path]


def test_a_peer_that_is_missing_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    results = Results()
    settings = Settings(("matmul",), ((4, 4, 4),), (1,), ("torch", "jax"), quick=True)
    measure(settings, results)
    assert results.notes[:2] == [
        "torch is not installed (pip install torch)",
        "jax is not installed (pip install jax)",
    ]
    assert results.rows


def test_what_was_measured_before_an_interruption_stays(monkeypatch):
    results = Results()
    settings = Settings(("matmul", "adam_update"), tuple(parse("4 100")), (1,), (), quick=True)

    def interrupt(line, done):
        if "adam_update" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(settings, results, interrupt)
    assert {row.operation for row in results.rows} == {"matmul"}


def test_a_worker_that_ends_is_told_of():
    worker = runner.Worker("numpy", 1)
    worker.process.kill()
    worker.process.wait()
    with pytest.raises(runner.WorkerError, match="numpy: its process ended"):
        worker.ask("forget")
    worker.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"operations": ("matmull",)}, "no operation 'matmull'; there are matmul"),
        ({"threads": (99,)}, "99 threads: this process may use 1 to"),
        ({"against": ("tensorflow",)}, "no peer 'tensorflow'; there are numpy"),
        ({"dtypes": ("int8",)}, "expected float32 or float64"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, message):
    with pytest.raises(ValueError, match=f"bench: .*{message}"):
        Settings(**given)


@pytest.mark.oracle
def test_every_call_of_pytorch_computes_the_same_as_ours():
    torch = pytest.importorskip("torch")
    threads, enabled = torch.get_num_threads(), torch.is_grad_enabled()
    try:
        for row_name, make in peers.LIBRARIES["torch"].items():
            for name, maker in make(1).items():
                plan, text = PLANS[name], SMALL.get(name.removesuffix("_gradients"), "2x7x6x4x6x3x2x1x1x2")
                for shape in map(plan.complete, parse(text)):
                    ours = plan.run(plan.operands(shape, np.dtype("float64"), np.random.default_rng(1)))
                    call, as_ours = maker(plan.operands(shape, np.dtype("float64"), np.random.default_rng(1)))
                    for a, b in zip(arrays_of(as_ours(call())), arrays_of(ours), strict=False):
                        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=f"{row_name} {name}")
    finally:
        torch.set_num_threads(threads)
        torch.set_grad_enabled(enabled)


def test_sizes_of_goals_belong_to_plans():
    assert all(shape in PLANS[name].sizes for name, shape, _ in GOALS)


def test_a_slow_rung_has_three_rounds(measured):
    group = runner.Group("matmul", (4, 4, 4), "float32", 1, {}, measured[0], Results())
    group.times = {"quick": [[1e-3]] * 5, "slow": [[0.3]] * 3, "slow at first": [[0.3]] * 2}
    assert [group.is_slow(row) for row in group.times] == [False, True, False]


RIGHT = """
import numpy as np

def matmul(a, b):
    return np.matmul(a, b)
"""
TAKES = """
from tinyxm_kernels.registry import rung

@rung(dtypes=("float64",), accepts=lambda a, b: a.ndim == 2 and a.shape[1] % 2 == 0, needs="an even depth")
def matmul(a, b):
    assert a.dtype == "float64" and a.shape[1] % 2 == 0
    return a @ b
"""
WRONG = {
    "the last term is missing": ("return np.matmul(a[:, :-1], b[:-1])", r"first at \[0, 0\]: \S+, expected \S+"),
    "one number is off": ("y = np.matmul(a, b); y[-1:, 1:2] += 1; return y", r"first at \[\d+, 1\].*\noff by 1; 1 of"),
    "an input is written": ("y = np.matmul(a, b); a *= 2; return y", "it wrote into its operand a"),
    "the dtype is another": ("return np.matmul(a, b).astype(np.float64)", "its result is float64, expected float32"),
    "the shape is another": ("return np.matmul(a, b).T.copy()", r"its result has shape \(.*\), expected \(.*\)"),
    "it raises": ("raise RuntimeError('no luck')", "it raised RuntimeError: no luck"),
    "a NaN is hidden": ("return np.matmul(np.nan_to_num(a, posinf=np.inf), b)", "with NaN"),
    "nothing is returned": ("np.matmul(a, b)", "it returned NoneType"),
    "views are read as if contiguous": (
        "return np.matmul(np.lib.stride_tricks.as_strided(a, a.shape, (a.itemsize * a.shape[1], a.itemsize)), b) "
        "if min(a.strides) > 0 else np.matmul(a, b)",
        "transposed|every other",
    ),
}


def written(tmp_path, text):
    path = tmp_path / "my_kernel.py"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("text", [RIGHT, TAKES], ids=["plain", "with what it takes"])
def test_a_right_kernel_of_ones_own_is_found_right(tmp_path, text):
    path = written(tmp_path, text)
    assert mine.operations_in(path) == ["matmul"]
    assert mine.check(path, "matmul") is None


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_kernel_of_ones_own_is_found_and_told(tmp_path, mistake):
    body, told = WRONG[mistake]
    path = written(tmp_path, f"import numpy as np\n\ndef matmul(a, b):\n    {body}\n")
    assert re.search(told, str(mine.check(path, "matmul")))


def test_every_operation_can_have_a_kernel_of_ones_own(tmp_path):
    for name in PLANS:
        if name in ("adam_update", "softmax_cross_entropy"):  # in place; two functions
            continue
        room = kernels.registry._operations[name].room
        path = written(tmp_path, f"from {room}.reference import {name} as f\n\ndef {name}(*a):\n    return f(*a)\n")
        assert mine.check(path, name, cases=12) is None


def test_a_file_without_an_operation_says_what_it_has(tmp_path):
    with pytest.raises(ValueError, match="its functions: matmull"):
        mine.operations_in(written(tmp_path, "def matmull(a, b):\n    return a\n"))
    with pytest.raises(ValueError, match="is no Python"):
        mine.operations_in(written(tmp_path, "def"))


def test_charts_are_drawn_in_the_format_of_their_name(measured, tmp_path):
    for name, start in (("chart.png", b"\x89PNG"), ("chart.svg", b"<?xml")):
        draw(measured[1].rows, measured[1].machine, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ValueError, match="nothing was measured"):
        draw([], measured[1].machine, tmp_path / "none.png")


def test_a_record_holds_the_machine_and_makes_a_page(measured, tmp_path):
    record(measured[1], tmp_path / "kernels.json")
    content = json.loads((tmp_path / "kernels.json").read_text("utf-8"))
    assert content["machine"]["cores"] >= 1
    assert content["machine"]["libraries"]["numpy"] == np.__version__
    text = page(tmp_path / "kernels.json")
    assert "### matmul, float32" in text
    assert "| 16x16x16 | 1 |" in text


def test_overrides_keep_the_rule_unless_another_is_clearly_faster():
    def at(rung, size, ours, default=False):
        facts = {**FACTS, "shape": str(size), "flops": size, "peak": 1.0}
        return row_of(rung, facts, [[ours]] * 3, {}, [1.0], default=default)

    rows = [at("blas", 100, 1.0, True), at("packed", 100, 0.99), at("blas", 10000, 1.0, True), at("packed", 10000, 0.5)]
    assert overrides(rows) == {"matmul": [{"up_to": 1000, "rung": "blas"}, {"up_to": None, "rung": "packed"}]}
    assert overrides(rows[:2]) == {"matmul": [{"up_to": None, "rung": "blas"}]}
    assert overrides([at("mine", 100, 0.1)]) == {}


def test_what_was_not_measured_keeps_its_overrides(measured, tmp_path):
    path = tmp_path / "tuned.json"
    path.write_text('{"conv2d": [{"up_to": null, "rung": "patches"}], "matmul": []}', "utf-8")
    tune([row("blas", default=True)], path)
    assert json.loads(path.read_text("utf-8")) == {
        "conv2d": [{"up_to": None, "rung": "patches"}],
        "matmul": [{"up_to": None, "rung": "blas"}],
    }
    path.write_text("{", "utf-8")
    tune([row("blas", default=True)], path)
    assert list(json.loads(path.read_text("utf-8"))) == ["matmul"]


def test_compiling_ahead_runs_each_rung_of_numba_on_one_and_two_threads(monkeypatch):
    ran = []
    monkeypatch.setattr(ahead, "PLANS", {name: PLANS[name] for name in ("gelu", "layer_norm")})
    for name in ahead.PLANS:
        rung = kernels.registry._find(name).load("fused")
        spy = lambda *a, f=rung.function, name=name: (ran.append((name, kernels.get_threads())), f(*a))[1]  # noqa: E731
        monkeypatch.setattr(rung, "function", spy)
    assert [name for name, seconds in ahead.compile_ahead() if seconds > 0] == ["layer_norm", "gelu"][::-1]
    assert set(ran) == {(name, threads) for name in ("gelu", "layer_norm") for threads in (1, 2)}
    for plan in PLANS.values():
        assert all(plan.complete(ahead._small(plan, shape)) for shape in plan.sizes)
