# %% [markdown]
# # Clipping: what it prevents, and what it doesn't
#
# A gradient says which way is down, and how steep it is *here*. Where the loss has a cliff, that is no word on how far
# down goes on, and a step in proportion to it is thrown out of all that was learned. Clipping keeps the way and limits
# the length:
#
#     by norm    g ← g·min(1, c / ‖g‖),  ‖g‖ = √Σ g² over all parameters
#     by layer   the same with each parameter's own norm
#     by value   g ← min(max(g, −c), c), each element by itself
#
# It prevents **explosion**. It does not prevent **vanishing**, though it's often said to: this lesson shows both.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"


# %% [markdown]
# ## The three, by hand

# %%
rng = np.random.default_rng(0)
gradients = [rng.normal(size=(4, 3)), rng.normal(size=3) * 100]  # of two layers, the second exploding


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def shortened(g, norm, limit):
    return g * min(1, limit / norm)


g, limit = flat(gradients), 5.0
by_hand = {
    xm.optim.clip_by_norm: shortened(g, np.linalg.norm(g), limit),
    xm.optim.clip_by_layer: flat(shortened(layer, np.linalg.norm(layer), limit) for layer in gradients),
    xm.optim.clip_by_value: np.minimum(np.maximum(g, -limit), limit),
}
cosines = {}
for clip, expected in by_hand.items():
    parameters = [xm.Parameter(np.zeros_like(layer)) for layer in gradients]
    for parameter, layer in zip(parameters, gradients, strict=True):
        parameter.grad = layer
    assert np.isclose(clip(parameters, limit), np.linalg.norm(g))  # the norm before, to log
    np.testing.assert_allclose(flat(p.grad for p in parameters), expected)
    cosines[clip] = expected @ g / np.linalg.norm(expected) / np.linalg.norm(g)
    norms = [[f"{np.linalg.norm(x):.2f}" for x in layers] for layers in (gradients, [p.grad for p in parameters])]
    print(f"{clip.__name__:13} layers' norms {' '.join(norms[0])} -> {' '.join(norms[1])}, cosine {cosines[clip]:.4f}")
assert np.isclose(cosines[xm.optim.clip_by_norm], 1)
assert max(cosines[xm.optim.clip_by_layer], cosines[xm.optim.clip_by_value]) < 0.95

# %% [markdown]
# By norm the direction stays, but one layer that explodes takes all others' steps away. By layer each keeps its own
# direction, and its step. By value even a layer's direction turns. By norm is the usual choice.
#
# ## A cliff
#
# One unit that feeds itself, T = 50 times: h ← w σ(h) + b, from h = 0; the loss is L = (σ(h) − 0.7)². Along w, with
# b = −2.1, a small change decides whether h ends low or high: the loss falls from a plateau over a cliff into a valley.
# (The loss and its gradient are computed for many w at once: each element is a problem of its own.)

# %%
T, B = 50, -2.1


def loss_of(w):
    h = w * 0.0
    for _ in range(T):
        h = w * xm.ops.sigmoid(h) + B
    return (xm.ops.sigmoid(h) - 0.7) ** 2


starts = np.linspace(3.0, 3.9, 100)


def descend(limit, rate=1.0, steps=300):
    """Where each start goes, step by step."""
    w = xm.Parameter(starts)
    optimizer, path = xm.optim.GradientDescent([w], lr=rate), [starts]
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(w).sum().backward()
        xm.optim.clip_by_value([w], limit)  # with one number to each problem, by value is by norm
        optimizer.step()
        path.append(w.data.copy())
    return np.array(path)


bare, clipped = descend(1e9), descend(0.1)
line = np.linspace(2.9, 8, 2000)
thrown = {"bare": np.mean(bare.max(axis=0) > 6), "clipped": np.mean(clipped.max(axis=0) > 6)}
ends = {"bare": np.median(loss_of(bare[-1])), "clipped": np.median(loss_of(clipped[-1]))}
for kind in thrown:
    print(f"{kind:8} thrown beyond w = 6: {thrown[kind]:4.0%} of 100 starts; median loss at the end {ends[kind]:.4f}")

figure, panels = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained", sharey=True)
for axes, (title, path), colour in zip(
    panels, {"without clipping": bare[:40, 60], "clipped to 0.1": clipped[:40, 60]}.items(), (ORANGE, BLUE), strict=True
):
    axes.plot(line, loss_of(line), color=GRAY, linewidth=1)
    inside = path[path < 8]
    axes.plot(inside, loss_of(inside), "o-", color=colour, markersize=3, linewidth=0.8)
    axes.set(xlabel="w", title=f"40 steps {title}: ends at w = {path[-1]:.2f}", xlim=(2.9, 8))
panels[0].set_ylabel("loss")
plt.show()
assert thrown["bare"] > 0.9
assert thrown["clipped"] == 0
assert ends["clipped"] < 0.2 * ends["bare"]

# %% [markdown]
# ## In a network
#
# A recurrent network with 24 units reads 25 numbers, and is to give twice the mean of the last five. Its recurrent
# weights start too large, which makes cliffs. The same start, the same batches, the same rate:


# %%
def train(limit, steps=300, units=24, length=25):
    start, draw = np.random.default_rng(0), np.random.default_rng(1)
    u, w = start.normal(size=(1, units)), start.normal(size=(units, units)) * 2 / np.sqrt(units)
    v = start.normal(size=(units, 1)) / np.sqrt(units)
    u, w, b, v = parameters = [xm.Parameter(array) for array in (u, w, np.zeros(units), v)]
    optimizer, losses, norms = xm.optim.GradientDescent(parameters, lr=0.3), [], []
    for _ in range(steps):
        x = draw.uniform(-1, 1, (64, length))
        h = np.zeros((64, units))
        for t in range(length):
            h = np.tanh(x[:, t : t + 1] @ u + h @ w + b)
        loss = np.mean((h @ v - 2 * x[:, -5:].mean(axis=1, keepdims=True)) ** 2)
        optimizer.zero_grad()
        loss.backward()
        norms.append(xm.optim.clip_by_norm(parameters, limit))
        losses.append(loss.item())
        optimizer.step()
    return np.array(losses), np.array(norms)


trained = {"without clipping": train(1e30), "clipped to a norm of 1": train(1.0)}
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
for (label, (losses, norms)), colour in zip(trained.items(), (ORANGE, BLUE), strict=True):
    print(f"{label:22}: loss {losses[0]:.3f} -> {np.mean(losses[-30:]):.3g}, largest norm {norms.max():.3g}")
    left.plot(losses, color=colour, linewidth=1, label=label)
    right.plot(norms, color=colour, linewidth=1)
right.axhline(1, color=GRAY, linestyle=":")
left.set(
    xlabel="step",
    ylabel="loss (log scale)",
    yscale="log",
    ylim=(0.02, 1e6),
    title="Loss: without clipping it leaves the picture",
)
right.set(
    xlabel="step",
    ylabel="gradient norm (log scale)",
    yscale="log",
    ylim=(0.02, 1e6),
    title="Gradient norm, before clipping",
)
left.legend(frameon=False)
plt.show()
(bare_losses, _), (clipped_losses, _) = trained.values()
assert bare_losses[-30:].mean() > 1e3
assert clipped_losses[-30:].mean() < 0.2 * clipped_losses[0]

# %% [markdown]
# ## What it doesn't prevent: vanishing
#
# Sixteen layers of sigmoids. Going back, each multiplies the gradient by σ′ ≤ 1/4 and by the weights: layer after layer
# it shrinks. Look at the norms of the weights' gradients, before and after clipping to 5. Their common norm is below
# the limit, so the factor is min(1, c / ‖g‖) = 1: **not one bit changes.**

# %%
DEPTH, WIDTH = 16, 32
x = rng.normal(size=(256, WIDTH)).astype(np.float32)
classes = (x[:, 0] * x[:, 1] > 0).astype(int)


def network(activation, initialise):
    start, layers = np.random.default_rng(0), []
    for _ in range(DEPTH):
        layers += [xm.nn.Linear(WIDTH, WIDTH, initialise=initialise, rng=start), activation()]
    return xm.nn.Sequential(*layers, xm.nn.Linear(WIDTH, 2, rng=start))


def gradient_norms(model, clip=None, limit=5.0):
    """Of each hidden layer's weights, after a backward pass and clipping; and the gradients themselves."""
    model.zero_grad()
    xm.ops.cross_entropy(model(x), classes).backward()
    if clip:
        clip(model.parameters(), limit)
    weights = [layer.weight for layer in model.layers if isinstance(layer, xm.nn.Linear)][:DEPTH]
    return np.array([np.linalg.norm(w.grad) for w in weights]), [p.grad for p in model.parameters()]


deep = network(xm.nn.Sigmoid, xm.nn.init.xavier_uniform)
before, untouched = gradient_norms(deep)
after = {}
for clip in (xm.optim.clip_by_norm, xm.optim.clip_by_layer, xm.optim.clip_by_value):
    after[clip.__name__], held = gradient_norms(deep, clip)
    assert all(np.array_equal(one, other) for one, other in zip(untouched, held, strict=True))  # the same bits
healthy, _ = gradient_norms(network(xm.nn.ReLU, xm.nn.init.he_normal))
print("layer   sigmoid      clipped      ReLU, He's start")
for i in range(0, DEPTH, 3):
    print(f"{i + 1:5}   {before[i]:.3e}    {after['clip_by_norm'][i]:.3e}    {healthy[i]:.3e}")
print(f"first / last: sigmoid {before[0] / before[-1]:.1e}, ReLU {healthy[0] / healthy[-1]:.2f}")

figure = plt.figure(figsize=(7, 3.8), layout="constrained")
depth = np.arange(1, DEPTH + 1)
plt.plot(depth, before, "o-", color=ORANGE, label="sigmoid")
plt.plot(depth, after["clip_by_norm"], "x", color="black", label="sigmoid, clipped to a norm of 5: the same")
plt.plot(depth, healthy, "o-", color=GREEN, label="ReLU from He's start")
plt.yscale("log")
plt.xlabel("layer, from the input on")
plt.ylabel("norm of its weights' gradient (log scale)")
plt.title("Clipping leaves a vanished gradient as it is")
plt.legend(frameon=False)
plt.show()
assert before[0] < 1e-6 * before[-1]
assert 0.05 < healthy[0] / healthy[-1] < 20

# %% [markdown]
# So training with clipping is, bit for bit, training without. And the gradient isn't all that vanishes: the same
# factors act on the way forward, so that after sixteen sigmoids all inputs look alike. What helps changes the
# derivative itself: activations that don't saturate and a start to match (green), normalisation, residual connections,
# gates.


# %%
def learn(model, clip, steps=200):
    optimizer = xm.optim.GradientDescent(model.parameters(), lr=0.05)
    for _ in range(steps):
        gradient_norms(model, clip)
        optimizer.step()
    return xm.ops.cross_entropy(model(x), classes).item()


signal, spread = x, [x.std(axis=0).mean()]
for layer in deep.layers[:-1]:
    signal = layer(signal)
    if isinstance(layer, xm.nn.Sigmoid):
        spread.append(signal.data.std(axis=0).mean())
print(
    f"standard deviation over samples: inputs {spread[0]:.2g}, layer 1 {spread[1]:.2g}, layer {DEPTH} {spread[-1]:.2g}"
)
reached = [learn(network(xm.nn.Sigmoid, xm.nn.init.xavier_uniform), clip) for clip in (None, xm.optim.clip_by_norm)]
green = learn(network(xm.nn.ReLU, xm.nn.init.he_normal), xm.optim.clip_by_norm)
print(f"after 200 steps: sigmoid {reached[0]:.4f}, clipped {reached[1]:.4f}, ReLU {green:.4f} (ln 2 = 0.6931)")
assert reached[0] == reached[1]
assert abs(reached[0] - np.log(2)) < 0.01
assert green < 0.1
assert spread[-1] < 1e-4 * spread[1]

# %% [markdown]
# ## Change it and see
#
# - Call `descend` with limits of 0.001, 0.5 and 5. Too small is slow; too large jumps to and fro over the valley, or is
#   none. Log the norms, and set the limit somewhat above what is usual.
# - In `train`, set the rate to 0.03. Is clipping needed then? What does it cost in time?
# - In `learn`, stretch each gradient to a norm of 1: p.grad = p.grad / np.linalg.norm(p.grad). That is another rule
#   than clipping. Does it save the sigmoids? And where the classes are just `x[:, 0] > 0`?
# - Replace `Sigmoid` by `Tanh`; make `DEPTH` 40; start ReLU with `xavier_uniform`. (An `assert` behind a picture that
#   then fails says what no longer holds.)
# - Exercise: `tinyxm check ex12`.
#
# ## What can go wrong
#
# - **Clipping after the update**, or before `backward`: it then does nothing. The order is backward, clip, step.
# - **Each group of parameters clipped by itself** where one norm over all was meant.
# - **A limit always reached**: then every step has one length, and η·c is the real learning rate.
# - **NaN in, NaN out**: c / NaN mends nothing; tinyxm's clipping raises instead.
# - **Accumulated gradients** are clipped once, when complete; not each part.
#
# ## Where it came from
#
# Hochreiter (1991) and Bengio, Simard and Frasconi (1994) described vanishing and exploding gradients; Mikolov (2012)
# clipped by value; Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013),
# clip by norm, show the cliff above, and treat vanishing apart, as another problem with another mend.
#
# ## Three questions
#
# 1. Two layers have gradients of norm 3 and 4, and c = 1. Which norms have they after clipping by norm, and by layer?
# 2. With Adam, a gradient 1,000 times as large gives nearly the same step. Why clip all the same?
# 3. A friend's 40-layer tanh network doesn't learn. "I clip already!" What do you look at?
#
# ## Answers
#
# 1. By norm the whole is 5, so both are divided by 5: 0.6 and 0.8. By layer: 1 and 1.
# 2. Adam's means remember it: one exploded gradient fills v for about 1 / (1 − β₂) = 1,000 steps, and they are tiny.
# 3. The gradient's norm layer by layer, from the output back. If it falls steadily, it's vanishing: the start,
#    normalisation, residual connections. Clipping can't help.

# %%
three, four = (xm.Parameter(np.zeros(1)) for _ in range(2))
for clip, expected in ((xm.optim.clip_by_norm, [0.6, 0.8]), (xm.optim.clip_by_layer, [1, 1])):
    three.grad, four.grad = np.array([3.0]), np.array([4.0])
    clip([three, four], 1.0)
    np.testing.assert_allclose([three.grad[0], four.grad[0]], expected)
