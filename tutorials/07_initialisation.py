# %% [markdown]
# # Initialisation: why zero fails, and what Xavier and He fix
#
# Before it has learned anything a network already has numbers in its weights. Two things about them decide whether it
# will ever learn: they must *differ*, and they must have the right *size*.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, nn
from tinyxm.nn import init

plt.rcParams["axes.prop_cycle"] = plt.cycler(color=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"))
try:
    samples = data.emoji()
except data.MissingExtra as error:
    raise SystemExit(f"This lesson trains on real drawings. {error}") from None

rgba = samples["twemoji"][:, ::2, ::2].astype(np.float32) / 255  # 16 × 16 pixels are enough here
X = (rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:]).reshape(len(rgba), -1)  # over white
X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-3)  # each pixel: mean 0, deviation 1
kinds, labels = np.unique(samples.groups["category"], return_inverse=True)
print(f"{len(X):,} drawings of {X.shape[1]} numbers, {len(kinds)} categories: {', '.join(kinds)}")

# %% [markdown]
# ## Zero, or any one number: all units stay one unit
#
# Let every weight of a layer be c. ("Mean initialisation", which sets all weights to one mean value, 0 say, is this.)
# Each *hidden unit* (it makes one of the layer's results [06]) then computes the same h, so each receives the same
# gradient, so after the update they are the same again. Nothing ever breaks the tie: a layer of 50 units does the work
# of one. With c = 0 not even that happens: the hidden values are 0, so the second layer's gradient is hᵀg = 0, and the
# first layer's is 0 because the second's weights are.


# %%
def units_of(initialise, steps=20):
    """Train one hidden layer of 50 units: its weights in the end, a column for each unit, and the losses."""
    rng = np.random.default_rng(0)
    hidden = nn.Linear(X.shape[1], 50, initialise=initialise, rng=rng)
    out = nn.Linear(50, len(kinds), initialise=initialise, rng=rng)
    parameters = hidden.parameters() + out.parameters()
    optimizer = xm.optim.GradientDescent(parameters, lr=0.05)
    losses = []
    for _ in range(steps):
        loss = xm.ops.cross_entropy(out(np.tanh(hidden(X))), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return hidden.weight.data, losses


def equal(shape, rng=None):
    return init.constant(shape, value=0.01)


figure, axes = plt.subplots(3, 7, figsize=(8, 3.6), layout="constrained")
for row, (name, initialise) in zip(
    axes, [("all 0", init.zeros), ("all 0.01", equal), ("Xavier", init.xavier_uniform)], strict=True
):
    units, losses = units_of(initialise)
    different = len(np.unique(units.round(6), axis=1).T)
    print(f"{name:<9} {different:2} different units of 50, loss {losses[0]:.3f} -> {losses[-1]:.3f}")
    for panel, unit in zip(row, units.T, strict=False):  # a unit's weights are a picture, of the size of its inputs
        panel.imshow(unit.reshape(16, 16, 3).mean(axis=2), cmap="RdBu", vmin=-0.05, vmax=0.05)
        panel.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
    assert different == (50 if name == "Xavier" else 1)
figure.suptitle("What seven of the 50 units look for after training: red negative, blue positive")
plt.show()

# %% [markdown]
# (With zeros the loss still falls a little: the last bias may learn how frequent each category is. Nothing else can.)
# What breaks the tie is chance: weights that are drawn, each by itself. The biases may all start at 0.
#
# ## The right size: a variance that neither grows nor shrinks
#
# One result of a layer is a sum of n products, y = Σᵢ wᵢ xᵢ. Its size is told by its *variance*, Var, the mean squared
# distance from the mean. Let the w be drawn with mean 0, independently of each other and of the x. Then each product
# has mean 0, the variance of a sum of independent ones is the sum of theirs, and the mean of a product of independent
# numbers is the product of their means:
#
#     Var (wᵢ xᵢ) = mean (wᵢ² xᵢ²) = Var w · mean xᵢ²
#     Var y = Σᵢ Var w · mean xᵢ² = n · Var w · mean x²
#
# so a layer multiplies the size of its signal by √(n · Var w). Backwards the same sum runs over the layer's outputs:
# the gradient is multiplied by √(n_out · Var w). Ten layers do it ten times, and 0.5¹⁰ is a thousandth.
#
# - **LeCun** 1998: Var w = 1/n_in, so that the forward factor is 1. (n_in and n_out, how many numbers go into the layer
#   and come out, are called *fan-in* and *fan-out*.)
# - **Xavier** (Glorot) 2010: Var w = 2/(n_in + n_out), between the forward's wish and the backward's; for tanh, which
#   is nearly the identity near 0.
# - **He** 2015: Var w = 2/n_in, for ReLU, which drops half of the signal: mean x² is only half of the Var before it.

# %%
rng = np.random.default_rng(0)
x = rng.normal(size=(2000, 300)).astype(np.float32)
for name, rule, expected in [
    ("LeCun", init.lecun_normal, 1.0),
    ("Xavier", init.xavier_normal, 2 * 300 / (300 + 600)),
    ("He", init.he_normal, 2.0),
]:
    measured = np.var(x @ rule((300, 600), rng))  # the code line that is the formula: Var y = n Var w mean x²
    print(f"{name:<7} Var y / mean x² = {measured:.3f}, by the formula {expected:.3f}")
    assert abs(measured / expected - 1) < 0.05

# %% [markdown]
# ## Thirty layers
#
# Real drawings go in at the left. What is left of them after each layer, and of the gradient on the way back? By the
# formula Xavier's rule under ReLU halves the variance in each layer, so that 30 leave 2⁻¹⁵ of the deviation, the
# variance's root.


# %%
def sizes(rule, activation, depth=30, width=128):
    """Deviation of the signal after each layer, and of the gradient there."""
    rng = np.random.default_rng(1)
    widths = [X.shape[1], *[width] * depth]
    weights = [xm.Parameter(rule((n, m), rng)) for n, m in pairwise(widths)]
    signals, h = [], X[:256]
    for w in weights:
        h = activation(h @ w)
        h.retain_grad()
        signals.append(h)
    h.backward(np.random.default_rng(2).normal(size=h.shape) / np.sqrt(h.size))
    forward = [np.std(s.data, dtype=float) for s in signals]  # in float64, as squares of float32 would vanish
    return forward, [np.linalg.norm(s.grad.astype(float)) for s in signals]


def small(shape, rng=None):
    return init.normal(shape, rng, deviation=0.01)


def large(shape, rng=None):
    return init.normal(shape, rng, deviation=0.3)


RULES = {
    "tanh, deviation 0.01": (small, np.tanh),
    "tanh, deviation 0.3": (large, np.tanh),
    "tanh, Xavier": (init.xavier_normal, np.tanh),
    "ReLU, Xavier": (init.xavier_normal, xm.ops.relu),
    "ReLU, He": (init.he_normal, xm.ops.relu),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
end = {}
for name, (rule, activation) in RULES.items():
    signal, gradient = sizes(rule, activation)
    end[name] = signal[-1], gradient[0]
    (line,) = left.semilogy(range(1, 31), np.maximum(signal, 1e-30), label=name)
    right.semilogy(range(1, 31), np.maximum(gradient, 1e-30), color=line.get_color())
    print(f"{name:<21} signal after 30 layers {signal[-1]:.1e}, gradient at the first {gradient[0]:.1e}")
left.set(title="Forward: deviation of the signal", xlabel="layer", ylim=(1e-12, 10))
right.set(title="Backward: norm of the gradient, from 1 at the end", xlabel="layer", ylim=(1e-12, 1e8))
figure.legend(loc="outside lower center", ncols=3, fontsize="small")
plt.show()
assert end["tanh, deviation 0.01"][0] < 1e-20  # the signal is gone,
assert end["tanh, deviation 0.3"][1] > 1e3  # the gradient explodes through saturated units,
assert end["ReLU, Xavier"][0] < end["ReLU, He"][0] / 1e3  # each layer halves the variance: 2⁻¹⁵ of the deviation,
assert 0.1 < end["ReLU, He"][0] < 10  # and He keeps it.

# %% [markdown]
# ## Does it matter for learning?
#
# Ten layers, the same steps, only the start differs. The loss is the surprise at the right category (*cross-entropy*
# [08]), in nats: by the natural logarithm [04].


# %%
def train(rule, steps=60):
    rng = np.random.default_rng(0)
    widths = [X.shape[1], *[128] * 9]
    layers = [nn.Linear(n, m, initialise=rule, rng=rng) for n, m in pairwise(widths)]
    net = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())), nn.Linear(128, len(kinds), rng=rng))
    optimizer, losses = xm.optim.Momentum(net.parameters(), lr=0.02), []
    for step in range(steps):
        batch = np.random.default_rng(step).integers(len(X), size=128)
        loss = xm.ops.cross_entropy(net(X[batch]), labels[batch])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
final = {}
for name, rule in {"deviation 0.01": small, "Xavier": init.xavier_normal, "He": init.he_normal}.items():
    losses = train(rule)
    final[name] = np.mean(losses[-10:])
    axes.plot(losses, label=name)
axes.set(title="Ten layers of ReLU on real drawings", xlabel="step", ylabel="cross-entropy, nats")
axes.legend()
plt.show()
print("mean loss of the last ten steps: " + ", ".join(f"{name} {loss:.3f}" for name, loss in final.items()))
assert final["He"] < final["deviation 0.01"] - 0.1

# %% [markdown]
# ## Change it and see
#
# Put `init.orthogonal` into `RULES` with the identity as activation (`lambda h: h * 1`): an orthogonal matrix keeps
# every length exactly, so both curves are level to the last layer (Saxe et al. 2014).
#
# Exercise: `tinyxm check ex08`.

# %%
signal, gradient = sizes(init.orthogonal, lambda h: h * 1)
print(
    f"orthogonal, linear: signal {signal[1]:.4f} -> {signal[-1]:.4f}, gradient {gradient[-1]:.4f} -> {gradient[1]:.4f}"
)
assert np.isclose(signal[1], signal[-1], rtol=1e-3)
assert np.isclose(gradient[1], gradient[-1], rtol=1e-3)

# %% [markdown]
# ## What can go wrong
#
# - **Inputs that aren't centred and scaled**: the rule's mean x² is then not 1, and the first layer is off by that
#   factor.
# - **A weight `(in, out)` read as `(out, in)`**: fan-in and fan-out change places, which is silent where they are
#   alike.
# - **Residual networks** [06]: each block adds a branch to its input, and the variance grows with depth even by He's
#   rule. Start the last layer of each branch at 0 there, and only there: the layers before it differ, so nothing is
#   tied.
#
# ## Where it came from
#
# LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998); Glorot and Bengio, "Understanding the difficulty of
# training deep feedforward neural networks" (2010); He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015);
# Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"
# (2014).
#
# ## Three questions
#
# 1. Biases start at 0. Why is that no harm?
# 2. Why does He's rule have the 2?
# 3. Embeddings have one-hot inputs [06]: what is their n?
#
# ## Answers
#
# 1. The weights differ already, so the units do; a bias has no fan-in to keep.
# 2. ReLU passes half of a symmetric signal, so mean x² halves; 2/n makes up for it.
# 3. One product only is not 0, so their size is w's own: the rules of this lesson don't apply, and `nn.Embedding`
#    starts at a deviation of its own.

# %%
half = np.maximum(rng.normal(size=100_000), 0)
assert np.isclose(np.mean(half**2), 0.5, atol=0.01)
