"""Maps of what made a score: against formulas, models that look at one place alone, and PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm import nn
from tinyxm.models.interpretation import (
    attention_maps,
    attention_rollout,
    completeness,
    grad_cam,
    gradient,
    gradient_times_input,
    integrated_gradients,
    logit,
    occlusion,
    of_embedding,
    over_channels,
    probability,
    similarity,
    smooth_grad,
)

rng = np.random.default_rng(0)


def cnn(seed=0, classes=3):
    generator = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, rng=generator),
        nn.ReLU(),
        nn.Conv2d(4, 5, 3, stride=2, padding=1, rng=generator),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(4 * 4 * 5, classes, rng=generator),
    )
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # without biases gradient × input would be complete, too
            parameter.data[...] = 0.3 * generator.standard_normal(parameter.shape)
    return model


PICTURES = rng.standard_normal((3, 8, 8, 2)).astype(np.float32)


class Looks(nn.Module):
    """A classifier whose class 1 is the square of the sum over one part of the input, and class 0 is 0."""

    def __init__(self, *where):
        self.where = where

    def forward(self, x):
        part = np.sum(xm.ops.reshape(x[:, *self.where], (len(x), -1)), axis=1)
        return np.stack([part * 0, part * part], axis=1)


PATCH, BAND = (slice(2, 5), slice(4, 7)), (slice(None), slice(5, 8))
METHODS = {
    "gradient": lambda s, x: over_channels(gradient(s, x), "largest"),
    "gradient times input": lambda s, x: over_channels(gradient_times_input(s, x)),
    "smooth": lambda s, x: over_channels(smooth_grad(s, x, samples=4, rng=np.random.default_rng(1)), "largest"),
    "smooth, absolute": lambda s, x: over_channels(smooth_grad(s, x, samples=4, absolute=True)),
    "integrated": lambda s, x: over_channels(integrated_gradients(s, x)),
    "occlusion": lambda s, x: occlusion(s, x, (1, 1)),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("where", [PATCH, BAND], ids=["patch", "band"])
def test_a_model_that_looks_at_one_part_is_caught_looking_there_and_nowhere_else(name, where):
    x = rng.uniform(0.5, 1, (2, 9, 11, 2)).astype(np.float32)
    found = METHODS[name](logit(Looks(*where), 1), x)
    assert found.shape == (2, 9, 11)
    inside = np.zeros((9, 11), bool)
    inside[where] = True
    assert (found[:, inside] > 0).all()
    assert (found[:, ~inside] == 0).all()


def test_wide_windows_still_point_at_the_place():
    x = rng.uniform(0.5, 1, (2, 9, 11, 2)).astype(np.float32)
    found = occlusion(logit(Looks(*PATCH), 1), x, (3, 4), stride=2)
    for found_at in (np.unravel_index(m.argmax(), m.shape) for m in found):
        assert abs(found_at[0] - 3) <= 1
        assert abs(found_at[1] - 5) <= 1
    assert (found[:, 7:] == 0).all()


def test_of_a_linear_score_every_method_that_contributes_gives_weight_times_input():
    model = nn.Sequential(nn.Flatten(), nn.Linear(18, 4, rng=np.random.default_rng(3)))
    x = rng.standard_normal((2, 3, 6)).astype(np.float32)
    classes = np.array([2, 0])
    expected = x * model[1].weight.data.T[classes].reshape(2, 3, 6)
    s = logit(model, classes)
    np.testing.assert_allclose(gradient_times_input(s, x), expected, rtol=1e-5)
    np.testing.assert_allclose(integrated_gradients(s, x, steps=3), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(occlusion(s, x, (1, 1)), expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(gradient(s, x), model[1].weight.data.T[classes].reshape(2, 3, 6), rtol=1e-6)
    np.testing.assert_allclose(smooth_grad(s, x, samples=3), gradient(s, x), rtol=1e-5)


def test_integrated_gradients_of_a_product_share_it_equally():
    """∫₀¹ of ∂(ab)/∂a = αb along the diagonal: a·b/2 each, whereas gradient × input gives each all of it."""
    x = np.array([[3.0, 4.0], [-2.0, 5.0]])
    product = lambda x: x[:, 0] * x[:, 1]  # noqa: E731
    np.testing.assert_allclose(integrated_gradients(product, x), [[6, 6], [-5, -5]])
    np.testing.assert_allclose(gradient_times_input(product, x), [[12, 12], [-10, -10]])
    over = integrated_gradients(product, x, baselines=[0.0, np.array([1.0, 2.0])])
    second = integrated_gradients(product, x, baselines=np.array([1.0, 2.0]))
    np.testing.assert_allclose(over, (np.array([[6, 6], [-5, -5]]) + second) / 2)
    np.testing.assert_allclose(second.sum(1), [12 - 2, -10 - 2])


def test_integrated_gradients_account_for_the_whole_score_and_ever_better():
    s = logit(cnn(), np.array([0, 1, 2]))
    baselines = [0.0, PICTURES.mean(0), rng.standard_normal((8, 8, 2)).astype(np.float32)]
    gaps = [np.abs(completeness(s, PICTURES, integrated_gradients(s, PICTURES, baselines, n), baselines)).max()
            for n in (2, 16, 256)]  # fmt: skip
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.01
    less = gradient_times_input(s, PICTURES)
    assert np.abs(completeness(s, PICTURES, less)).max() > 0.05, "completeness passes what isn't complete"


def test_grad_cam_of_a_mean_over_places_is_the_class_activation_map():
    """For a linear layer on means, Σₖ wₖAₖ / places with the class's own weights: Zhou et al. 2016's maps."""
    generator = np.random.default_rng(4)
    conv = nn.Conv2d(2, 5, 3, padding=1, rng=generator)
    model = nn.Sequential(conv, nn.ReLU(), nn.GlobalAveragePool(), nn.Linear(5, 3, rng=generator))
    activation = np.maximum(conv(PICTURES).data, 0)
    weights = model[3].weight.data[:, 1]
    found = grad_cam(logit(model, 1), model[1], PICTURES, relu=False)
    np.testing.assert_allclose(found, activation @ weights / 64, rtol=1e-4, atol=1e-6)
    assert found.min() < 0
    np.testing.assert_allclose(grad_cam(logit(model, 1), model[1], PICTURES), np.maximum(found, 0))
    assert grad_cam(logit(model.freeze(), 1), model[1], PICTURES, (16, 24)).shape == (3, 16, 24)


def test_grad_cam_takes_any_number_of_axes_and_refuses_what_has_no_places():
    generator = np.random.default_rng(0)
    sound = nn.Sequential(nn.Conv1d(1, 3, 5, rng=generator), nn.GlobalAveragePool(), nn.Linear(3, 2, rng=generator))
    assert grad_cam(logit(sound, 0), sound[0], np.ones((2, 20, 1), np.float32)).shape == (2, 16)
    with pytest.raises(ValueError, match="Linear gave \\(2, 2\\), which has no places"):
        grad_cam(logit(sound, 0), sound[2], np.ones((2, 20, 1), np.float32))
    with pytest.raises(ValueError, match="used this Conv1d 0 times"):
        grad_cam(logit(sound, 0), nn.Conv1d(1, 1, 1), np.ones((2, 20, 1), np.float32))


@pytest.mark.oracle
def test_gradients_integrated_gradients_and_grad_cam_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    model = cnn()
    weights = {name: torch.tensor(value) for name, value in model.state_dict().items()}
    seen = {}

    def forward(x):
        x = x.permute(0, 3, 1, 2)
        x = torch.relu(torch.conv2d(x, weights["0.weight"].permute(3, 2, 0, 1), weights["0.bias"], padding=1))
        x = torch.conv2d(x, weights["2.weight"].permute(3, 2, 0, 1), weights["2.bias"], stride=2, padding=1)
        seen["a"] = torch.relu(x).detach().requires_grad_()
        x = seen["a"] if seen["cut"] else torch.relu(x)
        return x.permute(0, 2, 3, 1).flatten(1) @ weights["6.weight"] + weights["6.bias"]

    def of(x):
        seen["cut"] = False
        x = torch.tensor(x, requires_grad=True)
        (g,) = torch.autograd.grad(forward(x)[range(3), [2, 0, 1]].sum(), x)
        return g.numpy()

    s = logit(model, np.array([2, 0, 1]))
    np.testing.assert_allclose(gradient(s, PICTURES), of(PICTURES), rtol=1e-4, atol=1e-6)
    middles = [(k + 0.5) / 16 for k in range(16)]
    expected = PICTURES * np.mean([of(np.float32(a) * PICTURES) for a in middles], axis=0)
    np.testing.assert_allclose(integrated_gradients(s, PICTURES, steps=16), expected, rtol=1e-3, atol=1e-5)

    seen["cut"] = True
    score = forward(torch.tensor(PICTURES))[range(3), [2, 0, 1]].sum()
    (g,) = torch.autograd.grad(score, seen["a"])
    cam = torch.relu((g.mean((2, 3), keepdim=True) * seen["a"]).sum(1, keepdim=True))
    larger = torch.nn.functional.interpolate(cam, (8, 8), mode="bilinear")[:, 0]
    found = grad_cam(s, model[3], PICTURES, (8, 8))
    np.testing.assert_allclose(found, larger.detach().numpy(), rtol=1e-3, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.tuples(st.integers(1, 7), st.integers(1, 7)), st.data())
def test_occlusion_is_its_definition_for_every_window_and_stride(shape, data):
    window = tuple(data.draw(st.integers(1, n)) for n in shape)
    stride = data.draw(st.integers(1, 4))
    x, w = rng.standard_normal((2, *shape, 2)), rng.standard_normal((*shape, 2))

    def score(x):
        return np.sum(np.asarray(x) ** 2 * w, axis=(1, 2, 3)) * xm.Tensor(np.ones(len(x)))

    starts = [[*range(0, n - k + 1, min(stride, k))] for n, k in zip(shape, window, strict=True)]
    starts = [s if s[-1] == n - k else [*s, n - k] for s, n, k in zip(starts, shape, window, strict=True)]
    losses = [[[[] for _ in range(shape[1])] for _ in range(shape[0])] for _ in range(2)]
    for a in starts[0]:
        for b in starts[1]:
            for i in range(2):
                part = slice(a, a + window[0]), slice(b, b + window[1])
                lost = np.sum((x[i] ** 2 * w)[part]) - np.sum(0.25 * w[part])
                for r in range(a, a + window[0]):
                    for c in range(b, b + window[1]):
                        losses[i][r][c].append(lost)
    expected = [[[np.mean(each) for each in row] for row in picture] for picture in losses]
    np.testing.assert_allclose(occlusion(score, x, window, stride, fill=0.5), expected, rtol=1e-6, atol=1e-9)


def test_occlusion_of_tokens_finds_the_word_that_is_read():
    class Counts(nn.Module):
        def __init__(self):
            self.embedding = nn.Embedding(9, 1, initialise=lambda shape, rng=None, **_: np.zeros(shape, np.float32))
            self.embedding.weight.data[7] = 1

        def forward(self, tokens):
            return np.concatenate([np.sum(self.embedding(tokens), axis=1)] * 2, axis=1)

    tokens = np.array([[1, 7, 3, 0], [7, 2, 7, 8]])
    model = Counts()
    found = occlusion(logit(model, 1), tokens, (1,), fill=0)
    np.testing.assert_array_equal(found, tokens == 7)
    vectors, score = of_embedding(logit(model, 1), model.embedding, tokens)
    np.testing.assert_array_equal(integrated_gradients(score, vectors)[..., 0], tokens == 7)
    assert not model.embedding._hooks["after"], "a hook was left"
    with pytest.raises(TypeError, match="int64, which has no gradient"):
        gradient(logit(model, 1), tokens)


def test_dropout_is_off_while_a_score_is_asked_and_on_again_after():
    model = cnn()
    model[5].training = True
    model[0].training = False
    first, second = (gradient(logit(model, 0), PICTURES) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert [module.training for module in model.modules()] == [True, False, *[True] * 6]


def test_scores_are_what_they_say():
    model = cnn().eval()
    y = model(PICTURES).data
    np.testing.assert_allclose(logit(model, [0, 2, 1])(PICTURES).data, y[[0, 1, 2], [0, 2, 1]])
    e = np.exp(y - y.max(1, keepdims=True))
    np.testing.assert_allclose(probability(model, 2)(PICTURES).data, (e / e.sum(1, keepdims=True))[:, 2], rtol=1e-5)
    t = rng.standard_normal(3).astype(np.float32)
    np.testing.assert_allclose(similarity(model, xm.Tensor(t))(PICTURES).data, y @ t, rtol=1e-5)
    with pytest.raises(ValueError, match="class \\[3\\]: expected whole numbers from 0 to 2"):
        logit(model, 3)(PICTURES)
    with pytest.raises(ValueError, match="expected \\(n,\\), one number"):
        occlusion(model, PICTURES, (2, 2))
    with pytest.raises(TypeError, match="score is a ndarray, which has no gradient"):
        gradient(lambda x: x.data.sum((1, 2, 3)), PICTURES)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: occlusion(s, PICTURES, (9, 1)), "window \\(9, 1\\) doesn't fit"),
        (lambda s: occlusion(s, PICTURES, (2, 2), stride=0), "stride 0: expected 2 whole numbers"),
        (lambda s: smooth_grad(s, PICTURES, samples=0), "samples 0"),
        (lambda s: integrated_gradients(s, PICTURES, steps=0), "steps 0"),
        (lambda s: integrated_gradients(s, PICTURES, np.zeros(5)), "baselines \\[\\(5,\\)\\] don't broadcast"),
        (lambda s: integrated_gradients(s, PICTURES, []), "no baseline"),
        (lambda s: over_channels(PICTURES, "mean"), "how 'mean'"),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call(logit(cnn(), 0))


def test_attention_maps_are_the_layers_own_weights_and_leave_the_model_as_it_was():
    generator = np.random.default_rng(5)
    encoder = nn.TransformerEncoder(8, 2, 2, dropout=0.0, rng=generator).eval()
    x = rng.standard_normal((2, 5, 8)).astype(np.float32)
    plain = encoder(x, lengths=[5, 3]).data
    with attention_maps(encoder) as maps:
        told = encoder(x, lengths=[5, 3]).data
        encoder(x)
    np.testing.assert_allclose(told, plain, rtol=1e-5, atol=1e-6)
    assert list(maps) == ["layers.0.attention", "layers.1.attention"]
    assert [len(calls) for calls in maps.values()] == [2, 2]
    first = encoder.layers[0].attention
    _, expected = first(x, lengths=[5, 3], weights=True)
    np.testing.assert_array_equal(maps["layers.0.attention"][0], expected.data)
    assert (maps["layers.0.attention"][0][1, ..., 3:] == 0).all()
    np.testing.assert_allclose(maps["layers.1.attention"][1].sum(-1), 1, rtol=1e-5)
    assert "forward" not in vars(first)
    with pytest.raises(ZeroDivisionError), attention_maps(encoder):
        raise ZeroDivisionError
    assert "forward" not in vars(first), "an error left the model changed"
    with pytest.raises(ValueError, match="no MultiHeadAttention"), attention_maps(nn.Linear(2, 2)):
        pass


def test_rollout_multiplies_the_layers_from_the_first():
    first = np.array([[[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]]])  # two heads, mean ½ everywhere
    second = np.array([[[[0.0, 1.0], [1.0, 0.0]]]])
    # ½·mean + ½·I: [[.75, .25], [.25, .75]] and [[.5, .5], [.5, .5]]
    np.testing.assert_allclose(attention_rollout([first, second]), [[[0.5, 0.5], [0.5, 0.5]]])
    np.testing.assert_allclose(attention_rollout([first]), [[[0.75, 0.25], [0.25, 0.75]]])
    np.testing.assert_allclose(attention_rollout([first, second], residual=0), [[[0.5, 0.5], [0.5, 0.5]]])
    one = np.array([[[[0.9, 0.1], [0.3, 0.7]]]])
    expected = (0.8 * second[0, 0] + 0.2 * np.eye(2)) @ (0.8 * one[0, 0] + 0.2 * np.eye(2))
    np.testing.assert_allclose(attention_rollout([one, second], residual=0.2)[0], expected)
    with pytest.raises(ValueError, match="expected \\(batch, heads, time, time\\)"):
        attention_rollout([first[0]])
