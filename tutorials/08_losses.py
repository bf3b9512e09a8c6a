# %% [markdown]
# # Losses: what a mistake costs
#
# A loss turns a model's mistakes into one number. What the model then feels is the loss's *gradient*: how hard each
# mistake pulls. Choosing a loss is choosing which mistakes pull, and how hard.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import ops

plt.rcParams["axes.prop_cycle"] = plt.cycler(color=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"))


def minimise(loss_of, start, rate=0.02, steps=3000):
    """The parameters where gradient descent on loss_of(parameters) arrives, the rate falling to 0 on the way."""
    theta = xm.Parameter(np.array(start, float))
    optimizer = xm.optim.GradientDescent([theta], lr=rate)
    schedule = xm.optim.Schedule(optimizer, xm.optim.cosine(steps))
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(theta).backward()
        optimizer.step()
        schedule.step()
    return theta.data


# %% [markdown]
# ## Regression: the pull of an error d = prediction − target
#
#     squared    L = d²              pull 2 d: an error of 10 pulls as hard as ten of 1. Its minimum is the mean.
#     absolute   L = |d|             pull ±1, however large d. Its minimum is the median.
#     Huber      L = d²/2 where |d| ≤ δ, beyond it δ(|d| − δ/2)      pull d, never more than δ: between the two.
#
# What δ is depends on the unit of d. With δ = 1, beside incomes that differ by more, nearly every pull is ±1, and
# Huber's minimum is the median; with δ = 10 the errors up to 10 pull by their size, and the 900 no harder than 10.


# %%
def wide(prediction, target):
    return ops.huber(prediction, target, delta=10.0)


incomes = np.array([21.0, 24, 26, 27, 31, 33, 900])
fits = {"squared": ops.squared_error, "absolute": ops.absolute_error, "Huber δ = 1": ops.huber, "Huber δ = 10": wide}
for name, loss in fits.items():
    (best,) = minimise(lambda c, loss=loss: loss(c + np.zeros(7), incomes), [20.0], rate=0.3)
    print(f"one number for {incomes.astype(int).tolist()}: by {name} {best:.1f}")
    if name == "squared":
        assert np.isclose(best, incomes.mean(), rtol=1e-3)
    elif loss is wide:
        assert np.median(incomes) + 1 < best < incomes.mean()
    else:
        assert abs(best - np.median(incomes)) < 0.5

# %% [markdown]
# Anscombe's third data set (1973) has ten points on a line and one that isn't. Least squares gives the line that he
# published, y = 3.00 + 0.500 x, which fits none of the ten; the absolute loss finds the ten. Huber's (δ = 1) lies
# between.

# %%
x = np.array([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5.0])
y = np.array([7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73])
centred = x - x.mean()
lines = {}
for name, loss in [("squared", ops.squared_error), ("absolute", ops.absolute_error), ("Huber", ops.huber)]:
    level, slope = minimise(lambda t, loss=loss: loss(t[0] + t[1] * centred, y), [5.0, 0.0])
    lines[name] = level - slope * x.mean(), slope
    print(f"{name:<9} y = {lines[name][0]:.2f} + {slope:.3f} x")

d = xm.Tensor(np.linspace(-3, 3, 301), requires_grad=True)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
for name, loss in [("squared", ops.squared_error), ("absolute", ops.absolute_error), ("Huber", ops.huber)]:
    each = loss(d, np.zeros(301), reduction="none")
    (pull,) = xm.gradients(each.sum(), [d])
    (line,) = axes[0].plot(d.data, each.data, label=name)
    axes[1].plot(d.data, pull.data, color=line.get_color())
    axes[2].plot(x, lines[name][0] + lines[name][1] * x, color=line.get_color())
axes[0].set(title="What an error costs", xlabel="d", ylim=(0, 4))
axes[1].set(title="How hard it pulls", xlabel="d", ylim=(-4, 4))
axes[2].plot(x, y, "o", color="black", markersize=4)
axes[2].set(title="Anscombe III", xlabel="x", ylabel="y")
axes[0].legend(fontsize="small")
plt.show()
assert np.allclose(lines["squared"], (3.00, 0.500), atol=0.01)
assert np.allclose(lines["absolute"], (4.0, 0.346), atol=0.02)

# %% [markdown]
# ## Classification: surprise
#
#     p = softmax z,   L = −ln p[t]        pull ∂L/∂z = p − one_hot(t)
#
# The cost is the surprise, in nats [04], at what came out: 0 where it was certain, ln C where all C classes seemed
# alike, without limit where it was certain and wrong. e to its mean is the **perplexity**: among how many alike it
# wavers. The pull on every score (scores before softmax are also called *logits*) is how much too high its probability
# is.

# %%
z = xm.Tensor(np.array([[2.0, 1.0, -1.0, 0.0]]), requires_grad=True)
t = np.array([1])
ops.cross_entropy(z, t).backward()
p = np.exp(z.data) / np.exp(z.data).sum()
print(f"\np = {p[0].round(3)}, class {t[0]}: pull {z.grad[0].round(3)}")
assert np.allclose(z.grad, p - np.eye(4)[t])
assert np.isclose(ops.cross_entropy(np.zeros((1, 4)), t), np.log(4))  # a network that knows nothing: ln 4

# %% [markdown]
# Why not the squared error of p? Its pull has the factor p (1 − p): where the network is certain and wrong, hardly
# anything pulls. Both losses for one yes-or-no score z whose truth is yes:

# %%
score = xm.Tensor(np.linspace(-8, 8, 321), requires_grad=True)
surprise = ops.binary_cross_entropy(score, np.ones(321), reduction="none")
squared = ops.squared_error(ops.sigmoid(score), np.ones(321), reduction="none")
pulls = [xm.gradients(loss.sum(), [score])[0].data for loss in (surprise, squared)]
print(f"z = −8, truth yes: cross-entropy pulls {pulls[0][0]:.3f}, squared error {pulls[1][0]:.6f}")
assert pulls[0][0] < -0.99
assert abs(pulls[1][0]) < 1e-3

# %% [markdown]
# Softmax and logarithm belong in one operation. Apart, e^z overflows for z = 1000 and ln p is −∞ where p rounds to 0;
# in one, the largest score is taken off first, which changes nothing in the quotient (log-sum-exp).

# %%
sure = np.array([[1000.0, 0.0]])
with np.errstate(all="ignore"):
    apart = -np.log(np.exp(sure[0, 1]) / np.exp(sure).sum())
print(f"scores {sure[0]}, class 1: apart {apart}, in one {ops.cross_entropy(sure, np.array([1])):.1f}")
assert apart == np.inf
assert ops.cross_entropy(sure, np.array([1])) == 1000

# %% [markdown]
# Three options change who pulls. *Label smoothing* ε asks for 1 − ε + ε/C instead of 1, so a certain network is pulled
# back: the scores stay finite. *Class weights* let a rare class pull harder. An *ignored index* pulls not at all, and
# isn't counted: the padding behind a short text.

# %%
logits, labels = np.array([[4.0, 0.0, 0.0]] * 3), np.array([0, 0, -1])
for name, options in [
    ("plain", {}),
    ("smoothed", {"label_smoothing": 0.1}),
    ("class 0 weighs 10", {"class_weights": np.array([10.0, 1, 1])}),
]:
    z = xm.Tensor(logits, requires_grad=True)
    loss = ops.cross_entropy(z, labels, ignore_index=-1, **options)
    loss.backward()
    print(f"{name:<18} L = {loss.item():.4f}, pull on the three scores {z.grad[0].round(4)}, padding {z.grad[2]}")
    assert not z.grad[2].any()

# %% [markdown]
# (Weights alone change nothing here: the mean is weighted, and both rows are of one class. They tell between classes.)
#
# ## Distributions: KL has a direction
#
#     KL(p‖q) = Σ p (ln p − ln q)
#
# KL, the *Kullback–Leibler divergence*, is by how much more who expects q is surprised, on average, than who knows p,
# if p is the truth. It asks for q > 0 wherever p > 0, and not the other way round. Let q be one bell, p two. Minimising
# KL(p‖q) spreads q over both ("covering"); minimising KL(q‖p) puts it on one ("seeking"): the same two distributions,
# another answer.

# %%
grid = np.linspace(-6, 6, 241)
two = np.exp(-((grid + 2) ** 2) / 0.5) + np.exp(-((grid - 2) ** 2) / 0.5)
log_p = np.log(two / two.sum() + 1e-12)


def log_bell(theta):
    """ln q of a bell with mean θ₀ and deviation e^θ₁ on the grid."""
    return ops.log_softmax(-0.5 * np.square((grid - theta[0]) * np.exp(-theta[1])))


covering = minimise(lambda theta: ops.kl_divergence(log_p, log_bell(theta)), [1.0, 0.0])
seeking = minimise(lambda theta: ops.kl_divergence(log_bell(theta), log_p), [1.0, 0.0])
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.fill_between(grid, np.exp(log_p), color="lightgrey", label="p")
for name, theta in [("KL(p‖q): covering", covering), ("KL(q‖p): seeking", seeking)]:
    print(f"{name:<18} mean {theta[0]:.2f}, deviation {np.exp(theta[1]):.2f}")
    axes.plot(grid, np.exp(log_bell(theta)), label=name)
axes.set(title="One bell for two", xlabel="x", ylabel="probability")
axes.legend(fontsize="small")
plt.show()
assert abs(covering[0]) < 0.1
assert np.isclose(np.exp(covering[1]), np.sqrt(4 + 0.25), rtol=0.02)  # the deviation of p itself
assert np.isclose(seeking[0], 2, atol=0.05)

# %% [markdown]
# ## Margins: enough is enough
#
# Hinge: max(0, 1 − s_t + s_k) for each wrong class k. Triplet: max(0, ‖a − p‖ − ‖a − n‖ + 1), for a sample a, one that
# belongs to it, p, and one that doesn't, n. Once the right one leads by the margin, nothing pulls any more;
# cross-entropy goes on for ever. What pulls are the near misses, here 1/6 on each score: the loss is a mean over rows
# and classes.

# %%
scores = xm.Tensor(np.array([[3.0, 2.5, 0.0], [9.0, 2.5, 0.0]]), requires_grad=True)
ops.hinge(scores, np.array([0, 0])).backward()
print(f"\nhinge, leads of 0.5 and 6.5: pulls\n{scores.grad.round(3)}")
assert not scores.grad[1].any()

# %% [markdown]
# ## Pairs: which of n texts belongs to this picture?
#
# InfoNCE is cross-entropy where the batch itself is the classes: of n pairs, row i of the cosines (the agreements of
# lesson 01) should be largest at i. A batch of n therefore starts at ln n, and a loss that stays there has learned
# nothing. Sigmoid contrastive (SigLIP) asks n² yes-or-no questions instead: no softmax ties the pairs together.

# %%
rng = np.random.default_rng(0)
for n in (8, 64, 512):
    a, b = (ops.unit_length(rng.normal(size=(n, 512))) for _ in range(2))
    print(f"n = {n:3}: InfoNCE of strangers {ops.info_nce(a, b, 1.0):.3f}, ln n = {np.log(n):.3f}")
    assert np.isclose(ops.info_nce(a, b, 1.0), np.log(n), atol=0.02)

# %% [markdown]
# If two of the n pairs mean the same (two pictures of a dog, "a dog" twice), the loss tells each to flee the other: a
# *false negative*. With `same` the known ones take no part.

# %%
a = b = ops.unit_length(np.array([[1.0, 0], [1, 0], [0, 1]]))  # the first two are alike
alike = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
blind, told = ops.info_nce(a, b, 20.0), ops.info_nce(a, b, 20.0, same=alike)
print(f"perfect embeddings, two alike: loss {blind:.3f}, with `same` {told:.3f}")
assert np.isclose(blind, 2 / 3 * np.log(2), atol=1e-6)  # can't be told apart, so ln 2 for two of three
assert told < 1e-6

# %% [markdown]
# ## Change it and see
#
# - Move the outlier of Anscombe III from 12.74 to 127.4: the squared line's slope grows ninefold, the absolute one
#   stays. (The first `assert` behind the picture then fails: it says what no longer holds.)
# - Start `seeking` from a mean of −1 in place of 1. Which bell does it find?
# - Exercises: `tinyxm check ex09` and `tinyxm check ex10`.
#
# ## What can go wrong
#
# - **Shapes (n,) and (n, 1)**: broadcasting compares every prediction with every target. The loss looks plausible and
#   learns the mean. tinyxm refuses it.
# - **A mean over the padded positions, too**: short texts then count for less. Ignore them.
# - **Softmax twice**, once in the model and once in the loss: it learns, slowly, and the loss can't fall below
#   ln(1 + (C − 1)/e).
#
# ## Where it came from
#
# Legendre (1805) and Gauss (1809), least squares; Boscovich (1757), least absolute errors; Huber (1964); Shannon
# (1948), surprise; Kullback and Leibler (1951); van den Oord, Li and Vinyals (2018), InfoNCE; Zhai et al. (2023),
# SigLIP. The data: Anscombe, "Graphs in statistical analysis" (1973).
#
# ## Three questions
#
# 1. Squared or absolute error for house prices, some wrong by a factor of 100?
# 2. A classifier of 1,000 classes starts at a loss of 6.9. Good or bad?
# 3. Why does label smoothing help against overconfidence?
#
# ## Answers
#
# 1. Absolute or Huber: a few typing errors mustn't decide the fit.
# 2. Neither: ln 1000 = 6.9, it knows nothing yet.
# 3. At p[t] = 1 the pull isn't 0 but against it.

# %%
assert np.isclose(np.log(1000), 6.9, atol=0.01)
twice = ops.cross_entropy(ops.softmax(np.array([[99.0, 0, 0, 0]])), np.array([0]))  # the best that softmax twice can do
assert np.isclose(twice, np.log(1 + 3 / np.e))
