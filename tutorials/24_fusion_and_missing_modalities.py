# %% [markdown]
# # Fusion, and what to do when a modality is missing
#
# A doctor has a picture, a lab value and a history; one day the lab value isn't there. **Fusion** makes one answer of
# several modalities, and the one idea of this lesson is that *absence is an input*: a model that wasn't taught what
# absence means takes the zeros that stand in its place for a finding.
#
# The simplest fusion asks each modality alone and multiplies what they say, as if they were independent given the
# class (Kittler et al. 1998, the product rule):
#
#     ln p(c | x₁ … x_M) = Σ over present m of ln p(c | xₘ) − (present − 1)·ln p(c) + constant
#
# Leaving out a factor is all that absence needs. But a product of opinions can't see what only two together show; for
# that a model has to look at both, and be taught to do without either.

# %%
import matplotlib.pyplot as plt
import numpy as np

from tinyxm import data, nn, optim
from tinyxm.autograd import no_grad
from tinyxm.metrics import accuracy, bootstrap
from tinyxm.models.fusion import FUSIONS, Fusion, modality_dropout
from tinyxm.ops import softmax

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"

# %% [markdown]
# ## A table whose columns are modalities
#
# 569 tumours; ten measures of the cells' nuclei, each as a mean, as its standard error, and as the worst three. We take
# the three kinds as modalities. What is normalised is normalised by the training part alone.

# %%
try:
    tumours = data.load("breast-cancer")
except data.MissingExtra as error:
    raise SystemExit(f"This lesson learns from measures of tumours. {error}") from None

names, labels = ("mean", "error", "worst"), (tumours.groups["diagnosis"] == "malignant").astype(int)
split = data.stratified_split(labels, {"train": 0.6, "test": 0.4}, 0)
train, test = split["train"], split["test"]
inputs = []
for name in names:
    x = tumours[name]
    inputs.append(((x - x[train].mean(0)) / x[train].std(0)).astype(np.float32))
print(f"{len(train)} to train on, {len(test)} to ask about, {labels[test].mean():.0%} of them malignant")

# %% [markdown]
# ## Fusing is a few lines
#
# Each modality has an encoder, 10 numbers → 16; then one of five ways to fuse. `present` says what is there; during
# training `modality_dropout` takes modalities away at random.


# %%
def train_one(way, missing, seed=0, steps=300):
    """A fusion trained with modalities missing at this rate."""
    rng = np.random.default_rng(seed)
    encoders = [nn.Sequential(nn.Linear(10, 16, rng=rng), nn.ReLU()) for _ in names]
    model = Fusion(encoders, FUSIONS[way](len(names), 16, 2, hidden=16, rng=rng))
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    for _ in range(steps):
        rows = rng.choice(train, 64)
        present = modality_dropout(np.ones((64, 3), bool), missing, rng)
        optimizer.zero_grad()
        model.loss([x[rows] for x in inputs], present, labels[rows]).backward()
        optimizer.step()
    return model


def answers(model, present):
    """The likelier class of each test sample, (n,)."""
    with no_grad():
        return model([x[test] for x in inputs], present).data.argmax(axis=1)


models = {way: train_one(way, missing=0.3) for way in FUSIONS}
everything = np.ones((len(test), 3), bool)
for way, model in models.items():
    print(f"{way:16} {accuracy(labels[test], answers(model, everything)):.1%} with all three")

# %% [markdown]
# ## Each modality alone: the bar to beat
#
# `Late` trains a classifier for each modality alone; with the others absent it says what that one says. Fusion has
# gained something only where it beats the best of them, and the linear model on all columns side by side.

# %%
for m, name in enumerate(names):
    alone = np.zeros_like(everything)
    alone[:, m] = True
    print(f"{name + ' alone':16} {accuracy(labels[test], answers(models['late'], alone)):.1%}")

# %% [markdown]
# ## The formula is the code
#
# `Late.forward`, by hand: ln p of what is present, summed, less the prior's for all but one.

# %%
some = np.array([[True, False, True]])
row = [x[test[:1]] for x in inputs]
head = models["late"].head
with no_grad():
    vectors, _ = models["late"].vectors(row, some)
    said = [scores.data[0] for scores in head.alone(vectors)]
    prior = head.prior.data[0] - np.log(np.exp(head.prior.data[0]).sum())
    by_hand = said[0] + said[2] - prior
    print("by hand", by_hand.round(4), "  the model", models["late"](row, some).data[0].round(4))
    assert np.allclose(by_hand, models["late"](row, some).data[0], atol=1e-5)

# %% [markdown]
# ## Less and less
#
# Each modality of each tumour is missing at a rate from 0 to 100 %. Beside the five stands an early fusion that was
# never taught to do without: it takes the zeros for average measures. At 100 % a good model knows one thing, how
# frequent the classes are.

# %%
rates = np.linspace(0, 1, 6)
models["early, never taught"] = train_one("early", missing=0.0)
curves = {}
for way, model in models.items():
    rng, found = np.random.default_rng(1), []
    for rate in rates:
        absences = [modality_dropout(everything, rate, rng) for _ in range(5)]
        right = np.mean([answers(model, present) == labels[test] for present in absences], axis=0)
        found.append((right.mean(), *bootstrap(np.mean, right, rng=np.random.default_rng(0), resamples=200)))
    curves[way] = np.array(found)
    print(f"{way:20}", " ".join(f"{value:.1%}" for value in curves[way][:, 0]))

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for (way, found), colour in zip(curves.items(), (BLUE, ORANGE, GREEN, PURPLE, "#56B4E9", GRAY), strict=True):
    style = "--" if "never" in way else "-"
    axes.plot(
        100 * rates, 100 * found[:, 0], style, color=colour, marker="o", markersize=4, label=way.replace("_", " ")
    )
    axes.fill_between(100 * rates, 100 * found[:, 1], 100 * found[:, 2], color=colour, alpha=0.08, linewidth=0)
commonest = 100 * max(labels[test].mean(), 1 - labels[test].mean())
axes.axhline(commonest, color=GRAY, linewidth=1, linestyle=":")
axes.text(0, commonest + 0.6, "always the commonest class", color=GRAY, fontsize=9)
axes.set_xlabel("modalities missing, %")
axes.set_ylabel("tumours told right, %")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# ## What a product of opinions can't see
#
# Two switches; the lamp is on where they agree, and each of the four cases is there equally often. Neither switch alone
# tells anything, so late fusion can only guess: ½ for each answer. A gate, which takes a weighted mean, becomes sure in
# two cases and guesses in the two others. What each gives the right answer, on average:

# %%
rng = np.random.default_rng(0)
switches = np.array([(a, b) for a in (-1, 1) for b in (-1, 1)] * 64, np.float32)
lamp, given = (switches[:, 0] == switches[:, 1]).astype(int), {}
for way in FUSIONS:
    encoders = [nn.Sequential(nn.Linear(1, 8, rng=rng), nn.ReLU()) for _ in range(2)]
    model = Fusion(encoders, FUSIONS[way](2, 8, 2, rng=rng))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    both, present = [switches[:, :1], switches[:, 1:]], np.ones((256, 2), bool)
    for _ in range(150):
        optimizer.zero_grad()
        model.loss(both, present, lamp).backward()
        optimizer.step()
    with no_grad():
        given[way] = softmax(model(both, present)).data[np.arange(256), lamp].mean()
    print(f"{way:16} {given[way]:.0%}")
assert np.isclose(given["late"], 0.5, atol=0.02)
assert np.isclose(given["gated"], 0.75, atol=0.02)
assert min(given[way] for way in ("early", "low_rank", "cross_attention")) > 0.98

# %% [markdown]
# ## Change it and see
#
# - Train with `missing=0.7`: what does it cost where everything is there?
# - Take only "worst" away, always (`everything[:, 2] = False`). Which way minds most?
# - Put `models["gated"].head.weights(*models["gated"].vectors(row))` on the screen: whom does it believe?
# - Exercise: `tinyxm check ex29`.
#
# ## What can go wrong
#
# - **Zeros that look like a finding.** After normalisation 0 is the average. Say `present`, and train with absences.
# - **Missing isn't at random.** A test that a doctor ordered tells that somebody was worried. Dropping at random, as
#   here, is the kindest kind of absence; a model that learns "ordered, therefore ill" fails where customs differ.
# - **A gain that is none.** With one split of 228 tumours the five ways are within each other's intervals. Fusion must
#   be shown beside each modality alone and beside a linear model on all columns, or nothing has been shown.
# - **Evidence counted twice.** The three kinds of measure repeat one another, and a product takes them for independent:
#   late fusion is right as often, and far too sure.
#
# ## Where it came from
#
# Product rule: Kittler, Hatef, Duin & Matas 1998. Gates: Arevalo et al. 2017. Low-rank tensors: Liu et al. 2018.
# Attention between modalities: Tsai et al. 2019. Dropping modalities: Neverova et al. 2016, ModDrop. Survey:
# Baltrušaitis, Ahuja & Morency 2019. Tumours: Wolberg, Mangasarian, Street & Street 1993 (UCI, CC BY 4.0).
#
# ## Three questions
#
# 1. Why is −(present − 1)·ln p(c) in the product rule?
# 2. The early fusion that was never taught falls faster than the one that was. Where did the points go?
# 3. Why does low-rank fusion let the factor of an absent modality start at 1 rather than at 0?
#
# ## Answers
#
# 1. Each p(c | xₘ) holds the prior p(c) once already (Bayes: p(c | x) ∝ p(x | c)·p(c)); a product of k of them holds it
#    k times, and k − 1 must go. With none present, k = 0, the rule gives p(c) itself.
# 2. It takes the zeros of an absent modality for average measures, which speak for a harmless tumour, and adds them to
#    the evidence. The one that was taught has learned to lean the more on what is there.
# 3. It multiplies: with 0 the product of the others would be gone, with 1 it stays as it is.
