# %% [markdown]
# # A picture for a word: a VAE, then diffusion
#
# "Seven." There are a thousand ways of writing it, and none is *the* answer. A model trained to give the one answer
# with the least squared error gives the mean of all sevens: a smear. So we want not an answer but a **distribution**,
# p(x|c) of pictures x given the text c, and a way of drawing from it. Two ways, on real digits of 8 × 8 pixels:
#
# - a **variational autoencoder** finds a space in which the pictures of one word lie in one simple cloud;
# - **diffusion** learns to take noise away, a little at a time, and begins with nothing but noise.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm.data.sources.handwriting import DIGITS, handwritten_8
from tinyxm.models.diffusion import Denoiser, Diffusion, schedule
from tinyxm.models.linear import Logistic
from tinyxm.models.vae import ConditionalVAE

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#767676"
rng = np.random.default_rng(0)
try:
    samples = handwritten_8()
except xm.data.MissingExtra as error:
    raise SystemExit(f"This lesson learns from scikit-learn's digits. {error}") from None
pictures, digits = samples["image"].astype(np.float32) / 255, samples.groups["digit"]
split = xm.data.stratified_split(digits, {"train": 0.6, "judge": 0.2, "test": 0.2}, 0)
train, known = pictures[split["train"]], digits[split["train"]]
real, asked = pictures[split["test"]], digits[split["test"]]

vocabulary = xm.data.Vocabulary([(name, []) for name in DIGITS], ngrams=False)


def bag(numbers):
    """The words for these digits, as an embedding bag takes them."""
    return vocabulary.bag([(DIGITS[number], []) for number in numbers])


def show(rows, title=""):
    """Rows of pictures, each with its name."""
    across = max(len(row) for row in rows.values())
    figure, axes = plt.subplots(len(rows), across, figsize=(0.7 * across + 1.5, 0.8 * len(rows)), squeeze=False)
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        for one in line:
            one.axis("off")
        for one, picture in zip(line, row, strict=False):
            one.imshow(picture.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
        line[0].text(-0.2, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    figure.suptitle(title, fontsize=11)
    plt.show()


# %% [markdown]
# ## A judge, and why one isn't enough
#
# Somebody must say whether a drawn seven is one: a **judge**, a classifier trained on real digits that are used for
# nothing else. Lesson 14 fooled one; here, too, look at what it says of the class mean, which is no handwriting at all.

# %%
judge = Logistic(0.01).fit(pictures[split["judge"]].reshape(-1, 64), digits[split["judge"]])


def scores(made, numbers):
    """How often the judge agrees; how widely drawings of one digit spread beside real ones; Fréchet distance."""
    flat, reference = made.reshape(len(made), -1), real.reshape(len(real), -1)
    return (
        (judge.predict(flat) == numbers).mean(),
        xm.metrics.within_class_spread(reference, asked, flat, numbers).mean(),
        xm.metrics.frechet_distance(reference, flat),
    )


means = np.stack([train[known == digit].mean(axis=0) for digit in range(10)])
table = {"real digits": scores(real, asked), "class mean": scores(means[asked], asked)}
for name, (right, spread, distance) in table.items():
    print(f"{name:12} judged right {right:.0%}, spread {spread:.2f}, Fréchet distance {distance:.2f}")
assert table["class mean"][0] > 0.9  # the judge is content ...
assert table["class mean"][1] < 1e-3  # ... with one and the same picture

# %% [markdown]
# A judge's accuracy says nothing of variety. So three numbers stand together from here on.
#
# ## A space of digits
#
# An encoder says where a picture lies: not a point but a little cloud, q(z|x) = N(m, s²). A decoder draws a picture of
# each point. The text says where *its* pictures lie: p(z|c) = N(μ, σ²). Two wishes, added up:
#
#     L = −E_q ln p(x|z)  +  β · KL(q(z|x) ‖ p(z|c))
#
# draw what you were shown (p(x|z) takes each pixel for a coin, whose chance of ink is the grey that the decoder draws,
# so that −ln p is the binary cross-entropy of lesson 08); and let each picture's cloud lie within its word's, so that a
# draw from there is a picture. Chance has no gradient, but z = m + s·ε, with ε from outside, has: that is the
# **reparametrisation trick**.

# %%
vae = ConditionalVAE((8, 8, 1), len(vocabulary), dimensions=8, widths=(16, 32), rng=rng)
optimizer, beta, batch, steps = xm.optim.Adam(vae.parameters(), lr=3e-3), 0.2, 64, 500
parts = []
for step in range(steps):
    i = rng.integers(len(train), size=batch)
    optimizer.groups[0]["lr"] = 3e-3 * (1 - step / steps)
    optimizer.zero_grad()
    reconstruction, divergence = vae.terms(train[i], bag(known[i]), rng)
    (reconstruction + beta * divergence).backward()
    optimizer.step()
    parts.append((reconstruction.item(), divergence.item()))
print("nats per picture, reconstruction and divergence:", *np.mean(parts[-50:], axis=0).round(1))

(m, log_s), (mu, log_sigma) = vae.encode(train[:1]), vae.place(bag(known[:1]))
m, s, mu, sigma = m.data, np.exp(log_s.data), mu.data, np.exp(log_sigma.data)
z = m + s * np.random.default_rng(1).standard_normal(m.shape, np.float32)  # the code line that is the trick
kl = np.sum(np.log(sigma / s) + (s**2 + (m - mu) ** 2) / (2 * sigma**2) - 0.5)  # the code line that is the formula
assert np.isclose(kl, vae.terms(train[:1], bag(known[:1]), rng)[1].item(), rtol=1e-4)

by_vae = vae.draw(bag(asked), rng)
table["VAE"] = scores(by_vae, asked)
row = [np.flatnonzero(asked == digit)[0] for digit in range(10)]
ends, _ = vae.encode(np.stack([train[known == 3][0], train[known == 8][0]]))
line = vae.decode(np.stack([(1 - w) * ends.data[0] + w * ends.data[1] for w in np.linspace(0, 1, 10, dtype="f")]))
show({"real": real[row], "VAE": by_vae[row], "3 to 8": line}, "Drawn from the words' clouds; a line through the space")

# %% [markdown]
# A line from a three to an eight passes through pictures that are neither, and smooth. That is what a space is for.
#
# ## Noise, from a little to everything
#
# Now without a space, in the pixels themselves. Mix a picture with noise, more and more, t from 0 to 1:
#
#     x_t = α·x + σ·ε,    α = cos(πt/2),  σ = sin(πt/2),  ε ~ N(0, 1)
#
# α² + σ² = 1, so that data of variance 1 keeps it. At t = 0 it's the picture, at t = 1 nothing is left of it.

# %%
model = Diffusion(Denoiser(64, len(vocabulary), width=128, blocks=2, rng=rng), decay=0.99)
flat = train.reshape(len(train), 64)
model.centre.data[:], model.scale.data[:] = flat.mean(), flat.std()  # for all pixels alike, so that noise looks like it
x = (flat[:1] - model.centre.data) / model.scale.data
noise = rng.standard_normal(x.shape, np.float32)
mixed = []
for t in np.linspace(0, 1, 10):
    alpha, sigma = schedule(t)
    mixed.append(
        (alpha * x + sigma * noise) * model.scale.data + model.centre.data
    )  # the code line that is the formula
show({"t = 0 … 1": np.clip(mixed, 0, 1)})

# %% [markdown]
# ## Learn to take it away
#
# A network sees x_t, the time and the word, and says what is noise in it. One can ask for ε, or for x; asked for
#
#     v = α·ε − σ·x,    L = the mean over pixels of (v̂(x_t, t, c) − v)²
#
# it has something to say at both ends (Salimans and Ho 2022), and both follow: x̂ = α·x_t − σ·v̂, ε̂ = σ·x_t + α·v̂.
# One text in ten is left out in training, so that the same network also knows what pictures look like without being
# told.

# %%
optimizer, batch, steps, losses = xm.optim.Adam(model.parameters(), lr=2e-3), 128, 1500, []
for step in range(steps):
    i = rng.integers(len(train), size=batch)
    optimizer.groups[0]["lr"] = 2e-3 * (1 - step / steps)
    optimizer.zero_grad()
    loss = model.loss(flat[i], bag(known[i]), rng)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
model.eval()
print(f"loss {losses[0]:.2f}, then {np.mean(losses[-100:]):.2f}; one who answers 0 has 1")
assert np.mean(losses[-100:]) < 0.6

# %% [markdown]
# ## Draw: a step, and again
#
# Begin with noise. Ask for v̂, take x_t apart into x̂ and ε̂, and mix them again for a time s that is a little earlier:
#
#     x_s = α_s·x̂ + σ_s·ε̂
#
# This is DDIM (Song et al. 2021): no fresh noise, the first decides all. Why not jump to s = 0 at once? Because the
# first x̂ is the best answer to nearly pure noise: the mean of all sevens. Each step commits a little.

# %%
words, times = bag(np.arange(10)), np.linspace(0.999, 0, 31)
x = start = np.random.default_rng(5).standard_normal((10, 64), np.float32)
film = []
for t, s in pairwise(times):
    signal, left = model.parted(x, t, words)  # x̂ and ε̂
    alpha, sigma = schedule(s)
    x = alpha * signal + sigma * left  # the code line that is the formula
    film.append((x * model.scale.data + model.centre.data, signal * model.scale.data + model.centre.data))
mine = film[-1][0]
np.testing.assert_allclose(mine, model.draw(words, np.random.default_rng(5)), atol=1e-3)

steps_shown = range(0, 30, 3)
show(
    {
        "7: x_t": [np.clip(film[k][0][7], 0, 1) for k in steps_shown],
        "7: x̂": [np.clip(film[k][1][7], 0, 1) for k in steps_shown],
        "all ten": np.clip(mine, 0, 1),
    },
    "From noise to a seven: where it is, and what it expects to become",
)

# %% [markdown]
# ## Guidance: more seven than seven
#
# The network knows v̂(c), told the word, and v̂(∅), told nothing. Their difference is what the word adds; take more:
#
#     v̂ = v̂(∅) + w·(v̂(c) − v̂(∅))
#
# (Ho and Salimans 2022). The judge will love it. Look at the spread.

# %%
guided = {}
for w in (0.0, 1.0, 1.5, 2.0, 4.0):
    made = np.clip(model.draw(bag(asked), np.random.default_rng(2), guidance=w), 0, 1)
    guided[w] = scores(made, asked)
    table[f"diffusion, w = {w:g}"] = guided[w]
for name, (right, spread, distance) in table.items():
    print(f"{name:18} judged right {right:.0%}, spread {spread:.2f}, Fréchet distance {distance:.2f}")
assert guided[0.0][0] < 0.3 < guided[1.0][0]  # told nothing, it draws any digit
assert guided[2.0][1] < guided[1.0][1] < guided[0.0][1]
assert guided[1.0][2] < guided[2.0][2] < guided[4.0][2]
assert guided[1.0][2] < table["class mean"][2]

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
axes.plot(
    [guided[w][1] for w in guided], [guided[w][0] for w in guided], "o-", color=BLUE, label="diffusion, by guidance"
)
for (w, (right, spread, _)), offset in zip(
    guided.items(), ((-46, -4), (12, -8), (8, -34), (-70, -34), (-70, -10)), strict=True
):
    arrow = {"arrowstyle": "-", "color": GRAY, "linewidth": 0.6}
    axes.annotate(f"w = {w:g}", (spread, right), offset, textcoords="offset points", fontsize=9, arrowprops=arrow)
for name, colour in (("VAE", ORANGE), ("class mean", GRAY), ("real digits", "black")):
    axes.plot(table[name][1], table[name][0], "s", color=colour, label=name)
axes.set(
    xlabel="spread within a digit (real: 1)", ylabel="judged right", title="What guidance gives, and what it takes"
)
axes.legend(frameon=False, loc="lower left")
plt.show()

# %% [markdown]
# ## Is it a copy?
#
# A model that hands out its training pictures would have the best scores of all: right, various, and as near to the
# real ones as real ones are. So look at how near each drawing lies to its nearest training picture, beside how near
# *unseen real* digits do. Far nearer than they: copied. These are further off; there is a little noise left in them.

# %%
nearest = {}
for name, shown in (("real, unseen", real), ("diffusion", model.draw(bag(asked), rng)), ("training", train[:300])):
    apart = np.linalg.norm(shown.reshape(len(shown), 1, 64) - flat, axis=2).min(axis=1)
    nearest[name] = apart.mean()
    print(f"{name:14} {apart.mean():.2f} to the nearest training picture")
assert nearest["training"] < 1e-4
assert nearest["diffusion"] > 0.5 * nearest["real, unseen"]

# %% [markdown]
# The recipe `draw` does both at once: diffusion *in the space of a VAE* (Rombach et al. 2022), at 28 × 28 pixels and
# for emoji; its page is `docs/text-image.md`.
#
# ## Change it and see
#
# - Let `beta` be 1, then 4. What becomes of the divergence, and of the drawings?
# - Draw in 3 steps, in 10, in 100: `model.draw(words, rng, steps=3)`. When does it stop getting better?
# - Give `eta=1.0`: fresh noise in each step, as DDPM has. Do two draws from one first noise still agree?
# - Train with `predict="noise"`. What happens near t = 1, where x̂ = (x_t − σ·ε̂) / α divides by nearly 0?
# - Exercises: `tinyxm check ex25` and `tinyxm check ex26`.
#
# ## What can go wrong
#
# - **All drawings of a word are alike**: guidance too high, or a VAE whose word clouds have shrunk to points.
# - **The VAE ignores z** (posterior collapse): the divergence is 0 and the drawing the mean. Lower β, or let it grow.
# - **The VAE draws rubbish, though it reconstructs well**: β too low, and nobody has ever been where the words point.
# - **Drawings stay noisy**: too few steps, or the data wasn't standardised, so that σ means something else.
# - **The scores are superb**: it copies. Or the judge learned from the pictures that it judges by.
#
# ## Where it came from
#
# Kingma and Welling, and Rezende et al. (2014), the VAE; Sohn et al. (2015) with conditions. Sohl-Dickstein et al.
# (2015) had diffusion, from thermodynamics; Ho et al. (2020) made it draw well; Nichol and Dhariwal (2021) the cosine;
# Song et al. (2021) steps without noise; Ho and Salimans (2022) guidance without a classifier.
#
# ## Three questions
#
# 1. Why does the model that is best by squared error draw a smear?
# 2. With w = 0, what does it draw, and how often will the judge agree by chance?
# 3. At t = 1 the best v̂ is known without any training. What is it, for standardised data, and what x̂ does it give?
#
# ## Answers
#
# 1. The least squared error has the mean of all right answers, and the mean of handwritings is no handwriting.
# 2. Digits, but any: the word takes no part. Once in ten.
# 3. v = ε·0 − 1·x = −x, of which x_t tells nothing; the best guess is the mean: v̂ = −E[x|c], so x̂ = E[x|c], the class
#    mean. The first step always begins there.

# %%
first, _ = model.parted(start, 0.999, words)
first = first * model.scale.data + model.centre.data
off = np.abs(first.reshape(10, 64) - means.reshape(10, 64)).mean()
print(f"the first x̂ differs from the class means by {off:.2f} on average, real digits by "
      f"{np.abs(real - means[asked]).mean():.2f}")  # fmt: skip
assert off < np.abs(real - means[asked]).mean()
