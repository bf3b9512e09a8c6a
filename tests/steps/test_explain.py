"""An explanation adds up: its rows make the number they explain, and their numbers are those of the operands."""

import gc
import math
import re

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import ops
from tinyxm.autograd.tensor import Tensor
from tinyxm.certificate.case import Case
from tinyxm.certificate.run import all_cases
from tinyxm.steps.derivation import derive, derive_term
from tinyxm.steps.provenance import Origin, flow_to, origin_of

rng = np.random.default_rng(0)


def derivation_of(y: Tensor, place: tuple[int, ...]):
    return derive(origin_of(y.data), y.data, place)


def drawn(*shape: int) -> xm.Parameter:
    return xm.Parameter(rng.standard_normal(shape))


LINEAR = {
    "matmul": lambda: (drawn(3, 4) @ drawn(4, 2), 4),
    "matmul of batches": lambda: (drawn(5, 3, 4) @ drawn(5, 4, 2), 4),
    "matmul, one operand repeated": lambda: (drawn(1, 3, 4) @ drawn(5, 4, 2), 4),
    "conv2d": lambda: (ops.conv2d(drawn(2, 5, 6, 3), drawn(3, 2, 3, 4), (2, 1), (1, 1)), None),
    "sum over one axis": lambda: (drawn(3, 4, 2).sum(axis=1), 4),
    "sum over two, kept": lambda: (drawn(3, 4, 2).sum(axis=(0, -1), keepdims=True), 6),
    "average pooling": lambda: (ops.average_pool2d(drawn(1, 4, 4, 2), 2), 4),
    "max pooling": lambda: (ops.max_pool2d(drawn(1, 4, 4, 2), 2), 1),
    "embedding": lambda: (ops.embedding(drawn(5, 3), np.array([[0, 2], [4, 4]])), 1),
    "transposed": lambda: (drawn(3, 4).T, 1),
    "indexed": lambda: (drawn(3, 4)[[2, 0], ::-1], 1),
    "stacked": lambda: (ops.stack([drawn(3), drawn(3)], axis=1), 1),
}


@pytest.mark.parametrize("name", LINEAR)
def test_the_rows_add_up_to_the_number(name: str) -> None:
    with xm.explaining():
        y, count = LINEAR[name]()
    for place in np.ndindex(y.shape):
        rows = derivation_of(y, place).rows
        assert count in (None, len(rows))
        assert math.isclose(sum(row.value for row in rows), y.data[place], rel_tol=1e-9, abs_tol=1e-12)


def test_a_matmul_shows_its_row_and_its_column() -> None:
    a, b = drawn(3, 4), drawn(4, 2)
    with xm.explaining():
        y = a @ b
    rows = derivation_of(y, (2, 1)).rows
    assert [row.numbers for row in rows] == [*zip(a.data[2].tolist(), b.data[:, 1].tolist(), strict=True)]
    assert [row.label for row in rows] == [f"a[2, {k}]·b[{k}, 1]" for k in range(4)]


def test_numbers_have_the_names_of_the_caller_s_variables(capsys) -> None:
    net, data = xm.nn.Sequential(xm.nn.Linear(3, 2), xm.nn.Tanh(), xm.nn.Linear(2, 2)), rng.standard_normal((2, 3))
    data = data.astype(np.float32)
    with xm.explaining():
        hidden = net[1](net[0](data))
        z = net[2](hidden)
        loss = (z * z).sum()
        loss.backward()
    xm.explain(z, (1, 0), depth=2)
    told = capsys.readouterr().out
    assert told.startswith("z[1, 0] = ")
    assert "  where x is hidden, w is net.2.weight, bias is net.2.bias\n" in told
    weight = float(net[2].weight.data[1, 0])
    product = f"hidden[1, 1]·net.2.weight[1, 0] = {float(hidden.data[1, 1]):.6g} · {weight:.6g}"
    assert product in re.sub(" +", " ", told)
    assert "= row 1 of hidden times column 0 of net.2.weight" in re.sub(r"= \S+ +row", "= row", told)
    assert "  hidden[1, 1] = " in told
    xm.explain(net[2].weight, (1, 0), gradient=True)
    told = capsys.readouterr().out
    assert told.startswith("∂L/∂net.2.weight[1, 0] = ")
    assert "∂z[1, 0]/∂net.2.weight·∂L/∂z[1, 0] = " in told


def test_a_letter_of_the_formula_is_not_taken_for_a_variable_of_that_name(capsys) -> None:
    x, w, y = drawn(2, 2), drawn(2, 2), drawn(2)
    with xm.explaining():
        z = ops.linear(ops.relu(x + y), w, None)
    xm.explain(z, (0, 1))
    told = capsys.readouterr().out
    assert "where x is relu" in told
    assert "relu[0, 1]·w[1, 1]" in told


def test_what_would_leave_the_line_has_the_formula_s_letters(capsys) -> None:
    a_name_that_goes_on_and_on_for_the_width_of_a_terminal, w = drawn(2, 2), drawn(2, 2)
    with xm.explaining():
        y = a_name_that_goes_on_and_on_for_the_width_of_a_terminal @ w
        y.sum().backward()
    xm.explain(y, (0, 0))
    xm.explain(w, (0, 0), gradient=True)
    told = capsys.readouterr().out
    assert "a[0, 0]·b[0, 0]" in told
    assert "where a is a_name_that_goes" in told


def test_a_convolution_shows_the_patch_that_lies_in_the_image() -> None:
    x, w = drawn(1, 4, 4, 2), drawn(3, 3, 2, 3)
    with xm.explaining():
        y = ops.conv2d(x, w, 1, 1)
    derivation = derivation_of(y, (0, 0, 3, 1))  # a corner: 4 of 9 pixels
    assert len(derivation.rows) == 8
    assert "10 taps lie outside" in derivation.conclusion
    patch = {row.cells[0].place: row.cells[1].place for row in derivation.rows}
    assert patch[0, 1, 2, 1] == (2, 0, 1, 1)


def test_a_softmax_row_and_a_normalisation() -> None:
    a, x = drawn(2, 3), drawn(2, 4)
    with xm.explaining():
        p, log_p, losses = ops.softmax(a), ops.log_softmax(a, axis=0), ops.cross_entropies(a, np.array([2, 0]))
        y = ops.standardise(x, 2)
    exponentials = [row.value for row in derivation_of(p, (1, 2)).rows]
    assert math.isclose(exponentials[2] / sum(exponentials), p.data[1, 2])
    assert len(derivation_of(log_p, (1, 2)).rows) == 2
    exponentials = [row.value for row in derivation_of(losses, (0,)).rows]
    assert math.isclose(-math.log(exponentials[2] / sum(exponentials)), losses.data[0])
    own, mean, variance, eps = (row.value for row in derivation_of(y, (1, 2)).rows)
    assert math.isclose(mean, x.data[1, 2:].mean())
    assert math.isclose((own - mean) / math.sqrt(variance + eps), y.data[1, 2])


@pytest.mark.parametrize("batch", [False, True])
def test_a_normalisation_that_scales_and_shifts(batch) -> None:
    x, scale, shift = drawn(2, 3, 4), drawn(4), drawn(4)
    with xm.explaining():
        y = ops.batch_norm(x, scale, shift)[0] if batch else ops.group_norm(x, scale, shift, 2)
    derivation = derivation_of(y, (1, 2, 3))
    own, mean, variance, eps, a, b = (row.value for row in derivation.rows)
    assert derivation.formula.startswith("y = scale·(x − μ) / √(σ² + ε) + shift")
    assert math.isclose(mean, (x.data[..., 3] if batch else x.data[1, :, 2:]).mean(), rel_tol=1e-6)
    assert math.isclose(a * (own - mean) / math.sqrt(variance + eps) + b, y.data[1, 2, 3], rel_tol=1e-5)


def test_what_is_not_linear_tells_its_slopes(capsys) -> None:
    x = drawn(3)
    with xm.explaining():
        y = ops.unit_length(x)
    xm.explain(y, 1)
    slopes = re.findall(r"slope (\S+)\)", capsys.readouterr().out)
    jacobian = (np.eye(3) - np.outer(y.data, y.data)) / np.linalg.norm(x.data)
    np.testing.assert_allclose([float(s) for s in slopes], jacobian[1], rtol=1e-4)


def test_a_gradient_is_the_sum_of_its_uses() -> None:
    """Σ over uses of Σ slope·g is the gradient, of every element, also where an operand was repeated."""
    w, b, x = drawn(4, 3), drawn(3), rng.standard_normal((5, 4))
    with xm.explaining():
        h = np.tanh(x @ w + b)
        loss = (h * h).sum() + (w * w).sum() * 0.1 + ops.logsumexp(b)
        loss.backward()
    for parameter, uses in ((w, 3), (b, 2)):
        (terms,) = flow_to(parameter).passes
        assert len(terms) == uses
        for place in np.ndindex(parameter.shape):
            rows = [row for term in terms for row in derive_term(term, place)]
            assert math.isclose(sum(row.value for row in rows), parameter.grad[place], rel_tol=1e-9)


def test_passes_that_add_up_are_told_apart_from_those_before(capsys) -> None:
    w = drawn(2)
    with xm.explaining():
        for _ in range(3):
            w.grad = None
            for _ in range(2):
                (w * w).sum().backward()
        xm.explain(w, 0, gradient=True)
        assert f"∂L/∂w[0] = {float(w.grad[0]):.6g}    from 4 uses, 2 passes" in capsys.readouterr().out
        xm.optim.clip_by_norm([w], 0.01)
        xm.explain(w, 0, gradient=True)
    assert "it was changed since, as clipping does" in capsys.readouterr().out


def test_the_same_graph_twice_makes_two_passes() -> None:
    w = drawn(2)
    with xm.explaining():
        loss = (w * w).sum()
        loss.backward(retain_graph=True)
        loss.backward()
    assert [len(terms) for terms in flow_to(w).passes] == [2, 2]


def test_a_checkpoint_is_looked_through() -> None:
    """What flows back through f, which runs again in the pass, is told with all else that flows back in it."""
    w, v = drawn(2, 3), drawn(4, 2)

    def inner(x):
        return np.tanh(x @ w)

    def outer(x):
        return np.sin(xm.checkpoint(inner, x * 2))

    def step(f):
        w.grad = v.grad = None
        (f(v).sum() + (w * w).sum()).backward()
        return [[(term.by.operation, term.result.copy()) for term in flow_to(x).passes[-1]] for x in (w, v)]

    with xm.explaining():
        plain = step(lambda x: np.sin(inner(x * 2)))
        looked_through = step(lambda x: xm.checkpoint(outer, x))
        alone = xm.checkpoint(outer, v)
        w.grad = None
        alone.backward(np.ones((4, 3)))
    for before, after in zip(plain, looked_through, strict=True):
        assert sorted(name for name, _ in before) == sorted(name for name, _ in after)
        np.testing.assert_allclose(sum(g for _, g in before), sum(g for _, g in after))
    (terms,) = flow_to(w).passes
    assert [term.by.operation for term in terms] == ["matmul"]
    term = terms[0]
    for operation in ("matmul", "tanh", "sin"):  # as far as the result of the outer checkpoint
        assert term.by.operation == operation
        term = term.upstream.passes[-1][0] if operation != "sin" else term
    assert derivation_of(alone, (0, 0)).formula.startswith("y = sin")


def test_down_to_the_leaves_each_number_once(capsys) -> None:
    layer = xm.nn.Linear(2, 2)
    with xm.explaining():
        y = ops.relu(layer(np.ones((1, 2), np.float32)))
        z = y + y
    xm.explain(z, (0, 0))
    assert "linear" not in capsys.readouterr().out
    xm.explain(z, (0, 0), depth=None)
    told = capsys.readouterr().out
    assert told.count("linear") == 1
    assert [told.index(name) for name in ("add,", "relu,", "linear,")] == sorted(
        told.index(name) for name in ("add,", "relu,", "linear,")
    )
    assert "test_explain.py:" in told


def test_a_long_chain_is_followed_to_its_end(capsys) -> None:
    x = drawn(1)
    with xm.explaining():
        y = x
        for _ in range(1500):
            y = y + 1.0
        y.backward(np.ones(1))
    xm.explain(y, 0, depth=None)
    assert capsys.readouterr().out.count("add,") == 1500
    xm.explain(x, 0, depth=None, gradient=True)
    assert capsys.readouterr().out.count("add,") == 1500


def test_an_update_does_not_change_what_is_told() -> None:
    w = drawn(3)
    before = w.data.copy()
    with xm.explaining():
        y = w * 2
        y.sum().backward()
    xm.optim.GradientDescent([w], lr=1.0).step()
    assert derivation_of(y, (1,)).rows[0].value == before[1]


def test_an_operation_of_ones_own(capsys) -> None:
    @xm.primitive(a=lambda g, a: g * 3 * a * a)
    def cubed_here(a):
        """y = a³;  ∂a = 3·g·a²"""
        return a * a * a

    with xm.explaining():
        y = cubed_here(xm.Tensor([1.0, 2.0], requires_grad=True))

    @xm.primitive(a=lambda g, a: g)
    def matmul(a):  # of the same name as another's
        """y = a;  ∂a = g"""
        return a + 0

    with xm.explaining():
        z = matmul(y) @ drawn(2)
    assert len(derivation_of(z, ()).rows) == 1
    xm.explain(y, 1)
    assert capsys.readouterr().out.splitlines()[1:3] == ["  y = a³", "    a[1] (slope 12) = 2"]


def test_what_can_not_be_explained_is_told() -> None:
    y = xm.Tensor([[1.0, 2.0]], requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"^explain: it isn't remembered .* compute it within"):
        xm.explain(y, (0, 0))
    with pytest.raises(RuntimeError, match=r"^explain: it isn't remembered what flowed back"):
        xm.explain(y, (0, 0), gradient=True)
    with pytest.raises(ValueError, match=r"^explain: index 0 into \(1, 2\): give one whole number for each axis"):
        xm.explain(y, 0)
    with pytest.raises(ValueError, match=r"^explain: index \(0, 2\) into \(1, 2\): 2 is outside axis 1, 0 to 1"):
        xm.explain(y, (0, 2))
    with pytest.raises(TypeError, match=r"^explain: ndarray given"):
        xm.explain(np.ones(2), 0)


def test_whatever_is_certified_can_be_explained(capsys) -> None:
    explained = set()
    for case in all_cases():
        if not isinstance(case, Case) or case.edge in ("large", "tiny"):
            continue
        with xm.explaining(), np.errstate(all="ignore"):
            inputs = [Tensor(x, requires_grad=True) for x in case.inputs]
            y = case.ours(*inputs)
            if isinstance(y, Tensor) and y.requires_grad:
                y.backward(np.ones(y.shape))
        if isinstance(y, Tensor) and y.size and origin_of(y.data):
            place = tuple(n // 2 for n in y.shape)
            xm.explain(y, place, depth=None, widest=1)
            assert f"y{[*place] or ''} = {float(y.data[place]) + 0.0:.6g}  " in capsys.readouterr().out, case
            explained.add(case.name)
            for x in inputs:
                if x.size and flow_to(x):
                    place = tuple(n // 2 for n in x.shape)
                    (terms,) = flow_to(x).passes
                    total = sum(row.value for term in terms for row in derive_term(term, place))
                    assert np.isclose(total, x.grad[place], rtol=1e-6, atol=1e-9, equal_nan=True), case
    assert len(explained) > 80


def test_memory_is_given_back() -> None:
    from tinyxm.steps import provenance

    before = len(provenance._origins)
    with xm.explaining():
        y = (drawn(3) * 2).sum()
        y.backward()
    assert len(provenance._origins) > before
    del y
    assert len(provenance._origins) == before


@pytest.mark.slow
def test_steps_explained_one_after_another_take_no_more_memory() -> None:
    model = xm.nn.Sequential(xm.nn.Linear(3, 4), xm.nn.BatchNorm(4), xm.nn.Linear(4, 2))
    optimizer, x = xm.optim.Adam(model.parameters(), lr=0.1), rng.standard_normal((5, 3)).astype(np.float32)

    def remembered() -> int:
        with xm.explaining():
            optimizer.zero_grad()
            (xm.checkpoint(model, x) ** 2).mean().backward()
            optimizer.step()
        gc.collect()
        return sum(type(thing) is Origin for thing in gc.get_objects())

    assert len({remembered() for _ in range(3)}) == 1
    assert len(flow_to(model[0].weight).passes) == 1


def test_an_explanation_fits_a_terminal(capsys) -> None:
    block = xm.nn.Sequential(xm.nn.Linear(4, 4), xm.nn.LayerNorm(4), xm.nn.GELU(), xm.nn.Linear(4, 4))
    convolution = xm.nn.Conv2d(2, 3, 3)
    with xm.explaining():
        y = ops.softmax(block(rng.standard_normal((3, 4)).astype(np.float32)))
        z = ops.max_pool2d(convolution(rng.standard_normal((1, 8, 8, 2)).astype(np.float32)), 2)
        ((y * y).sum() + z.sum()).backward()
    xm.explain(y, (1, 2), depth=7)
    xm.explain(block[0].weight, (1, 2), gradient=True)
    xm.explain(convolution.weight, (1, 2, 0, 1), gradient=True)
    xm.explain(z, (0, 1, 1, 1), depth=3)
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if len(line) > 80]
    assert "  y[n, p, q, c] = the largest x of channel c in window (p, q)" in lines
