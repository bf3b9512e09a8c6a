import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm.optim import clip_by_layer, clip_by_norm, clip_by_value


def with_gradients(*gradients):
    params = [xm.Parameter(np.zeros_like(g)) for g in gradients]
    for parameter, g in zip(params, gradients, strict=True):
        parameter.grad = g.copy()
    return params


def random_gradients(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape), dtype) for shape in ((3, 4), (5,), ())]


@pytest.mark.oracle
@pytest.mark.parametrize("limit", [0.5, 1.5, 100])
@pytest.mark.parametrize("ours", [clip_by_norm, clip_by_value])
def test_gradients_agree_with_pytorch(ours, limit):
    torch = pytest.importorskip("torch")
    gradients = random_gradients()
    params = with_gradients(*gradients)
    theirs = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients]
    for parameter, g in zip(theirs, gradients, strict=True):
        parameter.grad = torch.tensor(g)
    norm = ours(params, limit)
    assert norm == pytest.approx(torch.nn.utils.get_total_norm([p.grad for p in theirs]).item())
    clip = torch.nn.utils.clip_grad_norm_ if ours is clip_by_norm else torch.nn.utils.clip_grad_value_
    clip(theirs, limit)
    for parameter, their in zip(params, theirs, strict=True):
        np.testing.assert_allclose(parameter.grad, their.grad.numpy(), rtol=2e-6)  # PyTorch divides by norm + 1e-6


def test_values_by_hand():
    params = with_gradients(np.array([3.0, -0.5]), np.array(-4.0))
    assert clip_by_norm(params, 0.5) == pytest.approx(np.sqrt(25.25))
    np.testing.assert_allclose(params[0].grad, np.array([3, -0.5]) * 0.5 / np.sqrt(25.25))
    params = with_gradients(np.array([3.0, -0.5]), np.array(-4.0))
    assert clip_by_value(params, 1) == pytest.approx(np.sqrt(25.25))
    np.testing.assert_array_equal(params[0].grad, [1, -0.5])
    np.testing.assert_array_equal(params[1].grad, -1)


def test_each_layer_is_held_by_itself():
    gradients = [np.array([300.0, 400.0]), np.array([[0.3], [0.4]]), np.array(-2.0), np.zeros(3), np.zeros((0, 2))]
    params = with_gradients(*gradients)
    assert clip_by_layer(params, 1.0) == pytest.approx(np.sqrt(500**2 + 0.5**2 + 2**2))
    for parameter, expected in zip(params, [[0.6, 0.8], gradients[1], -1, gradients[3], gradients[4]], strict=True):
        np.testing.assert_allclose(parameter.grad, expected)
    assert params[1].grad.shape == (2, 1)
    params = with_gradients(*gradients)
    clip_by_norm(params, 1.0)
    assert np.linalg.norm(params[1].grad) < 0.002  # by the norm of all, one layer that explodes stills the others


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.floats(1e-3, 1e3))
def test_clipped_by_norm_is_short_enough_and_parallel(values, limit):
    g = np.array(values)
    (parameter,) = with_gradients(g)
    before = clip_by_norm([parameter], limit)
    after = np.linalg.norm(parameter.grad)
    assert before == pytest.approx(np.linalg.norm(g))
    assert after == pytest.approx(min(before, limit))
    np.testing.assert_allclose(parameter.grad * before, g * after, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
def test_small_gradients_pass_as_they_are_however_small(clip):
    """Clipping is no help against vanishing."""
    params = with_gradients(np.full(3, 1e-12))
    clip(params, 1.0)
    np.testing.assert_array_equal(params[0].grad, np.full(3, 1e-12))


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
def test_float32_shape_and_missing_gradients_are_kept(clip):
    params = with_gradients(*random_gradients(np.float32))
    params[1].grad = None
    clip(iter(params), np.float64(0.1))
    assert params[1].grad is None
    assert params[0].grad.dtype == np.float32
    assert isinstance(params[2].grad, np.ndarray)
    assert params[2].grad.shape == ()
    assert clip([], 1) == 0


@pytest.mark.parametrize("value", [np.float32(1e30), np.float64(1e200)])
def test_squares_that_overflow_are_no_infinite_norm(value):
    params = with_gradients(np.full(4, value), np.zeros((0, 2), value.dtype))
    with np.errstate(all="raise"):
        norm = clip_by_norm(params[1:] + params[:1], 2.0)
    assert norm == pytest.approx(2 * float(value))
    np.testing.assert_allclose(params[0].grad, 1, rtol=1e-6)


@pytest.mark.parametrize("value", [np.float32(1e-25), np.float32(1e-41), np.float64(1e-200)])
def test_a_gradient_whose_squares_vanish_has_a_norm_all_the_same(value):
    """Whoever logs the norm would take a small one for none."""
    assert clip_by_norm(with_gradients(np.full(4, value)), 1.0) == pytest.approx(2 * float(value))


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_named_and_none_is_clipped(clip, bad):
    params = with_gradients(np.full(3, 9.0), np.array([[1.0, bad], [2.0, 3.0]]))
    with pytest.raises(FloatingPointError, match=rf"{clip.__name__}: 1 of 4 .* gradient of parameter 1, \(2, 2\)"):
        clip(params, 1.0)
    np.testing.assert_array_equal(params[0].grad, np.full(3, 9.0))


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
@pytest.mark.parametrize("limit", [0, -1, np.nan, np.inf, "1", None])
def test_limits_are_checked(clip, limit):
    with pytest.raises(ValueError, match=f"{clip.__name__}: limit"):
        clip([], limit)


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
def test_one_tensor_is_not_a_list_of_them(clip):
    with pytest.raises(TypeError, match="params is a Parameter"):
        clip(with_gradients(np.ones(3))[0], 1)


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
@pytest.mark.parametrize("limit", [0.5, 1000])
def test_listeners_are_told_before_and_after(clip, limit):
    gradients = random_gradients()
    params, events = with_gradients(*gradients), []
    with xm.listen(events.append):
        norm = clip(params, limit)
    assert [(e.kind, e.phase, e.operation) for e in events] == [("clip", "clip", clip.__name__)] * 3
    for event, parameter, g in zip(events, params, gradients, strict=True):
        np.testing.assert_array_equal(event.operands["gradient"], g)
        assert event.result is parameter.grad
        own = np.linalg.norm(g) if clip is clip_by_layer else norm
        assert event.static == {"limit": limit, "norm": pytest.approx(own)}


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, clip_by_layer])
def test_each_parameter_is_given_once_in_a_list(clip):
    (parameter,) = with_gradients(np.array([3.0, 4.0]))
    with pytest.raises(ValueError, match=rf"{clip.__name__}: parameter 1, \(2,\), is given twice"):
        clip([parameter, parameter], 1)
    np.testing.assert_array_equal(parameter.grad, [3, 4])
    for wrong, words in (({"w": parameter}, "params is a dict"), (None, "params is a NoneType")):
        with pytest.raises(TypeError, match=f"{clip.__name__}: {words}; give a list of them"):
            clip(wrong, 1)
    with pytest.raises(TypeError, match="parameter 0 is a str; expected a Parameter"):
        clip(["w"], 1)
