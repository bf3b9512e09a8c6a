"""Operations that a user declares, rightly and wrongly, and the check that tells which."""

import inspect
import linecache
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

from tinyxm import Each, Tensor, check_gradients, debug, listen, ops, primitive
from tinyxm.autograd import gradient_errors


@primitive(a=lambda g, a, scale: g * scale * np.cos(scale * a))
def wave(a: Any, scale: float = 1.0) -> Any:
    """y = sin(scale·a)"""
    return np.sin(scale * a)


@primitive(parts=Each(lambda g, i, parts, powers: g * powers[i] * parts[i] ** (powers[i] - 1)))
def sum_of_powers(parts: Any, powers: Any) -> Any:
    return sum(part**power for part, power in zip(parts, powers, strict=True))


def test_a_declared_operation_serves_every_order() -> None:
    check_gradients(wave, [np.array([0.3, -0.7])])
    check_gradients(lambda a: wave(a, scale=3.0), [np.array([[0.3], [-0.7]])])
    check_gradients(lambda a, b: sum_of_powers([a, b, a], [2, 3, 3]), [np.array([0.3, -0.7]), np.array([1.5, 2.5])])
    assert isinstance(wave(np.array(1.0)), float)
    assert wave.__doc__ == "y = sin(scale·a)"
    assert wave.__name__ == "wave"
    assert "def wave(a, scale=_default_scale)" in wave.source()


def test_the_code_of_an_operation_is_written_out_at_its_first_call() -> None:
    @primitive(a=lambda g, scale: g * scale)
    def scaled(a: Any, offset: float = 0.5, *, scale: float = 2.0) -> Any:
        return scale * a + offset

    kept, declared = scaled, scaled.__code__
    assert "def scaled(a, offset=_default_offset, *, scale=_default_scale)" in scaled.source()
    assert kept.__code__ is declared
    with pytest.raises(TypeError, match=r"^scaled\(\) missing 1 required positional argument: 'a'$"):
        scaled()
    written = kept.__code__
    assert written.co_filename == "<primitive scaled>"
    assert linecache.getline("<primitive scaled>", 1) == scaled.source().splitlines(True)[0]
    assert (scaled(1.0), scaled(1.0, 0.0), scaled(1.0, scale=3.0), scaled(a=1.0)) == (2.5, 2.0, 3.5, 2.5)
    assert kept.__code__ is written
    assert str(inspect.signature(scaled)) == str(inspect.signature(scaled.__wrapped__))
    assert pickle.loads(pickle.dumps(wave)) is wave


def test_the_first_call_is_told_as_any_other() -> None:
    @primitive(a=lambda g: -g)
    def negated(a: Any) -> Any:
        return -a

    with listen(lambda event: found.append(event.source)):
        found: list[Any] = []
        for _ in range(2):
            negated(Tensor([1.0]))
    assert found[0] == found[1]
    assert found[0][0] == __file__


def test_an_operation_may_be_called_first_by_several_threads_at_once() -> None:
    @primitive(a=lambda g: g)
    def shifted(a: Any, offset: float = 0.5, *, scale: float = 2.0) -> Any:
        return scale * a + offset

    def at_each_line(frame: Any, *_: Any) -> Any:
        if frame.f_code.co_name == "_write_out" and shifted.__code__ is not declared:
            seen.append((shifted.__defaults__, shifted.__kwdefaults__))
        return at_each_line

    seen: list[Any] = []
    declared, outer = shifted.__code__, sys.gettrace()
    sys.settrace(at_each_line)
    shifted(1.0)
    sys.settrace(outer)
    assert seen
    assert all(state == ((0.5,), {"scale": 2.0}) for state in seen), "its code runs before its defaults are there"

    def call(_: int) -> list[float]:
        together.wait()
        return [operation(1.0) for operation in operations]

    operations, together = [primitive(a=lambda g: g)(shifted.__wrapped__) for _ in range(50)], threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(call, range(4))] == [[2.5] * 50] * 4


def test_an_operation_answers_for_a_numpy_function() -> None:
    @primitive(np.cbrt, a=lambda g, y: g / (3 * y * y))
    def cbrt(a: Any) -> Any:
        return np.cbrt(a)

    from tinyxm.autograd.tensor import rules

    try:
        check_gradients(np.cbrt, [np.array([0.3, -0.7])])
    finally:
        del rules[np.cbrt]


def test_a_wrong_declaration_is_told_at_once() -> None:
    with pytest.raises(TypeError, match=r"^half: the adjoint of a names b, which is no parameter of half"):

        @primitive(a=lambda g, b: g / 2)
        def half(a: Any) -> Any:
            return a / 2

    with pytest.raises(TypeError, match=r"^half: the adjoint of a names options, which is no parameter of half"):

        @primitive(a=lambda g, **options: g / 2)
        def half(a: Any) -> Any:
            return a / 2

    with pytest.raises(TypeError, match=r"^half: the adjoint of a is functools.partial.*; give a function"):

        @primitive(a=partial(lambda factor, g: factor * g, 0.5))
        def half(a: Any) -> Any:
            return a / 2

    with pytest.raises(TypeError, match=r"^half: the adjoint of x names x, which is no parameter of half"):

        @primitive(x=lambda g: g / 2)
        def half(a: Any) -> Any:
            return a / 2

    with pytest.raises(TypeError, match=r"^half: rename its parameter y, which the tape uses"):

        @primitive(y=lambda g: g / 2)
        def half(y: Any) -> Any:
            return y / 2

    with pytest.raises(TypeError, match=r"^joined: the adjoint of the sequence parts takes \(g, i, ...\)"):

        @primitive(parts=Each(lambda g, parts: g))
        def joined(parts: Any) -> Any:
            return np.concatenate(parts)


def test_an_adjoint_of_a_wrong_shape_is_told_with_its_operation() -> None:
    @primitive(a=lambda g: g[:1])
    def double(a: Any) -> Any:
        return 2 * a

    with pytest.raises(
        ValueError, match=r"^the adjoint gave a gradient of shape \(1,\) to an input of shape \(2,\)"
    ) as error:
        double(Tensor([1.0, 2.0], requires_grad=True)).sum().backward()
    assert error.value.__notes__ == [
        "in the adjoint of a of double, whose result is (2,); to see the line that recorded it, run forward and "
        "backward within tinyxm.debug()"
    ]
    with debug():
        y = double(Tensor([1.0, 2.0], requires_grad=True))
        line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
        y = y.sum()
        with pytest.raises(ValueError, match=r"^the adjoint gave") as error:
            y.backward()
    (note,) = error.value.__notes__
    assert note.startswith("in the adjoint of a of double, whose result is (2,); recorded at ")
    assert f"test_primitive.py:{line}, in test_an_adjoint" in note


def test_an_error_names_the_operation_first() -> None:
    with pytest.raises(ValueError, match=r"^wave: a \(2,\): sizes 3 and 2 of the last axis don't broadcast"):
        wave(Tensor([1.0, 2.0]), np.ones(3))
    with pytest.raises(TypeError, match=r"^wave\(\) got an unexpected keyword argument 'phase'"):
        wave(Tensor([1.0, 2.0]), phase=3)


WRONG = {
    "factor": lambda g, a: 2 * g * np.exp(a),
    "sign": lambda g, a: -g * np.exp(a),
    "nothing": lambda g, a: 0 * g,
    "transposed": lambda g, a: (g * np.exp(a))[::-1],
    "slightly": lambda g, a: g * np.exp(a) * (1 + 1e-4),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("shape", [(), (3,), (2, 1)], ids=str)
def test_the_check_fails_for_a_wrong_adjoint(kind: str, shape: tuple[int, ...]) -> None:
    if kind == "transposed" and shape in ((), (2, 1)):
        shape = (4,)

    @primitive(a=WRONG[kind])
    def exponential(a: Any) -> Any:
        return np.exp(a)

    with pytest.raises(AssertionError, match=r"^first order, input 0: along a direction the gradient is"):
        check_gradients(exponential, [np.random.default_rng(0).standard_normal(shape)])


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("partly", [False, True])
def test_the_check_fails_where_only_the_second_order_is_wrong(size: float, partly: bool) -> None:
    """The adjoint leaves the tape: right to first order, and a constant to the second."""

    @primitive(a=lambda g, a: g * 2 * (a.data if isinstance(a, Tensor) else a))
    def squared(a: Any) -> Any:
        return a * a

    with pytest.raises(AssertionError, match=r"^second order"):
        check_gradients(lambda a: squared(a) * size + (a * a if partly else 0.0), [np.array([0.3, 0.7])])
    check_gradients(lambda a: squared(a) * size, [np.array([0.3, 0.7])], order=1)


def test_the_check_names_the_input_and_takes_floats() -> None:
    @primitive(a=lambda g: g, b=lambda g: g)
    def minus(a: Any, b: Any) -> Any:
        return a - b

    with pytest.raises(AssertionError, match=r"^first order, input 1"):
        check_gradients(minus, [np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match=r"^check_gradients: input 1 is int64; give floats"):
        check_gradients(ops.add, [np.ones(2), np.arange(2)])
    check_gradients(ops.add, [np.ones(2, np.float32), np.ones((3, 2), np.float32)])
    check_gradients(ops.relu, [np.array([-1.0, 1.0])])
    check_gradients(ops.sum, [np.array(1.0)])


def test_defaults_of_any_kind_and_names_of_any_kind() -> None:
    """What is written out takes defaults by value, and shadows none of the words it uses itself."""

    @primitive(forward=lambda g, mode, limit: g * (2.0 if mode == "double" else 1.0) * (limit > 0))
    def scaled(forward: Any, mode: str = "double", limit: float = np.inf, type: Any = np.tanh, *, new: int = 1) -> Any:
        return forward * (2.0 if mode == "double" else 1.0)

    check_gradients(lambda a: scaled(a), [np.ones(3)])
    assert scaled(Tensor([1.0]), mode="single", new=2).data.tolist() == [1.0]

    def several(a: Any, *shape: int) -> Any:
        return a

    def options(a: Any, **given: int) -> Any:
        return a

    def hidden(_a: Any) -> Any:
        return _a

    for wrong in (several, options, hidden):
        with pytest.raises(TypeError, match=f"{wrong.__name__}: "):
            primitive(**{next(iter(inspect.signature(wrong).parameters)): lambda g: g})(wrong)


def test_a_tensor_is_no_static_argument_where_a_gradient_would_be_lost() -> None:
    x, eps = Tensor([[1.0, 2.0]], requires_grad=True), Tensor(0.5, requires_grad=True)
    with pytest.raises(TypeError, match="unit_length: eps is a static argument"):
        ops.unit_length(x, eps)
    assert isinstance(ops.unit_length(x, eps.detach()).data, np.ndarray)


def test_an_error_in_a_rule_keeps_the_line_where_it_happened() -> None:
    @primitive(a=lambda g: g)
    def broken(a: Any) -> Any:
        return a.reshape(7)  # this line

    with pytest.raises(ValueError, match=r"^broken: a \(2,\): ") as raised:
        broken(Tensor([1.0, 2.0]))
    assert any("this line" in str(entry.statement) for entry in raised.traceback)

    @primitive(a=lambda g: g)
    def several(a: Any) -> Any:
        return a, a

    with pytest.raises(TypeError, match="several: the rule returned a tuple; return one array"):
        several(Tensor([1.0]))


def test_names_that_would_be_mistaken_are_refused_or_told_apart() -> None:
    with pytest.raises(TypeError, match="odd: rename its parameter a_shape"):

        @primitive(a=lambda g, a_shape: g * a_shape)
        def odd(a: Any, a_shape: Any) -> Any:
            return a * a_shape

    with pytest.raises(TypeError, match="give the rule one with def"):
        primitive(a=lambda g: g)(lambda a: a)

    @primitive(a=lambda g: g * 2)
    def matmul(a: Any) -> Any:
        return a * 2

    with debug():
        matmul(Tensor([1.0], requires_grad=True)).backward()


def test_a_sequence_may_be_a_generator_and_holds_numbers_that_promote_nothing() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert ops.concatenate(part for part in (x, x)).shape == (4,)
    assert np.stack([x[0], 1.0, np.float64(2)]).dtype == np.float32


def test_the_errors_of_gradients_are_numbers() -> None:
    rows = gradient_errors(lambda a, b: wave(a) * b, [np.array([0.3, -0.7]), np.array(2.0)])
    assert [(row.order, row.input) for row in rows] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert all(0 <= row.relative < 1e-8 for row in rows)
    assert len({row.expected for row in rows}) == 4

    @primitive(a=lambda g, a: 3 * g * a)
    def square(a: Any) -> Any:
        return a * a

    first, second = gradient_errors(square, [np.array([0.3, -0.7])])
    assert first.found == pytest.approx(1.5 * first.expected)
    assert first.relative == pytest.approx(abs(first.expected) / 2 / (1 + abs(first.expected)))
    assert second.relative < 1e-8  # the second order is asked of the gradient as it is
    assert gradient_errors(ops.negative, [np.ones(3)])[1][2:] == (0, 0)  # linear: nothing is left
