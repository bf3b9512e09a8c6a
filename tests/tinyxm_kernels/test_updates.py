"""Optimizer updates: by hand, against PyTorch over several steps, and rung against rung across blocks."""

import cupy_stand_in
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled, cuda
from tinyxm_kernels.threads import threads
from tinyxm_kernels.updates import blocked

OPERATION = "adam_update"


def test_the_first_step_by_hand(rung):
    """At step 1 the corrected mean is g and the corrected square g², so Adam moves by the learning rate."""
    parameter, gradient = np.array([1.0, 2.0]), np.array([0.5, -4.0])
    mean, square = np.zeros(2), np.zeros(2)
    with kernels.using(f"updates={rung}"):
        kernels.adam_update(parameter, gradient, mean, square, step=1, learning_rate=0.1, epsilon=0.0)
    np.testing.assert_allclose(parameter, [0.9, 2.1])
    np.testing.assert_allclose(mean, [0.05, -0.4])
    np.testing.assert_allclose(square, [0.00025, 0.016])
    velocity = np.array([1.0, 1.0])
    with kernels.using(f"updates={rung}"):
        kernels.momentum_update(parameter, gradient, velocity, learning_rate=0.1, momentum=0.5)
    np.testing.assert_allclose(velocity, [1.0, -3.5])
    np.testing.assert_allclose(parameter, [0.8, 2.45])


@pytest.mark.oracle
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("flag", [False, True])
def test_agrees_with_pytorch(rung, weight_decay, flag):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, 4))
    adam, momentum = (torch.nn.Parameter(torch.tensor(start)) for _ in range(2))
    kind = torch.optim.AdamW if flag else torch.optim.Adam
    first = kind([adam], lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=weight_decay)
    second = torch.optim.SGD([momentum], lr=0.05, momentum=0.7, nesterov=flag, weight_decay=weight_decay)
    ours, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    other, velocity = start.copy(), np.zeros_like(start)
    for step in range(1, 6):
        g = rng.normal(size=start.shape)
        adam.grad, momentum.grad = torch.tensor(g), torch.tensor(g)
        first.step()
        second.step()
        with kernels.using(f"updates={rung}"):
            kernels.adam_update(
                ours, g, mean, square, step=step, learning_rate=0.05, beta1=0.8, beta2=0.95, epsilon=1e-3,
                weight_decay=weight_decay, decoupled=flag,
            )  # fmt: skip
            kernels.momentum_update(
                other, g, velocity, learning_rate=0.05, momentum=0.7, nesterov=flag, weight_decay=weight_decay
            )
    np.testing.assert_allclose(ours, adam.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(other, momentum.detach().numpy(), atol=1e-12)


@given(
    size=st.integers(0, 100), offset=st.integers(0, 16), number=st.integers(1, 4),
    dtype=st.sampled_from([np.float32, np.float64]), step=st.integers(1, 500),
    decay=st.sampled_from([0.0, 0.1]), flag=st.booleans(), strided=st.booleans(),
)  # fmt: skip
def test_rungs_agree_over_blocks_and_leave_the_gradient_alone(size, offset, number, dtype, step, decay, flag, strided):
    rng = np.random.default_rng(size)
    gradient = rng.normal(size=2 * size).astype(dtype)
    gradient = gradient[::2] if strided else gradient[:size]
    before, results = gradient.copy(), []
    for rung in [rung.name for rung in kernels.ladder(OPERATION, "cpu") if rung.available]:
        state = [np.abs(np.random.default_rng(i).normal(size=offset + size)).astype(dtype) for i in range(20)]
        around, state = [array[:offset].copy() for array in state], [array[offset:] for array in state]
        state[13] *= 0.1  # of RMSProp centred, a mean whose square is below the mean of squares
        state[12] += 0.1
        with kernels.using(f"updates={rung}"), pytest.MonkeyPatch.context() as patch, threads(number):
            patch.setattr(blocked, "BLOCK", 7)
            patch.setattr(_compiled, "SERIAL_BELOW", 0)
            kernels.gradient_descent_update(state[18], gradient, learning_rate=0.01, weight_decay=decay)
            kernels.adam_update(
                state[0], gradient, *state[1:3], step=step, learning_rate=0.01, weight_decay=decay, decoupled=flag
            )
            kernels.momentum_update(state[3], gradient, state[4], learning_rate=0.01, nesterov=flag, weight_decay=decay)
            kernels.adagrad_update(state[5], gradient, state[6], learning_rate=0.01, weight_decay=decay)
            kernels.adadelta_update(state[7], gradient, *state[8:10], weight_decay=decay)
            kernels.rmsprop_update(
                state[11], gradient, state[12], state[13] if flag else None, state[10] if decay else None,
                learning_rate=0.01, momentum=0.5, weight_decay=decay,
            )  # fmt: skip
            kernels.adam_update(state[14], gradient, *state[15:18], step=step, learning_rate=0.01)
        results.append(state)
        np.testing.assert_array_equal([array.base[:offset] for array in state], around)
    np.testing.assert_array_equal(gradient, before)
    for result in results:
        for one, other in zip(results[0], result, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5 if dtype == np.float32 else 1e-12, atol=1e-6)


@pytest.mark.parametrize("size", [5, 100])
def test_what_is_no_number_comes_through(rung, size):
    for bad in (np.nan, np.inf):
        gradient, arrays = np.ones(size), [np.ones(size) for _ in range(12)]
        gradient[2] = bad
        with kernels.using(f"updates={rung}"), np.errstate(invalid="ignore"):
            kernels.adam_update(*arrays[:1], gradient, *arrays[1:4], step=2, learning_rate=0.1)
            kernels.rmsprop_update(arrays[4], gradient, *arrays[5:8], learning_rate=0.1)
            kernels.adadelta_update(arrays[8], gradient, *arrays[9:11])
            kernels.momentum_update(arrays[11], gradient, np.ones(size), learning_rate=0.1)
        for array in arrays:
            assert np.isfinite(array).tolist() == [i != 2 for i in range(size)]


def test_work_is_counted_with_the_state_that_is_given():
    a = np.ones((4, 5), np.float32)
    assert kernels.bytes_moved("adam_update", a, a, a, a) == 7 * 20 * 4
    assert kernels.bytes_moved("adam_update", a, a, a, a, a) == 9 * 20 * 4
    assert kernels.bytes_moved("rmsprop_update", a, a, a) == 5 * 20 * 4
    assert all(kernels.flops(name, a, a, a) >= 80 for name in kernels.operations() if name.endswith("_update"))


def test_errors():
    a = np.ones((4, 4))
    with pytest.raises(ValueError, match=r"adagrad_update: square_sum has shape \(2,\), expected \(4, 4\)"):
        kernels.adagrad_update(a, a, np.ones(2), learning_rate=0.1)
    with pytest.raises(ValueError, match="rmsprop_update: mean isn't contiguous"):
        kernels.rmsprop_update(a, a, a, a.T, learning_rate=0.1)
    with pytest.raises(TypeError, match=r"adadelta_update: .* change_square float32"):
        kernels.adadelta_update(a, a, a, a.astype(np.float32))
    with pytest.raises(ValueError, match=r"adam_update: gradient has shape \(3,\), expected \(4, 4\)"):
        kernels.adam_update(a, np.ones(3), a, a, step=1, learning_rate=0.1)
    with pytest.raises(ValueError, match="adam_update: step 0: steps count from 1"):
        kernels.adam_update(a, a, a, a, step=0, learning_rate=0.1)
    with pytest.raises(ValueError, match="momentum_update: parameter isn't contiguous"):
        kernels.momentum_update(a.T[:2], a[:2], a[:2], learning_rate=0.1)
    with pytest.raises(TypeError, match="momentum_update: parameter float64, gradient float32"):
        kernels.momentum_update(a, a.astype(np.float32), a, learning_rate=0.1)
    with pytest.raises(TypeError, match="gradient_descent_update: gradient is of type NoneType, expected an array"):
        kernels.gradient_descent_update(a, None, learning_rate=0.1)


def test_gradient_descent_by_hand_in_place_and_in_its_own_dtype(rung):
    parameter, gradient = np.array([1.0, 2.0], np.float32), np.array([0.5, -4.0], np.float32)
    with kernels.using(f"updates={rung}"):
        kernels.gradient_descent_update(parameter, gradient, learning_rate=0.5)
        np.testing.assert_array_equal(parameter, [0.75, 4.0])
        kernels.gradient_descent_update(parameter, gradient, learning_rate=0.5, weight_decay=0.5)
    np.testing.assert_array_equal(parameter, [0.3125, 5.0])
    np.testing.assert_array_equal(gradient, [0.5, -4.0])
    assert parameter.dtype == np.float32


# On a GPU, here in the simulator


def updated(name, size, strided, settings):
    """All state after one step of each update, of float32 drawn by the size; `settings` says which variant."""
    rng = np.random.default_rng(size)
    gradient = rng.normal(size=2 * size).astype(np.float32)
    gradient = gradient[::2] if strided else gradient[:size]
    state = [np.abs(rng.normal(size=size)).astype(np.float32) for _ in range(20)]
    state[13] *= 0.1
    state[12] += 0.1
    decay, flag, step = settings
    with kernels.using(f"updates={name}"):
        kernels.gradient_descent_update(state[18], gradient, learning_rate=0.01, weight_decay=decay)
        kernels.adam_update(
            state[0], gradient, *state[1:3], step=step, learning_rate=np.float64(0.01), weight_decay=decay,
            decoupled=flag,
        )  # fmt: skip
        kernels.momentum_update(state[3], gradient, state[4], learning_rate=0.01, nesterov=flag, weight_decay=decay)
        kernels.adagrad_update(state[5], gradient, state[6], learning_rate=0.01, weight_decay=decay)
        kernels.adadelta_update(state[7], gradient, *state[8:10], weight_decay=decay)
        kernels.rmsprop_update(
            state[11], gradient, state[12], state[13] if flag else None, state[10] if decay else None,
            learning_rate=0.01, momentum=0.5, weight_decay=decay,
        )  # fmt: skip
        kernels.adam_update(state[14], gradient, *state[15:18], step=step, learning_rate=0.01)
    return state


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, 257, 1000])
@pytest.mark.parametrize("settings", [(0.0, False, 1), (0.1, True, 7), (0.1, False, 500)], ids=str)
@pytest.mark.parametrize("strided", [False, True])
def test_on_a_gpu_as_the_reference(size, settings, strided):
    """Rounded four times at most, where a multiplication and an addition may be one."""
    ours, expected = (updated(name, size, strided, settings) for name in ("cuda_fused", "reference"))
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


def test_on_a_gpu_in_place_in_any_shape_and_without_a_finding():
    parameter, gradient, velocity = (np.full((3, 5, 7), x, np.float32) for x in (1, 2, 3))
    with kernels.using("updates=cuda_fused"), cuda.launches() as seen:
        kernels.momentum_update(parameter, gradient, velocity, learning_rate=0.5, momentum=0.5)
    assert (velocity == 3.5).all()
    assert (parameter == -0.75).all()
    assert [(launch.grid, launch.run.findings) for launch in seen] == [((1, 1, 1), [])]
    single = np.float32([1.0]).reshape(())
    with kernels.using("updates=cuda_fused"):
        kernels.gradient_descent_update(single, np.float32([2.0]).reshape(()), learning_rate=0.25)
    assert single == 0.5


def test_on_a_gpu_what_is_no_number_comes_through():
    for bad in (np.nan, np.inf):
        gradient, arrays = np.ones(40, np.float32), [np.ones(40, np.float32) for _ in range(12)]
        gradient[2] = bad
        with kernels.using("updates=cuda_fused"):
            kernels.adam_update(*arrays[:1], gradient, *arrays[1:4], step=2, learning_rate=0.1)
            kernels.rmsprop_update(arrays[4], gradient, *arrays[5:8], learning_rate=0.1)
            kernels.adadelta_update(arrays[8], gradient, *arrays[9:11])
            kernels.momentum_update(arrays[11], gradient, np.ones(40, np.float32), learning_rate=0.1)
        for array in arrays:
            assert np.isfinite(array).tolist() == [i != 2 for i in range(40)]
    largest = np.array([np.nan, 2, 1], np.float32)
    with kernels.using("updates=cuda_fused"):
        state = [np.ones(3, np.float32) for _ in range(3)]
        kernels.adam_update(state[0], np.ones(3, np.float32), *state[1:], largest, step=1, learning_rate=0.1)
    np.testing.assert_array_equal(largest, [np.nan, 2, 1])


def test_on_cupy_arrays_in_one_launch():
    rng = np.random.default_rng(0)
    arrays = [np.abs(rng.normal(size=(3, 4))).astype(np.float32) for _ in range(4)]
    with cupy_stand_in.installed() as cupy:
        on_gpu = [cupy.asarray(array) for array in arrays]
        assert kernels.chosen("adam_update", *on_gpu).name == "cuda_fused"
        with cuda.launches() as seen:
            kernels.adam_update(on_gpu[0], on_gpu[1].T.copy().T, *on_gpu[2:], step=2, learning_rate=0.1)
        assert len(seen) == 1
        with kernels.using("reference"):
            kernels.adam_update(*arrays, step=2, learning_rate=0.1)
        for one, other in zip(on_gpu, arrays, strict=True):
            np.testing.assert_allclose(one.get(), other, rtol=1e-5, atol=1e-7)
