# %% [markdown]
# # Layers: functions that hold what they learn
#
# A layer is a function with *parameters*, the numbers that are learned, and its kind is a guess about the data: which
# inputs belong together, and what may be shared. Here the most common ones are built from one line each, and compared
# with the library's.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, nn, ops

plt.rcParams["axes.prop_cycle"] = plt.cycler(color=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"))
try:
    samples = data.emoji()
except data.MissingExtra as error:
    raise SystemExit(f"This lesson works on real drawings. {error}") from None


def pictures(style, shift=0):
    """Drawings of 16 × 16 pixels on a white ground of 24 × 24, moved to the right by some pixels; white is 0."""
    rgba = samples[style][:, ::2, ::2].astype(np.float32) / 255
    rgb = rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:]
    return np.roll(np.pad(1 - rgb, ((0, 0), (4, 4), (4, 4), (0, 0))), shift, axis=2)


X = pictures("twemoji")
print(f"{len(X):,} drawings, {X.shape[1:]}: height, width, channels")
rng = np.random.default_rng(0)

# %% [markdown]
# ## Linear: every output sees every input
#
#     y = x W + b        x (batch, in), W (in, out), b (out)
#
# A row of x is a sample of `in` numbers; *batch* says how many samples go through at once. In the package a layer is a
# *module*, a class of its own: parameters are attributes, `forward` says what is done with them, and that is all. A
# module knows its parameters by their paths. (`ReLU` is max(0, x), the cut of lesson 01.)


# %%
class MyLinear(nn.Module):
    def __init__(self, in_features, out_features):
        self.weight = xm.Parameter(nn.init.he_uniform((in_features, out_features), rng))
        self.bias = xm.Parameter(np.zeros(out_features, np.float32))

    def forward(self, x):
        return x @ self.weight + self.bias  # the code line that is the formula


mine, theirs = MyLinear(12, 4), nn.Linear(12, 4)
theirs.load_state_dict(mine.state_dict())
x = rng.normal(size=(5, 12)).astype(np.float32)
assert np.array_equal(mine(x).data, theirs(x).data)
print(nn.Sequential(mine, nn.ReLU(), MyLinear(4, 2)))

# %% [markdown]
# Two Linear layers in a row are one: (x A) B = x (A B). Only a nonlinear function between them, such as ReLU, makes
# depth worth anything. What is between is then a *hidden layer*, each of its numbers a *hidden unit*.

# %%
A, B = (rng.normal(size=shape).astype(np.float32) for shape in [(12, 8), (8, 3)])
assert np.allclose(x @ A @ B, x @ (A @ B), atol=1e-4)
assert not np.allclose(np.maximum(x @ A, 0) @ B, np.maximum(x @ (A @ B), 0), atol=1e-1)

# %% [markdown]
# ## Convolution: near pixels belong together, and every place is alike
#
# The same small weight, 3 × 3 × *channels* (of a picture its three colours, of a result whatever was computed at each
# place), is laid on every place of the picture. It is a Linear layer applied to each patch: cut the patches out, lay
# each flat, multiply.
#
#     y[n, p, q, o] = Σ over u, v, c of x[n, p + u, q + v, c] · w[u, v, c, o]

# %%
w = rng.normal(size=(3, 3, 3, 8)).astype(np.float32) * 0.2
patches = np.lib.stride_tricks.sliding_window_view(X[:4], (3, 3), axis=(1, 2))  # (4, 22, 22, channels, 3, 3)
by_hand = np.moveaxis(patches, 3, -1).reshape(4, 22, 22, 27) @ w.reshape(27, 8)
assert np.allclose(by_hand, ops.conv2d(X[:4], w), atol=1e-4)

# %% [markdown]
# What that guess buys: the weights don't grow with the picture, and a thing that moves moves its response along, and
# changes nothing else ("equivariance"). `16_convolution.py` takes this layer apart.

# %%
still, moved = ops.conv2d(X[:4], w), ops.conv2d(pictures("twemoji", shift=2)[:4], w)
assert np.allclose(still[:, :, 2:-4], moved[:, :, 4:-2], atol=1e-5)
size = X[0].size
print(f"to as many outputs: convolution {w.size:,} weights, Linear {size * 22 * 22 * 8:,}")

# %% [markdown]
# ## Embedding: a Linear layer for numbered things
#
# Word 17 as a one-hot row (a 1 at place 17, all else 0) times W is row 17 of W. So look it up. The gradient goes to the
# rows that were used, and adds up where one was used twice.

# %%
table = nn.Embedding(50, 6, rng=rng)
words = np.array([17, 3, 17])
one_hot = np.eye(50, dtype=np.float32)[words]
assert np.allclose(table(words).data, one_hot @ table.weight.data)
table(words).sum().backward()
print(f"rows that learn: {np.flatnonzero(table.weight.grad.any(axis=1))}, with {table.weight.grad[[3, 17], 0]} each")
assert table.weight.grad[17, 0] == 2

# %% [markdown]
# ## Normalisation: the same formula, four sets of axes
#
#     y = scale · (x − μ) / √(σ² + ε) + shift
#
# It keeps numbers at one size, however many layers they go through. μ is a mean and σ a deviation [02], ε a small
# number that keeps from dividing by 0; scale and shift are learned. What differs is over what μ and σ are taken, for x
# (batch, height, width, channels): *layer* norm (of *tokens*, a text's words or pieces of words, for instance) over the
# channels of one place, *group* norm over a group of channels of one sample, *instance* norm over one channel of one
# sample, *batch* norm over one channel of the whole batch, which ties the samples together, and so needs a mean and a
# deviation kept from training for use, where samples come one by one.

# %%
h = rng.normal(3, 2, size=(8, 5, 5, 6)).astype(np.float32)
grouped = h.reshape(8, 5, 5, 2, 3)  # the 6 channels as 2 groups of 3
for name, layer, x, axes in [
    ("layer", nn.LayerNorm(6), h, (3,)),
    ("group", nn.GroupNorm(2, 6), grouped, (1, 2, 4)),
    ("instance", nn.GroupNorm(6, 6), h, (1, 2)),
    ("batch", nn.BatchNorm(6), h, (0, 1, 2)),
]:
    y = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + 1e-5)
    assert np.allclose(layer(h).data, y.reshape(h.shape), atol=1e-4)
    print(f"{name:<9} μ and σ over axes {axes} of {x.shape}")

# %% [markdown]
# ## Dropout: off in use
#
# So that no unit can rely on a single other one, and learning by heart gets harder, in training each number is 0 with
# probability r, else divided by 1 − r, so that the mean stays; in use nothing happens. `train()` and `eval()` tell a
# whole model which of the two it is: forgetting `eval()` is a classic.

# %%
drop, ones = nn.Dropout(0.3, rng=rng), np.ones((1000, 100), np.float32)
kept = drop(ones)
print(f"training: {np.mean(kept == 0):.3f} are 0, the mean is {kept.mean():.3f}")
assert abs(kept.mean() - 1) < 0.01
assert np.array_equal(drop.eval()(ones), ones)

# %% [markdown]
# ## Residual: y = x + f(x)
#
# Where g arrives at y, the gradient of x is g + ∂f·g: whatever f does, the first term arrives whole. So depth no longer
# starves the early layers. The norm of the gradient (its length, √Σ g²) at the input of 20 layers of small weights,
# without and with the detour:


# %%
def gradient_at_the_start(wrap):
    x = xm.Tensor(np.ones((1, 16), np.float32), requires_grad=True)
    layers = [nn.Linear(16, 16, initialise=nn.init.uniform, rng=np.random.default_rng(i)) for i in range(20)]
    nn.Sequential(*(wrap(layer) for layer in layers))(x).sum().backward()
    return np.linalg.norm(x.grad)


plain, residual = gradient_at_the_start(lambda layer: layer), gradient_at_the_start(nn.Residual)
print(f"gradient at the start: plain {plain:.1e}, residual {residual:.1e}")
assert plain < 1e-15 < 1 < residual

# %% [markdown]
# ## The guess, tested
#
# Learn from Twemoji's drawings which of nine categories they belong to; then look at the same drawings moved to the
# side by three pixels. One network is *dense*, made of Linear layers alone, the other convolutional. Both have about as
# many weights and see the same steps.
#
# Three words of the convolutional one: a *stride* of 2 lays the small weight on every second place only, so height and
# width halve; *padding* of 1 puts a rim of zeros around the picture, so that its edge has neighbours, too; *global
# average pooling* takes each channel's mean over all places, so that what was seen counts, and not where. `Adam` is the
# rule by which the weights are stepped [13]; `cross_entropy` is the loss of lesson 01, the surprise at the right
# answer.

# %%
kinds, labels = np.unique(samples.groups["category"], return_inverse=True)
classes = len(kinds)
dense = nn.Sequential(nn.Flatten(), nn.Linear(X[0].size, 16, rng=rng), nn.ReLU(), nn.Linear(16, classes, rng=rng))
convolutional = nn.Sequential(
    nn.Conv2d(3, 24, 3, stride=2, padding=1, rng=rng),
    nn.ReLU(),
    nn.Conv2d(24, 48, 3, stride=2, padding=1, rng=rng),
    nn.ReLU(),
    nn.Conv2d(48, 40, 3, padding=1, rng=rng),
    nn.ReLU(),
    nn.GlobalAveragePool(),
    nn.Linear(40, classes, rng=rng),
)


def share_right(model, x):
    with xm.no_grad():
        return np.mean(model(x).argmax(axis=1) == labels)


shifts = range(-4, 5)
results = {}
for name, model in [("dense", dense), ("convolutional", convolutional)]:
    optimizer = xm.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(300):
        batch = np.random.default_rng(step).integers(len(X), size=64)
        loss = ops.cross_entropy(model(X[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    results[name] = [share_right(model, pictures("twemoji", shift)) for shift in shifts]
    print(
        f"{name:<14} {model.count:,} weights: right {results[name][4]:.0%} in place, {results[name][7]:.0%} three aside"
    )

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, right in results.items():
    axes.plot(shifts, right, "o-", label=name)
most_common = np.bincount(labels).max() / len(labels)
axes.axhline(most_common, color="grey", linestyle=":")
axes.annotate("always the most frequent", (-4, most_common), xytext=(0, -14), textcoords="offset points", color="grey")
axes.set(title="The training drawings, moved", xlabel="pixels to the right", ylabel="share right", ylim=(0, 1))
axes.legend(loc="upper left")
plt.show()
kept = {name: right[7] / right[4] for name, right in results.items()}
assert kept["convolutional"] > kept["dense"] + 0.2

# %% [markdown]
# The dense network knows the training drawings better, and is lost when they move. The convolutional one isn't, least
# of all at 4 pixels: its two strides of 2 make a grid of 4 × 4 pixels, and a move by whole cells of it moves the
# response and no more. In between, the grid cuts the drawing elsewhere.
#
# ## Change it and see
#
# - Replace `GlobalAveragePool` by `Flatten` and a `Linear(40 * 36, classes)`: the last layer now sees where things are.
#   It knows the drawings in place far better, and of the robustness hardly anything is left, though every convolution
#   is still there. (The last `assert` then fails: it says what no longer holds.)
# - Give the dense network 64 hidden units, four times the weights: better in place; is it, three pixels aside?
# - Exercise: `tinyxm check ex07`.
#
# ## What can go wrong
#
# - **Channels first data in a layer for channels last**: a picture (3, 24, 24) is then 3 pixels high and has 24
#   channels. Shapes that happen to fit hide it.
# - **Layers in a closure [05] or a set**: the module can't see their parameters, and they are never trained. (A set is
#   refused; a closure can't be.)
# - **Batch normalisation with batches of one, or `eval()` forgotten**: statistics of the wrong thing.
#
# ## Where it came from
#
# Fukushima (1980) and LeCun et al. (1989), convolution; Bengio et al. (2003), embeddings of words; Ioffe and Szegedy
# (2015), Ba, Kiros and Hinton (2016), Ulyanov, Vedaldi and Lempitsky (2016), Wu and He (2018), batch, layer, instance
# and group normalisation; Srivastava et al. (2014), dropout; He, Zhang, Ren and Sun (2016), residual networks.
#
# ## Three questions
#
# 1. How many weights has a 5 × 5 convolution from 16 to 32 channels?
# 2. Why divide by 1 − r in dropout?
# 3. A text goes in as the mean of its words' embeddings. What can't be learned from that?
#
# ## Answers
#
# 1. 5·5·16·32 and 32 biases: 12,832, at any size of the image.
# 2. So that the expected value, which the next layer learned with, is the same in use.
# 3. Anything about the order of words: the mean is the same in any order, a bag of words.

# %%
assert nn.Conv2d(16, 32, 5).count == 12832
