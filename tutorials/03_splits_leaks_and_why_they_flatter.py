# %% [markdown]
# # Splits, leaks, and why they flatter
#
# A test score is a promise: *so well will it do on what it has never seen*. The promise holds where the test's samples
# stand to the training set (what the model learned from) as future ones will (where the world changes, they don't: a
# **distribution shift**). How well a model does there is its **generalisation**. Where some are relatives of training
# samples, the score is mixed:
#
#     score = s · a(known) + (1 − s) · a(new)
#
# with s the share of test samples that have a relative in training, a(known) how well those are done, and a(new) the
# rest. In use s is 0, so the promise is a(new); a leaky split reports something nearer to a(known). This lesson
# measures the difference, on drawings and on voices. It needs the extra `data` for the drawings; for the voices it
# needs the recordings of the Free Spoken Digit Dataset, if you have them (`TINYXM_FSDD` names the folder or zip).

# %%
import matplotlib.pyplot as plt
import numpy as np

from tinyxm import data
from tinyxm.data.drawing import to_pyplot

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"

# %% [markdown]
# ## Two models
#
# Ridge regression to one-hot labels, which sums up all the training set in one matrix, and the nearest neighbour, which
# remembers every sample. Both answer with the class of the largest score. (A *class* is one of the kinds that are to be
# told apart, a sample's *label* its right class. *One-hot*: class 2 of 4 is written 0 0 1 0, counted from 0. *Ridge*:
# the matrix whose products with the samples come nearest to these rows in squared error, with a penalty on large
# weights.)


# %%
def ridge(x, y, classes, queries, penalty=1.0):
    """W = (XᵀX + λI)⁻¹ XᵀY, and the best class of QW."""
    mean = x.mean(axis=0)
    centred, targets = x - mean, np.eye(classes)[y] - np.bincount(y, minlength=classes) / len(y)
    w = np.linalg.solve(centred.T @ centred + penalty * np.eye(x.shape[1]), centred.T @ targets)
    return ((queries - mean) @ w + np.bincount(y, minlength=classes) / len(y)).argmax(axis=1)


def nearest(x, y, classes, queries):
    """The class of the training row whose product with the query is largest (all have unit length)."""
    return y[(queries @ x.T).argmax(axis=1)]


MODELS = {"ridge": ridge, "nearest neighbour": nearest}


def right(model, x, y, split):
    """For each test sample whether the model, trained on the split's training rows, has its class right."""
    train, test = split["train"], split["test"]
    return MODELS[model](x[train], y[train], y.max() + 1, x[test]) == y[test]


# %% [markdown]
# ## Drawings
#
# Each concept is drawn by three hands. The question is its category: animal, food, face ... A random split of the
# drawings puts most concepts on both sides, drawn by another hand. A split by **concept** doesn't, but leaves
# relatives: "woman running" trains for "man running". A split by **family** keeps those together, too. What the models
# get of a drawing, x, is how strongly its edges run in each of eight directions, on 8 × 8 places, and the colours
# there.

# %%
try:
    emoji = data.emoji()
except data.MissingExtra as error:
    raise SystemExit(f"This lesson scores models on real drawings. {error}") from None

HANDS = ("twemoji", "openmoji", "noto")
drawings = np.concatenate([emoji["twemoji"], emoji["openmoji"], emoji["noto"][:, 1]])
concept = np.tile(np.arange(len(emoji)), 3)
names = [emoji["name"][i] for i in concept]
samples = data.Samples(
    {"drawing": drawings, "name": names},
    ids=[f"{emoji.ids[i]} {hand}" for hand in HANDS for i in range(len(emoji))],
    groups={"concept": concept, "family": emoji.groups["family"][concept]},
)
x = data.oriented_gradients(data.composite(drawings))
x /= np.linalg.norm(x, axis=1, keepdims=True)
categories, y = np.unique(emoji.groups["category"][concept], return_inverse=True)

TWO = {"train": 0.8, "test": 0.2}
splits = {
    "at random": data.random_split(samples, TWO, 0),
    "by concept": data.grouped_split(samples.groups["concept"], TWO, 0),
    "by family": data.grouped_split(samples.groups["family"], TWO, 0),
}
chance = data.balance(categories[y], splits["by family"]).chance["test"]
scores = {model: {name: right(model, x, y, split).mean() for name, split in splits.items()} for model in MODELS}
print(f"{len(samples):,} drawings, {len(categories)} categories; always the most frequent one: {chance:.1%} right")
for model, found in scores.items():
    print(f"{model:18}" + "".join(f"  {name} {score:.1%}" for name, score in found.items()))
for found in scores.values():
    assert found["at random"] > found["by concept"] > found["by family"] > chance

# %% [markdown]
# Both models are flattered, but not alike: the nearest neighbour gains three times as much from a known concept as
# ridge does. So a leak does more than flatter: **it prefers what remembers best**, and every choice made by such a
# score (how large a model, how long to train, how much to hold it back from learning by heart) goes the same way.
#
# Is it the mixture that it should be? In the split by concept some test drawings have relatives of their family in
# training, and others haven't. Score the two kinds apart, and put them together by the formula:

# %%
gain = {m: found["at random"] - found["by concept"] for m, found in scores.items()}
print("a known concept gains " + ", ".join(f"{m} {g:.1%}" for m, g in gain.items()))
assert gain["nearest neighbour"] > 2 * gain["ridge"]
split, family = splits["by concept"], samples.groups["family"]
known = np.isin(family[split["test"]], family[split["train"]])
hits = right("nearest neighbour", x, y, split)
s = known.mean()
score = s * hits[known].mean() + (1 - s) * hits[~known].mean()  # the code line that is the formula
print(f"share known {s:.0%}; known {hits[known].mean():.1%} right, new {hits[~known].mean():.1%}: together {score:.1%}")
np.testing.assert_allclose(score, hits.mean())
assert hits[known].mean() > hits[~known].mean() + 0.1

# %% [markdown]
# ## The leak report
#
# You don't have to guess: `split.leaks(samples)` counts, for each pair of parts, shared groups, equal and nearly equal
# drawings, equal and nearly equal texts, and names derived from one another ("cat" in "cat face").

# %%
for name, split in splits.items():
    report = split.leaks(samples)
    print(f"\n{name}: {split}\n{report}")
    counts = {leak.kind: leak.count for leak in report}
    assert ("group concept" in counts) == (name == "at random")
    assert ("group family" in counts) == (name != "by family")
leaky = splits["at random"].leaks(samples)
figure, panels = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
at = np.arange(len(MODELS))
for k, (name, colour) in enumerate(zip(splits, (ORANGE, BLUE, GREEN), strict=True)):
    panels[0].bar(at + 0.27 * (k - 1), [scores[m][name] for m in MODELS], 0.25, color=colour, label=f"split {name}")
panels[0].axhline(chance, color=GRAY, linestyle=":", label="most frequent category")
panels[0].set(title="one model, three splits", ylabel="right", ylim=(0, 1))
panels[0].set_xticks(at, list(MODELS))
panels[0].legend(frameon=False, fontsize=8)
kinds = leaky.checked
tests = len(splits["at random"]["test"])
for k, (name, colour) in enumerate(zip(splits, (ORANGE, BLUE, GREEN), strict=True)):
    counts = {leak.kind: leak.count for leak in splits[name].leaks(samples)}
    panels[1].barh(np.arange(len(kinds)) + 0.27 * (k - 1), [counts.get(kind, 0) for kind in kinds], 0.25, color=colour)
panels[1].set_yticks(range(len(kinds)), kinds)
panels[1].invert_yaxis()
panels[1].set(title=f"what of some {tests} test drawings leaks", xlabel="test drawings")
plt.show()
to_pyplot(leaky.plot(samples))  # the whole report, with pairs to look at
plt.show()

# %% [markdown]
# ## Voices
#
# Six people say the digits 0 to 9, fifty times each. A word is described by its spectrum's course: how loud each of 24
# bands [02] is in each sixteenth of it. A random split has every speaker on both sides; in use the speaker will be a
# stranger. Six folds by speaker ask just that: each voice in turn is the test of a model that has never heard it.
# (*Folds* are parts of which each is the test once, and training data for the others; to score so is
# *cross-validation*.)

# %%
try:
    recordings = data.load("recorded-digits")
except (FileNotFoundError, data.MissingExtra) as error:
    recordings = None
    print(f"No voices, and so no strangers to hear. {error}")

if recordings is not None:
    digits, speakers = recordings.groups["digit"], recordings.groups["speaker"]
    heard = np.array([data.sound_fingerprint(sound) for sound in recordings["audio"]])
    folds = {"at random": data.random_folds(len(heard), 6), "by speaker": data.grouped_folds(speakers, 6)}
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for k, (model, colour) in enumerate(zip(MODELS, (BLUE, ORANGE), strict=True)):
        for j, (how, parts) in enumerate(folds.items()):
            found = np.array([right(model, heard, digits, fold).mean() for fold in parts])
            told = [str(speakers[fold["test"]][0]) for fold in parts] if how == "by speaker" else []
            print(f"{model:18} folds {how:10}: {found.mean():.1%} right, from {found.min():.1%} to {found.max():.1%}")
            axes.plot(found, np.full(6, 2 * k + j), "o", color=colour, alpha=0.8)
            for at in (found.argmin(), found.argmax()) if told else ():
                axes.annotate(told[at], (found[at], 2 * k + j + 0.2), fontsize=7, ha="center")
            scores[model][how] = found.mean()
        assert scores[model]["at random"] - scores[model]["by speaker"] > 0.03
    axes.set_yticks(range(4), [f"{m}, {how}" for m in MODELS for how in folds])
    axes.set(xlabel="digits right, one dot for each fold", title="known voices, and strangers", ylim=(-0.5, 3.8))
    plt.show()

# %% [markdown]
# By known voices the nearest neighbour wins by far. By strangers the two are about even, ridge even ahead, though by
# less than the folds differ: the choice that the leaky score would have made gains nothing. And the dots by speaker lie
# far apart: six strangers are a small test.

# %% [markdown]
# ## A leak without relatives
#
# Samples may all be strangers, and still the test leaks, when anything was *chosen* by all rows. Fifty rows, 5,000
# columns, all of them noise, labels too: no model can do better than half. Choose the 20 columns that go best with the
# labels, by all rows; then split in folds, and score the nearest neighbour on those 20. Or choose them in each fold
# anew, by its training rows alone.

# %%
rng = np.random.default_rng(0)
noise, coin = rng.standard_normal((50, 5000)), rng.permutation(np.arange(50) % 2)


def best_columns(rows, how_many=20):
    agreement = (noise[rows] - noise[rows].mean(axis=0)).T @ (coin[rows] - coin[rows].mean())
    return np.argsort(-np.abs(agreement))[:how_many]


def cross_validated(columns_for, k=5):
    found = []
    for fold in data.stratified_folds(coin, k):
        columns = columns_for(fold["train"])
        some = noise[:, columns] / np.linalg.norm(noise[:, columns], axis=1, keepdims=True)
        found.append(right("nearest neighbour", some, coin, fold))
    return np.concatenate(found).mean()


peeked = cross_validated(lambda train: best_columns(np.arange(50)))
honest = cross_validated(best_columns)
print(f"columns of noise chosen by all rows: {peeked:.0%} right; by the training rows of each fold: {honest:.0%}")
assert peeked > 0.85
assert honest < 0.75

# %% [markdown]
# The same holds for everything that is learned from data: means and deviations for scaling, values that fill gaps,
# vocabularies, principal components. Most do less harm than this; none does any good. In tinyxm they have a `fit`, for
# the training rows, and refuse to work before it: `data.Scale`, `data.Impute`, `data.Prepare`.

# %% [markdown]
# ## Change it and see
#
# - Split by hand: `data.grouped_split(np.repeat(HANDS, len(emoji)), ...)`. What does "new" mean then?
# - Lower the penalty of ridge to 0.001: does it come to remember more, and to gain more from the leak?
# - Choose 500 columns of noise in place of 20, or have 500 rows: when does the peeking cease to pay?
# - Stratify, so that each part has the same share of each kind, by category and hand at once:
#   `data.stratified_split({"category": y, "hand": ...})`, and look at `data.balance`.
# - Exercises: `tinyxm check ex01`, `tinyxm check ex02` and `tinyxm check ex03`.
#
# ## What can go wrong
#
# - **A random split of frames, crops, sentences**: those of one film, picture or book are relatives. Split the films.
# - **A random split of a time series**: the day after tells of the day before. `data.time_split` never looks ahead.
# - **Duplicates**, exact or near, which no group label names: the leak report looks for them. It finds what its
#   measures can see, and no report means no more than that.
# - **Groups that are too few**: six speakers are six samples of "a stranger", however many words they say. Look at the
#   spread over the folds before you believe a difference.
# - **A group larger than its part**: the split can't be as asked; its `notes` say so.
# - **The test used to choose**: every look at it makes it a bit more of a training set. Choose by a **validation**
#   part, cut off the training set, the moment to end training, too (**early stopping**).
#
# ## Where it came from
#
# Kaufman, Rosset and Perlich, "Leakage in data mining" (2011), gave it rules; Hastie, Tibshirani and Friedman, *The
# Elements of Statistical Learning* (2009), section 7.10.2, have the columns of noise; Kapoor and Narayanan, "Leakage
# and the reproducibility crisis in machine-learning-based science" (2023), counted it in 17 fields. Several labels at
# once: Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data" (2011). Drawings: Twemoji (CC BY
# 4.0), OpenMoji (CC BY-SA 4.0), Noto Emoji (OFL 1.1); voices: Jackson and others, Free Spoken Digit Dataset (CC BY-SA
# 4.0).
#
# ## Three questions
#
# 1. A test of 1,000 has 300 near duplicates of training samples, all of them right. The score is 86 %. What will users
#    see?
# 2. Why does the leak favour the nearest neighbour over ridge?
# 3. Scaling was fitted on all rows, before the split. Is the score wrong? By how much?
#
# ## Answers
#
# 1. 0.86 = 0.3 · 1 + 0.7 · a(new), so a(new) = 0.8.
# 2. It has every training sample at hand, so a relative is looked up. Ridge keeps a matrix: what one sample was is lost
#    in the sums, but for what it shares with the others, and that is what serves on new ones, too.
# 3. In principle, yes: test rows had their say. In practice a mean over n rows moves by about 1 / n for each of them,
#    with no label in it, so you'd hardly see it; but it costs nothing to do it right, and choosing columns by labels
#    went just the same way.

# %%
assert np.isclose(0.3 * 1 + 0.7 * 0.8, 0.86)
