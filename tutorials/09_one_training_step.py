# %% [markdown]
# # One training step, every number checked
#
# A network learns by repeating one step: forward, loss, backward, clip, update. Here is that step by hand in NumPy, on
# a network small enough to print whole. After each part tinyxm does the same, and an `assert` compares the two. Change
# a number and run it again.
#
# ## The problem
#
# Four points, one in each quarter of the plane. A point is of class 1 where its two coordinates have the same sign,
# else of class 0. No straight line separates the classes (this is "exclusive or"), so a hidden layer [06] is needed:
#
#     A = X W₁ + b₁      H = tanh A      Z = H W₂ + b₂      P = softmax Z      L = −1/N Σₙ ln P[n, yₙ]
#
# The rows of X are N = 4 samples; there are 2 inputs, 3 hidden units and 2 classes. Column j of W₁ holds the weights
# into hidden unit j, row j of W₂ the weights out of it.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm.steps.variables import file_name

plt.rcParams["axes.prop_cycle"] = plt.cycler(color=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"))
np.set_printoptions(precision=4, suppress=True)
X = np.array([[1.0, 0.5], [-0.5, 1.0], [-1.0, -1.5], [1.5, -0.5]])
y = np.array([1, 0, 1, 0])
W1 = np.array([[0.8, -0.6, 0.3], [-0.4, 0.9, 0.7]])
b1 = np.zeros(3)
W2 = np.array([[0.5, -0.7], [-0.9, 0.4], [0.6, 0.2]])
b2 = np.zeros(2)
N = len(X)


def show(formula, array):
    print(f"{formula}    {array.shape}\n{array + 0.0}\n")  # + 0.0 makes 0 of −0
    return array


def agree(name, by_hand, engine):
    np.testing.assert_allclose(engine, by_hand, rtol=1e-9, atol=1e-12, err_msg=name)
    print(f"{name:<24} by hand = engine")


# %% [markdown]
# ## Forward
#
# Each row stays with its sample all the way: row n of P is what the network says of point n. Softmax makes
# probabilities of scores, e^z / Σ e^z in each row; subtracting the row's largest score first changes nothing, but keeps
# e^z from overflowing.

# %%
A = show("A = X W1 + b1", X @ W1 + b1)
H = show("H = tanh A", np.tanh(A))
Z = show("Z = H W2 + b2", H @ W2 + b2)
E = np.exp(Z - Z.max(axis=1, keepdims=True))
P = show("P = softmax Z", E / E.sum(axis=1, keepdims=True))
own = show("P[n, y_n]", P[np.arange(N), y])
L = show("L = -1/N sum ln P[n, y_n]", -np.mean(np.log(own)))
assert np.allclose(P.sum(axis=1), 1)
assert np.log(2) < L

# %% [markdown]
# The loss L is the mean of −ln of the probability that each sample's own class was given. A network that says 1/2 of
# everything has L = ln 2 = 0.6931, so this one starts worse than if it knew nothing.
#
# NumPy's functions work on the engine's Tensors too, so its forward pass is the same lines. `retain_grad` asks it to
# keep the gradients of results in between, which it would otherwise free.

# %%
start = [W1, b1, W2, b2]
names = ["W1", "b1", "W2", "b2"]


def forward(parameters, labels=y):
    W1, b1, W2, b2 = parameters
    A = X @ W1 + b1
    H = np.tanh(A)
    Z = H @ W2 + b2
    return A, H, Z, xm.ops.cross_entropy(Z, labels)


parameters = [xm.Parameter(array) for array in start]  # a Parameter copies its array
between = forward(parameters)
for name, by_hand, tensor in zip("AHZL", [A, H, Z, L], between, strict=True):
    agree(name, by_hand, tensor.data)
    tensor.retain_grad()

# %% [markdown]
# ## Backward
#
# Write dA for ∂L/∂A: it has the shape of A, and holds the slope of the loss along each element. The chain rule carries
# it back from the loss, a line for each line of the forward pass, the last first. With Y the labels as one-hot rows:
#
# | forward | backward |
# | --- | --- |
# | L = −1/N Σ Y ln P | dP = −Y / (N P) |
# | P = softmax Z | dZ = P (dP − Σ dP P), the sum along each row; with the line above, dZ = (P − Y) / N |
# | Z = H W₂ + b₂ | dW₂ = Hᵀ dZ, db₂ = Σₙ dZ, dH = dZ W₂ᵀ |
# | H = tanh A | dA = dH (1 − H²) |
# | A = X W₁ + b₁ | dW₁ = Xᵀ dA, db₁ = Σₙ dA |
#
# All samples share the weights, so what each asks of a weight adds up: within Hᵀ dZ, and in the sum over n.

# %%
Y = np.eye(2)[y]
dP = show("dP = -Y / (N P)", -Y / (N * P))
dZ = show("dZ = P (dP - sum dP P)", P * (dP - (dP * P).sum(axis=1, keepdims=True)))
assert np.allclose(dZ, (P - Y) / N)
dW2 = show("dW2 = H^T dZ", H.T @ dZ)
db2 = show("db2 = sum_n dZ", dZ.sum(axis=0))
dH = show("dH = dZ W2^T", dZ @ W2.T)
dA = show("dA = dH (1 - H^2)", dH * (1 - H**2))
dW1 = show("dW1 = X^T dA", X.T @ dA)
db1 = show("db1 = sum_n dA", dA.sum(axis=0))

gradients = [dW1, db1, dW2, db2]
*_, loss = between
loss.backward()
tensors = [*between[:3], *parameters]
for name, by_hand, tensor in zip(["A", "H", "Z", *names], [dA, dH, dZ, *gradients], tensors, strict=True):
    assert by_hand.shape == tensor.shape
    agree(f"d{name}", by_hand, tensor.grad)

# %% [markdown]
# ## Is the chain rule right? Ask the loss itself
#
# A slope can be measured: move one weight a little both ways, and take (L(w + ε) − L(w − ε)) / 2ε. It errs by about ε²,
# until ε is so small that few digits survive the subtraction.

# %%
print(f"\ndW1[0, 1] = {dW1[0, 1]:.12f} by the chain rule")
error = {}
for eps in [1e-1, 1e-2, 1e-3, 1e-5, 1e-12]:
    nudge = np.array([[0, eps, 0], [0, 0, 0]])
    *_, above = forward([W1 + nudge, b1, W2, b2])
    *_, below = forward([W1 - nudge, b1, W2, b2])
    slope = (above - below) / (2 * eps)
    error[eps] = abs(slope - dW1[0, 1])
    print(f"            {slope:.12f} by differences with eps = {eps:.0e}: off by {error[eps]:.0e}")
assert error[1e-5] < 1e-9
assert 90 < error[1e-1] / error[1e-2] < 110  # a tenth of ε, a hundredth of the error
assert error[1e-12] > error[1e-5]

# %% [markdown]
# ## Clip
#
# Before the update, gradients may be held to a limit c. *By value*, each element by itself: g ← min(max(g, −c), c);
# this turns the direction. *By norm*, all together: g ← g min(1, c / ‖g‖), where ‖g‖ = √Σ g² runs over every element of
# every parameter; the direction stays. Both return ‖g‖ as it was.


# %%
def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


g = flat(gradients)
norm = np.sqrt(np.sum(g**2))
by_value = np.clip(g, -0.1, 0.1)
by_norm = g * min(1, 0.1 / norm)
for clip, by_hand in [(xm.optim.clip_by_value, by_value), (xm.optim.clip_by_norm, by_norm)]:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    assert np.isclose(clip(parameters, 0.1), norm)
    agree(clip.__name__, by_hand, flat(p.grad for p in parameters))
    cosine = by_hand @ g / (np.linalg.norm(by_hand) * norm)
    print(f"    norm {norm:.4f} -> {np.linalg.norm(by_hand):.4f}, cosine with the gradient {cosine:.4f}")
    assert cosine < 0.99 if clip is xm.optim.clip_by_value else np.isclose(cosine, 1)

# %% [markdown]
# ### It prevents explosion. It doesn't prevent vanishing
#
# Multiply by the same weight T = 50 times, as a recurrent network does, which reads a row step by step with the same
# weights [17]: L = wᵀ, dL/dw = T wᵀ⁻¹. Above 1 this explodes, below 1 it vanishes (Pascanu, Mikolov and Bengio 2013).
# Clipping makes of the first a step of bounded length. The second is far below any limit: it passes unchanged, and the
# weight learns nothing. Initialisation [07], normalisation and residual connections [06] are against that.

# %%
T, rate = 50, 0.1
for value in [1.5, 0.5]:
    w = xm.Parameter(np.array(value))
    power = w
    for _ in range(T - 1):
        power = power * w
    power.backward()
    gradient = w.grad
    xm.optim.clip_by_norm([w], 1.0)
    wild, held = value - rate * gradient, value - rate * w.grad
    print(f"w = {value}: gradient {gradient:.3e}, next w {wild:.6g}; clipped {w.grad:.3e}, next w {held:.6g}")
    assert np.isclose(gradient, T * value ** (T - 1))
    if value > 1:
        assert np.isclose(w.grad, 1)
        assert T * np.log10(abs(wild)) > 308  # its next power would overflow float64
    else:
        assert w.grad == gradient  # the very same number
        assert abs(held - value) < 1e-14

# %% [markdown]
# ## Update
#
# The gradient points uphill. Every rule goes against it, at a learning rate η:
#
# - gradient descent: θ ← θ − η g
# - momentum: u ← μ u + g, then θ ← θ − η u. From u = 0, the first step is gradient descent's.
# - Adam: m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², then θ ← θ − η m̂ / (√v̂ + ε). As m and v start at 0, they
#   are too small at first; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) make up for it. At t = 1 they are g and g², so
#   each weight moves by η, whatever the size of its gradient.
#
# The gradients are checked by now: the engine computes them, anew for each step. The updates are by hand, on all
# parameters as one vector θ.


# %%
def descent_by_hand(g, t, state):
    return 0.5 * g, None


def momentum_by_hand(g, t, u):
    u = 0.9 * u + g
    return 0.5 * u, u


def adam_by_hand(g, t, state):
    m, v = state
    m = 0.9 * m + (1 - 0.9) * g
    v = 0.999 * v + (1 - 0.999) * g**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return 0.05 * m_hat / (np.sqrt(v_hat) + 1e-8), (m, v)


first = {}
for make, settings, by_hand, state in [
    (xm.optim.GradientDescent, {"lr": 0.5}, descent_by_hand, None),
    (xm.optim.Momentum, {"lr": 0.5, "momentum": 0.9}, momentum_by_hand, 0.0),
    (xm.optim.Adam, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8}, adam_by_hand, (0.0, 0.0)),
]:
    parameters = [xm.Parameter(array) for array in start]
    optimizer = make(parameters, **settings)
    theta, losses = flat(start), []
    for t in [1, 2]:
        *_, loss = forward(parameters)
        losses.append(loss.item())
        optimizer.zero_grad()  # else the gradients of both steps would add up
        loss.backward()
        change, state = by_hand(flat(p.grad for p in parameters), t, state)
        theta = theta - change
        first.setdefault(make.__name__, change)
        optimizer.step()
        agree(f"{make.__name__}, step {t}", theta, flat(p.data for p in parameters))
    *_, loss = forward(parameters)
    print(f"    W1[0] {W1[0]} -> {theta[:3]}, loss {losses[0]:.4f} -> {losses[1]:.4f} -> {loss.item():.4f}")
    assert losses[0] > losses[1] > loss.item()
assert np.array_equal(first["Momentum"], first["GradientDescent"])
assert np.allclose(abs(first["Adam"]), 0.05)

# %% [markdown]
# ## The trap: weights that start equal
#
# Let all weights start at one value c ("mean initialisation"). Every hidden unit then computes the same, so it gets the
# same gradient, so it stays the same: the columns of W₁ remain equal, and so do the rows of W₂. Three units do the work
# of one, and one unit draws one straight line. (In the first step W₁ doesn't move at all: as W₂'s columns are equal
# too and each row of dZ sums to 0, dH = 0.)
#
# With c = 0 it is worse. H = tanh 0 = 0 makes dW₂ = Hᵀ dZ = 0, and W₂ = 0 makes dH = dZ W₂ᵀ = 0: no weight ever moves.
# Only b₂ can, and where each class has as many samples, it doesn't either.


# %%
def train(start, labels=y, steps=300):
    """The loss and the parameters before each step, and after the last."""
    parameters = [xm.Parameter(array) for array in start]
    optimizer = xm.optim.GradientDescent(parameters, lr=0.5)
    history = []
    for step in range(steps + 1):
        *_, loss = forward(parameters, labels)
        history.append((loss.item(), [p.data.copy() for p in parameters]))
        if step in (0, 1, 10, 100, steps):
            W1, _, W2, _ = history[-1][1]
            print(f"  step {step:3}  loss {loss.item():.4f}  W1[0] {W1[0]}  W2[:, 0] {W2[:, 0]}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return history


print("\nAll weights differ:")
differing = train(start)
learned, end = differing[-1]
assert learned < 0.05
assert np.array_equal(forward(end)[2].argmax(axis=1), y)

print("All weights 0.5:")
halves = train([np.full((2, 3), 0.5), b1, np.full((3, 2), 0.5), b2])
for _, (V1, _, V2, _) in halves:
    assert np.allclose(V1, V1[:, :1], rtol=0, atol=1e-9)  # each column is the first
    assert np.allclose(V2, V2[:1], rtol=0, atol=1e-9)  # each row is the first
stuck, (V1, c1, V2, c2) = halves[-1]
three, one = forward([V1, c1, V2, c2])[2], forward([V1[:, :1], c1[:1], 3 * V2[:1], c2])[2]
assert np.allclose(three, one)  # one unit with three times the weight out gives the same scores
assert np.sum(three.argmax(axis=1) == y) < N
assert stuck > 0.4
assert np.allclose(halves[1][1][0], 0.5)

print("All weights 0:")
zeros = [np.zeros((2, 3)), b1, np.zeros((3, 2)), b2]
nothing = train(zeros)
for loss, arrays in nothing:
    assert np.isclose(loss, np.log(2))
    assert not flat(arrays).any()

print("All weights 0, three samples of class 1 and one of class 0:")
uneven = train(zeros, labels=np.array([1, 1, 1, 0]))
assert not any(flat([V1, c1, V2]).any() for _, (V1, c1, V2, _) in uneven)
_, (*_, c2) = uneven[-1]
frequencies = show("b2 alone learned, and only how frequent each class is: softmax b2", xm.ops.softmax(c2))
assert np.allclose(frequencies, [1 / 4, 3 / 4])

figure = plt.figure(figsize=(6, 3.4), layout="constrained")
for name, history in {"weights that differ": differing, "all 0.5": halves, "all 0": nothing}.items():
    plt.plot([loss for loss, _ in history], label=name)
plt.xlabel("step")
plt.ylabel("loss, nats")
plt.title("Weights that start equal stay equal")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# Biases may start at 0, as long as the weights differ. `xm.nn.init` has the random rules that also keep the size of
# signals and gradients from layer to layer: Xavier's for tanh, He's for ReLU.
#
# ## The same step, told by the engine
#
# `xm.listen` calls a function with an Event after each rule that ran. Here is the step from above once more, with the
# size of each result. Read the adjoints against the table in "Backward": `tanh.a` is dA, the last `matmul.b` is dW₁.
# `add.b` hands on all of dA; as b₁ was repeated for each sample, the tape then sums it over n.

# %%
events = []
parameters = [xm.Parameter(array) for array in start]
optimizer = xm.optim.GradientDescent(parameters, lr=0.5)
with xm.listen(events.append):
    *_, loss = forward(parameters)
    loss.backward()
    xm.optim.clip_by_norm(parameters, 0.1)
    optimizer.step()

for event in events:
    result = event.operands["target"] if event.kind == "update" else event.result  # an update writes in place
    where = f"{file_name(event.source[0])}:{event.source[1]}" if event.source else ""  # none at a bare prompt
    size = f"{result.shape!s:<6}  norm {np.linalg.norm(result):.4f}"
    print(f"{event.phase:<8}  {event.operation:<22}  {size}  {where}")

told = {event.operation: event.result for event in events}  # of each operation, the last time it ran
agree("tanh", H, told["tanh"])
agree("cross_entropies.logits", dZ, told["cross_entropies.logits"])
agree("tanh.a", dA, told["tanh.a"])
agree("matmul.b", dW1, told["matmul.b"])
agree("clip_by_norm", by_norm, flat(event.result for event in events if event.kind == "clip"))
agree("theta - lr g", flat(start) - 0.5 * by_norm, flat(p.data for p in parameters))
assert list(dict.fromkeys(event.phase for event in events)) == ["forward", "backward", "clip", "update"]

# %% [markdown]
# ## The same step, in the step debugger
#
# `xm.record` listens to the same events and keeps all arrays. `step.to_html` writes them as one page, which opens in
# any browser: go through it operation by operation, with the arrow keys, forward and **back**. It opens with one weight
# followed, W₁[0, 0]; "next", or the key f, leads from station to station.
#
# 1. *forward*: the weight's term, marked ◉, among those of one sum of the first layer.
# 2. *gradient*: "Where this number comes from" writes it as a sum over the four samples, x[n, 0]·dA[n, 0]. Click one
#    dA: it is dH·(1 − H²). Click dH: a row of dZ times a row of W₂. Click dZ: (P − the right answer) / N. Here the
#    gradient begins: what the network said, less what was wanted. The button *gradient* at the top leads back.
# 3. *clipped*: all gradients together were longer than 0.1, so each is shortened by the same factor.
# 4. *step*: times the learning rate, against the gradient. Move the slider in "How one weight changes": what the new
#    weight would have been.
# 5. *new value*: what the next step begins with.
#
# In the terminal `step.play()` does the same, in a notebook `step.show()`; `tinyxm step emoji` records a step of the
# main job.

# %%
parameters = W1, b1, W2, b2 = [xm.Parameter(array) for array in start]
optimizer = xm.optim.GradientDescent(parameters, lr=0.5)
with xm.record(optimizer=optimizer, title="Exclusive or: one training step") as step:
    hidden, active, scores, loss = forward(parameters)
    loss.backward()
    xm.optim.clip_by_norm(parameters, 0.1)
    optimizer.step()

folder = Path(tempfile.mkdtemp())
step.to_html(folder / "step.html", at="weight=W1[0,0]")
print(f"\nOpen it in a browser: {folder / 'step.html'} ({(folder / 'step.html').stat().st_size / 1e3:.0f} kB)")

update = step.updates[0]
before, g, clipped, after = (
    step.values[number].array[0, 0] for number in (update.before, update.gradient, update.clipped, update.after)
)
print(f"{update.name}[0, 0]: {before:.4f} - 0.5 · {clipped:.4f} = {after:.4f}, its gradient was {g:.4f}")
agree("gradient of W1[0, 0]", sum(X[n, 0] * dA[n, 0] for n in range(N)), g)
agree("W1[0, 0] after the step", before - 0.5 * clipped, after)
agree("replayed in float64", 0.0, max(told.error for told in xm.steps.replay(step)))
slope = next(check for check in xm.steps.differences(step) if check.value == update.gradient)
print(f"∂L/∂{update.name}{list(slope.cell)} = {slope.gradient:.8f}, by differences of the loss {slope.difference:.8f}")
assert slope.error < 1e-6

# %% tags=["active-ipynb"]
# step.show()  # in a notebook; as a script this is a comment

# %% [markdown]
# ## Change it and see
#
# Let W₁ start at 0.5 throughout, and W₂ as at the top, its rows different. Is that enough to break the tie?

# %%
print("\nOnly W2's rows differ:")
loss, (V1, *_) = train([np.full((2, 3), 0.5), *start[1:]])[-1]
assert loss < 0.05
assert not np.allclose(V1, V1[:, :1], atol=0.1)

# %% [markdown]
# ## What can go wrong
#
# - **`zero_grad` forgotten**: the gradients of all steps add up, and each step takes the old ones along.
# - **Clipping after the update**, or before `backward`: it then does nothing.
# - **A loss that begins far above ln C**, C the number of classes: the network is sure of something before it has
#   learned anything. Look at the size of its weights.
#
# ## Where it came from
#
# Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986), who also break the tie
# of equal weights by small random ones, and in their longer chapter of that year, "Learning internal representations by
# error propagation", the network for "exclusive or". Linnainmaa (1970) and Werbos (1974) had the chain rule in this
# order before.
#
# ## Three questions
#
# 1. Each row of dZ sums to 0. Why?
# 2. All weights start equal, but the samples differ. Why do the hidden units stay equal all the same?
# 3. All gradients are a thousand times as large. How long is the first step of gradient descent, and of Adam?
#
# ## Answers
#
# 1. The same number added to all scores of a row changes no probability, so the loss has no slope in that direction.
# 2. Each unit sees the same samples through the same weights, and each passes on through equal weights: the samples
#    differ, but not between units.
# 3. A thousand times as long; as long as before, as each weight moves by η.

# %%
assert np.allclose(dZ.sum(axis=1), 0)
