# %% [markdown]
# # Audio to text, and back
#
# A recording of "seven" is some fifty frames of sound, its spelling five letters, and nobody says which frame is which
# letter. The one idea of this lesson: **don't decide, sum over all ways it could be**. Let the model tell for each
# frame a letter or nothing (the *blank*, −); a path such as −ss−e−v−e−nn says "seven" once repeats are merged and
# blanks dropped. Connectionist temporal classification (Graves et al. 2006) makes all paths that say it probable
# together:
#
#     L = −ln Σ over paths π that say y of Π_t p_t(π_t)
#
# On the way back, from text to sound, there is no such sum: somebody must say how long each letter lasts, and one more
# thing that a spectrogram has lost.

# %%
from itertools import product

import matplotlib.pyplot as plt
import numpy as np

from tinyxm import data, optim
from tinyxm.data import audio
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.ctc_decoding import WordList, align, collapse, greedy, prefix_beam
from tinyxm.models.recogniser import Recogniser
from tinyxm.ops import ctc

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
LETTERS = "-" + "abcdefghijklmnopqrstuvwxyz"
RATE_HZ, HOP = 22_050, 220  # a frame each 10 ms

# %% [markdown]
# ## The sum, by hand
#
# Three frames, two letters: 27 paths. Those that say "ab" are few enough to write down; their probabilities add up to
# what the loss computes without writing any of them down, in steps linear in time.

# %%
rng = np.random.default_rng(0)
logits = rng.normal(size=(1, 3, 3))
p = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
total = 0.0
for path in product(range(3), repeat=3):
    if collapse(path) == (1, 2):
        probability = np.prod([p[t, c] for t, c in enumerate(path)])
        total += probability
        print("".join("-ab"[c] for c in path), f"{probability:.4f}")
loss = ctc(logits, np.array([[1, 2]]), np.array([3]), np.array([2]), reduction="sum")
print(f"−ln of their sum {-np.log(total):.6f}, the loss {float(loss):.6f}")
assert np.isclose(-np.log(total), float(loss))

# %% [markdown]
# ## Words in many voices
#
# A synthesiser says ten words in eight voices and two speeds to learn from, and in three voices kept for the end.
# Synthesised speech is clean and alike: what is learned here won't do in a kitchen.

# %%
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
HEARD = ["en-us", "en-us+f1", "en-us+f2", "en-us+m1", "en-us+m3", "en", "en+f4", "en+m7"]
NEW = ["en-us+f3", "en+m2", "en-us+m6"]
try:
    train = utterances([Utterance(w, v, 50, speed) for w in WORDS for v in HEARD for speed in (130, 170)])
    test = utterances([Utterance(w, v) for w in WORDS for v in NEW])
except data.MissingExtra as error:
    raise SystemExit(f"This lesson listens to a speech synthesiser. {error}") from None


def features(sound):
    """(samples, 1) → (frames, 40): log-mel decibels, 0 at the loudest, scaled."""
    trimmed = audio.trim_silence(audio.mono(sound), rate_hz=RATE_HZ)
    told = audio.log_mel(trimmed, rate_hz=RATE_HZ, hop_samples=HOP, mels=40, highest_hz=8000.0)
    return (told - told.max()) / 40 + 1


def spelt(word):
    return np.array([LETTERS.index(letter) for letter in word])


x = [features(sound) for sound in train["audio"]]
y = [spelt(word) for word in train["text"]]
new = [features(sound) for sound in test["audio"]]
print(
    f"{len(x)} utterances, {np.mean([len(row) for row in x]):.0f} frames and {np.mean([len(w) for w in y]):.1f} letters"
)

# %% [markdown]
# ## Training
#
# `Recogniser` halves the frames by a convolution, carries what it hears back and forth by a recurrent layer, and tells
# letters. `model.loss` is the formula above, divided by the number of letters. The first thing that CTC learns is to
# say nothing at all, for blanks are right almost everywhere: the loss stands still for a while, then falls.

# %%
model = Recogniser(40, len(LETTERS), width=64, hidden=48, rng=rng)
optimizer = optim.AdamW(model.parameters(), lr=6e-3)
losses = []
for _ in range(220):
    rows = rng.choice(len(x), 20, replace=False)
    sounds, real = data.pad([x[i] for i in rows])
    labels, letters = data.pad([y[i] for i in rows])
    optimizer.zero_grad()
    loss = model.loss(sounds, real.sum(axis=1), labels.astype(np.int64), letters.sum(axis=1))
    loss.backward()
    optim.clip_by_norm(model.parameters(), 5.0)
    optimizer.step()
    losses.append(loss.item())
print("loss per letter:", " ".join(f"{np.mean(losses[i : i + 20]):.2f}" for i in range(0, 220, 20)))


def told(row):
    """Log-probabilities of one sound's frames, (frames, letters)."""
    return model.log_probabilities(row[None], np.array([len(row)]))[0]


def text(labels):
    return "".join(LETTERS[label] for label in labels)


for name, rows, said in (("voices it learned from", x, train["text"]), ("new voices", new, test["text"])):
    right = np.mean([text(greedy(told(row))) == word for row, word in zip(rows, said, strict=True)])
    print(f"{name}: {right:.0%} of the words spelt right")

# %% [markdown]
# ## When does it hear what?
#
# Nobody told it when. The probabilities are short peaks with blanks between: the loss asks for the order alone, and one
# frame for a letter is enough. The most probable path that says the word (Viterbi's) is drawn beneath: it tells where
# the model says a letter, which isn't where a phonetician would say that it sounds.

# %%
at = test["text"].index("seven")
log_p, word = told(new[at]), "seven"
seconds = len(new[at]) * HOP / RATE_HZ
figure, (above, below) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, layout="constrained")
above.imshow(new[at].T, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, 40))
above.set(ylabel="mel band", title=f"{word}, by {test.groups['voice'][at]}")
middles = (np.arange(len(log_p)) + 0.5) * seconds / len(log_p)
colours = dict(zip("sevn", (BLUE, ORANGE, GREEN, PURPLE), strict=True))
below.plot(middles, np.exp(log_p[:, 0]), color="#BBBBBB", linewidth=1)
for letter, colour in colours.items():
    below.plot(middles, np.exp(log_p[:, LETTERS.index(letter)]), color=colour)
for letter, (start, end) in zip(word, align(log_p, spelt(word)), strict=True):
    left, right = (edge * seconds / len(log_p) for edge in (start, end))
    below.plot([left, right], [-0.04, -0.04], color=colours[letter], linewidth=3, solid_capstyle="butt")
    below.text((left + right) / 2, -0.1, letter, color=colours[letter], ha="center", va="top")
below.set(xlabel="seconds", ylabel="probability", ylim=(-0.22, 1.05))
below.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## The best path isn't the best text
#
# Greedy decoding takes the likeliest letter of each frame: one path. Prefix beam search sums the paths of each prefix,
# and can ask a language model at each letter. The strictest one is a list of words: nothing else can be said. Look at
# what is missed: "three" needs a blank between its two e, in a sound that has nothing there to tell.

# %%
tiny = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
print("greedy says", greedy(tiny), "with", round(0.6 * 0.6, 2), "  the beam", prefix_beam(tiny)[0].labels, "with", 0.64)
ten = WordList([spelt(word) for word in WORDS], len(LETTERS))


def from_list(row):
    found = prefix_beam(told(row), language=ten, weight=1.0, least=1e-7)
    return text(found[0].labels) if found else ""


for way, write in (
    ("greedy", lambda row: text(greedy(told(row)))),
    ("beam", lambda row: text(prefix_beam(told(row))[0].labels)),
    ("from a list of ten", from_list),
):
    written = [write(row) for row in new]
    wrong = [f"{a} for {b}" for a, b in zip(written, test["text"], strict=True) if a != b]
    print(f"{way:20} {1 - len(wrong) / len(new):.0%}  {', '.join(wrong[:4])}")

# %% [markdown]
# ## And back: what a spectrogram has lost
#
# A spectrogram says how loud each frequency is, and has lost the phases. Griffin and Lim's rule looks for some that
# fit: sound, spectrogram of it, put the wanted loudness in, and again. Fewer mel bands lose more. How much of it still
# reaches our listener?

# %%
for bands in (80, 40, 20, 10, 5):
    heard = []
    for i, sound in enumerate(test["audio"]):
        power = audio.spectrogram(audio.mono(sound), window_samples=1024, hop_samples=256)
        mel = audio.mel(power, rate_hz=RATE_HZ, mels=bands)
        again = audio.from_mel(mel, rate_hz=RATE_HZ, fft_samples=1024)
        wave = audio.griffin_lim(np.sqrt(again), window_samples=1024, hop_samples=256, iterations=16, rng=i)
        heard.append(from_list(features(wave.astype(np.float32))))
    understood = np.mean([a == b for a, b in zip(heard, test["text"], strict=True)])
    print(f"{bands:3} bands and back: {understood:.0%} understood")

# %% [markdown]
# ## The simplest speaker there is
#
# Text becomes phonemes, by the synthesiser's own rules; each phoneme gets its mean length and its mean sound in *other*
# words, and these are pasted one after another. No learning but averages. What is missing is how sounds lean on their
# neighbours, which is what the network of `tinyxm train speak` learns from the same examples: phonemes, how long each
# lasts, and then frames that look at one another.

# %%
OTHERS = [
    *("zip", "zoo", "hero", "row", "wonder", "win", "sun", "run", "too", "tool", "threw", "tea", "free", "sea", "for"),
    *(
        "more",
        "fine",
        "file",
        "fives",
        "mix",
        "sits",
        "sick",
        "set",
        "head",
        "heaven",
        "eleven",
        "given",
        "ate",
        "late",
    ),
    *("night", "nice", "time", "near", "heat", "fan", "van", "wait", "knee", "think", "thread", "kneel"),
]
voice = utterances([Utterance(word, "en-us") for word in OTHERS if word not in WORDS])
pieces = {}
for sound, names, starts in zip(voice["audio"], voice["phonemes"], voice["starts"], strict=True):
    power = audio.spectrogram(audio.mono(sound), window_samples=1024, hop_samples=256)
    mel = audio.decibels(audio.mel(power, rate_hz=RATE_HZ, mels=80), range_db=None)
    edges = np.clip(np.ceil(starts / 256).astype(int), 0, len(mel))
    for name, a, b in zip(names, edges, edges[1:], strict=False):
        if b > a:
            pieces.setdefault(name.lstrip("',"), []).append(mel[a:b])
asked = utterances([Utterance(word, "en-us") for word in WORDS])  # for their phonemes alone
understood = 0
for word, names in zip(WORDS, asked["phonemes"], strict=True):
    frames = []
    for name in names:
        known = pieces.get(name.lstrip("',"))
        if known:
            length = round(np.mean([len(piece) for piece in known]))
            frames.append(np.tile(np.concatenate(known).mean(axis=0), (length, 1)))
    power = audio.from_mel(audio.from_decibels(np.concatenate(frames)), rate_hz=RATE_HZ, fft_samples=1024)
    wave = audio.griffin_lim(np.sqrt(power), window_samples=1024, hop_samples=256, iterations=16).astype(np.float32)
    written = from_list(features(wave))
    understood += written == word
    print(f"{word:6} {' '.join(names):14} → {written}")
print(f"{understood} of 10 understood; by chance it would be 1")

# %% [markdown]
# ## From a picture to a sound
#
# A handwritten digit can be told aloud, without any text in between: let a linear map take its pixels to the frames of
# its name, by least squares. What it gives is a mix of the ten names; where the picture leaves two of them possible,
# the least error is to say both at once, at half strength: a murmur. Better to recall first, and then say: a softmax of
# how well the picture agrees with each name that was heard chooses, sharply, what is mixed. Same map, same pictures,
# same listener.

# %%
written = data.load("handwritten-8")
pixels = written["image"].reshape(len(written), -1).astype(np.float32) / 255
digit = np.array([WORDS.index(name) for name in written["text"]])
names = []
for sound in asked["audio"]:
    power = audio.spectrogram(audio.mono(sound), window_samples=1024, hop_samples=256)
    names.append(audio.decibels(audio.mel(power, rate_hz=RATE_HZ, mels=80), range_db=None))
silence = min(mel.min() for mel in names)
bands = data.pad(names, value=silence)[0]  # (10, frames, 80)
order = np.random.default_rng(1).permutation(len(pixels))
known, unseen = order[:-40], order[-40:]
centred = pixels - pixels[known].mean(axis=0)
agree = (np.eye(10) - 0.1)[digit[known]]
weights = np.linalg.solve(centred[known].T @ centred[known] + np.eye(64), centred[known].T @ agree)
scores = centred[unseen] @ weights + 0.1  # least squares onto the names' frames is this mix of names


def say(mix):
    mel = np.tensordot(mix, bands, 1)
    power = audio.from_mel(audio.from_decibels(mel), rate_hz=RATE_HZ, fft_samples=1024)
    return audio.griffin_lim(np.sqrt(power), window_samples=1024, hop_samples=256, iterations=16).astype(np.float32)


recalled = np.exp(20 * scores) / np.exp(20 * scores).sum(axis=1, keepdims=True)
for way, mixes in (("least squares", scores), ("recalled, then said", recalled), ("the names themselves", np.eye(10))):
    right = digit[unseen] if len(mixes) == len(unseen) else np.arange(10)
    heard = [from_list(features(say(mix))) for mix in mixes]
    print(f"{way:21} understood {np.mean([a == WORDS[b] for a, b in zip(heard, right, strict=True)]):.0%}")

# %% [markdown]
# ## Change it and see
#
# - Give the convolution a stride of 4 (`model.early`): which words can't be spelt any longer, and why?
# - Train on one voice alone. How much do new voices cost now?
# - Take a scale of 1 or 100 in `recalled`: when is the picture's name a murmur, when one word?
# - Take `momentum=0.0` in `griffin_lim`, or one iteration, and write the sound to a file: what do you hear?
# - Exercises: `tinyxm check ex27` and `tinyxm check ex28`.
#
# ## What can go wrong
#
# - **Fewer frames than letters.** A path needs a frame for each letter, and one more between two equal ones ("three").
#   What was halved once too often has an infinite loss.
# - **It says nothing, for long.** All blanks is a plateau; too high a rate keeps the model there for good.
# - **A judge that heard the speaker.** A recogniser trained on a generator's sounds forgives what people wouldn't.
# - **A language model that flatters.** With a list of ten words, ten is all that can be said: its score is of choosing,
#   not of hearing. Say which list, and show the score without one beside it.
# - **Voices that are one voice.** Split by speaker, or the test hears a training voice again.
#
# ## Where it came from
#
# CTC: Graves, Fernández, Gomez & Schmidhuber 2006. Prefix beam search with words: Hannun et al. 2014. Griffin & Lim
# 1984; the faster rule: Perraudin, Balazs & Søndergaard 2013. Speaking by durations: Ren et al. 2019, FastSpeech. The
# voices: eSpeak NG. The larger jobs: `tinyxm train listen`, `tinyxm train speak`; and
# from pictures, `tinyxm train sound`.
#
# ## Three questions
#
# 1. Why must there be a blank at all? Couldn't each frame simply tell its letter?
# 2. Greedy decoding said nothing where the text "1" had probability 0.64. How can that be?
# 3. The mean of many ways to say a phoneme sounds like none of them. Why, and what does a network do about it?
#
# ## Answers
#
# <details><summary>Open</summary>
#
# 1. Repeats are merged, so that a letter may last; without something in between, "three" could never have its two e.
#    And frames of silence, or between two sounds, have no letter to tell.
# 2. Greedy takes one path, −− with 0.36. The text "1" is said by three paths, 11, 1− and −1, none as probable, but
#    together 0.64.
# 3. Each comes among other neighbours, and begins and ends elsewhere; the mean of a rising and a falling band is
#    flat and blurred. A network makes the frame depend on its neighbours and its place, so that fewer ways are left to
#    average over.
#
# </details>
