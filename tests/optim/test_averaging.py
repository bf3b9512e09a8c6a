import numpy as np
import pytest

import tinyxm as xm
from tinyxm.optim import AveragedWeights


def walked(decay, dtype=np.float64, steps=7, start=0):
    """Parameters that move, their average, and where they have been."""
    params = [xm.Parameter(np.full(shape, start, dtype)) for shape in ((2, 3), (), (0,))]
    averaged, path = AveragedWeights(params, decay), []
    for step in range(steps):
        move(params, step)
        averaged.update()
        path.append([p.data.copy() for p in params])
    return params, averaged, path


def move(params, step):
    rng = np.random.default_rng(step)
    with xm.no_grad():
        for parameter in params:
            parameter += np.asarray(rng.normal(size=parameter.shape), parameter.dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decay", [None, 0.0, 0.8, 0.999])
def test_it_is_the_weighted_mean_of_the_path(decay, dtype):
    """Independently: each earlier place weighs δ times the next, and weights sum to 1; the start before isn't in it."""
    params, averaged, path = walked(decay, dtype, start=1e6 if dtype == np.float64 else 0)
    weights = np.array([(1.0 if decay is None else decay) ** age for age in reversed(range(len(path)))])
    expected = [sum(w * place[i] for w, place in zip(weights / weights.sum(), path, strict=True)) for i in range(3)]
    before = [p.data.copy() for p in params]
    with averaged.applied():
        for parameter, mean in zip(params, expected, strict=True):
            np.testing.assert_allclose(parameter.data, mean, rtol=1e-5 if dtype == np.float32 else 1e-12)
            assert parameter.dtype == dtype
    for parameter, own in zip(params, before, strict=True):
        np.testing.assert_array_equal(parameter.data, own)


@pytest.mark.oracle
def test_equal_weights_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(3, 2).double()
    theirs = torch.optim.swa_utils.AveragedModel(module)
    ours = [xm.Parameter(p.detach().numpy()) for p in module.parameters()]
    averaged = AveragedWeights(ours)
    for step in range(5):
        move(ours, step)
        with torch.no_grad():
            for our, their in zip(ours, module.parameters(), strict=True):
                their.copy_(torch.tensor(our.data))
        theirs.update_parameters(module)
        averaged.update()
    with averaged.applied():
        for our, their in zip(ours, theirs.module.parameters(), strict=True):
            np.testing.assert_allclose(our.data, their.detach().numpy(), rtol=1e-12)


def test_an_error_within_leaves_the_weights_of_training():
    params, averaged, path = walked(0.9)
    with pytest.raises(KeyError), averaged.applied():
        raise KeyError
    np.testing.assert_array_equal(params[0].data, path[-1][0])


def test_a_graph_recorded_before_is_stale_within():
    params, averaged, _ = walked(0.9)
    y = (params[0] * params[0]).sum()
    with averaged.applied(), pytest.raises(RuntimeError, match="written in place"):
        y.backward()


@pytest.mark.parametrize("decay", [None, 0.9])
def test_saved_halfway_it_goes_on_bit_for_bit(decay):
    params, averaged, _ = walked(decay, np.float32)
    other = AveragedWeights([xm.Parameter(p.data) for p in params], decay)
    other.load_state_dict(state := averaged.state_dict())
    move(params, 50)
    averaged.update()
    assert state["count"] == 7
    assert any((state[key] != averaged.state_dict()[key]).any() for key in ("average.0", "average.1"))  # a copy
    move(other.parameters, 50)
    other.update()
    for key, value in averaged.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[key])
    with pytest.raises(ValueError, match=r"AveragedWeights.load_state_dict: .* average.1 is missing; count is missing"):
        other.load_state_dict({"average.0": state["average.0"], "average.2": state["average.2"]})


def test_errors():
    parameter = xm.Parameter(np.ones(2))
    for given, decay, error, words in (
        ([], None, ValueError, "no parameters were given"),
        ([parameter, parameter], None, ValueError, "parameter 1, .* is given twice"),
        (parameter, None, TypeError, "params is a Parameter; give a list"),
        ([parameter], 1.0, ValueError, "decay 1.0: expected None, or at least 0"),
    ):
        with pytest.raises(error, match=f"AveragedWeights: {words}"):
            AveragedWeights(given, decay)
    with (
        pytest.raises(RuntimeError, match=r"AveragedWeights.applied: nothing is averaged yet"),
        AveragedWeights([parameter]).applied(),
    ):
        pass
