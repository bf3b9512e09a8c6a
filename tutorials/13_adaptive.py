# %% [markdown]
# # Adaptive methods: a rate for each parameter
#
# One learning rate must do for all parameters, and the steepest decides how large it may be (lesson 10). Adaptive
# methods divide each parameter's gradient by how large its gradients have been:
#
#     θ ← θ − η · g / √(something like the mean of g²)
#
# Six of them stand here, each of which mends something of an earlier one: AdaGrad, RMSProp, AdaDelta, Adam, AMSGrad,
# AdamW. At the end, two tasks where they lose.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import optim

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"


def walk(make, gradient, start, steps, **settings):
    """Where an optimizer goes by gradient(w, step), the start included."""
    w = xm.Parameter(np.array(start, float))
    optimizer, path = make([w], **settings), [w.data.copy()]
    for step in range(steps):
        w.grad = np.asarray(gradient(w.data, step), float)
        optimizer.step()
        path.append(w.data.copy())
    return np.array(path)


# %% [markdown]
# ## AdaGrad: divide by all that was
#
#     s ← s + g²,   θ ← θ − η g / √s        (plus a small ε below, against 0 / 0)
#
# A parameter with large gradients takes small steps, one with rare or small gradients large ones. In a ravine along the
# axes, with curvatures λ, that is all one could wish for: g = λ w has the factor λ, √s has it too, and it cancels. So
# **every parameter goes the same way, whatever its curvature**, where gradient descent needs steps in proportion to κ.


# %%
def adagrad_by_hand(gradient, start, steps, rate):
    w, s, path = np.array(start), np.zeros(len(start)), [np.array(start)]
    for _ in range(steps):
        g = gradient(w, None)
        s = s + g**2
        w = w - rate * g / np.sqrt(s)  # the code line that is the formula
        path.append(w)
    return np.array(path)


curvature = np.array([1.0, 10.0, 1000.0])
path = walk(optim.AdaGrad, lambda w, _: curvature * w, np.ones(3), 50, lr=0.5)
np.testing.assert_allclose(path, adagrad_by_hand(lambda w, _: curvature * w, np.ones(3), 50, 0.5), atol=1e-9)
np.testing.assert_allclose(path, path[:, :1] * np.ones(3), atol=1e-9)  # all three alike
descent = walk(optim.GradientDescent, lambda w, _: curvature * w, np.ones(3), 50, lr=2 / 1001)
print(f"after 50 steps from (1, 1, 1), curvatures {curvature}:")
print(f"  AdaGrad {path[-1]}\n  gradient descent at its best rate {descent[-1].round(3)}")
assert abs(path[-1]).max() < 1e-6 < 0.5 < descent[-1, 0]

# %% [markdown]
# ## RMSProp: forget
#
# s only ever grows, so AdaGrad's steps only ever shrink, along a steady slope as 1 / √t, and one wild start slows it
# for good. Tieleman and Hinton (2012) took a running mean in place of the sum:
#
#     v ← α v + (1 − α) g²,   θ ← θ − η g / √v
#
# Now v follows the gradients of the last 1 / (1 − α) steps, and along a steady slope each step is η.

# %%
wild = [100.0] * 10 + [1.0] * 500  # ten large gradients, then small ones
for make, settings in ((optim.AdaGrad, {"lr": 0.01}), (optim.RMSProp, {"lr": 0.01, "alpha": 0.9})):
    moved = -np.diff(walk(make, lambda w, t: [wild[t]], [0.0], len(wild), **settings)[:, 0])
    print(f"{make.__name__:8} step 10 {moved[9]:.1e}, step 11 {moved[10]:.1e}, step 510 {moved[-1]:.1e}")
    assert np.isclose(moved[-1], 0.01, rtol=0.01) == (make is optim.RMSProp)

# %% [markdown]
# ## AdaDelta: in the units of θ
#
# g / √g² has no unit, but θ may be in metres: η must be, too, and every problem needs its own. Zeiler (2012) multiplied
# by a running mean of the updates themselves:
#
#     v ← ρ v + (1 − ρ) g²,   d = g √(w + ε) / √(v + ε),   w ← ρ w + (1 − ρ) d²,   θ ← θ − d
#
# Steps that keep their direction grow by themselves, so that a hundred times the way doesn't take a hundred times the
# steps. The price is a slow start, from √ε.

# %%
taken = {}
for make, settings in ((optim.RMSProp, {"lr": 0.01}), (optim.AdaDelta, {})):
    for distance in (1, 100):
        path = walk(make, lambda w, _, goal=distance: w - goal, [0.0], 12000, **settings)[:, 0]
        taken[make, distance] = int(np.argmax(path > 0.9 * distance))
        assert taken[make, distance]
    near, far = taken[make, 1], taken[make, 100]
    print(f"{make.__name__:8} steps to a goal at 1: {near}, at 100: {far}, {far / near:.0f} times as many")
assert taken[optim.AdaDelta, 100] / taken[optim.AdaDelta, 1] < 0.5 * taken[optim.RMSProp, 100] / taken[optim.RMSProp, 1]

# %% [markdown]
# ## Adam: momentum, and a start that's corrected
#
#     m ← β₁ m + (1 − β₁) g,      m̂ = m / (1 − β₁ᵗ)
#     v ← β₂ v + (1 − β₂) g²,     v̂ = v / (1 − β₂ᵗ)
#     θ ← θ − η m̂ / √v̂
#
# Two running means start at 0, and so are too small at first: after t steps along a slope g they are (1 − β₁ᵗ) g and
# (1 − β₂ᵗ) g². Dividing by these factors makes them g and g² from the first step on. Without it the step would be
# (1 − β₁ᵗ) / √(1 − β₂ᵗ) times η: RMSProp has no correction, and its first step is 1 / √(1 − α) times η.

# %%
t = np.arange(1, 401)
slope = {
    "AdaGrad": (optim.AdaGrad, {}, GRAY),
    "RMSProp, α = 0.99": (optim.RMSProp, {}, ORANGE),
    "AdaDelta": (optim.AdaDelta, {"lr": 1.0}, GREEN),
    "Adam": (optim.Adam, {}, BLUE),
}
figure = plt.figure(figsize=(7.5, 4), layout="constrained")
for label, (make, settings, colour) in slope.items():
    moved = -np.diff(walk(make, lambda w, _: [3.0], [0.0], 400, **{"lr": 0.01, **settings})[:, 0])
    plt.plot(t, moved, color=colour, label=label)
    if make is optim.Adam:
        np.testing.assert_allclose(moved, 0.01, rtol=1e-6)  # η from the first step on, whatever the slope
    if make is optim.AdaGrad:
        np.testing.assert_allclose(moved, 0.01 / np.sqrt(t), rtol=1e-6)
    if make is optim.RMSProp:
        assert np.isclose(moved[0], 0.01 / np.sqrt(1 - 0.99))
uncorrected = 0.01 * (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
plt.plot(t, uncorrected, "--", color=BLUE, label="Adam without its corrections")
plt.xscale("log")
plt.yscale("log")
plt.xlabel("step t (log scale)")
plt.ylabel("size of the step (log scale)")
plt.title("Along a slope that never changes, η = 0.01 (AdaDelta: 1)")
plt.legend(frameon=False)
plt.show()
print(f"without corrections Adam's step {uncorrected.argmax() + 1} would be {uncorrected.max() / 0.01:.1f} times η")

# %% [markdown]
# ## AMSGrad: never faster again
#
# A running mean forgets, and that can be wrong. Take g = 4 at every third step, −1 at the two others. The sum of three
# is 2: θ should fall. But the 4 makes v large, which makes of it a step of about η; when the −1 come v has nearly
# forgotten, and each makes a step of about η, too: two against one, and Adam goes **up**. Reddi, Kale and Kumar (2018)
# divide by the largest v so far. (The example is theirs, with β such that the effect is large.)

# %%
figure = plt.figure(figsize=(7, 3.4), layout="constrained")
reached = {}
for make, colour in ((optim.Adam, ORANGE), (optim.AMSGrad, BLUE)):
    path = walk(make, lambda w, t: [4.0 if t % 3 == 0 else -1.0], [0.0], 3000, lr=1e-3, betas=(0.0, 0.1))[:, 0]
    reached[make] = path[-1]
    plt.plot(path, color=colour, label=make.__name__)
    print(f"{make.__name__:8} from 0 to {path[-1]:+.2f}, where down is minus")
plt.xlabel("step")
plt.ylabel("θ")
plt.title("On average the slope is 2 / 3: down is minus")
plt.legend(frameon=False)
plt.show()
assert reached[optim.AMSGrad] < 0 < reached[optim.Adam]

# %% [markdown]
# ## AdamW: decay that isn't divided
#
# Weight decay pulls weights to 0: add λ θ to g. But then Adam divides the pull, too, and weights with large gradients
# decay less, as if they deserved it. Loshchilov and Hutter (2019) shrink θ first, apart: θ ← (1 − η λ) θ.
#
# Two weights start at 1, and are given nothing but noise, of size 10 and of size 0.1:

# %%
noise = np.random.default_rng(0).normal(size=(2000, 2)) * [10, 0.1]
free = {"lr": 1e-3, "betas": (0.9, 0.999)}
decayed = {}
for make in (optim.Adam, optim.AdamW):
    with_decay, without = (
        walk(make, lambda w, t: noise[t], [1.0, 1.0], 2000, weight_decay=decay, **free) for decay in (0.1, 0.0)
    )
    decayed[make] = without[-1] - with_decay[-1]  # what the decay alone took
    loud, quiet = decayed[make]
    print(
        f"{make.__name__:5} with a decay of 0.1 takes {loud:.3f} from the noisy weight, {quiet:.3f} from the quiet one"
    )
assert decayed[optim.Adam][1] > 5 * decayed[optim.Adam][0]
assert np.isclose(*decayed[optim.AdamW], rtol=0.2)

# %% [markdown]
# ## Where adaptive loses: a ravine across the axes
#
# The rates belong to the axes. Turn AdaGrad's ravine by 45°, and no rate per parameter fits. Momentum doesn't care: for
# it, a turned problem is the same problem. Each method at the best of several rates:

# %%
ravine, turn = np.diag([1.0, 1000.0]), np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
trials = {
    optim.GradientDescent: [2 / 1001],
    optim.Momentum: [0.001, 0.002, 0.003],
    optim.AdaGrad: [0.1, 0.3, 1.0, 3.0],
    optim.RMSProp: [0.003, 0.01, 0.03],
    optim.Adam: [0.01, 0.03, 0.1, 0.3],
}
ends = {}
print("loss after 300 steps    along the axes    turned")
for make, rates in trials.items():
    for name, q in (("along", np.eye(2)), ("turned", turn)):
        h = q @ ravine @ q.T
        paths = [walk(make, lambda w, _, h=h: h @ w, q @ [1.0, 1.0], 300, lr=rate) for rate in rates]
        ends[make, name] = min(np.mean([0.5 * w @ h @ w for w in path[-20:]]) for path in paths)
    print(f"{make.__name__:22}  {ends[make, 'along']:14.1e}  {ends[make, 'turned']:8.1e}")
for make in (optim.GradientDescent, optim.Momentum):
    assert np.isclose(ends[make, "along"], ends[make, "turned"], rtol=1e-3)
for make in (optim.AdaGrad, optim.RMSProp, optim.Adam):
    assert ends[make, "turned"] > 1e4 * ends[make, "along"]
    assert ends[make, "turned"] > 1e4 * ends[optim.Momentum, "turned"]

# %% [markdown]
# ## Where adaptive loses: many solutions, one of them good
#
# With more parameters than samples many solutions fit the training set, and the optimizer chooses. Wilson et al. (2017)
# built a task that shows it. Each sample has its label ±1 as the first feature; two features that are always 1; and
# features of its own, that no other has: one where the label is +1, five where it is −1. Whoever reads the first
# feature is always right on new samples. All methods fit the training set:


# %%
def samples(n, first, width, rng):
    y = np.where(rng.random(n) < 0.6, 1.0, -1.0)
    x = np.zeros((n, width))
    x[:, 0], x[:, 1:3] = y, 1
    for i in range(n):
        own = 3 + 5 * (first + i)
        x[i, own : own + (1 if y[i] > 0 else 5)] = 1
    return x, y


rng = np.random.default_rng(3)
n = 100
width = 3 + 5 * 2 * n
(x, y), (new_x, new_y) = samples(n, 0, width, rng), samples(n, n, width, rng)
print(f"share of +1 among new samples: {np.mean(new_y > 0):.0%}, what saying +1 always would score")
print("                 right: training   new    weights of the label and of the two ones")
score = {}
for make, rate in (
    (optim.GradientDescent, 0.1),
    (optim.Momentum, 0.02),
    (optim.AdaGrad, 0.02),
    (optim.RMSProp, 0.001),
    (optim.Adam, 0.01),
):
    w = walk(make, lambda w, _: 2 / n * x.T @ (x @ w - y), np.zeros(width), 2000, lr=rate)[-1]
    score[make] = np.mean(np.sign(new_x @ w) == new_y)
    print(f"{make.__name__:16} {np.mean(np.sign(x @ w) == y):14.0%}  {score[make]:5.0%}   {w[:3].round(3)}")
    assert np.all(np.sign(x @ w) == y)
assert score[optim.GradientDescent] == score[optim.Momentum] == 1
assert max(score[make] for make in (optim.AdaGrad, optim.RMSProp, optim.Adam)) == np.mean(new_y > 0)

# %% [markdown]
# Gradient descent, from 0, stays within the span of the samples, and so finds the solution of least norm, which leans
# on the one feature that tells all samples apart. Adaptive methods give each feature about the same weight, however
# rare: they learn each sample by its own features, by heart. The task is built to show this. In practice: Adam and
# AdamW for transformers, embeddings and whenever gradients differ much in size; momentum, well tuned, for convolutional
# networks, where it has often been as good or better. Try both.
#
# ## Change it and see
#
# - In "Adam", set the slope to 3,000 in place of 3: which curves change?
# - In AMSGrad's example, set betas to (0.9, 0.999). What is left of it?
# - In the last task, give Adam `eps=1.0`. What does a large ε make of Adam?
# - Exercises: `tinyxm check ex15` and `tinyxm check ex16`.
#
# An `assert` behind the numbers that then fails says what no longer holds.
#
# ## What can go wrong
#
# - **Adam's ε too small in float32**, where gradients are about 10⁻⁸: their quotient is noise of size 1. Raise it.
# - **One exploded gradient** makes v large for 1 / (1 − β₂) = 1,000 steps, and all of them small. Clip (lesson 11).
# - **`weight_decay` meant for AdamW given to Adam**: not the same thing, as above.
# - **Weights loaded without state**: the corrections begin anew at t = 1, and each weight jumps by η. Save
#   `state_dict()`, too.
# - **The rate taken over from gradient descent**: 0.1 is a step of 0.1 for each weight, whatever its gradient. Begin at
#   0.001.
#
# ## Where it came from
#
# Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization" (2011);
# Tieleman and Hinton (2012), RMSProp, on a slide of a lecture; Zeiler, "ADADELTA: an adaptive learning rate method"
# (2012); Kingma and Ba, "Adam: a method for stochastic optimization" (2015); Reddi, Kale and Kumar, "On the
# convergence of Adam and beyond" (2018); Loshchilov and Hutter, "Decoupled weight decay regularization" (2019). The
# last task: Wilson, Roelofs, Stern, Srebro and Recht, "The marginal value of adaptive gradient methods in machine
# learning" (2017).
#
# ## Three questions
#
# 1. All gradients are multiplied by 1,000. What becomes of the steps of gradient descent, of Adam, of AdaDelta?
# 2. How far can Adam at η = 0.001 carry a weight in 1,000 steps, at most about?
# 3. Why has AdamW's decay η in it, (1 − η λ), and what does a schedule do to it?
#
# ## Answers
#
# 1. 1,000 times as long; the same; the same (but for ε).
# 2. About 1, where gradients keep their size: then |m̂| / √v̂ is 1. Where they grow, m̂ is of the last ten, √v̂ of the
#    last thousand, and their quotient can reach 7: growing by a tenth at each step, they carry it 4.2.
# 3. So that decay falls with the rate: at the end of a schedule neither moves the weights any more.

# %%
for make in (optim.Adam, optim.AdaDelta):
    one, thousand = (walk(make, lambda w, t, k=k: k * noise[t], [0.0, 0.0], 200, eps=1e-30, lr=0.1) for k in (1, 1000))
    np.testing.assert_allclose(one, thousand, rtol=1e-6, atol=1e-20)
for growth, carried in ((1, 1.0), (1.1, 4.2)):
    path = walk(optim.Adam, lambda w, t, growth=growth: [5 * growth**t], [0.0], 1000, lr=0.001)
    assert np.isclose(-path[-1, 0], carried, atol=0.05)
