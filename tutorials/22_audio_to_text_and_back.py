# %% [markdown]
# # Audio to text, and back
#
# A word can be said in a thousand ways; all are spelt alike. So the two ways between sound and text aren't each other's
# reverse. Who **hears** must drop what doesn't matter: the voice, the speed, the phase of each frequency. Who
# **speaks** must make up all that the text doesn't say: how long each sound lasts, and what a spectrogram has lost.
#
# To hear, let a model tell for each frame of sound a letter or nothing, and sum over all paths that say the word
# (lesson 17 builds this sum, and its recursion):
#
#     L = −ln Σ over paths π that say y of Π_t p_t(π_t)
#
# To speak, find a sound x whose spectrogram is the one that is wanted, S, by going to and fro:
#
#     x ← the sound of S·Z / |Z|,   Z = the spectrum of x, frame by frame

# %%
import matplotlib.pyplot as plt
import numpy as np

from tinyxm import data, optim
from tinyxm.data import audio
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.ctc_decoding import WordList, align, greedy, prefix_beam
from tinyxm.models.recogniser import Recogniser

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
rng = np.random.default_rng(0)
LETTERS = "-" + "abcdefghijklmnopqrstuvwxyz"
RATE_HZ, HOP = 22_050, 220  # a frame each 10 ms

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
# letters. `model.loss` is the formula above, divided by the number of letters. At first it says nothing at all, as in
# lesson 17: the loss stands still for a while, then falls.

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
# Nobody told it when, and its probabilities are short peaks with blanks between. The most probable path that says the
# word (Viterbi's: lesson 17's walk with the greatest in place of the sum) is drawn beneath: it tells where the model
# says a letter, which isn't where a phonetician would say that it sounds.

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
below.set(xlabel="seconds", ylabel="probability", ylim=(-0.22, 1.05), yticks=(0, 0.5, 1))
below.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## What could have been said
#
# Greedy decoding takes the likeliest letter of each frame, prefix beam search the likeliest text (lesson 17), and it
# can ask a language model at each letter. The strictest one is a list of words: nothing else can be said. Look at what
# is missed: "three" needs a blank between its two e, in a sound that has nothing there to tell.

# %%
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
# A spectrogram says how loud each frequency is, and has lost the phases. Griffin and Lim's rule, the second formula,
# looks for some that fit: the spectrum of a sound, the wanted loudness put in, the sound of that, and again. Most
# spectra are no sound's, for its frames overlap and must agree; so each turn moves it, less and less.

# %%
shape = {"window_samples": 1024, "hop_samples": 256}
wanted = abs(audio.spectrum(audio.mono(test["audio"][at]), **shape))
Z, apart = np.exp(2j * np.pi * rng.random(wanted.shape)), []
for _ in range(17):
    wave = audio.from_spectrum(wanted * Z / np.maximum(abs(Z), 1e-12), **shape)  # the code line that is the formula
    Z = audio.spectrum(wave, **shape)
    apart.append(np.linalg.norm(abs(Z) - wanted) / np.linalg.norm(wanted))
print("how far its loudness is from the wanted one:", *(f"{far:.2f}" for far in apart[::4]))
assert np.all(np.diff(apart) < 0)

# %% [markdown]
# Fewer mel bands lose more still. How much of it reaches our listener? (`griffin_lim` goes a little further in the
# direction it went, and is there sooner.)

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
OTHERS = """
    zip zoo hero row wonder win sun run too tool threw tea free sea for more fine file fives mix sits sick set head
    heaven eleven given ate late night nice time near heat fan van wait knee think thread kneel
"""
voice = utterances([Utterance(word, "en-us") for word in OTHERS.split() if word not in WORDS])
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
# same listener. (To find a word for a picture, and a picture for a word, in place of making one: lesson 01.)

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
# - Give it every fourth frame, `features(sound)[::4]`: which two words can't be spelt any longer, and why?
# - Train on one voice alone. How much do new voices cost now?
# - Take a scale of 1 or 100 in `recalled`: when is the picture's name a murmur, when one word?
# - Take `momentum=0.0` in `griffin_lim`, or one iteration, and write the sound to a file: what do you hear?
# - Exercise: `tinyxm check ex27`.
#
# ## What can go wrong
#
# - **Fewer frames than letters.** What was halved once too often has an infinite loss; `Recogniser` leaves it out, and
#   its words are never learned. Count them first.
# - **A judge that heard the speaker.** A recogniser trained on a generator's sounds forgives what people wouldn't.
# - **A language model that flatters.** With a list of ten words, ten is all that can be said: its score is of choosing,
#   not of hearing. Say which list, and show the score without one beside it.
# - **Voices that are one voice.** Split by speaker, or the test hears a training voice again.
#
# ## Where it came from
#
# CTC: Graves, Fernández, Gomez & Schmidhuber 2006. A beam with a language model: Hannun et al. 2014. Griffin & Lim
# 1984; the faster rule: Perraudin, Balazs & Søndergaard 2013. Speaking by durations: Ren et al. 2019, FastSpeech. The
# voices: eSpeak NG. The larger jobs: `tinyxm train listen`, `tinyxm train speak`; and
# from pictures, `tinyxm train sound`.
#
# ## Three questions
#
# 1. Greedy writes "thre" for "three". What in the sound would have to tell the two e apart?
# 2. With a list of ten words all are understood, without it not all. Does the model with the list hear better?
# 3. The mean of many ways to say a phoneme sounds like none of them. Why, and what does a network do about it?
#
# ## Answers
#
# 1. A blank between them, where nothing happens: one long vowel. It can learn that only as a habit of this word, never
#    from a boundary; no way of decoding brings back what the frames don't tell.
# 2. It hears the same; it chooses among ten and not among all spellings. "thre" is nearest to "three". A word that
#    isn't on the list will be taken for one that is.
# 3. Each comes among other neighbours, and begins and ends elsewhere; the mean of a rising and a falling band is
#    flat and blurred. A network makes the frame depend on its neighbours and its place, so that fewer ways are left to
#    average over.
