"""What only a model can find: labels and pairs that contradict all others.

Each model is small, learned here, and judges only samples that it wasn't learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..image import composite, oriented_gradients
from ..samples import Samples
from ..text import character_ngrams, words
from ..tokens import hashed_bag
from .ledger import Entry, Rule
from .opened import is_file, mono_of, picture_of
from .outliers import robust_units

Matrix = NDArray[np.float64]
SIDE = 32  # pixels of the pictures that are described
WIDTHS = (0.35, 0.5, 0.7)  # of the kernels that judge pairs, in median distances: no single one fits all
COLUMNS = 2048  # of a text's hashed features


def described(values: Sequence[Any], components: int = 128) -> Matrix:
    """Any modality as rows of numbers, for a linear model: (n, at most `components`), of mean 0.

    Pictures: oriented gradients and colours of 32 × 32 pixels. Sounds: cepstra at 12 moments of their course. Texts:
    words and character n-grams, hashed, the rare ones weighing more (ln n / df). Numbers: themselves, less their
    medians, in robust deviations, clipped at ±8. Then the first principal components, with their variances.
    Raises TypeError for values of which none of these can be made.
    """
    first = values[0]
    if isinstance(first, str) or (isinstance(first, list) and all(isinstance(item, str) for item in first)):
        x = _texts(values)
    elif isinstance(first, np.ndarray) and first.ndim <= 1 and first.size <= 4096:
        x = np.clip(robust_units(np.array([np.ravel(value) for value in values], np.float64)), -8, 8)
    elif (is_file(first) and not _sounds(first)) or (isinstance(first, np.ndarray) and first.ndim >= 3):
        x = _pictures(values)
    elif mono_of(first) is not None:
        x = np.stack([_sound(value) for value in values])
        x = (x - x.mean(axis=0)) / np.sqrt(x.std(axis=0) + 1e-9)
    else:
        raise TypeError(f"described: a {type(first).__name__} is neither picture, sound, text nor numbers")
    return principal(x, components)


def principal(x: NDArray[Any], components: int) -> Matrix:
    """Rows along the directions in which they vary most, at most `components`, and fewer where they vary in fewer."""
    centred = np.asarray(x, np.float64) - x.mean(axis=0)
    n, d = centred.shape
    if d <= n:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        kept = values[::-1][:components] > 1e-9 * max(values[-1], 1e-30)
        return centred @ vectors[:, ::-1][:, :components][:, kept]
    values, vectors = np.linalg.eigh(centred @ centred.T)
    kept = values[::-1][:components] > 1e-9 * max(values[-1], 1e-30)
    return vectors[:, ::-1][:, :components][:, kept] * np.sqrt(values[::-1][:components][kept])


def held_out_probabilities(
    x: Matrix,
    labels: NDArray[np.int_],
    classes: int,
    folds: int = 5,
    rng: int | np.random.Generator = 0,
    penalty: float = 0.01,
) -> Matrix:
    """p(class | x) of each sample, by a model that hasn't seen it: (n, classes).

    Multinomial logistic regression p = softmax(x W + b) with a penalty on W, learned by L-BFGS on all folds but the
    sample's own. Folds are drawn class by class, so that each class is in all, where it has that many.
    """
    from scipy.optimize import minimize  # importing it takes longer than all of tinyxm.data

    generator = np.random.default_rng(rng)
    n, d = x.shape
    units = x / np.sqrt(np.mean(np.square(x).sum(axis=1)) / d + 1e-12)
    x1 = np.hstack([units, np.ones((n, 1))])
    order = np.argsort(labels[shuffled := generator.permutation(n)], kind="stable")
    fold = np.empty(n, int)
    fold[shuffled[order]] = np.arange(n) % folds
    target = np.eye(classes)[labels]
    out = np.zeros((n, classes))
    weight = np.zeros((d + 1) * classes)
    for k in range(folds):
        rows = fold != k
        a, y = x1[rows], target[rows]
        shrink = np.vstack([np.full((d, classes), penalty), np.zeros((1, classes))])

        def loss(w: Matrix, a: Matrix = a, y: Matrix = y, shrink: Matrix = shrink) -> tuple[float, Matrix]:
            matrix = w.reshape(d + 1, classes)
            scores = a @ matrix
            scores -= scores.max(axis=1, keepdims=True)
            log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
            value = -np.sum(y * log_p) / len(a) + 0.5 * np.sum(shrink * matrix**2)
            return float(value), (a.T @ (np.exp(log_p) - y) / len(a) + shrink * matrix).ravel()

        weight = minimize(loss, weight * 0, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
        scores = x1[~rows] @ weight.reshape(d + 1, classes)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        out[~rows] = odds / odds.sum(axis=1, keepdims=True)
    return out


def confident_joint(probabilities: Matrix, labels: NDArray[np.int_]) -> NDArray[np.int_]:
    """How many samples labelled i a model is confident are of class j: C (classes, classes).

    Of class j it's confident where p_j is at least t_j = mean of p_j over the samples labelled j: as sure as it usually
    is of that class. Of several such classes the likeliest counts; a sample with none counts nowhere.
    Source: Northcutt, Jiang & Chuang 2021, Confident learning: estimating uncertainty in dataset labels, section 3.1.
    """
    classes = probabilities.shape[1]
    there = [labels == k for k in range(classes)]
    usual = np.array([probabilities[rows, k].mean() if rows.any() else np.inf for k, rows in enumerate(there)])
    sure = np.where(probabilities >= usual, probabilities, -1)
    some = sure.max(axis=1) >= 0
    joint = np.zeros((classes, classes), int)
    np.add.at(joint, (labels[some], sure.argmax(axis=1)[some]), 1)
    return joint


def label_faults(probabilities: Matrix, labels: NDArray[np.int_], least: float = 0.5) -> NDArray[np.int_]:
    """For each sample the class that it should have in place of its own, or −1 where its label stands: (n,).

    "Prune by noise rate": the confident joint, its rows scaled to the number of samples with each label, says how many
    of those labelled i are of class j; the so many with the largest p_j − p_i are held to be mislabelled, where that is
    above 0. Source: Northcutt, Jiang & Chuang 2021, sections 3.1 (calibration) and 3.2 (method 4).
    """
    joint = confident_joint(probabilities, labels)
    counts = np.bincount(labels, minlength=len(joint))
    expected = np.rint(joint / np.maximum(joint.sum(axis=1, keepdims=True), 1) * counts[:, None]).astype(int)
    found, margin = np.full(len(labels), -1), np.full(len(labels), least)
    for i, j in np.argwhere(expected * (1 - np.eye(len(joint), dtype=int))):
        rows = np.flatnonzero(labels == i)
        gain = probabilities[rows, j] - probabilities[rows, i]
        for k in np.argsort(-gain, kind="stable")[: expected[i, j]]:
            if gain[k] > margin[rows[k]]:
                margin[rows[k]], found[rows[k]] = gain[k], j
    return found


def mislabelled(*of: str, folds: int = 5, rng: int = 0, action: str = "dropped", least: int = 5) -> Rule:
    """A rule for labels that contradict what a linear model makes of the modalities `of`: see `label_faults`.

    Applied to the modality that holds the labels (texts or whole numbers). Samples that lack one of `of`, and classes
    of fewer than `least` samples, are passed over.
    """

    def mislabelled_(samples: Samples, modality: str) -> Iterator[Entry]:
        rows = np.flatnonzero(np.all([samples.present[name] for name in (modality, *of)], axis=0))
        values = [samples[modality][i] for i in rows]
        names, labels, counts = np.unique(np.array(values), return_inverse=True, return_counts=True)
        enough = counts[labels] >= least
        rows, labels = rows[enough], labels[enough]
        names, labels = names[np.unique(labels)], np.unique(labels, return_inverse=True)[1]
        if len(names) < 2:
            return
        x = np.hstack([_comparable(described([samples[name][i] for i in rows])) for name in of])
        probabilities = held_out_probabilities(x, labels, len(names), folds, rng)
        better = label_faults(probabilities, labels)
        for k, i in enumerate(rows):
            if better[k] >= 0:
                told = f"labelled {names[labels[k]]}, which has {probabilities[k, labels[k]]:.2f}; "
                told += f"{names[better[k]]} has {probabilities[k, better[k]]:.2f}"
                yield Entry(samples.ids[i], modality, "wrong label", action, "mislabelled", told)

    return mislabelled_


def pair_scores(
    x: Matrix, y: Matrix, folds: int = 5, rng: int | np.random.Generator = 0, penalty: float = 3e-4, block: int = 4000
) -> tuple[Matrix, Matrix]:
    """How well partners agree, by a model that hasn't seen them, and how well random ones do: (n,), (n · up to 20,).

    Kernel ridge regressions from x (n, p) to y (n, q) and back, on the other folds, with k(a, b) = exp(−‖a − b‖² /
    2h²), h several shares of the median distance. What they predict for some x isn't a y but how likely each y is
    beside it, up to scale:

        a(y | x) = Σ over j of wⱼ(x)·k(yⱼ, y),   w(x) = (K + λnI)⁻¹ k(x)

    made comparable by taking off its mean over j and dividing by its deviation. With A = a(y | x) + a(x | y), a pair's
    score is by how much it passes what the best hundredth of all candidates reach, for that x and for that y: a hard
    sample, which agrees with none, isn't called wrong for that. Of each sample the scores with 20 others' y are what a
    wrong pair looks like. Sets of more than `block` samples are judged in parts, samples of equal y in one: they tell
    the most of one another.
    Source: Song, Huang, Smola & Fukumizu 2009, Hilbert space embeddings of conditional distributions.
    """
    generator = np.random.default_rng(rng)
    own, random = np.zeros(len(x)), []
    equal = np.unique(y.round(6), axis=0, return_inverse=True)[1].ravel()
    together = np.argsort(generator.permutation(equal.max() + 1)[equal], kind="stable")
    for part in map(generator.permutation, np.array_split(together, -(-len(x) // block))):
        squares = [_squares(values[part]) for values in (x, y)]
        for test in np.array_split(np.arange(len(part)), folds):
            train = np.setdiff1d(np.arange(len(part)), test)
            agreement = np.zeros((len(test), len(test)))
            for width in WIDTHS:
                kernels = [np.exp(-each / (2 * width**2)) for each in squares]
                for k, (inputs, outputs) in enumerate((kernels, kernels[::-1])):
                    gram = inputs[np.ix_(train, train)] + penalty * len(train) * np.eye(len(train))
                    likely = np.linalg.solve(gram, inputs[np.ix_(train, test)]).T @ outputs[np.ix_(train, test)]
                    likely -= likely.mean(axis=1, keepdims=True)
                    likely /= likely.std(axis=1, keepdims=True) + 1e-12
                    agreement += likely.T if k else likely
            above = 2 * agreement - np.quantile(agreement, 0.99, axis=1)[:, None] - np.quantile(agreement, 0.99, axis=0)
            rows = np.arange(len(test))
            own[part[test]] = above[rows, rows]
            shifts = generator.choice(np.arange(1, len(test)), min(20, len(test) - 1), replace=False)
            random += [above[rows, (rows + shift) % len(test)] for shift in shifts]
    return own, np.concatenate(random)


def _squares(x: Matrix) -> Matrix:
    """Squared distances between all rows, the median one being 1."""
    norms = np.sum(x * x, axis=1)
    squares = np.maximum(norms[:, None] + norms - 2 * x @ x.T, 0)
    return squares / (np.median(squares[:500]) + 1e-12)


def posterior_wrong(own: Matrix, random: Matrix, most: float = 0.3) -> Matrix:
    """P(wrong | score) of each pair, where a wrong pair's score is distributed as that of random pairs: (n,).

    The scores s of all pairs have the density f = π·f₀ + (1 − π)·f₁, of which f₀ is known: it's that of random pairs.
    Low scores are wrong pairs' almost alone, so the ratio of their number to that expected of random pairs alone is π,
    or a bit more (the median of ten limits). Then P(wrong | s) = π f₀(s) / f(s), made to fall as s rises. Where π comes
    out above `most`, the scores don't tell right from wrong, and all is 0. Source: Efron 2010, Large-scale inference,
    chapter 5 (local false discovery rates), with the null hypothesis "these two don't belong together".
    """
    # the share of random pairs that score higher: uniform for wrong pairs, near 0 for right ones
    p = 1 - np.searchsorted(np.sort(random), own, side="left") / len(random)
    share = float(np.median([np.mean(p > t) / (1 - t) for t in np.linspace(0.5, 0.95, 10)]))
    if share > most:
        return np.zeros(len(own))
    order = np.argsort(-p, kind="stable")
    size = max(10, len(own) // 100)
    posterior = np.zeros(len(own))
    for start in range(0, len(own), size):
        block = order[start : start + size]
        width = (p[block[0]] if start else 1.0) - (p[order[start + size]] if start + size < len(own) else 0.0)
        posterior[block] = min(1.0, share * width * len(own) / len(block))
    posterior[order] = np.minimum.accumulate(posterior[order])
    return posterior


def misaligned(of: str, *, precision: float = 0.85, folds: int = 5, rng: int = 0, action: str = "dropped") -> Rule:
    """A rule for values that don't belong to the modality `of` of their sample, such as the wrong caption.

    Linear models learn to tell one from the other (`pair_scores`); the pairs most likely wrong (`posterior_wrong`) are
    told, as many as can be while the expected share of wrong ones among them is at least `precision`. That takes a few
    hundred pairs that have something to do with one another: else nothing is found.
    """

    def misaligned_(samples: Samples, modality: str) -> Iterator[Entry]:
        rows = np.flatnonzero(samples.present[modality] & samples.present[of])
        if len(rows) < 20 * folds:
            return
        x, y = (_comparable(described([samples[name][i] for i in rows])) for name in (of, modality))
        own, random = pair_scores(x, y, folds, rng)
        posterior = posterior_wrong(own, random)
        worst = np.argsort(-posterior, kind="stable")
        expected = np.cumsum(posterior[worst]) / np.arange(1, len(worst) + 1)
        last = posterior[worst[np.flatnonzero(expected >= precision)[-1]]] if (expected >= precision).any() else np.inf
        for k in np.flatnonzero(posterior >= last):
            better = float(np.mean(random > own[k]))
            told = f"agreement {own[k]:+.2f} with its {of}; {better:.0%} of random pairs agree better"
            yield Entry(samples.ids[rows[k]], modality, "wrong pair", action, "misaligned", told)

    return misaligned_


def _comparable(x: Matrix) -> Matrix:
    """Rows scaled so that their mean square is 1: modalities beside one another weigh the same."""
    return x / np.sqrt(np.mean(np.square(x).sum(axis=1)) + 1e-12)


def _pictures(values: Sequence[Any]) -> Matrix:
    shown = np.empty((len(values), SIDE, SIDE, 3), np.float32)
    for k, value in enumerate(values):
        picture = picture_of(value)
        assert picture is not None
        picture = picture.reshape(-1, *picture.shape[-3:])[0]
        rgb = (
            composite(picture)
            if picture.shape[-1] == 4
            else picture[..., :3] / (255 if picture.dtype == np.uint8 else 1)
        )
        array = np.rint(np.clip(np.broadcast_to(rgb, (*rgb.shape[:2], 3)), 0, 1) * 255).astype(np.uint8)
        shown[k] = np.asarray(Image.fromarray(array).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) / np.float32(255)
    return oriented_gradients(shown).astype(np.float64)


def _sound(value: Any, moments: int = 12, bands: int = 40, cepstra: int = 16) -> Matrix:
    """Cepstra at 12 moments, evenly spread from 3 to 97 % of the energy: what is said, whatever its speed and level."""
    from scipy.fft import dct

    heard = mono_of(value, 16_000)
    assert heard is not None
    sound, rate = heard[0] - heard[0].mean(), heard[1] or 16_000
    length = max(64, round(0.032 * rate))
    padded = np.pad(sound, (length // 2, max(length, length // 2)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[:: length // 4] * np.hanning(length)
    power = np.square(np.abs(np.fft.rfft(frames, 4 * length, axis=1)))  # finer bins than the narrowest triangle
    energy = power @ _filters(rate, 4 * length, bands)
    passed = np.cumsum(energy.sum(axis=1))
    start, stop = np.searchsorted(passed, [0.03 * passed[-1], 0.97 * passed[-1]])
    energy = energy[start : stop + 1]
    values = dct(np.log(energy + 1e-4 * energy.max() + 1e-20), axis=1, norm="ortho")[:, :cepstra]
    at = np.linspace(0, len(values) - 1, moments)
    course = np.array([np.interp(at, np.arange(len(values)), column) for column in values.T]).T
    course[:, 0] -= course[:, 0].mean()  # the level
    return course.ravel()


@lru_cache
def _filters(rate_hz: float, fft_samples: int, bands: int) -> Matrix:
    from ..audio import mel_filters

    high = min(3800.0, rate_hz / 2)
    settings: dict[str, Any] = {"mels": bands, "lowest_hz": 60.0, "highest_hz": high, "scale": "htk"}
    return mel_filters(rate_hz=rate_hz, fft_samples=fft_samples, unit_area=False, **settings)


def _texts(values: Sequence[Any]) -> Matrix:
    tokens = []
    for value in values:
        spoken = words(value if isinstance(value, str) else " ".join(value))[:2000]
        tokens.append(spoken + ["#" + gram for word in spoken for gram in character_ngrams(word)])
    x = np.sqrt(np.abs(bags := hashed_bag(tokens, columns=COLUMNS))) * np.sign(bags)
    x = x * np.log((1 + len(x)) / (1 + np.count_nonzero(x, axis=0)))
    return _unit(x.astype(np.float64))


def _sounds(value: Any) -> bool:
    from .opened import begins

    return is_file(value) and begins(value, 4) in (b"RIFF", b"fLaC", b"OggS")


def _unit(x: Matrix) -> Matrix:
    return x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-12)
