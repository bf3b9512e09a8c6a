"""The mistakes, each a few lines of training that differ from the right ones in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tinyxm import data, nn, ops, optim
from tinyxm.autograd import Tensor, no_grad
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.metrics import bleu
from tinyxm.training.diagnosis import Evidence


@dataclass(frozen=True)
class Mistake:
    """`train(wrong, seed)` trains the wrong twin or the right one, and returns what diagnosis reads.

    `shows` says what the mistake does that a learner would notice.
    """

    name: str
    what: str
    shows: str
    train: Callable[..., Evidence]


@dataclass(frozen=True)
class Digits:
    """1,797 handwritten digits: pixels `(n, 64)` from 0 to 1, their classes, and a split."""

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray


@cache
def digits() -> Digits:
    samples = data.load("handwritten-8")
    x = samples["image"].reshape(-1, 64).astype(np.float32) / 255
    split = data.stratified_split(samples.groups["digit"], {"train": 0.7, "test": 0.3}, 0)
    return Digits(x, samples.groups["digit"], split["train"], split["test"])


class Halves(nn.Module):
    """Two towers: the left half of a digit and its right half, each `(n, 32)`, become vectors to compare."""

    def __init__(self, unit: bool, rng: np.random.Generator) -> None:
        self.unit = unit
        self.left = nn.Sequential(nn.Linear(32, 64, rng=rng), nn.ReLU(), nn.Linear(64, 32, rng=rng))
        self.right = nn.Sequential(nn.Linear(32, 64, rng=rng), nn.ReLU(), nn.Linear(64, 32, rng=rng))

    def forward(self, x: np.ndarray) -> tuple[Any, Any]:
        pictures = x.reshape(-1, 8, 8)
        halves = self.left(pictures[:, :, :4].reshape(-1, 32)), self.right(pictures[:, :, 4:].reshape(-1, 32))
        return (ops.unit_length(halves[0]), ops.unit_length(halves[1])) if self.unit else halves


class Speller(nn.Module):
    """The letters of a digit's name, one by one: scores of the next from picture, place, and letter before."""

    letters = sorted({letter for name in DIGITS for letter in name})
    end, begin, longest = len(letters), len(letters) + 1, 6

    def __init__(self, rng: np.random.Generator) -> None:
        self.picture = nn.Linear(64, 64, rng=rng)
        self.before, self.place = nn.Embedding(self.begin + 1, 64, rng=rng), nn.Embedding(self.longest, 64, rng=rng)
        self.next = nn.Linear(64, self.begin, rng=rng)

    @classmethod
    def spelled(cls, y: np.ndarray) -> np.ndarray:
        """The names' letters as numbers (n, longest), then `end` to fill up."""
        rows = [[cls.letters.index(letter) for letter in DIGITS[digit]] for digit in y]
        return np.array([row + [cls.end] * (cls.longest - len(row)) for row in rows])

    def forward(self, x: np.ndarray, before: np.ndarray) -> Any:
        """Scores (n, places, letters) of the letters that follow each of `before` (n, places)."""
        places = self.place(np.arange(before.shape[1]))
        return self.next(ops.relu(self.picture(x)[:, None] + self.before(before) + places))

    def forced(self, x: np.ndarray, letters: np.ndarray) -> Any:
        """Scores of each letter after the right ones before it."""
        return self(x, np.concatenate([np.full((len(x), 1), self.begin), letters[:, :-1]], axis=1))

    def free(self, x: np.ndarray) -> np.ndarray:
        """The letters (n, longest) when each follows the model's own."""
        written = np.full((len(x), 1), self.begin)
        for _ in range(self.longest):
            written = np.concatenate([written, self(x, written).data[:, -1:].argmax(axis=-1)], axis=1)
        return written[:, 1:]


class Names(nn.Module):
    """Two towers: a digit's picture `(n, 64)` and its name, a number from 0 to 9, as vectors of unit length."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.picture = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Linear(64, 16, rng=rng))
        self.name = nn.Embedding(10, 16, rng=rng)

    def forward(self, x: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
        return ops.unit_length(self.picture(x)), ops.unit_length(self.name(y))


def classifier(rng: np.random.Generator) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(64, 32, rng=rng), nn.ReLU(), nn.Linear(32, 32, rng=rng), nn.ReLU(), nn.Linear(32, 10, rng=rng))
    )


def fit(
    model: nn.Module,
    optimizer: optim.Optimizer,
    loss: Callable[[np.ndarray], Tensor],
    seed: int,
    steps: int = 200,
    batch: int = 64,
    schedule: Callable[[int], float] | None = None,
    rows: np.ndarray | None = None,
) -> dict[str, Any]:
    """Train on batches of the training digits, and record: losses, gradient norms, the gradients of the first step."""
    rng, rows = np.random.default_rng([seed, 1]), digits().train if rows is None else rows
    rates = optim.Schedule(optimizer, schedule) if schedule else None
    losses, norms, gradients = [], [], {}
    for step in range(steps):
        optimizer.zero_grad()
        value = loss(rows[rng.integers(len(rows), size=batch)])
        losses.append(value.item())
        if not np.isfinite(losses[-1]):
            break
        value.backward()
        if step == 0:
            gradients = {name: np.array(p.grad) for name, p in model.named_parameters() if p.grad is not None}
        norms.append(float(np.sqrt(sum(float((p.grad**2).sum()) for p in model.parameters() if p.grad is not None))))
        optimizer.step()
        if rates:
            rates.step()
    return {"losses": losses, "gradient_norms": norms, "gradients": gradients}


def accuracy(model: nn.Module, x: np.ndarray, rows: np.ndarray) -> float:
    with no_grad():
        return float(np.mean(model(x[rows]).data.argmax(axis=1) == digits().y[rows]))


def no_unit_length(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), Halves(not wrong, np.random.default_rng(seed))

    def loss(rows: np.ndarray) -> Tensor:
        left, right = model(d.x[rows])
        return ops.info_nce(left, right, 1 / 0.07)

    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), loss, seed)
    with no_grad():
        left, right = model(d.x[d.test])
    own = np.arange(len(d.test))
    found = float(np.mean((left.data @ right.data.T).argmax(axis=1) == own))
    vectors = {"left": left.data, "right": right.data}
    return Evidence(**told, unlearned=float(np.log(64)), vectors=vectors, scores={"recall@1": found})


def softmax_axis(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), classifier(np.random.default_rng(seed))

    def shares(x: np.ndarray) -> Tensor:
        return ops.softmax(model(x), axis=0 if wrong else 1)

    def loss(rows: np.ndarray) -> Tensor:
        right = shares(d.x[rows])[np.arange(len(rows)), d.y[rows]]
        return -np.log(right + 1e-9).mean()

    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), loss, seed)
    with no_grad():
        seen = shares(d.x[d.test[:64]]).data
    return Evidence(**told, shares=seen, scores={"accuracy": accuracy(model, d.x, d.test)})


def duplicate_captions(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), Names(np.random.default_rng(seed))

    def loss(rows: np.ndarray) -> Tensor:
        said = d.y[rows]
        pictures, names = model(d.x[rows], said)
        return ops.info_nce(pictures, names, 1 / 0.07, None if wrong else said[:, None] == said)

    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), loss, seed)
    with no_grad():
        pictures, names = model(d.x[d.test], np.arange(10))
    right = float(np.mean((pictures.data @ names.data.T).argmax(axis=1) == d.y[d.test]))
    captions = [DIGITS[i] for i in d.y[d.train[:64]]]
    vectors = {"picture": pictures.data, "name": names.data}
    return Evidence(**told, captions=captions, masked=not wrong, vectors=vectors, scores={"accuracy": right})


def zero_initialisation(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), classifier(np.random.default_rng(seed))
    if wrong:
        for parameter in model.parameters():
            parameter.data[...] = 0
    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), _cross_entropy(model, d.x), seed)
    return Evidence(**told, unlearned=float(np.log(10)), scores={"accuracy": accuracy(model, d.x, d.test)})


def no_warm_up(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), classifier(np.random.default_rng(seed))
    schedule = optim.cosine(200) if wrong else optim.warm_up(40, optim.cosine(160))
    told = fit(model, optim.Adam(model.parameters(), lr=0.1), _cross_entropy(model, d.x), seed, schedule=schedule)
    return Evidence(**told, unlearned=float(np.log(10)), scores={"accuracy": accuracy(model, d.x, d.test)})


def learning_rate_too_high(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), classifier(np.random.default_rng(seed))
    optimizer = optim.Momentum(model.parameters(), lr=3.0 if wrong else 0.03, momentum=0.9)
    told = fit(model, optimizer, _cross_entropy(model, d.x), seed)
    return Evidence(**told, unlearned=float(np.log(10)), scores={"accuracy": accuracy(model, d.x, d.test)})


def leaking_split(wrong: bool, seed: int = 0) -> Evidence:
    """Training digits are repeated to have more of them: before the split in the wrong twin, after it in the right."""
    d, rng = digits(), np.random.default_rng(seed)
    chosen = rng.permutation(len(d.x))[:300]
    if wrong:
        several = rng.permutation(np.repeat(chosen, 3))
        train, test = several[:600], several[600:]
    else:
        train, test = np.repeat(chosen[:200], 3), chosen[200:]
    model = classifier(np.random.default_rng(seed))
    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), _cross_entropy(model, d.x), seed, rows=train)
    return Evidence(**told, train=d.x[train], test=d.x[test], scores={"accuracy": accuracy(model, d.x, test)})


def all_statistics(wrong: bool, seed: int = 0) -> Evidence:
    d, model = digits(), classifier(np.random.default_rng(seed))
    train = np.random.default_rng(seed).permutation(d.train)[:40]  # few, so that their mean is far from that of all
    known = np.concatenate([train, d.test]) if wrong else train
    centre, spread = d.x[known].mean(axis=0), d.x[known].std(axis=0) + 0.1
    x = (d.x - centre) / spread
    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), _cross_entropy(model, x), seed, rows=train)
    scores = {"accuracy": accuracy(model, x, d.test)}
    return Evidence(**told, train=d.x[train], test=d.x[d.test], centre=centre, scores=scores)


def teacher_forcing(wrong: bool, seed: int = 0) -> Evidence:
    """One training, on few digits; the wrong twin tells the score of letters predicted after the right ones."""
    d, model = digits(), Speller(np.random.default_rng(seed))
    rows = np.random.default_rng(seed).permutation(d.train)[:40]

    def loss(rows: np.ndarray) -> Tensor:
        letters = model.spelled(d.y[rows])
        scores = model.forced(d.x[rows], letters)
        return ops.cross_entropy(ops.reshape(scores, (-1, model.begin)), letters.ravel())

    told = fit(model, optim.Adam(model.parameters(), lr=3e-3), loss, seed, rows=rows)
    truth = model.spelled(d.y[d.test])
    with no_grad():
        written = {
            "teacher_forced": model.forced(d.x[d.test], truth).data.argmax(axis=-1),
            "free_running": model.free(d.x[d.test]),
        }

    def words(letters: np.ndarray) -> list[list[str]]:
        return [[model.letters[i] for i in row if i < model.end] for row in letters]

    names = words(truth)
    scores = {how: bleu(names, words(letters), effective_order=True) for how, letters in written.items()}
    return Evidence(**told, scores=scores, reported="teacher_forced" if wrong else "free_running")


def _cross_entropy(model: nn.Module, x: np.ndarray) -> Callable[[np.ndarray], Tensor]:
    return lambda rows: ops.cross_entropy(model(x[rows]), digits().y[rows])


MISTAKES = {
    mistake.name: mistake
    for mistake in (
        Mistake(
            "no_unit_length",
            "vectors of two towers are compared without dividing them by their lengths",
            "the loss begins far above ln(batch); fewer halves find their other half",
            no_unit_length,
        ),
        Mistake(
            "softmax_axis",
            "the softmax is taken over the batch instead of the classes",
            "the loss falls, yet what is said of a picture depends on its neighbours in the batch",
            softmax_axis,
        ),
        Mistake(
            "duplicate_captions",
            "equal captions within a batch count as wrong answers to one another",
            "the loss can't fall below a floor, however right the answers",
            duplicate_captions,
        ),
        Mistake(
            "zero_initialisation",
            "all weights begin at 0",
            "the loss stays at that of a model that knows nothing, ln(classes)",
            zero_initialisation,
        ),
        Mistake(
            "no_warm_up",
            "the first steps have the full learning rate",
            "the loss leaps up at first, and may never quite recover",
            no_warm_up,
        ),
        Mistake(
            "learning_rate_too_high",
            "a learning rate a hundred times too high",
            "the loss rises, or isn't a number any more",
            learning_rate_too_high,
        ),
        Mistake(
            "leaking_split",
            "samples were repeated before they were split",
            "a test score that nobody will see again",
            leaking_split,
        ),
        Mistake(
            "test_statistics",
            "mean and deviation were measured with the test samples",
            "nothing to be seen in the loss; the score is a little off, in either direction",
            all_statistics,
        ),
        Mistake(
            "teacher_forcing",
            "BLEU is told of letters that were each predicted after the right ones",
            "a BLEU above that of what the model writes by itself",
            teacher_forcing,
        ),
    )
}
