"""What the tape promises: every order and branch, no recursion, no aliases, no stale values, memory freed in time."""

import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm import Tensor, check_gradients, gradients, listen, no_grad, ops
from tinyxm.autograd import write


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, float), requires_grad=True)


def test_three_orders() -> None:
    x = leaf(0.5, -1.5)
    y = (np.sin(x) * x).sum()
    (first,) = gradients(y, [x], create_graph=True)
    (second,) = gradients(first.sum(), [x], create_graph=True)
    (third,) = gradients(second.sum(), [x])
    s, c, a = np.sin(x.data), np.cos(x.data), x.data
    np.testing.assert_allclose(first.data, s + a * c)
    np.testing.assert_allclose(second.data, 2 * c - a * s)
    np.testing.assert_allclose(third.data, -3 * s - a * c)


def test_hessian_vector_product() -> None:
    """H v of ½xᵀAx + Σ x³ is (½(A + Aᵀ) + diag 6x) v."""
    rng = np.random.default_rng(0)
    a, v, x = rng.standard_normal((4, 4)), rng.standard_normal(4), Tensor(rng.standard_normal(4), requires_grad=True)
    (first,) = gradients(x @ a @ x * 0.5 + (x**3).sum(), [x], create_graph=True)
    (product,) = gradients(first, [x], v)
    np.testing.assert_allclose(product.data, (a + a.T) / 2 @ v + 6 * x.data * v)


def test_second_order_reaches_g() -> None:
    x, g = leaf(1, 2), leaf(3, 4)
    (first,) = gradients(x * x, [x], g, create_graph=True)
    (of_g,) = gradients(first.sum(), [g])
    assert of_g.data.tolist() == [2, 4]


def test_gradients_of_what_is_no_leaf_and_of_what_is_not_reached() -> None:
    x, other = leaf(1, 2), leaf(5)
    middle = x * 3
    found = gradients((middle * middle).sum(), [middle, other, x])
    assert [g.data.tolist() for g in found] == [[6, 12], [0], [18, 36]]
    assert x.grad is None


def test_a_chain_of_100000_runs_and_goes_without_recursion() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert x.grad.tolist() == [100_001]
    for _ in range(100_000):
        y = y * 1.0
    del y  # the graph is deleted, unused
    gc.collect()


@pytest.mark.parametrize("create_graph", [False, True])
def test_every_path_counts(create_graph: bool) -> None:
    x = leaf(1.0)
    y = x
    for _ in range(30):
        y = y + y
    assert gradients(y, [x], create_graph=create_graph)[0].data.tolist() == [2**30]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=10),
    st.integers(0, 9),
)
def test_any_graph_is_differentiated(steps: list[tuple[int, int, int]], seed: int) -> None:
    """Each step joins two of the values before it, of shapes that broadcast, so that many are used many times."""
    rng = np.random.default_rng(seed)
    inputs = [rng.uniform(-1, 1, shape) for shape in ((2, 3), (3,), (2, 1), ())]

    def run(*values: Tensor) -> Tensor:
        made = list(values)
        for i, j, kind in steps:
            a, b = made[-1 - i % len(made)], made[j % len(made)]
            made.append((a + b, a * b, np.tanh(a) - b, np.sin(a) * 2 + b.sum(), (a - b) / (np.exp(b) + 1))[kind])
        return made[-1] * made[-len(steps)]

    # squares of squares bend so much that differences have fewer digits right; a path left out would change the first
    check_gradients(run, inputs, tolerance=1e-5)


def test_gradients_share_no_memory() -> None:
    a, b, c = leaf(1, 2), leaf(3, 4), leaf(5, 6)
    g = np.ones((2,))
    y = a + b + c.reshape(2, 1).reshape(2)
    y.retain_grad()
    y.backward(g)
    arrays = [g, y.grad, a.grad, b.grad, c.grad]
    for i, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[i + 1 :])
    a.grad += 10
    assert b.grad.tolist() == g.tolist() == [1, 1]
    found = gradients(a + b, [a, b], g)
    assert not np.shares_memory(found[0].data, found[1].data)
    assert not np.shares_memory(found[0].data, g)


def test_an_adjoint_that_hands_on_g_is_not_added_to_in_place() -> None:
    x, z = leaf(1, 2), leaf(1, 2)
    middle = x + z  # its two gradients are one array
    y = (middle * 1.0) + x * 3 + x + x.reshape(2)
    y.retain_grad()
    middle.retain_grad()
    y.backward(np.ones(2))
    assert [t.grad.tolist() for t in (y, middle, z, x)] == [[1, 1], [1, 1], [1, 1], [6, 6]]


def test_backward_adds_up_and_retained_gradients_are_kept() -> None:
    x = leaf(2)
    for total in (4, 8):
        y = x * x
        z = y.sum()
        y.retain_grad()
        z.retain_grad()
        z.backward()
        assert (x.grad.tolist(), y.grad.tolist(), z.grad.tolist()) == ([total], [1], 1)
        assert isinstance(z.grad, np.ndarray)
    x.grad = None
    x.backward(np.array([7.0]))
    assert x.grad.tolist() == [7]
    assert (x * 2).grad is None


def test_retained_gradients_of_single_numbers_are_arrays() -> None:
    x = leaf(2, 3)
    total = x.sum()
    total.retain_grad()
    (total * total * np.ones(4)).backward(np.ones(4))
    assert isinstance(total.grad, np.ndarray)
    assert total.grad == 40
    assert x.grad.tolist() == [40, 40]


def test_single_numbers_keep_their_type_through_every_adjoint() -> None:
    x = Tensor(2.0, requires_grad=True)
    ((x.astype(np.float64) * 3).astype(np.float32) + x).backward()
    assert (x.grad, x.grad.dtype) == (4, np.float32)


def test_a_graph_is_followed_once_unless_it_is_retained() -> None:
    x = leaf(2)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8]
    with pytest.raises(RuntimeError, match=r"^sum: an earlier backward pass freed .* retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match=r"^sum: an earlier"):
        gradients(y, [x])


def test_what_can_not_be_done_is_told() -> None:
    x = leaf(1, 2)
    with pytest.raises(ValueError, match=r"^backward: y has shape \(2,\); reduce it to one number"):
        (x * 2).backward()
    with pytest.raises(ValueError, match=r"^backward: y has shape \(2,\) and g \(3,\)"):
        (x * 2).backward(np.ones(3))
    with pytest.raises(RuntimeError, match=r"^backward: this Tensor requires no gradient"):
        Tensor([1.0]).backward()
    with pytest.raises(ValueError, match=r"^gradients: input 1 requires no gradient"):
        gradients(x.sum(), [x, Tensor([1.0])])
    with pytest.raises(RuntimeError, match=r"^retain_grad: "):
        Tensor([1.0]).retain_grad()


def change(kind: str, t: Tensor) -> None:
    """Write to the second element of t, in one of the ways there are."""
    with no_grad():
        if kind == "setitem":
            t[1] = 5.0
        elif kind == "+=":
            t += 1.0
        elif kind == "-=":
            t -= 1.0
        elif kind == "*=":
            t *= 2.0
        elif kind == "/=":
            t /= 2.0
        elif kind == "view":
            view = t[1:]
            view += 1.0
        elif kind == "view of a view":
            view = t.reshape(2, 1).T.detach()
            view[0, 1] = 5.0
        else:
            write("step", lambda a: a.fill(5), t)


@pytest.mark.parametrize("kind", ["setitem", "+=", "-=", "*=", "/=", "view", "view of a view", "write"])
def test_a_value_changed_since_it_was_recorded_is_an_error_that_names_it(kind: str) -> None:
    w, x = leaf(1, 2), Tensor(np.array([3.0, 4.0]))
    y = (w * x).sum()
    change(kind, x)
    with pytest.raises(RuntimeError, match=r"^multiply: b, which the adjoint of a reads, was written in place"):
        y.backward()
    z = np.exp(w)
    change(kind, z)
    with pytest.raises(RuntimeError, match=r"^exp: y, which the adjoint of a reads"):
        z.sum().backward()
    v = np.exp(w)
    change(kind, w)  # exp doesn't read what it was given, and what is recorded from now on is right
    ((w * x).sum() + v.sum()).backward()
    np.testing.assert_allclose(w.grad, x.data + v.data)


def test_a_write_is_seen_through_every_kind_of_view() -> None:
    w, x = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones(3))
    for view in (ops.broadcast_to(x, (2, 3)), x[None, ::-1], ops.stack([x, x])):
        y = (w * view).sum()
        with no_grad():
            x += 1
        if np.shares_memory(view.data, x.data):
            with pytest.raises(RuntimeError, match=r"^multiply: b"):
                y.backward()
        else:
            y.backward()


def test_a_write_that_would_lose_a_gradient_is_an_error() -> None:
    w = leaf(1, 2)
    with pytest.raises(RuntimeError, match=r"^add in place: a gradient would be lost; write under no_grad\(\)"):
        w += 1
    buffer = Tensor(np.zeros(2))
    with pytest.raises(RuntimeError, match=r"^write: a gradient would be lost"):
        buffer[0] = w.sum()
    buffer[0] = 1.0
    assert buffer.data.tolist() == [1, 0]


def test_memory_is_freed_as_backward_proceeds() -> None:
    """Twenty saved arrays of 1 MB: the pass adds a few more at most, and leaves none but the gradient."""
    tracemalloc.start()
    try:
        x = Tensor(np.ones(131_072), requires_grad=True)
        y = x
        for _ in range(20):
            y = np.exp(y * 0.01)
        y = y.sum()
        recorded = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        y.backward()
        left, peak = tracemalloc.get_traced_memory()
        assert peak < recorded + 4 * 2**20
        assert left < recorded - 17 * 2**20
    finally:
        tracemalloc.stop()


def test_only_what_is_read_is_kept() -> None:
    """A sum or a product by a number reads no array: a chain of them holds none but its result."""
    tracemalloc.start()
    try:
        y = Tensor(np.ones(131_072), requires_grad=True)
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            y = (y * 2.0 + 1.0).reshape(2, -1).reshape(-1)
        assert tracemalloc.get_traced_memory()[0] - start < 2 * 2**20
        del y
    finally:
        tracemalloc.stop()


def test_listening_changes_no_gradient() -> None:
    def run() -> np.ndarray:
        x = leaf(0.3, 0.7)
        y = x
        for _ in range(4):
            y = np.sin(y) * x + y
        y.sum().backward()
        y = (x * x).sum()
        y.backward()
        return x.grad

    with listen(lambda event: None):
        heard = run()
    assert np.array_equal(heard, run())


def test_joining_many_costs_no_more_than_their_number() -> None:
    """The shapes of all parts are kept once, not once for each part."""
    x = leaf(1.0)
    y = ops.concatenate([x] * 500)
    assert len({id(saved[1]) for _, _, saved in y.node.edges}) == 1
    y.sum().backward()
    assert x.grad.tolist() == [500]


def test_grad_takes_a_list_of_tensors_and_says_so() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"inputs is a Tensor; give a list"):
        gradients((w * w).sum(), w)
    with pytest.raises(TypeError, match="input 0 is a str"):
        gradients((w * w).sum(), {"w": w})
    assert gradients((w * w).sum(), (x for x in [w]))[0].data.tolist() == [2, 4]


def test_a_retained_gradient_can_be_dropped_and_an_input_is_asked_about_once() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    h.retain_grad()
    for _ in range(2):
        h.grad = None
        h.sum().backward(retain_graph=True)
        assert h.grad.tolist() == [1, 1]
    with pytest.raises(ValueError, match="input 1 is given twice"):
        gradients(h.sum(), [x, x])
