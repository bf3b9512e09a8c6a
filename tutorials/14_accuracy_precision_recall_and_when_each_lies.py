# %% [markdown]
# # Accuracy, precision, recall, and when each lies
#
# A metric asks one question, and a model can be good at the question without being good at the task. Four counts are
# behind the commonest ones: of what is there, found or missed (TP, FN); of what isn't, left alone or called (TN, FP).
#
#     accuracy = (TP + TN) / n        precision = TP / (TP + FP)        recall = TP / (TP + FN)
#
#     F1 = 2 · precision · recall / (precision + recall) = 2 TP / (2 TP + FP + FN)
#
# Precision asks: of what was called, how much is so? Recall: of what is so, how much was called? F1 is their harmonic
# mean, which is low where either is. This lesson takes real data and lets each of them lie: accuracy where a class is
# rare, precision where the world is not the test set, recall at k where many answers are right, BLEU where one word is
# the whole meaning, a judge where a generator says one thing only. And each time it asks a second number, which sees
# what the first can't.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, metrics
from tinyxm.models.linear import Logistic

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
rng = np.random.default_rng(0)

# %% [markdown]
# ## A rare class
#
# 569 tumours, 212 of them malignant; a linear model learns from half, by three measures of their cells. Then we make
# malignant ones rare in the test half, 1 in 20, as they would be among people who come to be looked at. All is counted
# from the **confusion matrix**, whose rows are what is and whose columns are what was said. Each class has its own
# precision, recall and F1; *macro* F1 is the mean of the classes' F1, and *balanced accuracy* that of their recalls.

# %%
try:
    tumours = data.load("breast-cancer")
except data.MissingExtra as error:
    raise SystemExit(f"This lesson scores models on real measurements. {error}") from None

malignant = (tumours.groups["diagnosis"] == "malignant").astype(int)
x = np.asarray(tumours["mean"])[:, [1, 4, 5]]  # texture, smoothness, compactness: not the best three
split = data.stratified_split(malignant, {"train": 0.5, "test": 0.5}, 0)
train, test = split["train"], split["test"]
x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
model = Logistic().fit(x[train], malignant[train])
risk = model.probabilities(x)[:, 1]
benign_test, malignant_test = (test[malignant[test] == c] for c in (0, 1))


def rare(share):
    """Test rows in which this share is malignant: all the benign ones, and as few of the others as that takes."""
    return np.concatenate([benign_test, malignant_test[: round(share / (1 - share) * len(benign_test))]])


few = rare(0.05)
y, alarm = malignant[few], (risk[few] > 0.5).astype(int)
never = np.zeros_like(y)
((tn, fp), (fn, tp)) = metrics.confusion_matrix(y, alarm)
print("                  said benign  said malignant")
print(f"is benign         {tn:11}  {fp:14}\nis malignant      {fn:11}  {tp:14}\n")
np.testing.assert_allclose(metrics.f1(y, alarm, average=None)[1], 2 * tp / (2 * tp + fp + fn))
print("                  accuracy  balanced   of malignant: precision  recall    F1   of benign: F1   macro F1")
for name, said in (("the model", alarm), ("always benign", never)):
    precision, recall, f1 = (score(y, said, average=None) for score in (metrics.precision, metrics.recall, metrics.f1))
    print(
        f"{name:18}{metrics.accuracy(y, said):8.2f}{metrics.balanced_accuracy(y, said):10.2f}{precision[1]:26.2f}"
        f"{recall[1]:8.2f}{f1[1]:6.2f}{f1[0]:16.2f}{f1.mean():11.2f}"
    )
assert metrics.accuracy(y, never) > metrics.accuracy(y, alarm)  # accuracy prefers the one that finds nobody
assert metrics.recall(y, never, average=None)[1] == 0 < 0.5 < metrics.recall(y, alarm, average=None)[1]
assert metrics.f1(y, never, average=None)[0] > 0.95  # and so does F1, asked of the benign
assert metrics.f1(y, never) < 0.5 < metrics.f1(y, alarm)

# %% [markdown]
# The model finds two of three tumours at the price of some false alarms, and "always benign" is *more accurate*.
# Balanced accuracy and macro F1 know better: half is what they give at best for saying always the same. F1 lies, too:
# it never looks at TN, so it depends on which class is asked. Of the malignant it gives "always benign" 0, of the
# benign 0.98. And it takes a missed tumour for as bad as a false alarm.
#
# And nine tumours are few. An interval says so, where a bare 0.67 wouldn't:

# %%
hits = alarm[y == 1].astype(float)
low, high = metrics.bootstrap(np.mean, hits, rng=rng)
print(f"recall {hits.mean():.2f} of {len(hits)}: from {low:.2f} to {high:.2f}")
assert high - low > 0.4

# %% [markdown]
# ## The same model in another world
#
# Recall r and the false alarm rate f belong to the model. Precision doesn't: with the share π of what is looked for,
#
#     precision = r π / (r π + f (1 − π))
#
# A test set in which every third tumour is malignant promises a precision that nobody will see where it's one in a
# hundred. The area under the ROC curve, how often a malignant tumour is given a higher risk than a benign one, doesn't
# move at all, which is why it is liked, and why it is liked too much.

# %%
r, f = (risk[malignant_test] > 0.5).mean(), (risk[benign_test] > 0.5).mean()
shares = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.37])
promised = r * shares / (r * shares + f * (1 - shares))  # the code line that is the formula
seen = np.zeros((len(shares), 3))
for i, share in enumerate(shares):
    for _ in range(200):  # which of the malignant ones came is chance; many weeks are averaged
        week = np.concatenate([benign_test, rng.choice(malignant_test, max(1, round(share / (1 - share) * 179)))])
        true, says = malignant[week], (risk[week] > 0.5).astype(int)
        confusion = metrics.confusion_matrix(true, says, 2)
        seen[i] += [confusion[1, 1] / 200, confusion[0, 1] / 200, metrics.roc_auc(true, risk[week]) / 200]
    seen[i, :1] /= seen[i, 0] + seen[i, 1]
    print(
        f"1 in {1 / share:3.0f}: precision {seen[i, 0]:.2f}, by the formula {promised[i]:.2f}; ROC AUC {seen[i, 2]:.2f}"
    )
np.testing.assert_allclose(seen[:, 0], promised, atol=0.04)
assert np.ptp(seen[:, 2]) < 0.03 < promised[-1] - promised[0]

# %% [markdown]
# ## Many right answers
#
# Look for handwritten digits by a handwritten digit: a quarter of the pictures ask, half of them can be found, and each
# picture of the same digit is a right answer, some ninety in 898. "Recall at 10" may mean two things: *is one of them
# among the first ten* (`recall_at`), or *how many of them are* (`found_at`). The **median rank** is the place of the
# first right answer, for the middle one of all who ask. **mAP**, mean average precision, asks for all right answers: it
# goes down the list, notes at each of them the precision so far, and takes the mean. And by chance?

# %%
digits = data.load("handwritten-8")
pixels = (np.asarray(digits["image"]).reshape(len(digits), -1) / 255).astype(np.float32)
label = np.asarray(digits.groups["digit"]).astype(int)
parts = data.stratified_split(label, {"train": 0.5, "test": 0.25, "other": 0.25}, 0)
train, test, other = parts["train"], parts["test"], parts["other"]
directions = pixels - pixels[train].mean(axis=0)
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
right = label[test][:, None] == label[train]
for name, similarity in (
    ("nearest", directions[test] @ directions[train].T),
    ("at random", rng.normal(size=right.shape)),
):
    ranks = metrics.ranks(similarity, right)
    one, share = metrics.recall_at(ranks, 10), metrics.found_at(similarity, 10, right).mean()
    middle, mean_ap = metrics.median_rank(ranks), metrics.mean_average_precision(similarity, right)
    print(f"{name:10} one of them among 10 {one:.2f}, share found in 10 {share:.2f}, median rank {middle:.0f}, "
          f"mAP {mean_ap:.2f}")  # fmt: skip
assert one > 0.6  # the last of the loop: by chance
assert share < 0.02

# %% [markdown]
# At random one of ten is right two times in three: it means nothing without chance beside it. And 0.10 is nearly all
# that ten places can hold of ninety. mAP sees what lies behind them: the first answer is nearly always right, the
# ninetieth isn't.
#
# ## A word is the whole meaning
#
# Scenes of shapes, which a program draws, come with true captions and with foils, which are false: one word, or the
# relation, is exchanged. And a caption can be said the other way round, "A left of B" as "B right of A", and stay true.
# What does BLEU say of the two? It asks which share of the words said, and of their pairs, threes and fours, stands in
# the reference, too; BLEU-4 is the geometric mean of the four shares, BLEU-1 the first alone (lesson 20 uses it).

# %%
scenes = data.load("scenes", n=1200)
captions, foils = scenes["text"], scenes["foil"]
TURNED = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


def turned(caption):
    """The same, said the other way round; None where there are no two things to turn."""
    for relation, back in TURNED.items():
        first, found, second = caption.partition(f" {relation} ")
        if found:
            return f"{second} {back} {first}"
    return None


pairs = [i for i, caption in enumerate(captions) if turned(caption)]
true = [captions[i] for i in pairs]
for name, said in (("true, turned", [turned(t) for t in true]), ("false, one word", [foils[i] for i in pairs])):
    print(f"{name:16} BLEU-1 {metrics.bleu(true, said, 1):.2f}  BLEU-4 {metrics.bleu(true, said):.2f}  {said[0]!r}")
truth, lie = (metrics.bleu(true, said) for said in ([turned(t) for t in true], [foils[i] for i in pairs]))
assert truth < lie - 0.1  # BLEU prefers the falsehood
both = [[t, turned(t)] for t in true]
print(f"with both ways as references the truth has {metrics.bleu(both, [turned(t) for t in true]):.2f}")

# %% [markdown]
# So captions of pictures need a judge of meaning beside BLEU (is each relation right?), and several references. How
# BLEU flatters who is handed the true words before each, lesson 20 shows.
#
# ## The judge is fooled
#
# Now generators of digits. A judge, a small network trained on real ones and then frozen, says whether a made "7" is a
# 7. Five generators stand beside real pictures of another part: two that say one thing per digit, one that copies. What
# is asked of them, on the judge's 32 features: **precision**, which share of the made lie among real ones (no farther
# from one than its fifth nearest neighbour); **recall**, which share of the real lie so among the made; **spread**, how
# widely the made of a class vary, beside the real; and the **Fréchet distance**, how far apart two Gaussians are which
# have the means and covariances of the made and of the real.

# %%
hidden, out = xm.nn.Linear(64, 32, rng=rng), xm.nn.Linear(32, 10, rng=rng)
optimizer = xm.optim.Adam(hidden.parameters() + out.parameters(), lr=0.01)
for _ in range(400):
    rows = rng.choice(train, 128)
    optimizer.zero_grad()
    xm.ops.cross_entropy(out(xm.ops.relu(hidden(pixels[rows]))), label[rows]).backward()
    optimizer.step()


def looked_at(pictures):
    """The judge's features (n, 32), and what it takes them for (n, 10)."""
    features = xm.ops.relu(hidden(pictures.astype(np.float32)))
    return features.data, out(features).data


asked = label[test]
own = [train[label[train] == c] for c in range(10)]
surest = np.stack([pixels[rows[looked_at(pixels[rows])[1][:, c].argmax()]] for c, rows in enumerate(own)])
means = np.stack([pixels[rows].mean(axis=0) for rows in own])
gaussian = np.empty_like(pixels[test])
for c, rows in enumerate(own):
    covariance = np.cov(pixels[rows].T) + 1e-6 * np.eye(64)
    gaussian[asked == c] = rng.multivariate_normal(pixels[rows].mean(axis=0), covariance, np.sum(asked == c))
copies = np.array([rng.choice(own[c]) for c in asked])
made = {
    "real, another part": (pixels[other], label[other]),
    "class Gaussian": (np.clip(gaussian, 0, 1), asked),
    "one picture a class": (surest[asked], asked),
    "class mean": (means[asked], asked),
    "real with noise": (np.clip(pixels[other] + 0.25 * rng.normal(size=(len(other), 64)), 0, 1), label[other]),
    "training copies": (pixels[copies], asked),
}
real, _ = looked_at(pixels[test])
table = {}
for name, (pictures, wanted) in made.items():
    features, guesses = looked_at(pictures)
    table[name] = {
        "judge": metrics.accuracy(wanted, guesses.argmax(axis=1)),
        "precision": metrics.generation_precision(real, features, 5),
        "recall": metrics.generation_recall(real, features, 5),
        "spread": metrics.within_class_spread(real, asked, features, wanted).mean(),
        "Fréchet": metrics.frechet_distance(real, features),
    }
    print(f"{name:20}" + "".join(f" {key} {value:.2f} " for key, value in table[name].items()))
for name in ("one picture a class", "class mean"):
    assert table[name]["judge"] >= table["real, another part"]["judge"]  # better than the real thing!
    assert table[name]["recall"] == 0
    assert table[name]["spread"] < 0.01
    assert table[name]["Fréchet"] > 5 * table["real, another part"]["Fréchet"]

# %% [markdown]
# The judge likes "one picture a class" *better than real digits*: these are what it is surest of. Precision likes the
# class mean, which lies in the middle of all. Recall and the spread within a class say 0 of both. The Fréchet distance
# sees it as well, but is not 0 for real digits either: with 450 pictures that is its floor, and the row to compare
# with. And **nothing here sees the copies**: they are real, various, and worthless. Only a look at the nearest training
# picture does (lesson 21).

# %%
figure = plt.figure(figsize=(11, 5.4), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=(1.9, 1))
left, middle, last = top.subplots(1, 3, width_ratios=(1, 1, 1.25))
left.plot(100 * shares, seen[:, 0], "o", color=BLUE, label="precision, measured")
left.plot(100 * shares, promised, color=BLUE, label="by the formula")
left.plot(100 * shares, seen[:, 2], "s-", color=GRAY, markersize=4, label="ROC AUC")
left.set(xscale="log", xlabel="malignant, %", ylim=(0, 1), title="one model, rarer and rarer")
left.set_xticks([1, 5, 37], ["1", "5", "37"])
left.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, 0.85))
names = ["true, turned", "false, one word"]
middle.barh(names, [truth, lie], color=[GREEN, ORANGE], height=0.6)
middle.set(title="BLEU-4 of a truth and a lie", xlim=(0, 1))
middle.invert_yaxis()
middle.tick_params(axis="y", length=0)
places = np.arange(len(table))
for k, (key, colour) in enumerate(
    zip(("judge", "precision", "recall", "spread"), (GRAY, BLUE, GREEN, PURPLE), strict=True)
):
    last.barh(places + 0.2 * (k - 1.5), [row[key] for row in table.values()], 0.19, color=colour, label=key)
last.set_yticks(places, list(table))
last.invert_yaxis()
last.set(title="real digits, five generators", xlim=(0, 1.15))
last.tick_params(axis="y", length=0)
last.legend(frameon=False, fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.4, -0.08))
for axes in (left, middle, last):
    axes.spines[["top", "right"]].set_visible(False)
for axes, (name, (pictures, wanted)) in zip(bottom.subplots(2, 3).flat, made.items(), strict=True):
    rows = np.concatenate([np.flatnonzero(wanted == c)[:3] for c in (3, 5, 7)])
    axes.imshow(np.hstack(pictures[rows].reshape(-1, 8, 8)), cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(name, fontsize=10, loc="left")
    axes.set_axis_off()
plt.show()

# %% [markdown]
# ## Which of two is better?
#
# Two methods answer the same questions; what is hard for one is hard for the other. So don't lay two intervals side by
# side: look at the difference, question by question. `paired_bootstrap` gives its interval, `permutation_test` how
# often it would come about if both were alike.

# %%
nearest = label[train][(directions[test] @ directions[train].T).argmax(axis=1)] == asked
linear = Logistic().fit(pixels[train], label[train]).predict(pixels[test]) == asked
one, two = nearest.astype(float), linear.astype(float)
for name, values in (("nearest neighbour", one), ("linear", two)):
    low, high = metrics.bootstrap(np.mean, values, rng=rng)
    print(f"{name:18} {values.mean():.3f}, from {low:.3f} to {high:.3f}")
difference = metrics.paired_bootstrap(np.mean, one, two, rng=rng)
p = metrics.permutation_test(one, two, rng=rng, permutations=999)
print(f"difference {difference.value:.3f}, from {difference.low:.3f} to {difference.high:.3f}; p = {p:.3f}")
assert difference.low <= difference.value <= difference.high

# %% [markdown]
# Side by side the intervals overlap; the paired one just misses 0, and p is just above 0.05. Where two honest methods
# disagree like this, the answer is "perhaps": ask more questions, don't choose the method that says yes.

# %% [markdown]
# ## Change it and see
#
# - Let the alarm ring at a risk of 0.1, or 0.9. Which of precision and recall gains? Which threshold does F1 like best?
# - Make the retrieval's gallery a tenth as large (`train[::10]`). Which scores rise although nothing has become better?
# - Score both by `metrics.chrf` (n-grams of letters) and by `metrics.word_error` instead. Is the truth still the worse?
# - Compare 50 real pictures with 50 others by the Fréchet distance, then 200 with 200. What becomes of the floor?
# - Exercises: `tinyxm check ex17` and `tinyxm check ex18`.
#
# ## What can go wrong
#
# - **A score without its baseline**: one of ten in 0.67 is chance, accuracy 0.95 is "always benign".
# - **Averages that hide**: macro F1 over 100 classes with one at 0; a mean spread with one class collapsed. Look at the
#   least, too.
# - **Two numbers of one name**: recall at k; F1 of which class, or macro, or micro (all classes' counts added first:
#   with one label a sample that's accuracy); BLEU with other tokens. Say which.
# - **A judge that helped**: if the generator was trained on the judge's gradient, its accuracy is no longer a test.
# - **Too many metrics**: of twenty, one will say what you hoped. Choose before you look.
#
# ## Where it came from
#
# Precision and recall: Kent et al. (1955), Cranfield's experiments of retrieval; F1: van Rijsbergen (1979); ROC curves
# come from radar. Papineni et al., "BLEU" (2002). Salimans et al. (2016) let a judge score generators, Heusel et al.
# (2017) took the Fréchet distance, and Kynkäänniemi et al. (2019) parted precision from recall. Saito and Rehmsmeier,
# "The precision-recall plot is more informative than the ROC plot" (2015). Tumours: Wolberg et al., UCI (CC BY 4.0);
# digits: Alpaydin and Kaynak, UCI (CC BY 4.0), both as scikit-learn ships them.
#
# ## Three questions
#
# 1. A test finds 90 % of a disease and rings falsely for 5 % of the healthy. One in a thousand has it. It rings: how
#    likely is it right?
# 2. Of 1,000 people 50 are ill. A model finds 40 of them, with 60 false alarms. Precision, recall and F1 of the ill?
#    And accuracy, beside "all are healthy"?
# 3. Why can't a spread of 1 within each class prove a generator good?
#
# ## Answers
#
# 1. 0.9 · 0.001 / (0.9 · 0.001 + 0.05 · 0.999) = 1.8 %.
# 2. 40 / 100 = 0.40; 40 / 50 = 0.80; 80 / (80 + 60 + 10) = 0.53. Accuracy: 0.93, and 0.95 for "all are healthy".
# 3. It doesn't say where: noise of the right size spreads as much. It needs precision or the judge beside it.

# %%
assert np.isclose(0.9 * 0.001 / (0.9 * 0.001 + 0.05 * 0.999), 0.018, atol=5e-4)
ill, called = np.repeat([1, 1, 0, 0], [40, 10, 60, 890]), np.repeat([1, 0, 1, 0], [40, 10, 60, 890])
assert np.isclose(metrics.f1(ill, called, average=None)[1], 0.53, atol=0.005)
assert np.isclose(metrics.accuracy(ill, called), 0.93)
