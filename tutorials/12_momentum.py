# %% [markdown]
# # Momentum: a ball with mass
#
# Gradient descent forgets each step at once. In a ravine it jumps from wall to wall and creeps along the floor. A heavy
# ball would not: what pulls to and fro cancels, what pulls one way adds up. Polyak (1964) gave descent a velocity:
#
#     u ← μ u + g
#     θ ← θ − η u
#
# μ, the momentum, says how much of the velocity is left after a step: 0 is gradient descent, 0.9 is usual.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"


# %% [markdown]
# ## The velocity is a sum of gradients
#
# Unroll the first line: u = g_t + μ g_(t−1) + μ² g_(t−2) + … Each gradient takes part in all later steps, weighed less
# each time; the weights add up to 1 / (1 − μ). So along a steady slope the steps grow to **η / (1 − μ)** times the
# gradient, the *effective rate*: ten times η at μ = 0.9. It takes about 1 / (1 − μ) steps to get there.

# %%
w = xm.Parameter(np.zeros(1))
optimizer = xm.optim.Momentum([w], lr=0.01, momentum=0.9)
before, moved = 0.0, []
for _ in range(60):
    w.grad = np.ones(1)  # a slope that never changes
    optimizer.step()
    moved.append(before - w.item())
    before = w.item()
by_formula = 0.01 * (1 - 0.9 ** np.arange(1, 61)) / (1 - 0.9)  # η (1 + μ + … + μᵗ⁻¹)
np.testing.assert_allclose(moved, by_formula)
print("steps along a slope of 1:", *(f"{moved[t - 1]:.4f} ({t})" for t in (1, 2, 5, 10, 20, 60)))
assert np.isclose(moved[-1], 0.01 / (1 - 0.9), rtol=0.01)

# %% [markdown]
# ## The ravine
#
# Curvatures 1 and 50. By hand, and by tinyxm. The rates are the best for each: for descent 2 / (λmin + λmax), for the
# ball η = 4 / (√λmax + √λmin)² with μ = ((√κ − 1) / (√κ + 1))², κ = λmax / λmin (Polyak 1964); for Nesterov's method,
# which comes below, 1 / λmax with μ = (√κ − 1) / (√κ + 1).

# %%
start = np.array([-5.0, 0.4])


def best(curvature):
    """Polyak's rate and momentum."""
    low, high = np.sqrt(min(curvature)), np.sqrt(max(curvature))
    return 4 / (high + low) ** 2, ((high - low) / (high + low)) ** 2


def by_hand(curvature, rate, momentum, steps, nesterov=False):
    w, u, path = start, np.zeros(2), [start]
    for _ in range(steps):
        g = curvature * w
        u = momentum * u + g  # the code lines that are the formula
        w = w - rate * (g + momentum * u if nesterov else u)
        path.append(w)
    return np.array(path)


def by_tinyxm(curvature, make, steps, **settings):
    w = xm.Parameter(start)
    optimizer, path = make([w], **settings), [start]
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * np.sum(curvature * w * w)).backward()
        optimizer.step()
        path.append(w.data.copy())
    return np.array(path)


curvature = np.array([1.0, 50.0])
rate, mu = best(curvature)
descent = by_tinyxm(curvature, xm.optim.GradientDescent, 40, lr=2 / curvature.sum())
ball = by_tinyxm(curvature, xm.optim.Momentum, 40, lr=rate, momentum=mu)
ahead = by_tinyxm(curvature, xm.optim.Nesterov, 40, lr=1 / 50, momentum=np.sqrt(mu))
np.testing.assert_allclose(descent, by_hand(curvature, 2 / curvature.sum(), 0, 40), rtol=1e-9, atol=1e-12)
np.testing.assert_allclose(ball, by_hand(curvature, rate, mu, 40), rtol=1e-9, atol=1e-12)
np.testing.assert_allclose(ahead, by_hand(curvature, 1 / 50, np.sqrt(mu), 40, nesterov=True), rtol=1e-9, atol=1e-12)

w1, w2 = np.meshgrid(np.linspace(-5.5, 2, 200), np.linspace(-1.6, 1.6, 200))
figure, panels = plt.subplots(1, 3, figsize=(12, 3.2), layout="constrained", sharey=True)
ways = {"gradient descent": descent, f"heavy ball, μ = {mu:.2f}": ball, f"Nesterov, μ = {np.sqrt(mu):.2f}": ahead}
for axes, (label, path), colour in zip(panels, ways.items(), (ORANGE, BLUE, GREEN), strict=True):
    loss = 0.5 * np.sum(curvature * path**2, axis=1)
    print(f"{label:22}: loss {loss[0]:.1f} -> {loss[-1]:.2g} in 40 steps")
    axes.contour(w1, w2, w1**2 + 50 * w2**2, levels=12, colors="#cccccc", linewidths=0.7)
    axes.plot(*path.T, ".-", color=colour, linewidth=1)
    axes.plot(0, 0, "k+")
    axes.set(title=f"{label}: loss {loss[-1]:.1g}", xlabel="w₁ (curvature 1)", xlim=(-5.5, 2), ylim=(-1.6, 1.6))
panels[0].set_ylabel("w₂ (curvature 50)")
plt.show()
ends = [0.5 * np.sum(curvature * path[-1] ** 2) for path in ways.values()]
assert max(ends[1:]) < 0.01 * ends[0]

# %% [markdown]
# ## From κ to √κ
#
# Descent needs steps in proportion to κ, the ball in proportion to √κ: that is what momentum is for. In each step
# descent's error shrinks by (κ − 1) / (κ + 1), the ball's in the end by √μ = (√κ − 1) / (√κ + 1).

# %%
counts = {}
for kappa in (10, 100, 1000):
    curvature = np.array([1.0, kappa])
    rate, mu = best(curvature)
    needed = []
    for path in (
        by_hand(curvature, 2 / curvature.sum(), 0, 10 * kappa),
        by_hand(curvature, rate, mu, 10 * kappa),
    ):
        far = np.linalg.norm(path, axis=1) > 1e-6 * np.linalg.norm(start)
        needed.append(len(far) - int(np.argmax(far[::-1])))  # steps until it's near for good
    counts[kappa] = needed
    print(f"condition number {kappa:4}: gradient descent {needed[0]:5} steps, heavy ball {needed[1]:4}")
assert counts[1000][0] / counts[10][0] > 50  # about 100 times
assert counts[1000][1] / counts[10][1] < 20  # about √100 times

# %% [markdown]
# ## Nesterov: look where you are going
#
# The ball learns of a wall when it's in it. Nesterov (1983) takes the gradient where the velocity is about to carry the
# ball, at θ − η μ u, and so brakes in time:
#
#     u ← μ u + ∇L(θ − η μ u),   θ ← θ − η u
#
# To have the gradient where the parameters are, keep the point looked ahead to, θ̃ = θ − η μ u, as the parameters.
# Then the same walk reads u ← μ u + g, θ̃ ← θ̃ − η (g + μ u): that is what optimizers compute, and no second point is
# needed.

# %%
curvature, rate, mu = np.array([1.0, 25.0]), 0.02, 0.9
w, u = start, np.zeros(2)
original = [start]
for _ in range(50):
    g = curvature * (w - rate * mu * u)  # the gradient ahead
    u = mu * u + g
    w = w - rate * u
    original.append(w - rate * mu * u)  # the next point ahead
looked = by_tinyxm(curvature, xm.optim.Nesterov, 50, lr=rate, momentum=mu)
np.testing.assert_allclose(looked, original, rtol=1e-9, atol=1e-12)

rolled = by_tinyxm(curvature, xm.optim.Momentum, 50, lr=rate, momentum=mu)
overshoot = {"heavy ball": -rolled[:, 1].min() / start[1], "Nesterov": -looked[:, 1].min() / start[1]}
for label, share in overshoot.items():
    print(f"{label:10} at rate {rate} and momentum {mu}: overshoots by {share:.0%} of where it began")
figure = plt.figure(figsize=(7, 3.4), layout="constrained")
for (label, path), colour in zip({"heavy ball": rolled, "Nesterov": looked}.items(), (BLUE, GREEN), strict=True):
    plt.plot(path[:, 1], ".-", color=colour, label=label)
plt.axhline(0, color=GRAY, linewidth=0.8)
plt.xlabel("step")
plt.ylabel("w₂ (curvature 25)")
plt.title(f"The same rate {rate} and momentum {mu}: Nesterov brakes ahead")
plt.legend(frameon=False)
plt.show()
assert overshoot["Nesterov"] < 0.8 * overshoot["heavy ball"]

# %% [markdown]
# ## Noise
#
# A sum of noisy gradients is a noisy sum. At the same *effective* rate η / (1 − μ) the ball, once there, wanders about
# as far as gradient descent: momentum is against ravines, not against noise. A rate that falls is against noise.


# %%
def wander(make, steps=20000, **settings):
    """The mean loss about the minimum of a bowl whose gradient is noisy."""
    noise = np.random.default_rng(0).normal(size=(steps, 50))
    w = xm.Parameter(np.zeros(50))
    optimizer, losses = make([w], **settings), []
    for step in range(steps):
        w.grad = w.data + noise[step]
        optimizer.step()
        losses.append(0.5 * np.mean(w.data**2))
    return np.mean(losses[steps // 10 :])


alone = wander(xm.optim.GradientDescent, lr=0.05)
heavy = wander(xm.optim.Momentum, lr=0.005, momentum=0.9)
untold = wander(xm.optim.Momentum, lr=0.05, momentum=0.9)
print(f"descent at 0.05: {alone:.4f}; momentum 0.9 at 0.005: {heavy:.4f}; momentum 0.9 at 0.05: {untold:.4f}")
assert np.isclose(alone, heavy, rtol=0.1)
assert untold > 5 * alone

# %% [markdown]
# ## Change it and see
#
# - In the ravine, set the ball's μ to 0.5 and to 0.99, and leave its rate. Which flies off (the rate is above
#   2 (1 + μ) / λmax), and which circles the minimum for long?
# - Give the heavy ball Nesterov's rate 1 / 50, and Nesterov the ball's. Which bears it?
# - In "Nesterov", set the rate to 0.07: above which rate does each fly off? (The ball above 2 (1 + μ) / λ, Nesterov
#   above that divided by 1 + 2μ: looking ahead has its price.)
# - Exercises: `tinyxm check ex13` and `tinyxm check ex14`.
#
# An `assert` behind a picture that then fails says what no longer holds.
#
# ## What can go wrong
#
# - **Momentum switched on, the rate left as it was**: it is now 1 / (1 − μ) times as large. Compare η / (1 − μ).
# - **It circles**: the loss goes up and down in long waves. Less momentum, or Nesterov.
# - **A new rate, an old velocity**: PyTorch and tinyxm keep u free of η, so that a schedule acts at once; where u has η
#   in it, as in some papers, it acts 1 / (1 − μ) steps late.
# - **Weights loaded without the optimizer's state**: the ball starts from rest again. Save `state_dict()`, too.
#
# ## Where it came from
#
# Polyak, "Some methods of speeding up the convergence of iteration methods" (1964); Nesterov, "A method of solving a
# convex programming problem with convergence rate O(1/k²)" (1983), the fastest order there is for smooth convex
# losses; Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning"
# (2013), who brought both to deep networks.
#
# ## Three questions
#
# 1. η = 0.1 without momentum worked. Which η do you try with μ = 0.99?
# 2. A gradient flips its sign at each step: +1, −1, +1, … How large does u become?
# 3. Why does the first step of momentum equal gradient descent's?
#
# ## Answers
#
# 1. η / (1 − 0.99) = 0.1, so η = 0.001.
# 2. u = 1 − μ + μ² − … = 1 / (1 + μ), about a half at μ = 0.9: what goes to and fro is damped.
# 3. u starts at 0, so after the first gradient it is g.

# %%
flipping = xm.Parameter(np.zeros(1))
optimizer = xm.optim.Momentum([flipping], lr=1.0, momentum=0.9)
for t in range(200):
    flipping.grad = np.array([(-1.0) ** t])
    optimizer.step()
assert np.isclose(abs(optimizer.state["velocity"][0][0]), 1 / 1.9)
