# %% [markdown]
# # Gradient descent, and the learning rate
#
# The gradient of a loss points uphill. Go the other way, in proportion to it, again and again:
#
#     θ ← θ − η g,   g = ∂L/∂θ
#
# That is all. One number has to be chosen (a **hyperparameter**: chosen, not learned), the learning rate η, and it
# decides between creeping, arriving and flying off. This lesson is about that number.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"


# %% [markdown]
# ## A bowl
#
# Near a minimum most smooth losses look like a bowl. The simplest has a curvature for each parameter, here 1 and 10:
#
#     L(w) = ½ (1·w₁² + 10·w₂²),   g = (1·w₁, 10·w₂)
#
# so that descent is two separate recurrences: wᵢ ← wᵢ − η λᵢ wᵢ = (1 − η λᵢ) wᵢ. Each step multiplies wᵢ by the same
# factor. Where |1 − η λᵢ| < 1 it shrinks; where 1 − η λᵢ is negative it jumps to the other side each time. So:
#
# | rate | factor | what is seen |
# | --- | --- | --- |
# | η < 1 / λ | between 0 and 1 | comes down on one side |
# | 1 / λ < η < 2 / λ | between −1 and 0 | oscillates, and arrives |
# | η > 2 / λ | below −1 | oscillates, and flies off |
#
# The steepest direction decides: stable means η < 2 / λmax, here 0.2.

# %%
curvature = np.array([1.0, 10.0])
start = np.array([-4.0, 1.5])


def descend(rate, steps):
    """Where w has been, by hand."""
    w, path = start, [start]
    for _ in range(steps):
        g = curvature * w
        w = w - rate * g  # the code line that is the formula
        path.append(w)
    return np.array(path)


def descend_by_tinyxm(rate, steps):
    w = xm.Parameter(start)
    optimizer, path = xm.optim.GradientDescent([w], lr=rate), [start]
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * np.sum(curvature * w * w)).backward()
        optimizer.step()
        path.append(w.data.copy())
    return np.array(path)


STEPS = 25
rates = {"creeps": 0.02, "comes down": 0.09, "oscillates": 0.18, "flies off": 0.21}
paths = {label: descend(rate, STEPS) for label, rate in rates.items()}
for label, rate in rates.items():
    np.testing.assert_allclose(descend_by_tinyxm(rate, STEPS), paths[label], rtol=1e-12)
    np.testing.assert_allclose(paths[label][-1], (1 - rate * curvature) ** STEPS * start)  # as the recurrence says
    loss = 0.5 * np.sum(curvature * paths[label] ** 2, axis=1)
    print(f"rate {rate:4}: factors {1 - rate * curvature}, loss {loss[0]:.2f} -> {loss[-1]:.2g}: {label}")
    assert (loss[-1] > loss[0]) == (rate > 2 / curvature.max())

# %%
w1, w2 = np.meshgrid(np.linspace(-4.6, 2.2, 200), np.linspace(-3.2, 3.2, 200))
figure, panels = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained", sharey=True)
for axes, (label, path), colour in zip(panels, paths.items(), (GRAY, GREEN, BLUE, ORANGE), strict=True):
    axes.contour(w1, w2, curvature[0] * w1**2 + curvature[1] * w2**2, levels=12, colors="#cccccc", linewidths=0.7)
    axes.plot(*path.T, ".-", color=colour, linewidth=1, clip_on=True)
    axes.plot(0, 0, "k+")
    axes.set(title=f"η = {rates[label]}: {label}", xlabel="w₁ (curvature 1)", xlim=(-4.6, 2.2), ylim=(-3.2, 3.2))
panels[0].set_ylabel("w₂ (curvature 10)")
plt.show()

# %% [markdown]
# ## The price of a ravine
#
# At η = 1 / λmax the steep direction is settled at once, and the flat one creeps; at 2 / λmax the steep one never
# settles. What both can have is balanced where the two factors are of one size: η = 2 / (λmin + λmax), factor (κ − 1)
# / (κ + 1) with the **condition number** κ = λmax / λmin. So the steps needed grow in proportion to κ: that is what
# momentum (lesson 12) and adaptive rates (lesson 13) are against.

# %%
for kappa in (10, 100, 1000):
    curvature = np.array([1.0, kappa])
    best = 2 / curvature.sum()
    path = descend(best, 20 * kappa)
    below = np.linalg.norm(path, axis=1) < 1e-6 * np.linalg.norm(start)
    needed = int(np.argmax(below))
    predicted = np.log(1e-6) / np.log((kappa - 1) / (kappa + 1))
    print(f"condition number {kappa:4}: {needed:5} steps to a millionth of the distance; predicted {predicted:.0f}")
    assert below.any()
    assert abs(needed - predicted) <= 0.05 * predicted + 1

# %% [markdown]
# ## Batches
#
# A loss is a mean over samples, and so is its gradient. A few samples drawn at random give a noisy gradient that is
# right on average (Robbins and Monro 1951). Its variance falls as 1 / B with the batch's size B, while its price grows
# as B: so one pass through the data buys one exact step, or many rough ones. Far from the minimum the many win.
#
# The task: a line through 2,000 points with 20 inputs each, of sizes from 1 down to 0.3, the targets noisy.

# %%
rng = np.random.default_rng(0)
N, D = 2000, 20
X = rng.normal(size=(N, D)) * np.geomspace(1, 0.3, D)
truth = rng.normal(size=D)
y = X @ truth + rng.normal(size=N)


def loss_of(w, rows):
    return 0.5 * np.mean(np.square(X[rows] @ w - y[rows]))


def gradient(w, rows):
    return X[rows].T @ (X[rows] @ w - y[rows]) / len(rows)


everything = np.arange(N)
w = xm.Parameter(np.zeros(D))
loss_of(w, everything).backward()
np.testing.assert_allclose(w.grad, gradient(w.data, everything), rtol=1e-9)

exact, spread = gradient(np.zeros(D), everything), {}
for size in (1, 10, 100):
    drawn = np.array([gradient(np.zeros(D), rng.choice(N, size)) for _ in range(2000)])
    spread[size] = np.mean(np.sum((drawn - exact) ** 2, axis=1))
    print(f"batch of {size:3}: squared error of the gradient {spread[size]:7.3f}, times B {spread[size] * size:.1f}")
    assert np.linalg.norm(drawn.mean(axis=0) - exact) < 4 * np.sqrt(spread[size] / len(drawn))  # right on average
assert np.allclose(spread[1], [10 * spread[10], 100 * spread[100]], rtol=0.15)  # 1 / B


# %%
def train(size, rate, passes=4, factor=xm.optim.constant):
    """Samples seen, and the loss over all of them, as training proceeds at rate·factor(step)."""
    order = np.random.default_rng(1)
    w = xm.Parameter(np.zeros(D))
    optimizer = xm.optim.GradientDescent([w], lr=rate)
    schedule = xm.optim.Schedule(optimizer, factor)
    seen, losses = [0], [loss_of(w.data, everything)]
    for _ in range(passes):
        for rows in np.split(order.permutation(N), N // size):
            optimizer.zero_grad()
            loss_of(w, rows).backward()
            optimizer.step()
            schedule.step()
            seen.append(seen[-1] + size)
            losses.append(loss_of(w.data, everything))
    return np.array(seen), np.array(losses)


floor = loss_of(np.linalg.lstsq(X, y, rcond=None)[0], everything)  # the best that any line does
runs = {"all 2,000": train(N, 1.0), "100": train(100, 0.5), "10": train(10, 0.1), "1": train(1, 0.02)}
figure = plt.figure(figsize=(7, 3.8), layout="constrained")
for (label, (seen, losses)), colour in zip(runs.items(), (GRAY, BLUE, GREEN, ORANGE), strict=True):
    print(f"batches of {label:9}: loss above the best {losses[-1] - floor:.1e} after {len(seen) - 1:4} steps, 4 passes")
    plt.plot(seen / N, losses - floor, color=colour, linewidth=1.2, label=f"batches of {label}")
plt.yscale("log")
plt.xlabel("passes through the data")
plt.ylabel("loss above the best (log scale)")
plt.title("The same price, spent on few exact steps or many rough ones")
plt.ylim(top=20)
plt.legend(frameon=False, loc="upper right", ncols=2)
plt.show()
above = {label: losses[-1] - floor for label, (_, losses) in runs.items()}
assert above["100"] < 0.1 * above["all 2,000"]

# %% [markdown]
# ## Which rate? Ask the loss
#
# Nobody knows the curvatures of a network. The **range test** (Smith 2017) measures instead: train some steps at a rate
# that grows exponentially, and look. Nothing happens; then the loss falls; then it flies off. A rate where the fall is
# steep is good to begin with. Afterwards the parameters are as before.

# %%
x2 = rng.uniform(-2, 2, (400, 2)).astype(np.float32)
classes = (np.sin(2 * x2[:, 0]) > x2[:, 1]).astype(int)
network = xm.nn.Sequential(xm.nn.Linear(2, 32, rng=rng), xm.nn.ReLU(), xm.nn.Linear(32, 2, rng=rng))


def network_loss(rows):
    return xm.ops.cross_entropy(network(x2[rows]), classes[rows])


optimizer = xm.optim.GradientDescent(network.parameters(), lr=1.0)
before = network.state_dict()
batches = [rng.choice(400, 64) for _ in range(100)]
found = xm.optim.lr_range_test(optimizer, network_loss, batches, low=1e-4, high=100.0)
figure = plt.figure(figsize=(7, 4), layout="constrained")
found.plot(plt.gca())
plt.show()
assert all((network.state_dict()[name] == array).all() for name, array in before.items())  # undone
assert found.suggestion < found.rates[np.argmin(found.smoothed)] < found.diverged

reached = {}
for rate in (found.suggestion / 30, found.suggestion, found.diverged * 2):
    network.load_state_dict(before)
    optimizer.groups[0]["lr"] = rate
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in batches * 3:
            optimizer.zero_grad()
            network_loss(rows).backward()
            optimizer.step()
        reached[rate] = network_loss(np.arange(400)).item()
    print(f"300 steps at a rate of {rate:7.2g}: loss {reached[rate]:.3g} (ln 2 = 0.693 knows nothing)")
slow, good, wild = reached.values()
assert good < slow
assert not wild < 0.693

# %% [markdown]
# ## Schedules: first far, then fine
#
# With noisy gradients and a rate that stays, the parameters end up wandering about the minimum; the loss above it is
# in proportion to the rate. A small rate wanders less, but takes long to get there. So begin large and let the rate
# fall: a schedule. In tinyxm that is a function of the step, the factor on the rate.

# %%
steps = 4 * N // 10
curves = {
    "stays at 0.1": (0.1, xm.optim.constant),
    "stays at 0.01": (0.01, xm.optim.constant),
    "cosine from 0.1": (0.1, xm.optim.cosine(steps)),
    "one cycle to 0.1": (0.1, xm.optim.one_cycle(steps)),
    "0.1, a tenth every 400": (0.1, xm.optim.step(400, 0.1)),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
ends = {}
for (label, (rate, factor)), colour in zip(curves.items(), (GRAY, "black", BLUE, GREEN, ORANGE, PURPLE), strict=False):
    _, losses = train(10, rate, factor=factor)
    ends[label] = np.mean(losses[-20:]) - floor
    left.plot([rate * factor(step) for step in range(steps)], color=colour)
    right.plot(losses - floor, color=colour, linewidth=1, label=label)
    print(f"{label:24}: loss above the best, mean of the last 20 steps, {ends[label]:.1e}")
left.set(xlabel="step", ylabel="learning rate", title="The rate")
right.set(xlabel="step", ylabel="loss above the best (log scale)", yscale="log", title="What it reaches")
right.legend(frameon=False)
plt.show()
assert ends["cosine from 0.1"] < 0.5 * min(ends["stays at 0.1"], ends["stays at 0.01"])

# %% [markdown]
# ## Change it and see
#
# - Set the second curvature to 40 and keep the rates: which panels fly off? Compute 2 / 40 first.
# - Set the rate of batches of 1 to 0.1, as batches of 10 have it. Why does the loss now stay so much higher?
# - Give the range test `low=1e-6`, or batches of 8: how far does its suggestion move?
# - Put `xm.optim.warm_up(100, xm.optim.cosine(steps - 100))` among the curves.
# - Exercise: `tinyxm check ex11`.
#
# ## What can go wrong
#
# - **The loss rises, or is NaN**: the rate is above 2 / λmax somewhere. Divide it by 10; warm up; clip (lesson 11).
# - **It falls, but ever so slowly**: the rate is far too small, or the problem a ravine (lessons 12 and 13).
#   Whoever stops there has a model that **underfits**: it is wrong on the training set, too.
# - **It falls, then stays, noisily**: the cloud. Let the rate fall, enlarge the batch, or average the weights
#   (`xm.optim.AveragedWeights`).
# - **Gradients that add up**: without `zero_grad` each step takes all the earlier gradients along.
# - The mean over the batch or the sum? With the sum, a larger batch is a larger rate, unasked for.
#
# ## Where it came from
#
# Cauchy (1847) wrote down the method, for astronomy; Robbins and Monro (1951) proved that noisy gradients do, if the
# rates fall, but not too fast: Σ η = ∞, Σ η² < ∞. Smith, "Cyclical learning rates for training neural networks" (2017),
# has the range test; Loshchilov and Hutter, "SGDR" (2017), the cosine.
#
# ## Three questions
#
# 1. A bowl has curvatures 2 and 8. Which rates are stable, and which is best?
# 2. Batches four times as large: how much smaller is the typical (root mean square) error of the gradient?
# 3. In the range test, why not take the rate where the loss is lowest?
#
# ## Answers
#
# 1. Stable below 2 / 8 = 0.25; best 2 / (2 + 8) = 0.2, where both factors are ±0.6.
# 2. The variance is a quarter, so the error is half. (A step costs four times as much.)
# 3. There it has just stopped falling: gains and losses are even, and in some directions the rate is too large already.

# %%
assert np.allclose(abs(1 - 0.2 * np.array([2.0, 8.0])), 0.6)
