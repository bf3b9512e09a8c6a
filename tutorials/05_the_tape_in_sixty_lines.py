# %% [markdown]
# # The tape: autograd in sixty lines
#
# Nobody derives a network's gradient by hand twice. While the forward pass runs, write down each operation and what it
# was given: a *tape*. To find every slope of the loss, read the tape backwards, and at each operation apply the one
# rule it has, its *adjoint*: given ḡ = ∂L/∂(result), return ∂L/∂(each input). This is reverse-mode differentiation. It
# costs a few times the forward pass, whatever the number of parameters.
#
#     y = a + b     ∂a = g         ∂b = g
#     y = a · b     ∂a = g b       ∂b = g a
#     Y = A B       ∂A = G Bᵀ      ∂B = Aᵀ G
#     y = tanh a    ∂a = g (1 − y²)
#     y = Σ a       ∂a = g, for every element
#
# (tanh bends as σ does, from −1 to 1: tanh a = 2 σ(2a) − 1.) Here is all of it on NumPy arrays, in sixty lines.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm

plt.rcParams["axes.prop_cycle"] = plt.cycler(color=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"))


class Var:
    """An array; `parents` are the Vars it was made of, each with the adjoint that takes g back to it."""

    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = np.asarray(value, float), parents, None

    def __add__(self, other):
        return Var(self.value + other.value, [(self, lambda g: g), (other, lambda g: g)])

    def __mul__(self, other):
        return Var(
            self.value * other.value,
            [(self, lambda g: g * other.value), (other, lambda g: g * self.value)],
        )

    def __matmul__(self, other):
        return Var(
            self.value @ other.value,
            [(self, lambda g: g @ other.value.T), (other, lambda g: self.value.T @ g)],
        )

    def tanh(self):
        y = np.tanh(self.value)
        return Var(y, [(self, lambda g: g * (1 - y**2))])

    def sum(self):
        return Var(self.value.sum(), [(self, lambda g: g * np.ones_like(self.value))])

    def backward(self):
        order, seen = [], set()

        def visit(var):  # parents first: a valid order of the forward pass, whatever way the results were combined
            if id(var) not in seen:
                seen.add(id(var))
                for parent, _ in var.parents:
                    visit(parent)
                order.append(var)

        visit(self)
        for var in order:
            var.grad = np.zeros_like(var.value)
        self.grad = np.ones_like(self.value)
        for var in reversed(order):  # so a gradient is complete before it is passed on
            for parent, adjoint in var.parents:
                parent.grad = parent.grad + unbroadcast(adjoint(var.grad), parent.value.shape)


def unbroadcast(g, shape):
    """What NumPy repeated on the way forward is summed on the way back: here the axes that it put in front."""
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


# %% [markdown]
# ## A network on it
#
# The same network twice, on our sixty lines and on the engine, from the same numbers.

# %%
rng = np.random.default_rng(0)
X, target = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
arrays = [rng.normal(size=shape) for shape in [(3, 5), (5,), (5, 1), (1,)]]


def loss_of(W1, b1, W2, b2, x, minus_target, tanh):
    error = tanh(x @ W1 + b1) @ W2 + b2 + minus_target
    return (error * error).sum()


ours = [Var(a) for a in arrays]
loss = loss_of(*ours, Var(X), Var(-target), Var.tanh)
loss.backward()

theirs = [xm.Parameter(a) for a in arrays]
loss_of(*theirs, X, -target, np.tanh).backward()
for name, our, their in zip(["W1", "b1", "W2", "b2"], ours, theirs, strict=True):
    np.testing.assert_allclose(our.grad, their.grad, rtol=1e-12)
    print(f"∂L/∂{name} {our.grad.shape!s:<7} sixty lines = engine")

# %% [markdown]
# The bias b1 was repeated for each of 8 rows; its gradient came back with 8 rows, and `unbroadcast` summed them: each
# use of a number adds its part. Leave that line out and every bias has the wrong shape. (NumPy also repeats an axis of
# length 1, of a column beside a table for instance. Ours doesn't undo that, the engine does, and exercise 05 asks you
# to.)
#
# ## Used twice, counted twice
#
# `error * error` uses one Var on both sides, so two gradients arrive at it, and they add up: d(e²)/de = e + e. The
# order matters as much. Take y = a·a, then z = y + y·a: going back, y's gradient is complete only once both of its uses
# have reported. A backward pass that goes on from y after the first report passes on a half-finished sum: y
# has 1 from z and hands it on, gets 3 from y·a and hands on 1 + 3 = 4, where 4 once was right. Each arrives at a 3 + 3
# times, and 9 comes from y·a directly: 6 + 24 + 9 = 39 in place of 24 + 9 = 33.

# %%
a = Var(3.0)
y = a * a
cube = y * a
z = y + cube  # = a² + a³
z.backward()
print(f"d(a² + a³)/da at 3: {a.grad:.0f} = 2·3 + 3·3²")
assert a.grad == 2 * 3 + 3 * 3**2

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
places = {"a": (0, 0), "y": (1.2, 0.8), "cube": (2.4, 0), "z": (3.6, 0.8)}
formulas = {"a": "a", "y": "y = a·a", "cube": "c = y·a", "z": "z = y + c"}
arrows = [("a", "y", "3 + 3"), ("y", "cube", "a = 3"), ("a", "cube", "y = 9"), ("y", "z", "1"), ("cube", "z", "1")]
for start, end, slope in arrows:
    (x0, y0), (x1, y1) = places[start], places[end]
    axes.annotate("", places[start], places[end], arrowprops={"arrowstyle": "->", "shrinkA": 34, "shrinkB": 34})
    axes.text(
        (x0 + x1) / 2, (y0 + y1) / 2, f"× {slope}", ha="center", va="center", backgroundcolor="white", fontsize="small"
    )
for (name, place), var in zip(places.items(), [a, y, cube, z], strict=True):
    text = f"{formulas[name]}\n= {var.value:.0f}\ngradient {var.grad:.0f}"
    axes.text(*place, text, ha="center", va="center", bbox={"boxstyle": "round", "facecolor": "#eef3fb"})
axes.set(xlim=(-0.5, 4.1), ylim=(-0.45, 1.25), title="The tape, read backwards: what arrives at a box adds up")
axes.axis("off")
plt.show()


def too_eager(var, g):
    """The same without an order: go on at once with whatever arrives."""
    var.grad = g if var.grad is None else var.grad + g
    for parent, adjoint in var.parents:
        too_eager(parent, adjoint(var.grad))  # var.grad, still incomplete the first time, and passed on again


a = Var(3.0)
y = a * a
too_eager(y + y * a, np.ones(()))
print(f"without an order: {a.grad:.0f} = 1·6 + 4·6 + 9, in order: {4 * 6 + 9}")
assert a.grad == 39 != 33

# %% [markdown]
# ## What the sixty lines can't do, and how the engine does it
#
# Read `tinyxm/autograd/tape.py` beside them; its `pull_back` is the loop above.
#
# **Long chains.** `visit` calls itself once for each operation on the way, and Python allows about a thousand calls
# within calls. The engine's Var is called `Tensor` (a `Parameter` is one that's learned). It numbers the operations on
# its tape, the *nodes*, as they are made: the newest first is already a valid order, and a heap, a queue that gives its
# largest number first, hands it out without *recursion*, without calling itself.

# %%
deep = Var(0.5)
for _ in range(20_000):
    deep = deep + Var(0.0)
try:
    deep.backward()
    raise AssertionError("it should have run out of stack")
except RecursionError as error:
    print(f"\n20,000 additions on our tape: RecursionError: {error}")
start = xm.Tensor([0.5], requires_grad=True)
chain = start
for _ in range(20_000):
    chain = chain + 0.0
chain.backward()
print(f"on the engine's: gradient {start.grad[0]:.0f}")
assert start.grad == 1

# %% [markdown]
# **Memory.** Our adjoints are *closures*, functions that hold on to what they mention: every operand of every operation
# stays until the last Var is gone. The engine's adjoints name what they read, and only that is kept: `multiply` keeps a
# and b, `tanh` only its result, `add` nothing at all. And a node's links to its parents are dropped as soon as they
# were followed.

# %%
for operation in (xm.ops.add, xm.ops.multiply, xm.ops.tanh):
    reads = {name: ", ".join(adjoint.reads) or "nothing" for name, adjoint in operation.adjoints.items()}
    print(f"{operation.__name__:<9} keeps " + "; ".join(f"for ∂{name}: {kept}" for name, kept in reads.items()))
assert xm.ops.add.adjoints["a"].reads == ()
assert xm.ops.tanh.adjoints["a"].reads == ("y",)

# %% [markdown]
# **Second derivatives.** Our adjoints compute on arrays, so what they compute isn't on any tape. The engine runs the
# same adjoints on Tensors when asked (`create_graph=True`), so a gradient can itself be differentiated.

# %%
t = xm.Tensor(np.linspace(-3, 3, 121), requires_grad=True)
value = np.tanh(t)
(first,) = xm.gradients(value.sum(), [t], create_graph=True)
(second,) = xm.gradients(first.sum(), [t])
assert np.allclose(first.data, 1 - np.tanh(t.data) ** 2)
assert np.allclose(second.data, -2 * np.tanh(t.data) * (1 - np.tanh(t.data) ** 2))

figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for curve, name in [
    (value, "tanh t"),
    (first, "tanh′ t, by one pass back"),
    (second, "tanh″ t, by another"),
]:
    axes.plot(t.data, curve.data, label=name)
axes.set(xlabel="t", title="A gradient is a function, too")
axes.legend(loc="lower right", fontsize="small")
plt.show()

# %% [markdown]
# ## Change it and see
#
# Give Var an `exp` (∂a = g y), and check it as `xm.check_gradients` does: against (f(x + ε) − f(x − ε)) / 2ε along a
# random direction. Then a `relu` of your own: ∂a = g where y > 0, else 0.
#
# Exercises: `tinyxm check ex05` and `tinyxm check ex06`.
#

# %%
Var.exp = lambda self: (lambda y: Var(y, [(self, lambda g: g * y)]))(np.exp(self.value))
point, direction, eps = rng.normal(size=4), rng.normal(size=4), 1e-5
x = Var(point)
x.exp().tanh().sum().backward()
measured = (np.tanh(np.exp(point + eps * direction)).sum() - np.tanh(np.exp(point - eps * direction)).sum()) / (2 * eps)
print(f"\nalong a direction: {x.grad @ direction:.9f} by the tape, {measured:.9f} by differences")
assert np.isclose(x.grad @ direction, measured)

# %% [markdown]
# ## What can go wrong
#
# - **A value that an adjoint reads is overwritten** before the pass back: `w.value += ...` between forward and backward
#   gives a wrong gradient in silence. The engine stamps each write and refuses.
# - **`var.grad += g` in place of `var.grad = var.grad + g`**: for addition the adjoint returns g itself, so one array
#   would be the gradient of several Vars, and adding to one would change the others.
#
# ## Where it came from
#
# Linnainmaa (1970), reverse accumulation, for rounding errors; Speelpenning (1980), gradients of whole programs;
# Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning: a survey" (2018).
#
# ## Three questions
#
# 1. Why backwards, not forwards?
# 2. Why does a mean need no adjoint of its own?
# 3. What would Var keep for `a + b` if it wanted to be as thrifty as the engine?
#
# ## Answers
#
# 1. Forwards, one pass gives the slopes of everything with respect to one input; backwards, those of one output with
#    respect to every input. A loss is one output, and there are millions of inputs.
# 2. It is a sum times 1/n, and both have adjoints: the chain rule composes them.
# 3. Only the two shapes, to undo a broadcast.

# %%
numbers = Var([1.0, 2.0, 6.0])
(numbers.sum() * Var(1 / 3)).backward()
assert np.allclose(numbers.grad, 1 / 3)
