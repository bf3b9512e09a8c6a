# %% [markdown]
# # A neuron, by hand: forward and backward
#
# One neuron is one weighted sum and one squashing function. (Statistics calls it *logistic regression*: the probability
# of a yes or no, from numbers.) It already has all that a deep network has: a forward pass, a loss, a chain rule, an
# update. Here every number of it is computed by hand, then by the *engine*, the part of tinyxm that finds gradients by
# itself (lesson 05 builds one), and the two are compared.
#
# The data are real. On 28 January 1986 the space shuttle Challenger was launched at 31 °F. The rings that seal its
# boosters had been inspected after 23 earlier launches: at what temperature was each, and was any ring damaged?

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm

plt.rcParams["axes.prop_cycle"] = plt.cycler(color=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"))
fahrenheit = np.array([66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58.0])
damaged = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1.0])
N = len(fahrenheit)
mean, deviation = fahrenheit.mean(), fahrenheit.std()
x, y = (fahrenheit - mean) / deviation, damaged
print(f"{N} launches from {fahrenheit.min():.0f} to {fahrenheit.max():.0f} °F, {y.sum():.0f} with damage")

# %% [markdown]
# ## Forward: a sum, a squashing function, a loss
#
#     z = w x + b              the score: any number
#     p = σ(z) = 1 / (1 + e⁻ᶻ)   the same as a probability: from 0 to 1
#     ℓ = −y ln p − (1 − y) ln(1 − p)      the surprise at what happened, y ∈ {0, 1}
#
# ln is the logarithm to base e, and a surprise measured by it is in *nats*: 0 for what was certain, ln 2 = 0.69 for a
# coin's fall.
#
# For one launch, the coldest, with a *weight* w and a *bias* b that nobody has trained. (x isn't in degrees: the
# temperatures' mean is taken off, and they're divided by their deviation, so that x has mean 0 and deviation 1 [02].)

# %%
w, b = 0.5, 0.0
n = int(fahrenheit.argmin())
z = w * x[n] + b
p = 1 / (1 + np.exp(-z))
loss = -y[n] * np.log(p) - (1 - y[n]) * np.log(1 - p)
print(f"x = {x[n]:.4f}, y = {y[n]:.0f}:  z = w x + b = {z:.4f},  p = σ(z) = {p:.4f},  ℓ = −ln p = {loss:.4f}")
assert np.isclose(loss, -np.log(p))  # as y = 1 here

# %% [markdown]
# ## Backward: one factor for each arrow
#
# How does ℓ move when w moves a little? z moves x = −2.40 times as much as w, p moves p (1 − p) = 0.178 times as much
# as z, and ℓ moves −1/p = −4.32 times as much as p: so ℓ moves −2.40 · 0.178 · −4.32 = 1.84 times as much as w. That is
# the **chain rule**: follow the arrows w → z → p → ℓ, and multiply what each contributes. (∂ℓ/∂w is read "the slope of
# ℓ along w": how many times as much ℓ moves when w alone moves.)
#
#     ∂ℓ/∂w = ∂ℓ/∂p · ∂p/∂z · ∂z/∂w
#     ∂ℓ/∂p = −y/p + (1 − y)/(1 − p)        ∂p/∂z = p (1 − p)        ∂z/∂w = x,   ∂z/∂b = 1
#
# The one in the middle: p = 1/u with u = 1 + e⁻ᶻ; the slope of 1/u along u is −1/u², that of u along z is −e⁻ᶻ.
#
#     ∂p/∂z = −1/u² · −e⁻ᶻ = 1/u · e⁻ᶻ/u = p (1 − p),      as e⁻ᶻ/u = (u − 1)/u = 1 − p
#
# And the first two factors, multiplied out:
#
#     ∂ℓ/∂z = (−y/p + (1 − y)/(1 − p)) · p (1 − p) = −y (1 − p) + (1 − y) p = p − y
#
# The neuron learns from how wrong it was, no more, no less.

# %%
dp = -y[n] / p + (1 - y[n]) / (1 - p)
dz = dp * p * (1 - p)
dw, db = dz * x[n], dz
print(f"∂ℓ/∂p = {dp:.4f},  ∂ℓ/∂z = {dz:.4f} = p − y,  ∂ℓ/∂w = ∂ℓ/∂z · x = {dw:.4f},  ∂ℓ/∂b = {db:.4f}")
assert np.isclose(dz, p - y[n])

# %% [markdown]
# The engine does the same, from the three forward lines alone, and can be asked how it came to its number. An
# `xm.Parameter` is an array of which it is to find the gradient, and keeps that as `.grad`. Read its answer so: each
# line is a gradient; the line below says through which operation, at which line of this file, it came, and the next one
# writes it as a product: slope of that operation · gradient of its result. Here that is x · (p − y).

# %%
W, B = xm.Parameter(np.array(w)), xm.Parameter(np.array(b))
with xm.explaining():
    P = xm.ops.sigmoid(W * x[n] + B)
    L = -y[n] * np.log(P) - (1 - y[n]) * np.log(1 - P)
    L.backward()
assert np.allclose([W.grad, B.grad], [dw, db])
xm.explain(W, gradient=True, depth=2)

# %% [markdown]
# And nature agrees: move w a little both ways and look at what ℓ does.


# %%
def loss_at(w, b, x=x[n], y=y[n]):
    p = 1 / (1 + np.exp(-(w * x + b)))
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))


slope = (loss_at(w + 1e-5, b) - loss_at(w - 1e-5, b)) / 2e-5
print(f"\n∂ℓ/∂w by differences: {slope:.6f}, by hand: {dw:.6f}")
assert np.isclose(slope, dw)

# %% [markdown]
# ## All launches at once
#
# The loss is the mean over launches, so the gradient is, too: ∂L/∂w = 1/N Σₙ (pₙ − yₙ) xₙ, one line of NumPy. Each step
# goes against it, w ← w − η ∂L/∂w, where η, the *rate* (`rate` in the code), says how far.

# %%
w, b, rate, losses = 0.0, 0.0, 1.0, []
for _ in range(400):
    p = 1 / (1 + np.exp(-(w * x + b)))
    losses.append(loss_at(w, b, x, y))
    dz = (p - y) / N  # the code line that is the formula
    w, b = w - rate * (dz @ x), b - rate * dz.sum()
print(f"loss {losses[0]:.4f} (ln 2: it knows nothing) -> {losses[-1]:.4f}")
assert np.isclose(losses[0], np.log(2))

# %% [markdown]
# In degrees again, z = (w/s) t + (b − w m/s), m and s the mean and deviation taken off before. Textbooks of statistics
# print a fit of these data by *maximum likelihood*: the line by which what happened was most probable, which is the one
# of the least summed surprise. Its slope is −0.2322 per °F, its intercept 15.04. It is the same neuron.

# %%
slope, intercept = w / deviation, b - w * mean / deviation
print(f"z = {slope:.4f}·t + {intercept:.2f}")
assert np.isclose(slope, -0.2322, atol=5e-4)
assert np.isclose(intercept, 15.04, atol=0.03)

t = np.linspace(28, 85, 200)
chance = 1 / (1 + np.exp(-(slope * t + intercept)))
at_launch = 1 / (1 + np.exp(-(slope * 31 + intercept)))
print(f"damage expected at 31 °F: {at_launch:.4f}, far outside all that was seen: it is a warning, not a measurement")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(losses)
left.set(title="The loss falls", xlabel="step", ylabel="mean of ℓ, nats")
right.plot(t, chance, label="p = σ(z)")
right.plot(fahrenheit, y, "o", alpha=0.6, label="launches")
right.axvline(31, color="grey", linestyle=":")
right.annotate("31 °F", (31, 0.05), xytext=(4, 0), textcoords="offset points", color="grey")
right.set(title="One neuron", xlabel="temperature at launch, °F", ylabel="damaged: 1, not: 0")
right.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
plt.show()

# %% [markdown]
# ## Change it and see
#
# Train on the raw temperatures, without taking off their mean and deviation: x = fahrenheit. With a rate of 1.0 NumPy
# warns of overflow. With 0.0001 w settles but b hardly moves, and the loss is little better than 0.6145, what it costs
# to know no more than how frequent damage is. At the start the gradient of w is 79 times that of b: one rate can't suit
# both. Lesson 10 tells why, lesson 13 what helps.
#
# Exercise: `tinyxm check ex04`.
#

# %%
raw_w, raw_b = 0.0, 0.0
for _ in range(400):
    dz = (1 / (1 + np.exp(-(raw_w * fahrenheit + raw_b))) - y) / N
    raw_w, raw_b = raw_w - 1e-4 * (dz @ fahrenheit), raw_b - 1e-4 * dz.sum()
stuck = loss_at(raw_w, raw_b, fahrenheit, y)
print(f"on raw temperatures, after as many steps: loss {stuck:.4f}, not {losses[-1]:.4f}; b is {raw_b:.4f}, not 15.04")
assert stuck > losses[-1] + 0.1

# %% [markdown]
# ## What can go wrong
#
# - **ln p where p is 0**: for z = −800, σ(z) rounds to 0 and ℓ is infinite. Computed from z itself, as
#   `xm.ops.binary_cross_entropy` does, it is 800.
# - **A forgotten 1/N**: the gradient of a sum grows with the data, and a rate that suited 23 launches explodes with
#   2,300.
#
# ## Where it came from
#
# Rosenblatt, "The perceptron" (1958); Cox, "The regression analysis of binary sequences" (1958). The data: Dalal,
# Fowlkes and Hoadley, "Risk analysis of the space shuttle: pre-Challenger prediction of failure" (1989).
#
# ## Three questions
#
# 1. Where is ∂p/∂z largest, and what happens to learning where a neuron is sure and wrong?
# 2. Why does b have no x in its gradient?
# 3. The data have no launch below 53 °F. What does p(31 °F) rest on?
#
# ## Answers
#
# 1. At z = 0, where it is ¼. With this loss the factor p (1 − p) cancels, so that a sure and wrong neuron still gets
#    p − y, nearly 1; with a squared error it would get nearly nothing.
# 2. ∂z/∂b = 1: it moves every launch's score alike.
# 3. On the straight line in z going on as it was: an assumption of the model, not a fact of the data.

# %%
dz = (0.5 - y) / N  # at w = b = 0
assert np.isclose((dz @ fahrenheit) / dz.sum(), 79, atol=0.5)
frequency = y.mean()
assert np.isclose(-frequency * np.log(frequency) - (1 - frequency) * np.log(1 - frequency), 0.6145, atol=1e-4)
assert xm.ops.binary_cross_entropy(np.array(-800.0), np.array(1.0)) == 800
