"""The format: what is written is read again, hostile names and values come through, and size has its limits."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from recorded_examples import EXAMPLES, contrast, perceptron

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps import Picture, trace
from tinyxm.steps.blob import Blob, arrays
from tinyxm.steps.looks import look
from tinyxm.steps.recording import record


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_what_is_written_is_read_again(name, tmp_path):
    step = EXAMPLES[name]()
    trace.save(trace.encode(step), tmp_path / "step.json")
    told = trace.load(tmp_path / "step.json")
    for value, array, told_value in zip(step.values, arrays(told), told["values"], strict=True):
        np.testing.assert_array_equal(array, value.array)
        assert array.dtype.kind == value.array.dtype.kind or value.array.dtype.kind == "b"
        assert told_value["name"] == value.name
        assert told_value["data"]["at"] % 8 == 0
    assert told["phases"] == list(dict.fromkeys(told["phases"]))
    assert len(told["operations"]) == len(step.operations)
    for op in told["operations"]:
        for operand in op["operands"].values():
            assert list(operand) in (["value"], ["values"], ["plain"])
    assert told["code"]["rules"]["cross_entropies"]["formula"].startswith("y[n] = −ln softmax")
    assert "def cross_entropies" in told["code"]["rules"]["cross_entropies"]["code"]
    assert any("loss.backward()" in line["text"][str(line["line"])] for line in told["code"]["lines"]) or name


@settings(max_examples=60)
@given(
    arrays_of.arrays(
        np.float32, st.sampled_from([(), (0,), (3,), (2, 3)]), elements=st.floats(width=32, allow_subnormal=False)
    )
)
def test_statistics_are_numpy_s(x):
    told = json.loads(json.dumps(trace.statistics(x), allow_nan=False))
    finite = x.astype(np.float64)[np.isfinite(x)]
    assert (told["zeros"], told["nan"], told["infinite"]) == (np.sum(x == 0), np.isnan(x).sum(), np.isinf(x).sum())
    if not finite.size:
        assert "mean" not in told
        return
    assert (told["least"], told["greatest"]) == (finite.min(), finite.max())
    np.testing.assert_allclose(
        [told["mean"], told["deviation"], told["norm"]],
        [finite.mean(), finite.std(), np.sqrt(np.sum(finite**2))],
        rtol=1e-9,
    )
    assert sum(told.get("histogram", [finite.size])) == finite.size


@settings(max_examples=30)
@given(st.floats(-30, 30), st.integers(0, 3))
def test_large_arrays_are_right_to_three_digits_whatever_their_size(exponent, seed):
    x = (np.random.default_rng(seed).normal(size=5000) * 10.0**exponent).astype(np.float32)
    blob = Blob()
    told = blob.store(x)
    assert told["type"] == "float16"
    back = np.frombuffer(bytes(blob.bytes), np.float16).astype(np.float64) * told.get("scale", 1)
    np.testing.assert_allclose(back, x, rtol=1e-3, atol=1e-7 * np.abs(x).max())


def test_hostile_names_and_values_are_plain_json(tmp_path):
    x = np.array([[np.nan, np.inf, -np.inf, 1e38, -0.0]], np.float32)
    w = xm.Parameter(np.ones((5, 2), np.float32))
    with record(None, optim.GradientDescent([w], lr=1.0), title="</script><script>alert(1)</script>") as step:
        y = xm.Tensor(x) @ w
        np.sum(y * np.array(np.nan)).backward()
    told = trace.encode(step)
    trace.save(told, tmp_path / "x.json")
    again = trace.load(tmp_path / "x.json")
    assert again["title"] == step.title
    found = {v["name"]: a for v, a in zip(again["values"], arrays(again), strict=True)}
    np.testing.assert_array_equal(found["x"], x)
    statistics = next(v for v in again["values"] if v["name"] == "x")["statistics"]
    assert (statistics["nan"], statistics["infinite"], statistics["zeros"]) == (1, 2, 1)


def test_a_large_batch_is_kept_as_two_samples_and_a_large_model_refused(monkeypatch):
    rng = np.random.default_rng(0)
    model = nn.Linear(400, 8, rng=rng)
    optimizer = optim.GradientDescent(model.parameters(), lr=0.1)
    x, labels = rng.normal(size=(64, 400)).astype(np.float32), rng.integers(0, 8, 64)

    def step():
        with record(model, optimizer) as recorded:
            xm.ops.cross_entropy(model(x), labels).backward()
            optimizer.step()
        return recorded

    assert trace.encode(step())["kept"] is None
    monkeypatch.setattr(trace, "KEEP", 60e3)
    told = trace.encode(step())
    assert told["kept"] == {"samples": [0, 1], "of": 64}
    found = next((v, a) for v, a in zip(told["values"], arrays(told), strict=True) if v["name"] == "x")
    assert found[0]["shape"] == [64, 400]
    assert found[0]["kept"] == [2, 400]
    np.testing.assert_allclose(found[1], x[:2], rtol=1e-3, atol=1e-3)
    assert found[0]["statistics"]["mean"] == pytest.approx(x.astype(np.float64).mean())
    monkeypatch.setattr(trace, "REFUSE", 20e3)
    with pytest.raises(ValueError, match=r"(?s)record: the trace is .* MB  \w+.*\n.*weight"):
        trace.encode(step())


def test_of_a_recurrence_the_parts_of_a_gradient_are_kept_in_part(monkeypatch):
    rng = np.random.default_rng(0)
    w = xm.Parameter(0.1 * rng.normal(size=(80, 80)).astype(np.float32))
    optimizer = optim.GradientDescent([w], lr=0.1)
    with record(None, optimizer) as step:
        h = rng.normal(size=(3, 80)).astype(np.float32)
        for _ in range(6):
            h = np.tanh(h @ w)
        np.sum(h).backward()
        optimizer.step()
    whole = trace.encode(step, checks=False)
    monkeypatch.setattr(trace, "KEEP", 100e3)
    told = trace.encode(step, checks=False)
    assert told["kept"] == {"samples": [0, 1], "of": 3}, "a constant came in, by no variable's name that is left"
    assert len(told["blob"]) < 0.6 * len(whole["blob"])
    for value, before, array in zip(told["values"], arrays(whole), arrays(told), strict=True):
        part = value["name"].startswith("∂L/∂w") and value["name"] != "∂L/∂w"
        assert value.get("kept") == ([2, 80] if part or value["shape"] == [3, 80] else None), value["name"]
        np.testing.assert_allclose(array, before[:2] if "kept" in value else before, rtol=1e-3, atol=1e-5)
    assert sum(value.get("kept") == [2, 80] for value in told["values"]) > 15


def test_lines_of_a_notebook_are_told_by_their_cell(monkeypatch):
    compiler = SimpleNamespace(format_code_name=lambda name: ("Cell", "In[3]") if name == __file__ else None)
    shell = SimpleNamespace(compile=compiler)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    w = xm.Parameter(np.ones((2, 2), np.float32))
    with record() as step:
        np.sum(w * w).backward()
    assert {line["file"] for line in trace.encode(step)["code"]["lines"]} == {"In[3]"}
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert {line["file"] for line in trace.encode(step)["code"]["lines"]} == {"test_trace.py"}


def test_what_is_no_trace_is_refused(tmp_path):
    for text, words in (
        ("[", "isn't JSON"),
        ('{"format": "other/2"}', "'other/2'; expected tinyxm-trace/1"),
        ("[]", "'list'"),
    ):
        (tmp_path / "x").write_text(text)
        with pytest.raises(ValueError, match=words):
            trace.load(tmp_path / "x")


def test_a_missing_folder_is_told_by_its_name(tmp_path):
    step = perceptron()
    for write in (step.save, step.to_html):
        with pytest.raises(FileNotFoundError, match=r"no such folder, to write x\.page into") as error:
            write(tmp_path / "none" / "x.page")
        assert error.value.filename == str(tmp_path / "none")


def test_what_a_value_looks_like():
    step = contrast()
    said = {"images": "spectrogram", "texts": Picture((0,), 1, -1)}
    told = {v.name: look(v, said)["shown"] for v in step.values}
    assert (told["images"], told["texts"]) == ("spectrogram", "picture")
    assert look(next(v for v in step.values if v.name == "texts"), said)["pixels"] == {
        "channels": [0],
        "black": 1,
        "white": -1,
    }
    step = EXAMPLES["convolution"]()
    told = {v.name: look(v, {})["shown"] for v in step.values}
    assert (told["pictures"], told["0.conv2d"], told["logits"]) == ("picture", "maps", "matrix")
    assert look(next(v for v in EXAMPLES["attention"]().values if v.name == "tokens"), {}) == {"shown": "tokens"}
    assert trace.batch_size(perceptron()) == 4


def test_clipping_and_updates_come_with_their_rules():
    rules = trace.encode(EXAMPLES["convolution"]())["code"]["rules"]
    assert "_shorten(" in rules["clip_by_norm"]["code"]
    assert rules["clip_by_norm"]["formula"].startswith("g ← g·min(1, limit / ‖g‖)")
    assert "square[...] =" in rules["adam_update"]["code"]
    assert rules["adam_update"]["formula"].startswith("θ ← θ − ηλθ")  # AdamW's
    assert "write" not in rules


def test_words_stand_for_the_rows_of_their_table():
    model = nn.Embedding(3, 2, rng=np.random.default_rng(0))
    with record(model, words={"weight": ["cat", "dog", "owl"]}) as step:
        np.sum(model(np.array([[0, 2]]))).backward()
    assert trace.encode(step)["words"] == {"weight": ["cat", "dog", "owl"]}
    for words in ({"weight": ["cat"]}, {"table": ["cat", "dog", "owl"]}):
        with (
            pytest.raises(ValueError, match=f"words: '{next(iter(words))}' is .*one a word"),
            record(model, words=words),
        ):
            np.sum(model(np.array([[0, 2]]))).backward()


def spoken(labels=True):
    """Sounds of unequal lengths, of which the padding is masked before the first layer; CTC makes labels of its own."""
    rng = np.random.default_rng(0)
    model = nn.Conv1d(3, 4, 3, padding=1, rng=rng)
    sounds, real = rng.normal(size=(2, 6, 3)).astype(np.float32), np.ones((2, 6, 1), np.float32)
    real[1, 4:] = 0
    letters = np.array([[1, 3], [2, 2]])
    told = {"show": {"sounds": "spectrogram"}, "words": {"letters": "-abc"} if labels else {}}
    with record(model, **told) as step:
        xm.ops.ctc(model(sounds * real), letters, np.array([6, 4]), np.array([2, 1])).backward()
    return step


def test_data_that_was_masked_or_made_into_other_is_still_data():
    step = spoken()
    assert [op.name for op in step.of_phase("data")] == ["sounds, masked", "letters"]
    masked, letters = (next(v for v in step.values if v.name == op.name) for op in step.of_phase("data"))
    assert look(masked, step.show_as) == {"shown": "spectrogram"}
    assert any(op.name == "conv2d" and masked.number in op.operands.values() for op in step.operations)
    np.testing.assert_array_equal(letters.array, [[1, 3], [2, 2]])
    assert trace.encode(step)["words"] == {"letters": ["-", "a", "b", "c"]}
    assert [op.name for op in spoken(labels=False).of_phase("data")] == ["sounds, masked"]


def test_what_is_handed_on_unchanged_is_stored_once():
    x = np.random.default_rng(0).normal(size=(8, 9)).astype(np.float32)
    blob = Blob()
    first = blob.store(x)
    assert blob.store(x.reshape(9, 8)) == first
    assert blob.store(x[:4])["at"] == len(blob.bytes) - x[:4].nbytes
    assert blob.store(x + 1)["at"] % 8 == 0
    assert blob.store(np.zeros(8, np.uint8))["at"] != blob.store(np.zeros(2, np.float32))["at"]  # bytes of another kind
