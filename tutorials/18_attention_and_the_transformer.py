# %% [markdown]
# # Attention and the Transformer: a look-up that can be learned
#
# A dictionary takes a query, finds the key that equals it and gives that key's value. Nothing can be learned from it: a
# key fits or doesn't, and between the two there's no slope. Make it soft. Let every key fit a little, by its dot
# product with the query, and give back the mean of all values, weighed by how well their keys fit:
#
#     Y = softmax(Q Kᵀ / √d) V
#
# Now everything has a derivative: what to ask for (Q), what to be found by (K), and what to tell (V). That is
# attention. With two linear maps at each place, and two sums, it's a Transformer.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, nn, ops
from tinyxm.models.interpretation import attention_maps

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
rng = np.random.default_rng(0)

# %% [markdown]
# ## From a look-up to a mean
#
# Keys are the three places of "cat", values its letters, each a row of the unit matrix. Ask for place 2 with a query of
# growing length. The scores are the query's products with the keys; the weights their softmax.

# %%
places, letters = np.eye(3), np.eye(3)  # keys and values; columns of the values: c, a, t


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


for strength in (0, 1, 4, 16):
    weights = softmax(strength * places[2] @ places.T)
    answer = ", ".join(f"{part:.3f} {letter}" for part, letter in zip(weights @ letters, "cat", strict=True))
    print(f"{strength:2} · place 2: weights {weights.round(3)}, answer {answer}")
assert np.allclose(softmax(0 * places[2] @ places.T), 1 / 3)  # asks nothing: the mean of all
assert np.allclose(softmax(16 * places[2] @ places.T) @ letters, letters[2], atol=1e-6)  # a dictionary again

# %% [markdown]
# ## Row by row
#
# Several queries are the rows of a matrix, and each is answered by itself: one row of scores, one row of weights that
# sum to 1, one mean of the values.

# %%
Q = np.array([[1.0, 0, 1, 0], [0, 2, 0, 0]])
K = np.array([[2.0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
V = np.array([[10.0, 0], [0, 10], [5, 5]])
d = Q.shape[1]
for q in Q:
    scores = [sum(qi * ki for qi, ki in zip(q, k, strict=True)) / d**0.5 for k in K]
    weights = softmax(np.array(scores))
    print(f"query {q}: scores {np.round(scores, 2)}, weights {weights.round(2)}, answer {(weights @ V).round(2)}")

Y = softmax(Q @ K.T / np.sqrt(d)) @ V  # the code line that is the formula
np.testing.assert_allclose(Y[1], np.exp([0, 1, 0]) / (2 + np.e) @ V)  # the last row, by hand
np.testing.assert_allclose(Y, ops.attention(*map(xm.Tensor, (Q, K, V))).data)

# %% [markdown]
# ## Why √d
#
# A product of two random vectors of d numbers, each of variance 1, has variance d. Undivided, the scores grow with √d,
# and the softmax becomes hard: the row's entropy falls to 0, all weight on one key that chance chose. And where the
# softmax is hard it is flat: its derivative, diag(a) − a aᵀ, goes to 0, and nothing can be learned from there.

# %%
sizes, found = [1, 4, 16, 64, 256, 1024], {}
for label, divided in (("q · k", False), ("q · k / √d", True)):
    for d in sizes:
        q, k = rng.normal(size=(2, 200, 16, d))
        scores = np.sum(q[:, :1] * k, axis=-1) / (np.sqrt(d) if divided else 1)  # 200 rows of 16 keys
        a = softmax(scores)
        entropy = -np.sum(a * np.log2(np.maximum(a, 1e-300)), axis=1).mean()
        slope = np.linalg.norm(a[:, :, None] * np.eye(16) - a[:, :, None] * a[:, None], axis=(1, 2)).mean()
        found[label, d] = scores.var(), entropy, slope
    for d in (sizes[1], sizes[-1]):
        print(f"{label:11} d = {d:4}: variance {found[label, d][0]:7.2f}, entropy {found[label, d][1]:.2f} of 4 bits, "
              f"derivative {found[label, d][2]:.3f}")  # fmt: skip
assert np.isclose(found["q · k", 1024][0], 1024, rtol=0.1)
assert np.isclose(found["q · k / √d", 1024][0], 1, rtol=0.1)
assert found["q · k", 1024][1] < 0.2 < 3 < found["q · k / √d", 1024][1]
assert found["q · k", 1024][2] < 0.2 * found["q · k / √d", 1024][2]

figure, panels = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
for axes, i, told in zip(panels, (1, 2), ("entropy of a row, bits", "size of the softmax's derivative"), strict=True):
    for label, colour in (("q · k", ORANGE), ("q · k / √d", BLUE)):
        axes.semilogx(sizes, [found[label, d][i] for d in sizes], "o-", color=colour, label=label, base=2)
    axes.set(xlabel="d, numbers in a query", ylabel=told, ylim=(0, None), xticks=sizes, xticklabels=sizes)
panels[0].set_ylim(0, 4.2)
panels[0].axhline(4, color=GRAY, linestyle="--", linewidth=0.8)
panels[0].annotate("all 16 keys alike", (1, 4), (0, -11), textcoords="offset points", color=GRAY)
panels[0].legend(frameon=False)
figure.suptitle("16 random keys: undivided scores leave one of them, and no slope")
plt.show()

# %% [markdown]
# ## The mask: no looking ahead
#
# **Self-attention** takes queries, keys and values from one sequence: each place asks all places. To learn to write the
# next letter, a place mustn't see it. So the scores of later keys become −∞ before the softmax, and their weights 0.
# Then a later letter changes nothing earlier, exactly; and the whole of a text is trained on in one go, every place a
# question of its own.

# %%
x = rng.normal(size=(5, 4))
scores = np.where(np.tri(5, dtype=bool), x @ x.T / 2, -np.inf)
print("weights, causal:", *softmax(scores).round(2), sep="\n")
np.testing.assert_allclose(softmax(scores) @ x, ops.attention(*[xm.Tensor(x)] * 3, causal=True).data)

changed = x.copy()
changed[3] += 100  # the fourth of five
before, after = (ops.attention(*[xm.Tensor(given)] * 3, causal=True).data for given in (x, changed))
assert np.array_equal(before[:3], after[:3])
assert not np.allclose(before[3:], after[3:])

# %% [markdown]
# ## Attention doesn't know an order
#
# Without the mask: shuffle the places, and the answers are shuffled alike, and are the same answers. Attention is
# *permutation equivariant*. "dog bites man" and "man bites dog" would be one. So the place must be told in the vectors
# themselves: add to each a vector of its place. Either learned, one for each; or sines of many wavelengths,
#
#     p → (sin pω₀, cos pω₀, sin pω₁, cos pω₁, …),    ωᵢ = 10000^(−2i / features)
#
# whose dot product depends on how far apart two places are and on nothing else: sin a sin b + cos a cos b = cos(a − b).

# %%
attend, shuffle = nn.MultiHeadAttention(4, heads=2, rng=rng), rng.permutation(5)
row = x[None].astype(np.float32)
np.testing.assert_allclose(attend(row[:, shuffle]).data, attend(row).data[:, shuffle], atol=1e-5)

placed = nn.SinusoidalPositions(4)
assert not np.allclose(attend(placed(row[:, shuffle])).data, attend(placed(row)).data[:, shuffle], atol=0.01)

waves = nn.SinusoidalPositions(32)(np.zeros((40, 32)))
products = waves @ waves.T
for apart in (0, 1, 5, 20):
    assert np.allclose(np.diagonal(products, apart), products[0, apart])
print("products of places 0, 1, 5 and 20 apart:", products[0, [0, 1, 5, 20]].round(1))

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
image = left.imshow(waves, cmap="PuOr", vmin=-1, vmax=1, aspect="auto")
left.set(xlabel="feature", ylabel="place", title="What is added to each place")
figure.colorbar(image, ax=left)
right.plot(products[0], color=BLUE, label="from place 0")
right.plot(np.arange(-20, 20), products[20], color=ORANGE, linestyle="--", label="from place 20")
right.set(xlabel="places apart", ylabel="product", title="Two places' product: only the distance counts")
right.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Several heads
#
# One row of weights is one look-up. Who needs two (the letter before *and* the last vowel) needs two rows. So cut the
# features into h parts, each with its own queries, keys and values, and lay the answers side by side. It costs nothing:
# each head is 1/h as wide.

# %%
x = rng.normal(size=(1, 6, 8)).astype(np.float32)
attend = nn.MultiHeadAttention(8, heads=2, rng=rng)
q, k, v = (layer(x).data for layer in (attend.query, attend.key, attend.value))
heads = [ops.attention(*(part[..., 4 * h : 4 * h + 4] for part in (q, k, v))) for h in range(2)]
by_hand = attend.output(np.concatenate(heads, axis=-1))
np.testing.assert_allclose(attend(x).data, by_hand.data, atol=1e-6)
assert attend.count == nn.MultiHeadAttention(8, heads=4, rng=rng).count == 4 * (8 * 8 + 8)

# %% [markdown]
# ## The block
#
# Attention moves what places know from one to another, and it mixes linearly: the rest is done at each place by itself,
# by two linear maps with a ReLU between. Each of the two parts is *added* to what came in, so that what is known stays
# and gradients pass; and a layer norm keeps the sizes. In 2017 it stood after each sum; now it mostly stands before
# each part.


# %%
class FeedForward(nn.Module):
    def __init__(self, features, hidden, rng):
        self.hidden, self.output = nn.Linear(features, hidden, rng=rng), nn.Linear(hidden, features, rng=rng)

    def forward(self, x):
        return self.output(ops.relu(self.hidden(x)))


class Block(nn.Module):
    def __init__(self, features, heads, norm_first, rng):
        self.attention, self.attention_norm = nn.MultiHeadAttention(features, heads, rng=rng), nn.LayerNorm(features)
        self.feed_forward, self.feed_forward_norm = FeedForward(features, 4 * features, rng), nn.LayerNorm(features)
        self.norm_first = norm_first

    def forward(self, x):
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), causal=True)
            return x + self.feed_forward(self.feed_forward_norm(x))
        x = self.attention_norm(x + self.attention(x, causal=True))
        return self.feed_forward_norm(x + self.feed_forward(x))


for norm_first in (True, False):
    mine, theirs = Block(8, 2, norm_first, rng), nn.TransformerEncoderLayer(8, 2, dropout=0.0, norm_first=norm_first)
    theirs.load_state_dict(mine.state_dict())
    np.testing.assert_allclose(mine(x).data, theirs(x, causal=True).data, atol=1e-5)

# %% [markdown]
# That is all of `tinyxm/nn/transformer.py` but dropout, and a second attention for decoders: read it now. Where the
# norm stands matters in depth. After the sum, every block scales down what came straight through, and the last blocks
# have the largest gradients, at the very start; Xiong et al. (2020) found that this is why such a Transformer needs a
# warm-up. Before the part, the straight way is left alone. Twelve blocks, fresh:

# %%
x, slopes = rng.normal(size=(2, 4, 20, 32)).astype(np.float32)
sizes = {}
for norm_first in (True, False):
    deep = nn.TransformerEncoder(32, 2, 12, dropout=0.0, norm_first=norm_first, rng=np.random.default_rng(0))
    np.sum(deep(x, causal=True) * slopes).backward()
    sizes[norm_first] = [np.linalg.norm(layer.feed_forward.hidden.weight.grad) for layer in deep.layers]
    where = "before" if norm_first else "after"
    print(f"norm {where:6}: gradient of block 1 {sizes[norm_first][0]:.0f}, of block 12 {sizes[norm_first][-1]:.0f}")
assert sizes[True][0] > sizes[True][-1]
assert sizes[False][0] < sizes[False][-1]
assert sizes[False][-1] > 2 * sizes[True][-1]

# %% [markdown]
# ## A task: words in the mirror
#
# Real words, from the names and keywords of emoji. The text is a word, a bar, the word backwards, a full stop; the
# model writes the next letter. Before the bar that's spelling: a guess from what stands before. After it, it's a
# look-up: the letter to write stands somewhere earlier, ever further back. Words are set to end at the bar, so the
# place of each letter in the mirror is the same in all words. Tested on words whose first four letters no training word
# has.

# %%
try:
    samples = data.emoji()
except data.MissingExtra as error:
    raise SystemExit(f"This lesson learns the words of emoji. {error}") from None

lines = [text for name, more in zip(samples["name"], samples["keywords"], strict=True) for text in (name, *more)]
words = sorted({word for line in lines for word in data.words(line)})
words = [word for word in words if word.isascii() and word.isalpha() and 3 <= len(word) <= 8]
stems = rng.permutation(sorted({word[:4] for word in words}))
unseen = set(stems[: len(stems) // 5])
alphabet, longest = " abcdefghijklmnopqrstuvwxyz|.", 8
number = {letter: i for i, letter in enumerate(alphabet)}


def encoded(words):
    return np.array([[number[c] for c in f"{w:>{longest}}|{w[::-1]}.".ljust(2 * longest + 2)] for w in words])


test_words = [word for word in words if word[:4] in unseen]
train, test = encoded([word for word in words if word[:4] not in unseen]), encoded(test_words)
first = "".join(alphabet[i] for i in train[0])
print(f"{len(train):,} words to learn from, {len(test)} to be tested on; the first: {first!r}")
BAR = longest  # the bar's place
spelling, mirror = slice(0, BAR - 1), slice(BAR, None)  # places that ask for a letter before, and after the bar


class Writer(nn.Module):
    """Scores of the next letter at each place; its body reads the letters so far."""

    def __init__(self, body, positions=None, width=32, rng=rng):
        self.embed, self.positions, self.body = nn.Embedding(len(alphabet), 32, rng=rng), positions, body
        self.out = nn.Linear(width, len(alphabet), rng=rng)

    def forward(self, text, causal=True, mask=None):
        x = self.embed(text) if self.positions is None else self.positions(self.embed(text))
        return self.out(self.body(x)[0] if isinstance(self.body, nn.GRU) else self.body(x, causal=causal, mask=mask))


def learn(model, steps=250, **options):
    rng = np.random.default_rng(1)
    optimizer = xm.optim.Adam(model.parameters(), lr=5e-3)
    schedule = xm.optim.Schedule(optimizer, xm.optim.warm_up(30, xm.optim.cosine(steps)))
    for _ in range(steps):
        rows = train[rng.integers(len(train), size=64)]
        asked = rows[:, 1:] > 0  # padding isn't asked for
        optimizer.zero_grad()
        ops.cross_entropy(model(rows[:, :-1], **options)[asked], rows[:, 1:][asked]).backward()
        xm.optim.clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def log2p(model, **options):
    """log₂ p of every letter at every place of the test words: (words, places, letters)."""
    with xm.no_grad():
        return ops.log_softmax(model(test[:, :-1], **options)).data / np.log(2)


asked = test[:, 1:] > 0


def figures(said):
    """Bits per letter before the bar; which letters after it are right; the share of all that are."""
    bits = -np.take_along_axis(said, test[:, 1:, None], axis=-1)[..., 0]
    right = said.argmax(axis=-1) == test[:, 1:]
    return bits[:, spelling][asked[:, spelling]].mean(), right[:, mirror], right[:, mirror][asked[:, mirror]].mean()


# %% [markdown]
# Beside it: a **bigram**, which knows the last letter alone (a table of counts for each side of the bar); a **GRU**,
# twice as wide, which must carry the whole word through the bar in its state; and the same Transformer without
# positions. One block with two heads each, equal steps.

# %%
counts = np.ones((2, len(alphabet), len(alphabet)))
for side, where in enumerate((spelling, mirror)):
    np.add.at(counts[side], (train[:, :-1][:, where], train[:, 1:][:, where]), train[:, 1:][:, where] > 0)
table = np.log2(counts / counts.sum(axis=-1, keepdims=True))
bigram = table[(np.arange(test.shape[1] - 1) >= BAR).astype(int), test[:, :-1]]


def transformer():
    return nn.TransformerEncoder(32, 2, 1, dropout=0.0, norm_first=True, rng=np.random.default_rng(0))


writer = learn(Writer(transformer(), nn.LearnedPositions(2 * longest + 1, 32, rng=rng)))
said = {
    "bigram": bigram,
    "GRU": log2p(learn(Writer(nn.GRU(32, 64, rng=rng), width=64))),
    "Transformer without positions": log2p(learn(Writer(transformer()))),
    "Transformer": log2p(writer),
}
results = {name: figures(given) for name, given in said.items()}
print(f"{'':30}{'bits per letter before the bar':>32}{'right after it':>16}")
for name, (bits, _, share) in results.items():
    print(f"{name:30}{bits:32.2f}{share:16.1%}")
assert results["Transformer"][2] > 0.98
assert max(results[name][2] for name in ("bigram", "Transformer without positions")) < 0.5
assert results["bigram"][2] < results["GRU"][2] < 0.9

letter = asked[:, mirror] & (test[:, 1:][:, mirror] < number["|"])  # without full stops
figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
for (name, (_, right, _)), colour in zip(results.items(), (GRAY, ORANGE, PURPLE, BLUE), strict=True):
    by_place = (right & letter)[:, :longest].sum(axis=0) / letter[:, :longest].sum(axis=0)
    axes.plot(np.arange(1, longest + 1), by_place, "o-", color=colour, label=name)
    print(f"{name:30}letters right, by place:", *(f"{share:4.0%}" for share in by_place))
    if name == "GRU":
        assert by_place[0] > 2 * by_place[4:].max()
axes.set(xlabel="place after the bar", ylabel="right", ylim=(0, 1.04), title="Letters of the mirror, words never seen")
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# After the bar the Transformer is right nearly always: a look-up by place, which is what attention is. The GRU must
# pass each letter on through every state between, and is worse the further back the letter lies. More steps would bring
# it closer: it *can*, it's only hard. Without positions the Transformer still has twice the bigram's share: it sees
# which letters the word has, and the mask tells a little of the order, as each place sees one letter more. Before the
# bar it's another tale: 2,636 words teach little spelling, and neither is much better than the table of counts.
# Attention isn't better at everything; it's better where something must be fetched from far away.

# %%
assert max(abs(results[name][0] - results["bigram"][0]) for name in ("GRU", "Transformer")) < 0.2

# %% [markdown]
# ## Where it looks
#
# The weights of both heads for one word; a row is a place, and sums to 1. Circles mark the letter that has to be
# written next.

# %%
with xm.no_grad(), attention_maps(writer) as seen:
    writer(test[:, :-1])
((weights,),) = seen.values()  # (words, heads, places, places)
assert np.allclose(weights.sum(axis=-1), 1, atol=1e-5)
assert not np.triu(weights, 1).any()

one = next(i for i, word in enumerate(test_words) if len(word) == 7)
text = [alphabet[i].replace(" ", "·") for i in test[one, :-1]]
asking = np.arange(BAR, 2 * longest)  # places after the bar, and where their letters stand
there = 2 * longest - 1 - asking
assert np.array_equal(test[:, asking + 1][letter[:, :-1]], test[:, there][letter[:, :-1]])
figure, panels = plt.subplots(1, 2, figsize=(10, 4.9), layout="constrained", sharey=True)
for h, axes in enumerate(panels):
    axes.imshow(weights[one, h], cmap="Blues", vmin=0, vmax=1)
    axes.plot(there[:7], asking[:7], "o", markerfacecolor="none", color=ORANGE, markersize=11)
    axes.set(xticks=range(len(text)), xticklabels=text, yticks=range(len(text)), yticklabels=text)
    axes.set(title=f"head {h + 1}", xlabel="looked at")
panels[0].set_ylabel("having read up to")
plt.show()
on_it = weights[:, :, asking, there].mean(axis=(0, 2))
on_bar = weights[:, :, asking, BAR].mean(axis=(0, 2))
for h in range(2):
    print(f"head {h + 1}, after the bar: {on_it[h]:.0%} on the letter to be written, {on_bar[h]:.0%} on the bar")

# %% [markdown]
# Head 1 looks like the answer itself. Does it *do* the work? A map can't say; an experiment can. Forbid a head the
# letter, or everything else, by the mask, and count again.

# %%
assert on_it[0] > 0.8 > 0.1 > on_it[1]
assert on_bar[1] > 0.6
earlier = np.tri(2 * longest + 1, dtype=bool)
answer = np.zeros_like(earlier)
answer[asking, there] = True


def with_masks(*masks):
    return figures(log2p(writer, mask=np.stack(masks)))[2]


trials = {
    "as it is": with_masks(earlier, earlier),
    "head 1 mustn't see the letter to be written": with_masks(earlier & ~answer, earlier),
    "head 2 mustn't": with_masks(earlier, earlier & ~answer),
    "head 1 sees nothing but that letter": with_masks(answer, earlier),
    "head 2 sees nothing but that letter": with_masks(earlier, answer),
    "head 2 sees nothing but its own place": with_masks(earlier, np.eye(2 * longest + 1, dtype=bool)),
}
for told, share in trials.items():
    print(f"{told:45}{share:7.1%}")
without, needless, alone, forced, blind = list(trials.values())[1:]
assert without < 0.3
assert min(needless, alone) > 0.95
assert max(forced, blind) < 0.8

# %% [markdown]
# So of head 1 the map is right: take the letter away, and the answer is gone; leave it alone, and all is there. Head 2
# rests on the bar and seems to do nothing; but it fetches always the same, and the rest of the model has come to count
# on it. Turn it to the letter, or to its own place, and many answers are wrong. What a head adds is in its values, and
# no map of weights shows those. (The model never met such masks in training; some of the fall may be owed to that.)
#
# Before the bar, where nobody knows what should be looked up, ask otherwise. Exchange one letter for a random one: by
# how much does the probability of the model's choice change? If weights explained, the letter with the largest weight
# would be the one that matters most. A rival that needs no map says: it's always the last.

# %%
chosen = said["Transformer"].argmax(axis=-1)[..., None]
effects = []
for place in range(BAR):
    covered = test[:, :-1].copy()
    covered[:, place] = rng.integers(1, number["|"], len(test))
    with xm.no_grad():
        changed = ops.softmax(writer(covered)).data
    effects.append(np.abs(2 ** said["Transformer"] - changed))
effects = np.stack([np.take_along_axis(effect, chosen, axis=-1)[..., 0] for effect in effects], axis=-1)
agree, last = {}, {}
for told, where in (("before", range(4, BAR - 1)), ("after", asking)):
    cases = [
        (weights[i, :, place, begin : min(place + 1, BAR)].mean(axis=0), effects[i, place, begin : min(place + 1, BAR)])
        for i, begin in enumerate(longest - np.array([len(word) for word in test_words]))
        for place in where
        if asked[i, place] and place - begin >= 2 and test[i, place + 1] < number["|"]
    ]
    agree[told] = np.mean([weight.argmax() == effect.argmax() for weight, effect in cases])
    chance = np.mean([1 / len(weight) for weight, _ in cases])
    last[told] = np.mean([effect.argmax() == len(effect) - 1 for _, effect in cases])
    print(f"{told:6} the bar: the most attended letter matters most in {agree[told]:.0%} of {len(cases)} cases; "
          f"one by chance {chance:.0%}, the word's last so far {last[told]:.0%}")  # fmt: skip
assert agree["after"] > max(0.9, 2 * last["after"])
assert abs(agree["before"] - last["before"]) < 0.05

# %% [markdown]
# After the bar the map tells which letter matters. Before it, it's right no more often than the rival. Attention is no
# explanation by itself: here we knew what had to be looked up, and could test it; elsewhere a map is a guess. Lesson 26
# tests such maps, of this kind and others.
#
# ## Without the mask
#
# One argument forgotten, and training looks better than ever: each place looks at the next letter, and writes it.

# %%
leaky = learn(Writer(transformer(), nn.LearnedPositions(2 * longest + 1, 32, rng=rng)), steps=100, causal=False)
seeing, writing = figures(log2p(leaky, causal=False))[0], figures(log2p(leaky))[0]
print(f"bits per letter before the bar: {seeing:.3f} if it sees the letter, {writing:.1f} when it has to write it")
assert seeing < 0.1
assert writing > np.log2(26)  # worse than knowing nothing

# %% [markdown]
# ## Change it and see
#
# - Give the GRU 1,000 steps (`learn(..., steps=1000)`): how far does it come? And a width of 128?
# - Take `nn.SinusoidalPositions(32)` in place of the learned ones. Is the mirror still found?
# - One head in place of two; then two blocks. On which head, of which block, is the mirror now?
# - Set the words to *begin* at the first place (`<` for `>` in `encoded`): now the bar's place tells the length. What
#   does one block still manage, and what do two?
# - Exercise: `tinyxm check ex22`, attention with a mask.
#
# ## What can go wrong
#
# - **The loss is near 0 at once**: no mask, or the mask turned around, as above. Change a later letter, and look.
# - **Padding takes part**: what fills up the batch is attended like anything else. Give `lengths`.
# - **Masked after the softmax**: the weights that are left no longer sum to 1. Mask the scores.
# - **It learns nothing, though deep**: the norm stands after the sums, and there's no warm-up.
# - **Longer than in training**: learned positions end; sines go on, but the model has never seen them.
# - **Twice as long, four times as dear**: every place asks every place. (The kernel needn't *store* the scores:
#   `docs/kernels.md`, `online`.)
# - **A map is taken for a reason**: see above.

# %%
try:
    writer(np.zeros((1, 2 * longest + 2), int))
except ValueError as error:
    print(error)
else:
    raise AssertionError("a text longer than its positions was read")

# %% [markdown]
# ## Where it came from
#
# Nadaraya and Watson (1964) averaged values weighed by how near their keys lie. Bahdanau, Cho and Bengio, "Neural
# machine translation by jointly learning to align and translate" (2015), let a recurrent net look back at its sentence;
# Vaswani et al., "Attention is all you need" (2017), left out the recurrence. Norms: Ba, Kiros and Hinton (2016);
# placed before: Xiong et al., "On layer normalization in the Transformer architecture" (2020). Maps: Jain and Wallace,
# "Attention is not explanation" (2019); Wiegreffe and Pinter, "Attention is not not explanation" (2019).
#
# ## Three questions
#
# 1. All keys are equal. What does attention give, whatever the query?
# 2. d = 64, without √d. How far apart are two scores of random vectors, typically, and what is then left for the weaker
#    of two keys?
# 3. A text of 1,000 letters, 8 heads: how many scores has a layer? And a text of 2,000?
#
# ## Answers
#
# 1. Equal scores, so equal weights: the mean of the values.
# 2. Each has variance 64, so their difference 128: about 11. The weaker gets 1 / (1 + e¹¹), a hundred-thousandth.
# 3. 8 · 1,000² = 8 million, of which a mask leaves half; four times as many, 32 million.

# %%
same = ops.attention(xm.Tensor(Q), xm.Tensor(np.ones((3, 4))), xm.Tensor(V))
np.testing.assert_allclose(same.data, np.broadcast_to(V.mean(axis=0), (2, 2)))
assert 11 < np.sqrt(128) < 12
assert 1e-5 < 1 / (1 + np.exp(np.sqrt(128))) < 2e-5
