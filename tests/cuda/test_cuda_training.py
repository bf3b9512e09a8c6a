"""Training on a GPU: what moves, what follows, and a run that is the CPU's."""

import json

import cupy_stand_in
import numpy as np
import pytest
from cupy_stand_in import cuda as stand_in

import tinyxm as xm
import tinyxm_kernels as kernels
from tinyxm import nn, optim
from tinyxm.data import on_device
from tinyxm.nn.module import Buffer
from tinyxm.training import RunFolder, fit
from tinyxm.training.checkpoint import load_checkpoint
from tinyxm_kernels import cuda


class Small(nn.Module):
    """A little of everything: a table, convolution, both kinds of normalisation, dropout, attention."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.table, self.attention = nn.Embedding(7, 8, rng=rng), nn.MultiHeadAttention(8, 2, rng=rng)
        self.layers = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, rng=rng), nn.BatchNorm(4), nn.ReLU(), nn.MaxPool2d(2))
        self.out = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(16, 8, rng=rng), nn.LayerNorm(8), nn.GELU())
        self.head = nn.Linear(16, 3, rng=rng)

    def forward(self, pictures, words):
        seen, read = self.out(self.layers(pictures)), self.table(words)
        read = np.mean(self.attention(read, read, read), axis=1)
        return self.head(np.concatenate([seen, read], axis=1))


def batch(step):
    rng = np.random.default_rng([1, step])
    return {
        "pictures": rng.normal(size=(6, 4, 4, 2)).astype(np.float32),
        "words": rng.integers(0, 7, (6, 5)),
        "labels": rng.integers(0, 3, 6),
    }


def run(folder, device, steps=4):
    model = Small()
    # some gradients are 0 but for rounding, as that of a bias before batch normalisation: a large ε lets them be small
    optimizer = optim.AdamW(model.parameters(), lr=1e-2, eps=1e-3)

    def loss(data):
        return xm.ops.cross_entropy(model(data["pictures"], data["words"]), data["labels"])

    fit(
        model, loss, batch, optimizer, optim.constant, steps, RunFolder.create(folder, {}, folder.exists()), "small",
        seed=3, clip=0.5, device=device, log_every=1, save_every=2,
    )  # fmt: skip
    return model, [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_on_a_gpu_is_that_of_the_cpu(tmp_path, cupy):
    expected, told = run(tmp_path / "cpu", "cpu")
    found, heard = run(tmp_path / "cuda", "cuda")
    assert [p.device for p in found.parameters()] == ["cuda:0"] * len(found.parameters())
    assert len(stand_in.LAUNCHES) > 20 or cupy is not cupy_stand_in
    for one, other in zip(heard, told, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
        assert one["gradient_norm"] == pytest.approx(other["gradient_norm"], rel=1e-3)
    assert told[0]["loss"] != pytest.approx(told[-1]["loss"], rel=1e-2), "nothing was learned, so nothing was shown"
    for name, array in found.state_dict().items():
        np.testing.assert_allclose(array, expected.state_dict()[name], atol=2e-4, err_msg=name)


@pytest.mark.parametrize(("first", "second"), [("cpu", "cuda"), ("cuda", "cpu"), ("cuda", "cuda:1")])
def test_a_run_goes_on_on_another_device(tmp_path, cupy, devices, first, second):
    if second == "cuda:1" and devices < 2:
        pytest.skip("there is one device")
    whole, _ = run(tmp_path / "whole", "cpu")
    run(tmp_path / "parts", first, steps=2)
    _, facts = load_checkpoint(tmp_path / "parts" / "small.safetensors")
    assert facts["step"] == 2
    with cupy.cuda.Device(int(second.rpartition(":")[2]) if ":" in second else 0):
        model, told = run(tmp_path / "parts", second)
    assert [record["step"] for record in told] == [1, 2, 3, 4]
    assert {p.device for p in model.parameters()} == {"cuda:0" if second == "cuda" else second}
    for name, array in model.state_dict().items():
        assert isinstance(array, np.ndarray)
        np.testing.assert_allclose(array, whole.state_dict()[name], atol=3e-4, err_msg=name)


def test_the_first_loss_that_is_no_number_is_explained(tmp_path, cupy):
    model = nn.Linear(2, 1, rng=np.random.default_rng(0))
    folder = RunFolder.create(tmp_path / "run", {})
    with (
        pytest.raises(FloatingPointError, match=r"^log: .*came out at .*Likely the logarithm of 0"),
        np.errstate(all="ignore"),
    ):
        fit(
            model, lambda x: np.sum(np.log(model(x) * 0)), lambda step: np.ones((3, 2), np.float32),
            optim.Momentum(model.parameters(), lr=0.1), optim.constant, 2, folder, "bad", device="cuda",
        )  # fmt: skip


def test_a_module_moves_with_gradients_buffers_and_back(cupy, devices):
    model = Small()
    model.unmoved = Buffer(np.ones(2, np.float32))
    xm.ops.cross_entropy(model(batch(0)["pictures"], batch(0)["words"]), batch(0)["labels"]).backward()
    before = model.state_dict()
    gradients = [p.grad.copy() for p in model.parameters()]
    assert model.to("cuda") is model
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        assert (p.device, cuda.place(p.grad)) == ("cuda:0", "cuda:0")
        np.testing.assert_array_equal(p.grad.get(), gradient)
    assert model.unmoved.device == "cuda:0"
    model.to("cpu")
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(ValueError, match=f'device "cuda:{devices}": there '):
        model.to(f"cuda:{devices}")
    assert model.unmoved.device == "cpu"


@pytest.mark.parametrize(
    "kind",
    [optim.GradientDescent, optim.Momentum, optim.Nesterov, optim.AdaGrad, optim.AdaDelta, optim.RMSProp, optim.Adam,
     optim.AMSGrad, optim.AdamW],
)  # fmt: skip
def test_an_optimizers_state_follows_its_parameters(cupy, kind):
    def updated(path):
        p = xm.Parameter(np.linspace(-1, 1, 2000, dtype=np.float32))
        optimizer = kind([p], lr=0.1)
        for step, place in enumerate(path):
            p.data = cuda.move(p.data, place)
            p.grad = cuda.move(np.cos(np.arange(2000) + step).astype(np.float32), place)
            optimizer.step()
        return p, optimizer

    (expected, own), (found, moved) = updated(["cpu"] * 3), updated(["cpu", "cuda", "cpu"])
    np.testing.assert_allclose(found.data, expected.data, atol=1e-6)
    (there, state) = updated(["cpu", "cuda", "cuda"])
    assert there.device == "cuda:0"
    for name, value in state.state_dict().items():
        assert not hasattr(value, "get"), f"{name}: a saved state is NumPy's"
        np.testing.assert_allclose(value, own.state_dict()[name], atol=1e-5)
    state.load_state_dict(moved.state_dict())
    assert {cuda.place(x) for arrays in state.state.values() for x in arrays} <= {"cuda:0"}


def test_averaged_weights_and_clipping_there(cupy):
    p = xm.Parameter(np.array([3.0, 4.0], np.float32))
    averaged = optim.AveragedWeights([p])
    averaged.update()
    p.data = cuda.move(p.data * 2, "cuda")
    averaged.update()
    with averaged.applied():
        np.testing.assert_allclose(p.data.get(), [4.5, 6])
    np.testing.assert_allclose(p.data.get(), [6, 8])
    averaged.load_state_dict(averaged.state_dict())
    for clip, left in (
        (optim.clip_by_norm, [0.6, 0.8]),
        (optim.clip_by_value, [1, 1]),
        (optim.clip_by_layer, [0.6, 0.8]),
    ):
        p.grad = cuda.move(np.array([3.0, 4.0], np.float32), "cuda")
        assert clip([p], 1.0) == pytest.approx(5)
        np.testing.assert_allclose(p.grad.get(), left, rtol=1e-6)
    p.grad = cuda.move(np.array([3e30, 4e30], np.float32), "cuda")
    assert optim.clip_by_norm([p], 1.0) == pytest.approx(5e30)
    p.grad = cuda.move(np.array([np.nan, 1], np.float32), "cuda")
    with pytest.raises(FloatingPointError, match="1 of 2 elements in the gradient of parameter 0"):
        optim.clip_by_norm([p], 1.0)


def test_a_tensor_moves_and_its_gradient_comes_back(cupy):
    t = xm.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    there = t.to("cuda")
    assert (t.device, there.device, there.to("cuda"), there.to("cuda:0")) == ("cpu", "cuda:0", there, there)
    assert t.to("cpu") is t
    np.sum(there * there * cupy.asarray(np.float32([1, 2, 3]))).backward()
    assert isinstance(t.grad, np.ndarray)
    np.testing.assert_allclose(t.grad, [2, 8, 18])
    np.sum(t.to("cuda").to("cpu") * np.float32([1, 2, 3])).backward()
    np.testing.assert_allclose(t.grad, [3, 10, 21])
    second = xm.grad(lambda x: np.sum(xm.grad(lambda y: np.sum(y.to("cuda") ** 3).to("cpu"))(x) ** 2))(t.detach())
    np.testing.assert_allclose(np.asarray(second), 36 * np.array([1, 8, 27]))
    assert repr(there) == "Tensor([1., 2., 3.], dtype=float32, device=cuda:0, <to (3,)>)"
    leaf = xm.Tensor(cupy.asarray(np.ones(2, np.float32)), requires_grad=True)
    assert leaf.device == "cuda:0"
    with pytest.raises(TypeError, match=r"^grad: this Tensor is on cuda:0 and g on cpu"):
        leaf.grad = np.ones(2, np.float32)
    with pytest.raises(TypeError, match=r'^array: this Tensor is on cuda:0; use t\.to\("cpu"\)\.data'):
        np.asarray(leaf.detach())
    with xm.no_grad():
        leaf[0] = 5.0
        leaf += 1
    assert leaf.data.get().tolist() == [6, 2]
    assert f"{leaf[0]:.1f} {float(leaf[1])} {leaf.tolist()}" == "6.0 2.0 [6.0, 2.0]"


def test_what_was_written_since_is_seen_there_too(cupy):
    t = xm.Tensor(cupy.asarray(np.ones(3, np.float32)), requires_grad=True)
    x = t * 1
    y = np.sum(x * x)
    with xm.no_grad():
        x[0] = 2.0
    with pytest.raises(RuntimeError, match=r"multiply: .* was written in place after it was recorded"):
        y.backward()


def test_draws_are_the_same_on_every_device(cupy):
    dropout = nn.Dropout(0.5)
    x = np.ones((4, 8), np.float32)
    xm.seed(4)
    here = dropout(x)
    xm.seed(4)
    np.testing.assert_array_equal(dropout(cupy.asarray(x)).get(), here)


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_batches_arrive_one_ahead_through_pinned_memory(cupy, number):
    made = []

    def batches():
        for i in range(number):
            made.append(i)
            yield i, {"x": np.full((2, i + 1), i, np.float32), "names": ["a"], "text": np.array(["b"])}

    seen = []
    for i, data in on_device(batches(), "cuda"):
        seen.append(i)
        assert made == list(range(min(i + 2, number))), "the next is on its way"
        assert cuda.place(data["x"]) == "cuda:0"
        assert (data["names"], data["text"].tolist()) == (["a"], ["b"])
        np.testing.assert_array_equal(data["x"].get(), np.full((2, i + 1), i))
    assert seen == made == list(range(number))
    if cupy is cupy_stand_in:
        assert stand_in.COPIES.count("waits") == 2 * number  # each copy for the memory, each use for the copy
    assert list(on_device([1, 2], "cpu")) == [1, 2]


def test_metrics_take_arrays_from_a_gpu(cupy):
    scores, labels = np.random.default_rng(0).normal(size=(5, 5)), np.arange(5) % 3
    there = cupy.asarray(scores)
    np.testing.assert_array_equal(xm.metrics.ranks(there), xm.metrics.ranks(scores))
    assert xm.metrics.accuracy(cupy.asarray(labels), cupy.asarray(labels)) == 1


def test_every_rung_that_is_wished_for_leaves_a_run_on_a_gpu(cupy, tmp_path):
    with kernels.using("numpy"):
        run(tmp_path / "references", "cuda", steps=1)
    assert not stand_in.LAUNCHES or cupy is not cupy_stand_in


def test_the_tools_of_the_engine_work_there(cupy):
    x = xm.Tensor(cupy.asarray(np.arange(1, 5, dtype=np.float32)))

    def cubes(t):
        return np.sum(t**3)

    for found, expected in (
        (xm.grad(cubes)(x), [3, 12, 27, 48]),
        (xm.jacobian(lambda t: t * t)(x), np.diag([2, 4, 6, 8])),
        (xm.hessian(cubes)(x), np.diag([6, 12, 18, 24])),
        (xm.hvp(cubes, x, x), [6, 24, 54, 96]),
        (xm.jvp(lambda t: t**3, x, [1.0, 2.0, 3.0, 4.0]), [3, 24, 81, 192]),
        (xm.vjp(lambda t: t**3, x, x), [3, 24, 81, 192]),
    ):
        assert found.device == "cuda:0"
        np.testing.assert_allclose(found.data.get(), expected)
    xm.check_gradients(lambda a, b: np.sum(np.exp(a) * b), [x * 0.1, cupy.asarray(np.ones(4))])
    with pytest.raises(AssertionError):
        xm.check_gradients(lambda a: np.sum(xm.autograd.tensor.tensor_of(a.data, None) * a), [x])
    layer = nn.Linear(4, 2, rng=np.random.default_rng(0)).to("cuda")
    kept, again = (np.sum(f(x.data)) for f in (layer, lambda t: xm.checkpoint(layer, t)))
    kept.backward()
    expected = layer.weight.grad.get()
    layer.zero_grad()
    again.backward()
    np.testing.assert_allclose(layer.weight.grad.get(), expected, rtol=1e-6)
    with xm.debug(), pytest.raises(FloatingPointError, match=r"^log: .*came out"):
        np.log(x - 1)
    t = xm.Tensor(x, requires_grad=True)
    with t.register_hook(lambda g: g * 2):
        cubes(t).backward()
    np.testing.assert_allclose(t.grad.get(), [6, 24, 54, 96])
    with pytest.raises(TypeError, match=r"^explain: this Tensor is on cuda:0; .*on the CPU"):
        xm.explain(t, 0)
    assert np.add(t, [1.0, 2.0, 3.0, 4.0]).data.get().tolist() == [2, 4, 6, 8]
    assert (t * np.float64(2)).dtype == np.float32
    with pytest.raises(TypeError, match=r"^0: linear: an operand of shape \(4,\) is on cpu .*x\.to\(\"cuda:0\"\)"):
        nn.Sequential(layer)(np.ones(4, np.float32))
    for table in (nn.Embedding(4, 2).to("cuda"),):
        assert table([0, 1]).shape == (2, 2)
        with pytest.raises(ValueError, match="index 7 is outside the table's rows"):
            table([0, 7])
