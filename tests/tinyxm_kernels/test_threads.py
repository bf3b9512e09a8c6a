"""Threads: one number for all, the same parts on every run, and processes that are forked or threaded by the user."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm_kernels._compiled import threaded
from tinyxm_kernels.threads import VARIABLES, cores, layer

WORK = 1e9  # operations: enough for threads


@threaded
def running_sums(start, stop, x, y):
    """y[start : stop] from the sums of x within the part: how the work was split shows in the last bits."""
    total = x[start] - x[start]
    for i in range(start, stop):
        total += x[i]
        y[i] = total


X = np.random.default_rng(0).normal(size=10_007).astype(np.float32)


def sums(x=X):
    y = np.empty_like(x)
    running_sums(x.size, WORK, x, y)
    return y


def in_parts(count):
    """What `count` parts give, without a compiler: a sum may be reordered only within a step, so nearly to the bit."""
    ends = [X.size * p // count for p in range(count + 1)]
    return np.concatenate([np.cumsum(X[a:b], dtype=np.float64) for a, b in pairwise(ends)])


def run_python(code, **environment):
    environment = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_work_is_split_into_as_many_parts_as_threads_even_beyond_the_cores(number):
    with kernels.threads(number):
        first = sums()
        np.testing.assert_allclose(first, in_parts(number), rtol=1e-3, atol=1e-3)
        assert all(np.array_equal(sums(), first) for _ in range(20))
        assert kernels.get_threads() == number


def test_few_operations_are_not_split():
    y = np.empty_like(X)
    with kernels.threads(4):
        running_sums(X.size, 10.0, X, y)
    with kernels.threads(1):
        assert np.array_equal(y, sums())


def test_no_part_is_empty():
    with kernels.threads(4):
        np.testing.assert_array_equal(sums(X[:3]), X[:3])


def test_a_block_ends_and_a_setting_stays():
    before = kernels.get_threads()
    with kernels.threads(3):
        with kernels.threads(1):
            assert kernels.get_threads() == 1
        assert kernels.get_threads() == 3
    assert kernels.get_threads() == before
    code = (
        "import tinyxm_kernels as k, threadpoolctl as t; k.set_threads(1); "
        "print(k.get_threads(), {p['num_threads'] for p in t.threadpool_info() if p['user_api'] == 'blas'})"
    )
    assert run_python(code).stdout.split(None, 1) == ["1", "{1}\n"]


@pytest.mark.parametrize("number", [0, -1, 1.5, "2"])
def test_a_number_of_threads_is_a_whole_one_from_1(number):
    with pytest.raises(ValueError, match="expected a whole number from 1"):
        kernels.set_threads(number)
    with pytest.raises(ValueError, match="expected a whole number from 1"), kernels.threads(number):
        pass


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ({"NUMBA_NUM_THREADS": "3", "OMP_NUM_THREADS": "1"}, 3),
        ({"OMP_NUM_THREADS": "5"}, 5),
        ({"OPENBLAS_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "many"}, cores()),
        ({}, cores()),
    ],
)
def test_the_environment_is_heard(said, number):
    nothing = dict.fromkeys(VARIABLES)
    assert run_python("import tinyxm_kernels as k; print(k.get_threads())", **nothing | said).stdout == f"{number}\n"


def work(queue):
    queue.put((sums(), layer()))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "method", [pytest.param("fork", marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no fork")), "spawn"]
)
def test_a_process_started_after_a_kernel_ran_on_threads_gives_the_same(method):
    with kernels.threads(2):
        here = sums()
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        other = context.Process(target=work, args=(queue,))
        other.start()
        there, its_layer = queue.get(timeout=60)
        other.join()
    assert other.exitcode == 0
    if method == "fork":
        assert np.array_equal(here, there)
        assert its_layer == ("" if layer() == "omp" else layer())


def test_kernels_called_from_several_threads_at_once_are_right():
    with kernels.threads(2):
        right = sums()
        with ThreadPoolExecutor(5) as pool:
            results = list(pool.map(lambda _: sums(), range(100)))
    assert all(np.array_equal(result, right) for result in results)


CHILD = """
import sys, warnings, numpy as np
{before}
sys.path.insert(0, {folder!r})
import tinyxm_kernels as kernels, test_threads as t
kernels.set_threads(2)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    right = bool(np.allclose(t.sums(), t.in_parts(2), rtol=1e-3, atol=1e-3))
print([right, t.layer(), [str(w.message)[:29] for w in caught]])
"""


def child(before="", **environment):
    folder = os.path.dirname(__file__)
    return run_python(CHILD.format(before=before, folder=folder), **environment)


def test_without_openmp_and_tbb_the_parts_run_one_after_another_and_it_is_said_once():
    done = child("sys.modules['numba.np.ufunc.omppool'] = sys.modules['numba.np.ufunc.tbbpool'] = None")
    assert done.stdout.strip() == "[True, '', ['kernels run on one thread, fo']]", done.stderr


def test_a_layer_that_the_user_named_is_taken_or_missed():
    assert child(NUMBA_THREADING_LAYER="workqueue").stdout.startswith("[True, 'workqueue', []]")
    done = child("sys.modules['numba.np.ufunc.tbbpool'] = None", NUMBA_THREADING_LAYER="tbb")
    assert "ValueError: NUMBA_THREADING_LAYER=tbb: " in done.stderr


def test_starting_leaves_the_environment_as_it_was():
    code = (
        "import os, threadpoolctl; before = dict(os.environ); "  # which names a setting of its own
        "from tinyxm_kernels.threads import layer; layer(); "
        "print(dict(os.environ) == before)"
    )
    assert run_python(code, OMP_WAIT_POLICY=None, GOMP_SPINCOUNT=None).stdout == "True\n"


@pytest.mark.oracle
def test_openmp_that_pytorch_loaded_is_given_a_thread_more_than_there_are_cores():
    """So that its threads spin for moments only: see benchmarks/stalls.py."""
    pytest.importorskip("torch")
    code = (
        "import torch; from tinyxm_kernels.threads import cores, layer; from numba.np.ufunc import parallel as p; "
        "print(layer(), p.NUM_THREADS - cores())"
    )
    assert run_python(code, NUMBA_NUM_THREADS=None).stdout in ("omp 1\n", "tbb 1\n")
