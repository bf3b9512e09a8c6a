# %% [markdown]
# # From a picture to a sentence
#
# A label is one choice among a few; a sentence is one among more than can be listed. The mend is one idea: **write one
# word at a time**, and each time ask for the next one alone. By the chain rule of probability nothing is lost:
#
#     p(w₁ … w_T | picture) = Π_t  p(w_t | picture, w₁ … w_{t−1})
#
# Each factor is a choice among a few words again: a softmax, made by a model that sees the picture and what is written
# so far. It may look somewhere else for each word: attention (lesson 18), softmax(q·Kᵀ/√d) V, with queries from the
# words, and keys and values from the places of the picture. Here a small one learns it in seconds; then we see where it
# looks, and how a score can lie.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm.data.sources.scenes import Thing, draw, parse
from tinyxm.metrics import bleu
from tinyxm.models.captioner import BEGIN, END, PADDING, Captioner, ConvolutionEncoder
from tinyxm.models.decoding import beam, greedy
from tinyxm.models.interpretation import attention_maps

rng = np.random.default_rng(0)

# %% [markdown]
# ## A small world with a small language
#
# Two shapes side by side. Of such a picture several sentences are true: "a red circle left of a blue square", and "a
# blue square right of a red circle". Writers differ, and so do ours: each picture comes with one of the two, by chance.

# %%
COLOURS, SHAPES = ("red", "green", "blue"), ("circle", "square", "cross")


def scene():
    """Two things, the left one first."""
    kinds = [(str(rng.choice(SHAPES)), str(rng.choice(COLOURS))) for _ in range(2)]
    return [
        Thing(shape, colour, "large", float(rng.uniform(*where)), float(rng.uniform(0.2, 0.8)))
        for (shape, colour), where in zip(kinds, ((0.18, 0.34), (0.62, 0.82)), strict=True)
    ]


def sentence(things, turned):
    """What a writer says of them; turned around, or not."""
    left, right = (f"a {thing.colour} {thing.shape}" for thing in things)
    return f"{right} right of {left}" if turned else f"{left} left of {right}"


scenes = [scene() for _ in range(2200)]
images = np.stack([1 - draw(things, 24) / np.float32(255) for things in scenes])  # 0 is white
sentences = [sentence(things, rng.random() < 0.5) for things in scenes]
train, test = slice(0, 2000), slice(2000, 2200)
print(images.shape, sentences[0])

# %% [markdown]
# ## Words are numbers, and an end is a word
#
# A model that writes must know when to stop. So the end is a word of its own, and the first word is asked for by a mark
# that stands before every sentence.

# %%
words = ["<pad>", "<unk>", "<begin>", "<end>", *sorted({word for text in sentences for word in text.split()})]
number = {word: i for i, word in enumerate(words)}
tokens = np.array([[BEGIN, *(number[word] for word in text.split()), END] for text in sentences])
print(tokens[0], "=", *(words[i] for i in tokens[0]))


def text(numbers):
    return " ".join(words[i] for i in numbers)


# %% [markdown]
# ## The model
#
# An encoder of convolutions makes 6 × 6 places of the picture, a vector each. The decoder reads the words so far, each
# seeing the earlier ones alone, and looks at the places. What comes out are scores of the next word, at every place of
# the sentence at once.

# %%
encoder = ConvolutionEncoder(24, 3, 48, (16, 32), rng)
longest = tokens.shape[1] - 1
model = Captioner(encoder, len(words), features=48, heads=4, layers=2, longest=longest, dropout=0.0, rng=rng)
print(f"{model.count:,} parameters: {encoder.count:,} of the encoder, {model.decoder.count:,} of the decoder")

scores = model(images[:2], tokens[:2, :-1])  # each word given those before it
log_p = scores.data - np.log(np.exp(scores.data).sum(axis=-1, keepdims=True))
chosen = np.take_along_axis(log_p, tokens[:2, 1:, None], axis=-1)[..., 0]
chain = chosen.sum(axis=1)  # the code line that is the formula: ln Π p = Σ ln p
loss = model.loss(images[:2], tokens[:2])
print(f"ln p of two whole sentences {chain.round(1)}; the loss is their mean over words: {loss.item():.3f}")
assert np.isclose(loss.item(), -chosen.mean(), rtol=1e-4)
assert abs(loss.item() - np.log(len(words))) < 0.3  # it knows nothing yet: about ln(words)

# %% [markdown]
# ## Training: every word at once, the truth before each
#
# In training the true sentence is there, so each word can be asked for with the *true* words before it, all in one go.
# This is **teacher forcing**. It's quick, and it's right as a loss: the chain rule says so.


# %%
def captions(count=200):
    """What it writes of the test pictures, each word after its own."""
    model.eval()
    written = [text(found.tokens) for found in model.write(images[test][:count])]
    model.train()
    return written


def forced(count=200):
    """The best word at each place after the true words: what teacher forcing gives."""
    model.eval()
    found = [text(row) for row in model.forced(images[test][:count], tokens[test][:count])]
    model.train()
    return found


optimizer = xm.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
model.train()
steps, losses, course = 700, [], []
for step in range(steps):
    rows = rng.integers(0, 2000, 64)
    optimizer.groups[0]["lr"] = 3e-3 * min(1, step / 30) * (1 - step / steps)
    optimizer.zero_grad()
    loss = model.loss(images[rows], tokens[rows])
    loss.backward()
    xm.optim.clip_by_norm(model.parameters(), 1.0)
    optimizer.step()
    losses.append(loss.item())
    if step % 50 == 49:
        free, given = bleu(sentences[test], captions()), bleu(sentences[test], forced())
        course.append((step + 1, free, given))
print(f"loss {losses[0]:.2f} → {np.mean(losses[-20:]):.3f}; BLEU-4 of what it writes {course[-1][1]:.3f}")

# %% [markdown]
# ## Writing: greedily, and by a beam
#
# Now nobody tells the true words. The model begins, takes its best word, and goes on from there. Six lines:

# %%
model.eval()
picture = images[test][:1]
memory, written = encoder(picture), [BEGIN]
while written[-1] != END and len(written) < 12:
    scores = model.scores(memory, np.array([written])).data[0, -1]
    written.append(int(scores.argmax()))
print("by hand:", text(written[1:-1]))

state = memory.data, np.empty((1, 0), np.int64)
(plain,) = greedy(model.step, state, [BEGIN], END, 12, never=(PADDING, BEGIN))
assert list(plain.tokens) == written[1:-1]
for found in beam(model.step, state, [BEGIN], END, 12, never=(PADDING, BEGIN), width=4)[0]:
    print(f"beam: ln p {found.log_probability:8.3f}   {text(found.tokens)}")

# %% [markdown]
# The beam keeps several sentences under way, since the best first word needn't begin the best sentence. Here two share
# most of the probability, the two ways to say it; what is behind them is false.
#
# ## Where it looks
#
# For each word, each head of the decoder has weights over the 6 × 6 places. Do they lie at the thing that the word is
# about? Take the pictures that are described just as their writers did, and count how much of the weight lies within a
# quarter of the picture's width of that thing, and how much so near the other one. By chance each has about a quarter.

# %%
final = captions()
model.eval()
same = [i for i, said in enumerate(final) if said == sentences[test][i]]
with xm.no_grad(), attention_maps(model.decoder) as seen:
    model(images[test][same], tokens[test][same, :-1])
weights = np.stack([seen[f"layers.{i}.cross_attention"][0] for i in range(2)])  # (layers, pictures, heads, words, 36)
weights = weights.reshape(*weights.shape[:4], 6, 6)

things = [scenes[2000 + i][:: -1 if "right" in final[i] else 1] for i in same]  # in the order of the words
middles = (np.arange(6) + 0.5) / 6
near = np.array(
    [[np.outer(abs(middles - t.y) < 0.25, abs(middles - t.x) < 0.25) for t in pair] for pair in things]
)  # (pictures, first thing or second, 6, 6)


def weight_at(thing, word):
    """How much weight lies near each picture's first thing, or second, as this word is written: (layers, heads)."""
    return np.sum(weights[:, :, :, word] * near[:, thing][:, None], axis=(-2, -1)).mean(axis=1)


ABOUT = {"colours": (1, 6), "shapes": (2, 7)}  # which words of "a red circle right of a blue square"
own = {kind: (weight_at(0, i) + weight_at(1, j)) / 2 for kind, (i, j) in ABOUT.items()}
other = {kind: (weight_at(1, i) + weight_at(0, j)) / 2 for kind, (i, j) in ABOUT.items()}
print(f"weight at the thing itself, at the other; by chance {near.mean():.2f}")
for layer, head in np.ndindex(2, 4):
    at = "; ".join(f"{kind} {own[kind][layer, head]:.2f}, {other[kind][layer, head]:.2f}" for kind in own)
    print(f"layer {layer + 1}, head {head + 1}: {at}")
layer, head = np.unravel_index((own["shapes"] - other["shapes"]).argmax(), (2, 4))
assert own["shapes"][layer, head] > 1.5 * other["shapes"][layer, head]
assert np.all(abs(own["colours"] - other["colours"]) < 0.2)

one = next(k for k, (first, second) in enumerate(things) if abs(first.y - second.y) > 0.4)  # one high, one low
shown = [*final[same[one]].split(), "<end>"]
figure, grid = plt.subplots(1, 9, figsize=(11, 1.8), layout="constrained")
for axes, word, map_ in zip(grid.flat, shown, weights[layer, one, head], strict=True):
    axes.imshow(1 - images[test][same[one]], extent=(0, 1, 1, 0))
    axes.imshow(np.zeros((6, 6)), cmap="gray", alpha=0.75 * (1 - map_ / map_.max()), extent=(0, 1, 1, 0))
    axes.set_title(word)
    axes.set_axis_off()
figure.suptitle(f"Layer {layer + 1}, head {head + 1}: bright is where it looks", fontsize=10)
plt.show()

# %% [markdown]
# One head finds the shape that it names: half of its weight lies there, often beside the ink and not on it, and a sixth
# at the other. Of colours no head does, and yet they're right. How come? The vector of a place holds what the
# convolutions told it of its neighbours; what the first layer fetched goes on into the second. The way of a fact
# through all this isn't in one head's map, and still less in the mean of all heads. So a map of attention says what was
# fetched from where; *why* the word was written it doesn't say. Lesson 26 tests such maps.
#
# ## How a score lies
#
# Take the best word at each place *with the true words before it*, and call that a sentence. Its BLEU is no BLEU: the
# writer was told what it should have written. Whatever it says first, right or wrong, the next word is asked for as if
# it had said the truth; and the length is given away. Whoever uses the model has no true words.

# %%
at, free, given = np.array(course).T
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.plot(at, given, color="#D55E00", label="with the true words before each: no BLEU")
axes.plot(at, free, color="#0072B2", label="what it writes")
axes.set(xlabel="step", ylabel="BLEU-4 on pictures never seen", ylim=(0, 1.02))
axes.legend(frameon=False)
plt.show()
assert given[-1] > free[-1] + 0.1

told = forced()
for i in [i for i in range(200) if final[i] != sentences[test][i]][:2]:
    print(f"reference  {sentences[test][i]}\nforced     {told[i]}\nwritten    {final[i]}\n")

# %% [markdown]
# The forced one begins as the model likes, and is then put back on the reference's way: often it is no sentence that
# anybody would say. The written one goes the way it chose.
#
# ## Is it true?
#
# And the lower BLEU lies as well, the other way: it counts n-grams shared with the one sentence that somebody happened
# to say. Where the world is known, ask the world: parse the sentence, and hold it to the things.


# %%
def true(said, things):
    try:
        return all(claim.holds(things) for claim in parse(said))
    except ValueError:
        return False  # no sentence of the grammar


share = np.mean([true(said, things) for said, things in zip(final, scenes[2000:], strict=True)])
chance = np.mean([true(said, things) for said, things in zip(final, scenes[1999:2199], strict=True)])
print(f"true: {share:.1%} of what it writes; of the picture before, {chance:.1%}")
both = [[sentence(things, turned) for turned in (False, True)] for things in scenes[2000:]]
print(f"BLEU-4 by one reference {bleu(sentences[test], final):.2f}, by both {bleu(both, final):.2f}")
assert share > 0.8 > 0.3 > chance
assert bleu(both, final) > bleu(sentences[test], final)

# %% [markdown]
# Three ways out: several references, as here; a judge of truth, as here; or references that are a function of the
# picture, so that there is one right answer. The recipe `tinyxm train caption` takes the third, and keeps the second.
#
# ## A second look
#
# The beam often holds a true sentence that isn't its first. Who is to choose? The same model, shown the picture in a
# mirror: of that the same sentence must be true with left and right exchanged, and it errs in other places. Best is
# whose two log-probabilities have the highest mean, (ln p + ln p')/2. The recipe does the same.

# %%
mirrored = np.arange(len(words))
mirrored[[number["left"], number["right"]]] = number["right"], number["left"]
once = [text(found.tokens) for found in model.write(images[test], width=4, length_power=0)]
twice = [text(found.tokens) for found in model.write(images[test], width=4, length_power=0, mirrored=mirrored)]
ways = {"greedily": final, "by a beam": once, "by a beam and a second look": twice}
judged = {how: np.mean(list(map(true, said, scenes[2000:]))) for how, said in ways.items()}
print(", ".join(f"{how}: {share:.1%} true" for how, share in judged.items()))
assert judged["by a beam and a second look"] > judged["by a beam"]

# %% [markdown]
# ## Change it and see
#
# - Let all writers begin with the left shape. What becomes of the two curves, and of the last loss?
# - Take the encoder's positions away (`encoder.positions.weight.data[...] = 0`, `freeze()`). Which words does it lose?
# - Give the decoder one layer. Which word suffers, that must compare two places?
# - Train on 100 pictures. Which score tells you first?
# - Exercises: `tinyxm check ex23` and `tinyxm check ex24`.
#
# ## What can go wrong
#
# - **A high score and bad sentences**: it was teacher-forced. Let it write, then score.
# - **It says the same of every picture**: it learned the language and not to look. Compare with the most frequent one.
# - **It never stops**, or at once: the end wasn't a word of the training texts, or the padding was.
# - **Beams get shorter and shorter**: Σ ln p falls with each word; divide by a power of the length.
# - **A good BLEU and a wrong world**: one wrong colour in ten words is a small loss to BLEU, and a lie.
# - **A poor BLEU and a right world**: the reference was one of many. Use several, or one that is agreed on.
#
# ## Where it came from
#
# Vinyals et al., "Show and tell" (2015), wrote captions by a recurrent net; Xu et al., "Show, attend and tell" (2015),
# let it look; Vaswani et al. (2017) made the decoder of attention alone. Teacher forcing: Williams and Zipser (1989);
# what it hides: Bengio et al., "Scheduled sampling" (2015), and Ranzato et al. (2016), who named it exposure bias.
# BLEU: Papineni et al. (2002). Worlds that are known: Johnson et al., "CLEVR" (2017).
#
# ## Three questions
#
# 1. Why is teacher forcing right as a loss and wrong as a score?
# 2. Each word is right with probability 0.95, whatever came before. How often is a sentence of nine words faultless?
# 3. Half of the training sentences begin with the left shape, half with the right one. What is the best loss of the
#    first colour's word, and what of the second's?
#
# ## Answers
#
# 1. The loss is −Σ ln p(w_t | true words before), which is −ln p of the true sentence. A score is of sentences the
#    model writes, whose words before are its own.
# 2. 0.95⁹ = 0.63.
# 3. For the first ln 2 where the two differ, as nothing says which is meant; for the second 0, as the words before do.
#    Over a sentence of nine words it's about 0.08 a word. Our loss fell lower: the model learned by heart which way
#    the writers chose, which helps with no other picture.

# %%
assert np.isclose(0.95**9, 0.63, atol=0.005)
assert np.isclose(np.log(2) / 9, 0.08, atol=0.005)
