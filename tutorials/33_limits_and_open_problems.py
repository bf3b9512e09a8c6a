# %% [markdown]
# # Limits and open problems
#
# You have trained arrows between pictures, words, sounds and films. What can't you do with that? Four walls stand
# around it: **data**, **cost**, **understanding**, and **whom the data leave out**. The one idea of this last lesson:
# **a limit is a number, too. Measure it, and only then decide what to do about it.** What more data bring follows, for
# a while, a power law, whose formula is
#
#     error(n) ≈ a·n^−b,    so that    ln error = ln a − b·ln n,    a straight line on logarithmic axes
#
# At the end stand the questions that are asked in every course, with short answers.

# %%
import math
import time
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, nn, ops, optim
from tinyxm.metrics import bootstrap
from tinyxm.models.linear import Logistic

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
rng = np.random.default_rng(0)

try:
    samples = data.load("handwritten-28")
except data.MissingExtra as error:
    raise SystemExit(f"This lesson measures on real handwriting. {error}") from None

pixels = samples["image"].reshape(len(samples), -1).astype(np.float32) / 255
digits = samples.groups["digit"]
split = data.stratified_split(digits, {"train": 0.8, "test": 0.2}, rng=0)
pool, test = rng.permutation(split["train"]), split["test"]

# %% [markdown]
# ## Data: what would more of it bring?
#
# A small network is trained on 50 to 1,000 handwritten digits, three times each, on other digits. A line is laid
# through the mean errors, and says what 4,000 would bring. **Then it's asked**: only a forecast that was checked is
# one. Beside it the nearest neighbour, which learns nothing and has a line of its own.


# %%
def network(seed):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Linear(784, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng))


def trained(rows, seed, steps=250):
    rng, model = np.random.default_rng(seed), network(seed)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for _ in range(steps):
        chosen = rng.choice(rows, 50)
        optimizer.zero_grad()
        ops.cross_entropy(model(pixels[chosen]), digits[chosen]).backward()
        optimizer.step()
    return model


def wrong(model):
    with xm.no_grad():
        return model(pixels[test]).data.argmax(axis=1) != digits[test]


def wrong_by_neighbour(rows):
    near = pixels[test] @ pixels[rows].T - 0.5 * (pixels[rows] ** 2).sum(axis=1)  # the larger, the nearer
    return digits[rows][near.argmax(axis=1)] != digits[test]


sizes, large = np.array([50, 100, 200, 500, 1000]), 4000
curves = {"network": [], "nearest neighbour": []}
for size in sizes:
    parts = [pool[i * size : (i + 1) * size] for i in range(3)]
    curves["network"].append(np.mean([wrong(trained(rows, seed)).mean() for seed, rows in enumerate(parts)]))
    curves["nearest neighbour"].append(np.mean([wrong_by_neighbour(rows).mean() for rows in parts]))

figure, panel = plt.subplots(figsize=(7, 3.8), layout="constrained")
for (name, errors), colour in zip(curves.items(), (BLUE, ORANGE), strict=True):
    slope, intercept = np.polyfit(np.log(sizes), np.log(errors), 1)  # the code line that is the formula
    forecast = math.exp(intercept) * large**slope
    answers = wrong_by_neighbour(pool) if "near" in name else wrong(trained(pool, 0))
    measured, (low, high) = answers.mean(), bootstrap(np.mean, answers, rng=rng)
    for_one = math.exp((math.log(0.01) - intercept) / slope)
    print(f"{name:18} wrong at {sizes.tolist()}: {', '.join(f'{e:.1%}' for e in errors)}; b = {-slope:.2f}")
    print(f"{'':18} at {large:,}: forecast {forecast:.1%}, measured {measured:.1%} [{low:.1%}, {high:.1%}]")
    print(f"{'':18} 1 % wrong would take {for_one:,.0f}, says the line, {for_one / 4000:.0f} times what was checked")
    assert 0.5 < forecast / measured < 2
    panel.plot(sizes, errors, "o", color=colour, label=name)
    panel.plot([50, large], np.exp(intercept) * np.array([50, large]) ** slope, color=colour, linewidth=1)
    panel.errorbar(large, measured, [[measured - low], [high - measured]], fmt="s", color=colour, fillstyle="none")
longer = wrong(trained(pool, 0, steps=1500)).mean()
panel.plot(large, longer, "*", color=BLUE, markersize=10, label="network, six times as many steps")
print(f"network at {large:,}, with 1,500 steps in place of 250: {longer:.1%}")
panel.set(xscale="log", yscale="log", xlabel="digits to learn from", ylabel="wrong, of digits never seen")
panel.set_xticks([50, 200, 1000, 4000], ["50", "200", "1,000", "4,000"])
panel.set_yticks([0.05, 0.1, 0.2, 0.4], ["5%", "10%", "20%", "40%"])
panel.minorticks_off()
panel.set_title("lines through the dots; squares: what came", fontsize=10)
panel.legend(frameon=False)
panel.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The neighbour's forecast came true. The network's didn't: all its trainings had the same 250 steps, and at 4,000
# digits that, not the data, is what it lacks; with more steps it comes nearer to its line. **A line tells of one wall,
# while no other stands before it.** With b a little below ½, half the error takes five times the data, and then again.
# A line is no law of nature either: a better model, or more varied data, moves it, and no error falls for ever; what
# two people would read differently remains. And n counts what is *new*: a thousand further recordings of the same five
# speakers aren't a thousand samples of how people speak. Nobody knows yet how to say beforehand what b a task will
# have: that's an open problem.
#
# ## Cost: what grows how?
#
# The tape tells whoever listens of each operation, with the arithmetic that it takes (`event.flops`, from the kernels'
# own formulas; an elementwise operation counts one for each number). So a step can be *counted*. Beside that it's
# measured: the largest memory at a time, and time itself, which on a busy machine means little.


# %%
def counted(step):
    """Operations, bytes at most, and seconds of a forward and backward pass."""
    total = 0

    def add(event):
        nonlocal total
        total += event.flops

    with xm.listen(add):
        step()
    tracemalloc.start()
    step()
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    start = time.perf_counter()
    step()
    return total, memory, time.perf_counter() - start


def random(*shape):
    return xm.Tensor(rng.normal(size=shape).astype(np.float32), requires_grad=True)


def layer(width):  # 64 rows through a layer of width × width
    x, w = random(64, width), random(width, width)
    return lambda: (x @ w).sum().backward()


def attend(length):  # a sentence, each word looking at each
    q, k, v = (random(length, 32) for _ in range(3))
    return lambda: (ops.softmax(q @ k.T, axis=1) @ v).sum().backward()


def attend_in_blocks(length):  # the same, by a kernel that never has the whole table in memory
    q, k, v = (random(length, 32) for _ in range(3))
    return lambda: ops.attention(q, k, v).sum().backward()


def contrast(batch):  # pairs, each against each
    a, b = random(batch, 32), random(batch, 32)
    return lambda: ops.info_nce(ops.unit_length(a), ops.unit_length(b), 10.0).backward()


grown = [256, 512, 1024, 2048]
figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for (name, make), colour in zip(
    {
        "layer, by width": layer,
        "attention, by length": attend,
        "the same, in blocks": attend_in_blocks,
        "contrastive, by batch": contrast,
    }.items(),
    (BLUE, ORANGE, PURPLE, GREEN),
    strict=True,
):
    make(64)()  # what is compiled is compiled now
    rows = np.array([counted(make(size)) for size in grown])
    powers = [np.polyfit(np.log(grown[-3:]), np.log(rows[-3:, i]), 1)[0] for i in range(2)]
    print(f"{name:22} operations ∝ size^{powers[0]:.2f}, memory ∝ size^{powers[1]:.2f}; at {grown[-1]:,}:", end=" ")
    print(f"{rows[-1, 0] / 1e6:,.0f} million operations, {rows[-1, 1] / 2**20:.0f} MiB, {rows[-1, 2] * 1e3:.0f} ms")
    assert 1.8 < powers[0] < 2.1
    for panel, i, unit in ((panels[0], 0, 1e6), (panels[1], 1, 2**20)):
        panel.plot(grown, rows[:, i] / unit, "o:" if "attention" in name else "o-", color=colour, label=name)
for panel, what in zip(panels, ("operations, millions", "memory at most, MiB"), strict=True):
    panel.set(xscale="log", yscale="log", xlabel="size", ylabel=what)
    panel.set_xticks(grown, [f"{size:,}" for size in grown])
    panel.minorticks_off()
    panel.spines[["top", "right"]].set_visible(False)
panels[0].legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# All are squares: twice the width, the length or the batch is four times the arithmetic. (Twice the *rows* through a
# layer is twice.) A contrastive loss wants large batches, for more rivals, and pays with their square; a film has as
# many words as pixels × moments, so that attention between all of them is out of reach. *Memory* needn't be a square: a
# kernel that goes block by block never keeps the table, and counts again on the way back (purple; Dao et al. 2022).
# Attention in less than a square of *arithmetic* that loses nothing is an open problem.
#
# How far is a laptop from what is in the papers? CLIP's largest Transformer learned from 400 million pairs for 12 days
# on 256 V100 GPUs (Radford et al. 2021). Had each done no more than a tenth of its 15.7 TFLOP/s in float32:

# %%
operations = 256 * 12 * 86_400 * 0.1 * 15.7e12
x, took = rng.normal(size=(512, 512)).astype(np.float32), []
for _ in range(20):
    start = time.perf_counter()
    x @ x
    took.append(time.perf_counter() - start)
speed = 2 * 512**3 / min(took)
years = operations / speed / (365 * 86_400)
print(
    f"{operations:.0e} operations; at this machine's {speed / 1e9:.0f} GFLOP/s, in matrix products: {years:,.0f} years"
)
assert years > 10

# %% [markdown]
# That's no reason not to learn on a laptop: every idea of it stands in these lessons at a size that you can look into.
# It's a reason to *use* such models ready-made where you need them.
#
# ## Understanding: two models, one score, two reasons
#
# Lesson 26 tests maps of what a model looked at. Even a map that passes says what *this* model did, not what there is
# to see. Two networks, the same 4,000 digits, another seed; of the pictures that both have right, compare where each
# one looked: gradient × input of its answer.

# %%
first, second = trained(pool, 1), trained(pool, 2)
both = test[~wrong(first) & ~wrong(second)]


def looked_at(model):
    x = xm.Tensor(pixels[both], requires_grad=True)
    (gradient,) = xm.gradients(model(x)[np.arange(len(both)), digits[both]].sum(), [x])
    return gradient.data * pixels[both]


maps = [looked_at(model) for model in (first, second)]
alike = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(*maps, strict=True)])
print(
    f"wrong: {wrong(first).mean():.1%} and {wrong(second).mean():.1%}. Where both are right ({len(both)} pictures), ",
    end="",
)
print(
    f"their maps correlate by {np.median(alike):.2f} in the median, by {np.quantile(alike, 0.1):.2f} or less in a tenth"
)
assert np.median(alike) < 0.9

figure, panels = plt.subplots(3, 6, figsize=(7, 3.6), layout="constrained")
for column, i in zip(panels.T, rng.permutation(len(both))[:6], strict=True):
    column[0].imshow(pixels[both[i]].reshape(28, 28), cmap="gray")
    for panel, seen in zip(column[1:], maps, strict=True):
        most = np.abs(seen[i]).max()
        panel.imshow(seen[i].reshape(28, 28), cmap="RdBu_r", vmin=-most, vmax=most)
    for panel in column:
        panel.set(xticks=[], yticks=[])
for panel, name in zip(panels[:, 0], ("picture", "first", "second"), strict=True):
    panel.set_ylabel(name)
plt.show()

# %% [markdown]
# Neither is wrong. Many sets of weights tell digits apart equally well, and the data don't choose between them
# (Breiman 2001 called it the Rashomon effect). So a map can't say "this is why it's a seven", and a doctor who is shown
# one hasn't been told a cause. What a model has learned, in words that people would use, is an open problem.
#
# ## Whom the data leave out
#
# A mean score hides who pays for it. Two collections of handwritten digits: MNIST's are by staff of the American census
# and pupils there, UCI's by people in Istanbul. Brought to one form (cut to the ink, 8 × 8), and a linear classifier
# trained on 1,200 of the one, of the other, or 600 of each. Each is then asked about new digits of both.


# %%
def alike_in_form(collection):
    cut = (data.crop_content(image, background=0, tolerance=40) for image in collection["image"])
    small = np.stack([data.resize(image, 8, filter="box", fit="pad") for image in cut])
    return small.reshape(len(small), 64).astype(np.float32) / 255


collections = {"American": samples, "Turkish": data.load("handwritten-8")}
known, new = {}, {}
for name, collection in collections.items():
    x, y = alike_in_form(collection), collection.groups["digit"]
    order = rng.permutation(len(x))[:1797]
    known[name], new[name] = (x[order[:1200]], y[order[:1200]]), (x[order[1200:]], y[order[1200:]])
known["both"] = tuple(np.concatenate([known[name][i][:600] for name in collections]) for i in range(2))

right = {}
for learned, (x, y) in known.items():
    model, told = Logistic().fit(x, y), []
    for asked, (pictures, truth) in new.items():
        answers = model.predict(pictures) == truth
        by_digit = [answers[truth == digit].mean() for digit in range(10)]
        right[learned, asked] = answers.mean()
        told.append(f"{asked} {answers.mean():.0%} (worst: {np.argmin(by_digit)}, {min(by_digit):.0%})")
    print(f"learned from {learned:9} digits: {'; '.join(told)}")
assert right["American", "Turkish"] < right["American", "American"] - 0.15
assert right["both", "Turkish"] > right["American", "Turkish"] + 0.15
assert all(right["both", name] < right[name, name] for name in collections)

figure, panels = plt.subplots(2, 10, figsize=(8, 1.9), layout="constrained")
for line, (name, (x, y)) in zip(panels, ((n, known[n]) for n in collections), strict=True):
    for digit, panel in enumerate(line):
        panel.imshow(x[y == digit].mean(axis=0).reshape(8, 8), cmap="gray")
        panel.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, fontsize=9)
figure.suptitle("The mean digit of each", fontsize=10)
plt.show()

# %% [markdown]
# The same digits, the same model, as many samples, and those who aren't in the data pay: most of all with their ones,
# which they write in another way. (Pens, scanners, and how the pictures were made small differ, too; a model doesn't
# care why it's wrong.) Half of each mends most of that, and has its price: with 600 samples of their own in place of
# 1,200, American digits fall from 87 to 83 % and Turkish ones from 95 to 89. And the means hide who pays it: American
# eights fall from 75 to 60 %.
#
# Who is missing in the data of this course, as far as it's known, stands on the pages of the sources: six
# speakers of English digits; writers of whom nobody noted who they were, so that no split can keep them apart; voices
# and hands that are simulated; drawings by three firms; words that are English. A score on these says nothing of Hindi,
# of children, of a left hand. No method mends that afterwards: **ask by group, tell the worst group's score, and
# collect** (lessons 03 and 25).
#
# ## What this framework isn't for
#
# | you want to | take |
# | --- | --- |
# | understand how training works, teach it, check a gradient, try an idea at small size | this |
# | train on a GPU for days, or on many | PyTorch or JAX, whose kernels and compilers are made for that |
# | search photographs, write down speech, today | a model trained already: CLIP, Whisper; fine-tune it at most |
# | tell tables with a thousand rows apart | logistic regression, boosted trees (scikit-learn); no deep learning |
# | decide about people | first a reason why a machine should; then lesson 25 |

# %% [markdown]
# ## Questions that are always asked
#
# 1. **Why is my loss NaN?** A rate too high, the logarithm of 0, a division by 0, ∞ − ∞ in a mask. `with xm.debug():`
#    names the first operation, its line, and its operands' range. Lessons 08, 10, 27.
# 2. **Why does it start at ln(batch), and stay there?** That's the loss of guessing among all of the batch. It stays if
#    pairs don't belong together, the two towers collapsed, or no gradient reaches one of them. Lessons 01, 19, 27.
# 3. **The loss falls, the score doesn't.** It's learning something else: training samples by heart, a leak, a shortcut.
#    Look at the score on validation data, and at mistakes one by one. Lessons 03, 14, 27.
# 4. **95 % right, and useless. Why?** If 95 % are of one class, that's what never thinking gives. Look at recall of the
#    rare class, and at what mistakes cost. Lessons 14, 25.
# 5. **Which rate, which optimizer?** AdamW at 1e-3, a short warm-up, a cosine down; then try three times and a third of
#    that *on validation data*. Momentum for what you understand well. Lessons 10, 12, 13.
# 6. **float32 or float64?** Train in 32 bits: half the memory, twice the speed, and noise in the data is larger than
#    rounding. Check gradients in 64. Sum what is long in 64. Lessons 04, 08; shown below.
# 7. **Why is my CPU faster than a GPU, on small things?** Each kernel must be launched, and data carried there; that
#    takes microseconds whatever the size. 64 × 64 is done on a CPU before a GPU begins. Lessons 28, 30, 32.
# 8. **Is a larger batch better?** Less noisy, not more per sample; for a contrastive loss also more rivals, at the
#    square of the cost, as above. With the batch the rate must change. Lessons 10, 19.
# 9. **How much data do I need?** Train on a tenth, a third, all that you have, and draw the line as above.
# 10. **A second run gives another score.** Other seed, other score: tell three seeds and an interval. Same seed and
#     other score: something draws without `rng`, or sums in another order. Lessons 03, 14.
# 11. **My gradient is None, or 0.** None: no path from the loss (`.data`, `no_grad`, a parameter not passed on). 0:
#     dead ReLUs, zeros as beginning, a saturated sigmoid. Lessons 05, 07, 11.
# 12. **Does clipping help against vanishing gradients?** No. It makes long ones shorter; nothing becomes longer. Lesson
#     11.
# 13. **When should I not use deep learning?** Few samples; a table; a rule that you can write down; a decision that
#     must be explained; no baseline yet. First the baseline: if CCA or ridge does it, you're done. Lessons 01, 14, 25.

# %%
assert np.float32(2**24) + np.float32(1) == np.float32(2**24)  # 6: from 16,777,216 on, float32 can't count
ones = np.full(10**6, 0.1, np.float32)
sums = np.cumsum(ones)[-1], np.cumsum(ones, dtype=float)[-1]
print(f"a million times 0.1, one after the other: float32 {sums[0]:,.0f}, float64 {sums[1]:,.0f}")
alike_all = ops.unit_length(np.ones((32, 8), np.float32))  # 2: both towers collapsed: the same vector for everything
assert math.isclose(float(ops.info_nce(alike_all, alike_all, 10.0)), math.log(32), rel_tol=1e-4)

# %% [markdown]
# ## Change it and see
#
# - Lay the line through the first three sizes only. How far off is the forecast now, and in which direction?
# - Let the digits be turned and shifted a little while training (`xm.data.shift`). Is it a, or b, that changes?
# - Give `attend` a batch of 8, `layer` 128 rows: which powers change, and which don't?
# - Compare the maps of a *linear* model (`nn.Linear(784, 10)`) from two seeds. Why do they agree so much better?
#
# ## What can go wrong
#
# - **A forecast without a check.** "With ten times the data it'd be perfect" is the commonest sentence in proposals.
#   The line holds where it was laid; far outside it's a wish. The interval of three repeats is wide at 50 samples.
# - **More of the same.** The axis counts samples, the limit is of kinds: people, places, styles.
# - **Counting operations, meaning time.** A kernel may wait for memory (lesson 32): the same operations can take ten
#   times as long.
# - **A nice map as an argument**, for the model, the paper, or the court. It's one of many, as you saw.
# - **A mean as a proof of fairness.** Ask each group.
#
# ## Where it came from
#
# Learning curves as power laws: Cortes et al. (1993), Hestness et al. (2017); for larger models Kaplan et al. (2020),
# Hoffmann et al. (2022). Attention's square: Vaswani et al. (2017). Many models of one score: Breiman, "Statistical
# modeling: the two cultures" (2001); D'Amour et al. (2022), underspecification. Gaps between groups: Buolamwini &
# Gebru, "Gender shades" (2018); for speech, Koenecke et al. (2020). What data should say of themselves: Gebru et al.,
# "Datasheets for datasets" (2021). CLIP's cost: Radford et al. (2021).
#
# ## Three questions
#
# 1. From 1,000 to 2,000 samples the error falls from 10 to 8 %. What would the power law give for 16,000?
# 2. A contrastive batch is cut into 8 parts, each with a loss of its own. What becomes of the cost, and what is lost?
# 3. Two maps of one picture disagree, both models are right. Which one would you show to the patient?
#
# ## Answers
#
# 1. Each doubling multiplies by 0.8: b = −ln 0.8 / ln 2 = 0.32. Four doublings to 16,000: 10 % · 0.8⁴ = 4.1 %, if the
#    line goes on, which nobody has checked.
# 2. Each part costs 1/64 of the table, all eight 1/8. Each sample now has an eighth of the rivals: an easier question,
#    whose loss starts at ln(B/8), so losses can't be compared any longer; and hard rivals are met less often.
# 3. Neither, as a cause. Show that the answer is one of a model that was right so often for people like them, and what
#    would be done without it.

# %%
assert math.isclose(-math.log(0.8) / math.log(2), 0.32, abs_tol=0.005)
assert math.isclose(0.10 * 0.8**4, 0.041, abs_tol=0.0005)
