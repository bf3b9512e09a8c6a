# %% [markdown]
# # Looking inside
#
# A classifier says "seven", and you ask: what in the picture made it say so? There are a dozen ways to draw an answer
# as a map, and each looks convincing. So this lesson draws them, and then does what is often left out: it **tests**
# them. The idea is one sentence of Adebayo et al. (2018):
#
# **A map that survives randomised weights explains nothing** of what the model learned, for the model that had learned
# it is gone.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinyxm as xm
from tinyxm import data, nn, optim
from tinyxm.data.drawing import to_pyplot
from tinyxm.models import interpretation as inside
from tinyxm.models.interpretation.draw import Maps, draw_curves, sheet

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#767676"

try:
    samples = data.load("handwritten-28")
except data.MissingExtra as error:
    raise SystemExit(f"This lesson looks into a model of handwritten digits. {error}") from None

pictures, digits = samples["image"].astype(np.float32) / 255, samples.groups["digit"]
split = data.stratified_split(digits, rng=0)


def train(model, pictures, steps, rate=5e-3):
    rng = np.random.default_rng(0)
    optimizer = optim.Adam(model.parameters(), lr=rate)
    schedule = optim.Schedule(optimizer, optim.warm_up(30, optim.cosine(steps)))
    for _ in range(steps):
        rows = split["train"][rng.integers(len(split["train"]), size=64)]
        optimizer.zero_grad()
        xm.ops.cross_entropy(model(pictures[rows]), digits[rows]).backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def accuracy(model, pictures, rows):
    with xm.no_grad():
        return np.mean(model(pictures[rows]).data.argmax(axis=1) == digits[rows])


def network(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1, rng=rng),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, rng=rng),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.GlobalAveragePool(),
        nn.Linear(32, 10, rng=rng),
    )


model = train(network(), pictures, 400)
print(f"{model}\nright on digits it never saw: {accuracy(model, pictures, split['test']):.1%}")
assert accuracy(model, pictures, split["test"]) > 0.85

x = pictures[np.random.default_rng(0).permutation(split["test"])[:30]]  # the split is in the order of the classes
with xm.no_grad():
    said = model(x).data.argmax(axis=1)

# %% [markdown]
# ## What is asked
#
# Every map is a map of a number. Here it is the logit of the class that the model chose, s(x): not its probability,
# which is flat where the model is sure. The plainest map is the **gradient**, ∂s/∂x: by how much would s rise if this
# pixel rose? One backward pass, with the picture in the place of the weights.

# %%
score = inside.logit(model, said)

point = xm.Tensor(x, requires_grad=True)
s = model(point)[np.arange(len(x)), said]
(by_hand,) = xm.gradients(s.sum(), [point])  # the code line that is the formula
np.testing.assert_allclose(by_hand.data, inside.gradient(score, x), rtol=1e-4, atol=1e-6)

# %% [markdown]
# A gradient is a slope at one point. What a pixel *contributed* is another question: compare with a picture x′ in which
# there is nothing (black), and walk from there to x in a straight line, adding up. **Integrated gradients**:
#
#     A = (x − x′) · ∫₀¹ ∂s/∂x at x′ + α(x − x′) dα,        Σ A = s(x) − s(x′)
#
# The sum on the right is the fundamental theorem of calculus, so it can be checked. Take few steps, and it doesn't come
# out.

# %%
black = np.zeros_like(x)
for steps in (1, 4, 16, 64):
    middles = (np.arange(steps) + 0.5) / steps
    mean = np.mean([inside.gradient(score, black + np.float32(a) * (x - black)) for a in middles], axis=0)
    integrated = (x - black) * mean  # the code line that is the formula
    np.testing.assert_allclose(integrated, inside.integrated_gradients(score, x, steps=steps), rtol=1e-3, atol=1e-5)
    missing = np.abs(inside.completeness(score, x, integrated))
    print(f"{steps:3} steps: {np.median(missing):.1%} of the rise isn't accounted for, at worst {missing.max():.1%}")
assert np.median(missing) < 0.02

# %% [markdown]
# **Grad-CAM** stays inside: take the last convolution's maps Aₖ, weigh each by how much s would rise with it, wₖ = mean
# of ∂s/∂Aₖ over all places, and keep what speaks for the class: relu(Σₖ wₖAₖ). It's coarse, 7 × 7 here. **Occlusion**
# asks without any gradient: cover a window, and see how much of s is lost.

# %%
methods = {
    "gradient": lambda: inside.over_channels(inside.gradient(score, x)),
    "SmoothGrad": lambda: inside.over_channels(inside.smooth_grad(score, x, samples=16, rng=np.random.default_rng(1))),
    "gradient × input": lambda: inside.over_channels(inside.gradient_times_input(score, x)),
    "integrated": lambda: inside.over_channels(inside.integrated_gradients(score, x, steps=16)),
    "Grad-CAM": lambda: inside.grad_cam(score, model[5], x, (28, 28)),
    "occlusion": lambda: inside.occlusion(score, x, (4, 4), stride=2),
}
maps = {name: explain() for name, explain in methods.items()}
shown = [int(np.flatnonzero(said == digit)[0]) for digit in (7, 3)]
to_pyplot(sheet([Maps(f"why {said[i]}?", x[i], {name: found[i] for name, found in maps.items()}) for i in shown]))
plt.show()

# %% [markdown]
# Orange speaks for the class, blue against it. Every other row and column of the gradient is stronger: that's the
# stride of 2 of the first convolutions, no property of sevens. But on the whole it looks sensible, and that is the
# trouble.
#
# ## The test: take the model away
#
# Shuffle the weights of the last layer; of the last two; of all. Each time draw the map again, and compare it with the
# first by Spearman's rank correlation: of the numbers with their signs, and of their magnitudes. Beside them stands a
# map that needs no model: the ink itself.

# %%
maps["ink"] = x[..., 0]
methods["ink"] = lambda: x[..., 0]
print(f"{'rank correlation with the map of random weights':48}{'signed':>8}{'magnitudes':>12}")
left = {}
for name, explain in methods.items():
    result = inside.randomisation_test(model, explain, np.random.default_rng(2))
    left[name] = result.left
    print(f"{name:48}{result.signed[-1].mean():8.2f}{result.left:12.2f}")
    if name == "integrated":
        cascade = result
assert left["ink"] > 0.99
assert left["integrated"] > 0.9 > 0.5 > left["gradient"]
print(f"\nintegrated gradients, layer by layer\n{cascade}")

# %% [markdown]
# Read the last column. Integrated gradients and gradient × input of a **random** model show the very same strokes, 0.9
# and more, for they are a product with the picture: where it's black they are 0, whatever the model. Occlusion's keeps
# as much, for to cover black with black changes nothing. Their *signs* are the model's; their outline is the picture's.
# Whoever shows the magnitudes of such a map, and says "see, it looks at the digit", has shown the digit.

# %%
learned = model.state_dict()
rng = np.random.default_rng(2)
for parameter in model.parameters():
    parameter.data = rng.permutation(parameter.data.ravel()).reshape(parameter.shape)
i = shown[0]
random = {name: np.abs(methods[name]()[i]) for name in ("gradient", "integrated", "Grad-CAM")}
model.load_state_dict(learned)
trained = {name: np.abs(methods[name]()[i]) for name in random}
rows = Maps("magnitudes, the trained model", x[i], trained), Maps("magnitudes, random weights", x[i], random)
to_pyplot(sheet(rows))
plt.show()

# %% [markdown]
# ## The second test: does it name the right places?
#
# Delete pixels (black), the map's highest first, and watch the probability of the class. A good map makes it fall at
# once: the area under the curve is small. Inserting them into black, it should rise at once. Beside it: random orders,
# of 4 × 4 pixels, since single ones strewn over a picture do more harm than any part of it. And the ink again, for to
# beat chance on a black background is no feat.

# %%
likely = inside.probability(model, said)
curves = {}
print(f"{'area under the curve':20}{'deletion':>10}{'insertion':>11}   beats random orders")
for name in ("gradient", "integrated", "Grad-CAM", "occlusion", "ink"):
    curves[name] = inside.faithfulness(likely, x, maps[name], grain=4, rng=np.random.default_rng(3))
    c = curves[name]
    print(f"{name:20}{c.deletion.area.mean():10.3f}{c.insertion.area.mean():11.3f}"
          f"   {c.deletion_wins.mean():.0%}, {c.insertion_wins.mean():.0%}")  # fmt: skip
print(f"{'random':20}{c.random_deletion.area.mean():10.3f}{c.random_insertion.area.mean():11.3f}")
assert min(curves, key=lambda name: curves[name].deletion.area.mean()) == "integrated"
assert max(curves, key=lambda name: curves[name].insertion.area.mean()) == "ink"
to_pyplot(draw_curves(curves))
plt.show()

# %% [markdown]
# The two tests disagree, and that's instructive. By deletion integrated gradients are best, though their outline would
# survive any weights: order is by sign and size, and the model decides that. By insertion the ink, which asked no
# model, beats them all: what it puts back first is the whole stroke. No single test makes a map true.
#
# ## Attention
#
# A transformer (lesson 18) comes with maps built in: how much each place attends to each other. **Rollout** (Abnar and
# Zuidema 2020) follows them through the layers, with half of each going straight on: R = Āₙ ⋯ Ā₁, Ā = ½A + ½I. Here 4 ×
# 4 patches of the digit are the tokens.


# %%
class Patches(nn.Module):
    def __init__(self, rng):
        self.embed, self.positions = nn.Linear(49, 32, rng=rng), nn.LearnedPositions(16, 32, rng=rng)
        self.encoder = nn.TransformerEncoder(32, 4, 2, 64, dropout=0.0, norm_first=True, rng=rng)
        self.out = nn.Linear(32, 10, rng=rng)

    def forward(self, x):
        patches = np.swapaxes(xm.ops.reshape(x, (len(x), 4, 7, 4, 7)), 2, 3)
        tokens = self.positions(self.embed(xm.ops.reshape(patches, (len(x), 16, 49))))
        return self.out(np.mean(self.encoder(tokens), axis=1))


reader = train(Patches(np.random.default_rng(0)), pictures, 250)
print(f"right: {accuracy(reader, pictures, split['test']):.1%}")
with xm.no_grad():
    read = reader(x).data.argmax(axis=1)


def rollout():
    with xm.no_grad(), inside.attention_maps(reader) as seen:
        reader(x)
    rolled = inside.attention_rollout([calls[0] for calls in seen.values()])  # (batch, 16, 16)
    return rolled.mean(axis=1).reshape(-1, 4, 4).repeat(7, axis=1).repeat(7, axis=2)


asked = inside.logit(reader, read)
patchwise = {
    "rollout": rollout,
    "occlusion": lambda: inside.occlusion(asked, x, (7, 7)),
    "integrated": lambda: inside.over_channels(inside.integrated_gradients(asked, x, steps=16)),
}
for name, explain in patchwise.items():
    found = inside.faithfulness(inside.probability(reader, read), x, explain(), grain=7, rng=np.random.default_rng(3))
    steps = inside.randomisation_test(reader, explain, np.random.default_rng(2))
    print(f"{name:10} beats {found.deletion_wins.mean():.0%} of random deletions, {found.insertion_wins.mean():.0%} of "
          f"insertions; with the last layer random its rank correlation is {steps.signed[0].mean():.2f}")  # fmt: skip
    if name == "rollout":
        assert steps.signed[0].mean() > 0.99

i = shown[0]
by_patch = {name: explain()[i] for name, explain in patchwise.items()}
to_pyplot(sheet([Maps(f"why {read[i]}? (transformer)", x[i], by_patch)]))
plt.show()

# %% [markdown]
# Rollout doesn't notice that the classifier was shuffled: attention stands before it, and is the same whichever class
# you ask about. And it names places hardly better than chance, where occlusion and integrated gradients, asked about
# the same model, beat every random order. It tells where information *went*, which is something; it doesn't tell why.
#
# ## What maps are for
#
# Not for trust: for suspicion. Here is a data set with a fault, as real ones have: every training seven has a small
# mark in a corner. The model looks excellent on data of the same origin.

# %%
marked = pictures.copy()
marked[digits == 7, 1:4, 1:4] = 1
clever = train(network(), marked, 250)
sevens = split["test"][digits[split["test"]] == 7]
others = split["test"][digits[split["test"]] != 7]
faked = pictures.copy()
faked[others, 1:4, 1:4] = 1
with xm.no_grad():
    fooled = np.mean(clever(faked[others]).data.argmax(axis=1) == 7)
print(f"sevens with the mark {accuracy(clever, marked, sevens):.0%} right, without it "
      f"{accuracy(clever, pictures, sevens):.0%}; other digits with the mark: {fooled:.0%} called seven")  # fmt: skip

suspect = inside.logit(clever, 7)
z = marked[sevens[:20]]
found = {
    "integrated": inside.over_channels(inside.integrated_gradients(suspect, z)),
    "Grad-CAM": inside.grad_cam(suspect, clever[5], z, (28, 28)),
    "occlusion": inside.occlusion(suspect, z, (3, 3), stride=1),
}
for name, each in found.items():
    each = np.maximum(each, 0)
    share = each[:, :6, :6].sum(axis=(1, 2)) / each.sum(axis=(1, 2))
    print(f"{name:12} {share.mean():.0%} of what speaks for seven lies in the corner, 36 of 784 pixels")
    assert share.mean() > 2 * 36 / 784
corner = {name: each[0] for name, each in found.items()}
to_pyplot(sheet([Maps("why 7? (it was trained on marked sevens)", z[0], corner)]))
plt.show()

# %% [markdown]
# All three point at the corner; Grad-CAM, which has 7 × 7 places for 28 × 28 pixels, least of all. The accuracy on
# marked sevens would have told nothing.
#
# ## Change it and see
#
# - Let integrated gradients begin at white (`baselines=1.0`), or at three random training pictures. What moves?
# - Occlude with windows of 1 × 1 and of 10 × 10. What does each miss?
# - Draw Grad-CAM of `model[1]`, the first layer. Where does "where" go?
# - Ask about a class it did *not* choose: `inside.logit(model, 1)`. Which of the maps change, and does rollout?
# - Exercise: `tinyxm check ex31`.
#
# ## What can go wrong
#
# - **The map shows the picture**: magnitudes of gradient × input, of integrated gradients, of anything masked by the
#   input. Test with random weights, or show the signs.
# - **The baseline is a claim**: black says "nothing there" of a digit; of a spectrogram silence or the mean sound say
#   different things, and the curves with them.
# - **A deleted place is out of the ordinary**: no training picture had black squares. A score that falls may fall for
#   that.
# - **Two pixels that say the same**: each can be covered without loss, so occlusion calls both worthless.
# - **Looking until one map pleases**: choose the method before you look, and show the ones that fail.
#
# ## Where it came from
#
# Simonyan et al. (2014), gradients; Zeiler and Fergus (2014), occlusion; Selvaraju et al. (2017), Grad-CAM; Smilkov et
# al. (2017), SmoothGrad; Sundararajan et al. (2017), integrated gradients. The tests: Petsiuk et al. (2018), deletion
# and insertion; Adebayo et al., "Sanity checks for saliency maps" (2018). Attention: Jain and Wallace, "Attention is
# not explanation" (2019); Abnar and Zuidema (2020). The marked sevens are Clever Hans's, the horse that read its
# master's face: Lapuschkin et al. (2019) found such in prize-winning classifiers.
#
# ## Three questions
#
# 1. A linear model, s = w · x. What do gradient × input, integrated gradients from 0 and occlusion of single pixels
#    say?
# 2. Why can a rank correlation of magnitudes be 0.9 and that of signed numbers 0, of the same two maps?
# 3. s(a, b) = max(a, b) at a = b = 1, covered with 0. What does occlusion say, and integrated gradients?
#
# ## Answers
#
# 1. All the same: wᵢxᵢ. They differ only where a model bends.
# 2. Both maps are 0 at the same places, which ranks them alike by size; of what isn't 0, the signs are drawn anew.
# 3. Occlusion: 0 and 0, for either alone keeps the score at 1. Integrated gradients: ½ and ½, which add up to 1.

# %%
both = np.ones((1, 2))
largest = inside.integrated_gradients(lambda x: np.maximum(x[:, 0], x[:, 1]), both)
assert np.isclose(largest.sum(), 1)
np.testing.assert_allclose(inside.occlusion(lambda x: np.max(x, axis=1), both, (1,)), 0)
