# %% [markdown]
# # From a film to a sentence
#
# A film is a stack of pictures, and most films are told by one of them: a picture of a beach is enough to say "beach".
# So a network that scores well on films may never have watched one. This lesson is one idea: **what a film has beyond
# its frames is their order**, and one asks for it by showing the same frames in another one.
#
# To see order, a convolution goes over time as it goes over space. Over time alone, with a kernel of three frames:
#
#     y[t] = w₋₁·x[t − 1] + w₀·x[t] + w₁·x[t + 1]
#
# With w = (−1, 0, 1) that is a difference: it is 0 where nothing moves, and changes its sign when the film is played
# backwards. A network learns such kernels if it needs them. Over space and then over time, by turns, is a (2+1)-D
# convolution.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm.data.sources.balls import COLOURS, film, simulate
from tinyxm.models.captioner import BEGIN, END, Captioner
from tinyxm.models.watcher import FilmEncoder

rng = np.random.default_rng(0)
FRAMES, SIDE = 8, 16

# %% [markdown]
# ## A ball that moves
#
# Simulated: a disc in a box, seen from above, without gravity. It goes left, right, up or down, and that is all there
# is to tell. It begins anywhere from where it stays within the box.

# %%
DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}
WORDS = [*("<padding>", "<unknown>", "<begin>", "<end>"), *["a", "ball", "moves"], *COLOURS, *DIRECTIONS]


def clip():
    """A film (8, 16, 16, 3), 0 for the white table, and its sentence."""
    colour, where = str(rng.choice(list(COLOURS))), str(rng.choice(list(DIRECTIONS)))
    v = 0.4 * np.array(DIRECTIONS[where])
    x = rng.uniform(0.12 + np.maximum(-v, 0), 0.88 - np.maximum(v, 0))
    motion = simulate(x[None], v[None], np.array([0.11]), 1.0, gravity=0.0, restitution=1.0)
    frames = film(motion, np.array([COLOURS[colour]], float), FRAMES, FRAMES - 1, SIDE)
    return 1 - frames / np.float32(255), f"a {colour} ball moves {where}"


pairs = [clip() for _ in range(900)]
films, sentences = np.stack([frames for frames, _ in pairs]), [said for _, said in pairs]
tokens = np.array([[BEGIN, *map(WORDS.index, said.split()), END] for said in sentences])
train, test = slice(0, 700), slice(700, 900)
print(films.shape, sentences[:2])

# %% [markdown]
# ## The formula, and a film played backwards
#
# `ops.conv3d` with a kernel of 3 × 1 × 1 goes over time alone. The kernel (−1, 0, 1), on the film and on its reverse:

# %%
kernel = np.array([-1, 0, 1], np.float32).reshape(3, 1, 1, 1, 1)
gray = films[:1].mean(axis=-1, keepdims=True)
there = xm.ops.conv3d(gray, kernel)  # y[t] = x[t + 1] − x[t − 1]
back = xm.ops.conv3d(gray[:, ::-1], kernel)
np.testing.assert_allclose(there[0, 2], gray[0, 4] - gray[0, 2], atol=1e-6)
np.testing.assert_allclose(back[:, ::-1], -there, atol=1e-6)  # the other order, the other sign
np.testing.assert_allclose(gray.mean(axis=1), gray[:, ::-1].mean(axis=1), atol=1e-6)  # the mean has no order

figure, rows = plt.subplots(2, 6, figsize=(9, 3.2), layout="constrained")
for t in range(6):
    rows[0, t].imshow(1 - films[0, t + 1])
    rows[1, t].imshow(there[0, t, ..., 0], cmap="RdBu", vmin=-1, vmax=1)
for axes in rows.flat:
    axes.set_axis_off()
figure.suptitle(f"{sentences[0]}: frames, and below them y[t] (blue: it comes, red: it goes)")
plt.show()

# %% [markdown]
# ## Three that watch
#
# The network is a captioner that looks at moments in place of a picture's places: convolutions over space and time make
# a vector of each moment, and a decoder writes word by word. Three of one kind, trained alike: one sees the film; one
# sees it **frozen** at its last frame; one sees the **mean** of its frames. All see eight frames, so that none has more
# weights, or more time.

# %%
VIEWS = {
    "film": lambda x: x,
    "last frame": lambda x: np.repeat(x[:, -1:], FRAMES, axis=1),
    "mean frame": lambda x: np.repeat(x.mean(axis=1, keepdims=True), FRAMES, axis=1),
}


def trained(view, steps=500):
    """A watcher that sees films as `view` shows them."""
    seeds = np.random.default_rng(1)
    encoder = FilmEncoder(FRAMES, SIDE, 3, features=32, widths=(8, 16), rng=seeds)
    model = Captioner(encoder, len(WORDS), 32, heads=2, layers=1, longest=6, dropout=0.0, rng=seeds)
    optimizer = xm.optim.AdamW(model.parameters(), lr=4e-3)
    losses = []
    for _ in range(steps):
        chosen = seeds.choice(700, 32, replace=False)
        optimizer.zero_grad()
        loss = model.loss(view(films[chosen]), tokens[chosen])  # −ln p of each word, given those before
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model.eval(), losses


def written(model, view, x):
    return [" ".join(WORDS[token] for token in text.tokens) for text in model.write(view(x))]


watchers = {name: trained(view) for name, view in VIEWS.items()}
said = {name: written(model, VIEWS[name], films[test]) for name, (model, _) in watchers.items()}
for name, texts in said.items():
    share = np.mean([a == b for a, b in zip(texts, sentences[test], strict=True)])
    print(f"{name:11} {share:6.1%}   e.g. {texts[0]!r}")

# %% [markdown]
# The last frame knows the colour, and guesses the direction from where the ball is: one that went left is more often on
# the left, which is right about half the time. The mean frame is a streak: it knows the axis and not the way, so about
# half as well. Both look as if they had understood something of motion.
#
# ## The same frames, in the other order
#
# Play each test film backwards: the right sentence has the other direction now. Who is right **both ways**?

# %%
OTHER = {"left": "right", "right": "left", "up": "down", "down": "up"}


def turned(sentence):
    *words, where = sentence.split()
    return " ".join([*words, OTHER[where]])


right, reverse = sentences[test], [turned(said) for said in sentences[test]]
shares = {}
for name, (model, _) in watchers.items():
    again = written(model, VIEWS[name], films[test][:, ::-1].copy())
    forwards = [a == b for a, b in zip(said[name], right, strict=True)]
    backwards = [a == b for a, b in zip(again, reverse, strict=True)]
    shares[name] = [np.mean(forwards), np.mean(backwards), np.mean(np.logical_and(forwards, backwards))]

figure, (left, axes) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for k, (name, values) in enumerate(shares.items()):
    left.plot(np.convolve(watchers[name][1], np.ones(15) / 15, "valid"), label=name)
    axes.bar(np.arange(3) + 0.27 * (k - 1), 100 * np.array(values), 0.25, label=name)
left.set(title="loss per word", xlabel="step", ylim=(0, 1.5))
axes.set_xticks(range(3), ["forwards", "backwards", "both ways"])
axes.set_title("sentences without a mistake, %")
left.legend(frameon=False)
plt.show()
assert shares["film"][2] > 0.8
assert shares["mean frame"][2] == 0  # the same answer both ways is wrong once
assert shares["last frame"][0] < 0.7

# %% [markdown]
# The mean frame scores exactly 0 both ways: it is the same picture, so it gives the same answer, and one of the two is
# wrong. A test that asks both ways can't be passed by looking; it must be watched.
#
# ## What a film doesn't need time for
#
# `tinyxm train watch` has two data sets. Of two balls, as here, the last frame tells little. Of a character that is
# written stroke by stroke it tells nearly all: a finished 7 is a 7. There time is worth something only **before** the
# end, when half is written, and for what the finished character hides: whether it was written backwards.
#
# ## Change it and see
#
# - Shuffle the frames of the training films, each film in an order of its own. What becomes of the film's watcher?
# - Give `FilmEncoder` `factored=False`: 3×3×3 at once. More weights: does it learn in fewer steps?
# - Let the ball begin anywhere, so that it may bounce. Which view still knows the axis?
# - Make the ball slower, 0.05 a second. When does a movement become too small for sixteen pixels?
#
# ## What can go wrong
#
# - **A good score without watching**: the last frame did it. Train its twin, and show both.
# - **Beaten by the mean frame**: where ink stays, or light fades, the mean is a picture of time; it isn't frozen.
# - **Left becomes right by augmentation**: a mirrored film needs a mirrored sentence, and so does a reversed one.
# - **It learns the order by heart**: position vectors say which moment is which; they don't say what moved. Play it
#   backwards.
# - **Too few frames a second**: what goes more than its own width between frames could have come from anywhere.
#
# ## Where it came from
#
# Ji et al. (2013) and Tran et al. (2015) convolved over space and time at once; Tran et al., "A closer look at
# spatiotemporal convolutions" (2018), one after the other, (2+1)-D. Donahue et al. (2015) carried frames along by a
# recurrent net. That order must be tested for: Pickup et al., "Seeing the arrow of time" (2014); Huang et al., "What
# makes a video a video" (2018), found how little of it the usual data sets ask for.
#
# ## Three questions
#
# 1. Why can the mean frame never be right both ways, whatever network looks at it?
# 2. A kernel of three frames, twice in a row, the first of stride 2: how many frames does one result see?
# 3. The direction is one of four, evenly. What is the best accuracy with the axis known, and what without anything?
#
# ## Answers
#
# 1. Forwards and backwards it is the same picture, and gets the same sentence; the right ones differ.
# 2. Seven: the second sees three results of the first, which lie two frames apart and see three each: 3 + 2·2.
# 3. One half; one quarter. The last frame has a little more, by where the ball is.

# %%
x = xm.Tensor(np.zeros((1, 15, 1, 1, 1), np.float32), requires_grad=True)
ones = np.ones((3, 1, 1, 1, 1), np.float32)
xm.ops.conv3d(xm.ops.conv3d(x, ones, stride=(2, 1, 1)), ones)[0, 1].sum().backward()
assert np.count_nonzero(x.grad) == 7
