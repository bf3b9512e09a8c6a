"""What crosses a split: shared groups, the same value, near duplicates, derived names; counted and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .cleaning import fingerprint
from .likeness import nearest, nearest_texts, shingles, sound_fingerprint, thumbnails
from .samples import Samples
from .text import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Indices = NDArray[np.intp]
Pairs = list[tuple[int, int]]  # (of the earlier part, of the later part), the most alike first
NAME_WORDS = 8  # longer texts are sentences: of those nearly every short text is a part


@dataclass(frozen=True)
class Leak:
    """`count` samples of `right` have in `left` the same group, the same value or a near duplicate: see `kind`."""

    kind: str
    left: str
    right: str
    count: int
    examples: list[tuple[str, str]]

    def __str__(self) -> str:
        shown = ", ".join(f"{a} ~ {b}" for a, b in self.examples)
        return f"{self.kind}: {self.count} in {self.right} are also in {self.left} (such as {shown})"


@dataclass(frozen=True)
class LeakReport:
    """What crosses a split; true where something does. `str(report)` has a line per leak, `plot` draws them.

    `checked` are the kinds of leak that were looked for, `sizes` the parts and how many samples each has.
    """

    leaks: list[Leak]
    checked: list[str]
    sizes: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.leaks)

    def __iter__(self) -> Iterator[Leak]:
        return iter(self.leaks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.leaks)) or f"no leak; checked: {', '.join(self.checked)}"

    def plot(self, samples: Samples | None = None, examples: int = 6) -> Figure:
        """A Figure: for each kind and pair of parts how many samples of the later one leak; beside it example pairs.

        With `samples` the pairs are drawn as their pictures, sounds and texts, otherwise by their ids.
        """
        from matplotlib.figure import Figure

        shown = _told_apart(self.leaks, examples)
        pairs = list(combinations(self.sizes, 2)) or list(dict.fromkeys((leak.left, leak.right) for leak in self.leaks))
        height = 1.2 + max(0.36 * len(self.checked), 0.95 * len(shown))
        figure = Figure(figsize=(10 if shown else 5.5, height), layout="constrained")
        halves: Any = figure.subfigures(1, 2, width_ratios=(1.15, 1)) if shown else (figure,)
        self._matrix(halves[0].subplots(), pairs)
        if shown:
            grid = halves[1].subplots(len(shown), 2, squeeze=False)
            for (one, other), (leak, ids) in zip(grid, shown, strict=True):
                for axes, name, part in ((one, ids[0], leak.left), (other, ids[1], leak.right)):
                    _example(axes, samples, name, leak.kind)
                    axes.set_title(f"{leak.kind}: {name} in {part}" if axes is one else f"{name} in {part}", fontsize=7)
        return figure

    def _matrix(self, axes: Axes, pairs: Sequence[tuple[str, str]]) -> None:
        counts = {(leak.kind, leak.left, leak.right): leak.count for leak in self.leaks}
        numbers = np.array([[counts.get((kind, *pair), 0) for pair in pairs] for kind in self.checked])
        numbers = numbers.reshape(len(self.checked), len(pairs))
        shares = numbers / np.array([max(self.sizes.get(right, 1), 1) for _, right in pairs] or [1])
        axes.imshow(shares, cmap="Oranges", vmin=0, vmax=1, aspect="auto")
        for (row, column), number in np.ndenumerate(numbers):
            told = f"{number} ({shares[row, column]:.0%})" if number and self.sizes else f"{number}"
            dark = shares[row, column] > 0.6
            axes.text(column, row, told, ha="center", va="center", fontsize=8, color="white" if dark else "black")
        axes.set_xticks(range(len(pairs)), [f"{right}\nin {left}" for left, right in pairs], fontsize=8)
        axes.set_yticks(range(len(self.checked)), self.checked, fontsize=8)
        axes.set_title("samples that leak", fontsize=9)


def find_leaks(
    parts: Mapping[str, Indices],
    samples: Samples,
    groups: Sequence[str] | None = None,
    near: float | None = 0.97,
    examples: int = 3,
    near_text: float = 0.8,
    near_sound: float = 0.98,
    rate_hz: float | Sequence[float] = 8000.0,
) -> LeakReport:
    """What crosses the parts: see `Split.leaks`, which calls this."""
    if (top := max((int(i.max()) for i in parts.values() if len(i)), default=-1)) >= len(samples):
        raise ValueError(f"leaks: the split has index {top}, but there are {len(samples)} samples")
    if unknown := set(groups or ()) - set(samples.groups):
        raise ValueError(f"leaks: no groups {sorted(unknown)}; there are {', '.join(samples.groups) or 'none'}")
    rates = np.broadcast_to(np.asarray(rate_hz, np.float64), len(samples))
    found: list[Leak] = []
    checked: list[str] = []

    def look(kind: str, pairs_of: Any, *given: Any) -> None:
        checked.append(kind)
        for left, right in combinations(parts, 2):
            pairs: Pairs = pairs_of(parts[left], parts[right], *given)
            if pairs:
                shown = [(samples.ids[i], samples.ids[j]) for i, j in pairs[:examples]]
                found.append(Leak(kind, left, right, len({j for _, j in pairs}), shown))

    for name in samples.groups if groups is None else groups:
        look(f"group {name}", _same, list(samples.groups[name]))
    for name, values in samples.modalities.items():
        there = samples.present[name]
        look(f"same {name}", _same, [fingerprint(v) if there[i] else None for i, v in enumerate(values)])
        what = sort_of(name, values, there) if near is not None else ""
        if what == "picture":
            look(f"near {name}", _near, _described(values, there, thumbnails), there, near)
        elif what == "sound":
            described = _described(
                values, there, lambda some, at: np.array([*map(sound_fingerprint, some, rates[at])]), places=True
            )
            look(f"near {name}", _near, described, there, near_sound)
        elif what == "text":
            plain = [words(_text(v)) if there[i] else [] for i, v in enumerate(values)]
            look(f"near {name}", _near_texts, [shingles(" ".join(w)) for w in plain], plain, near_text)
            if all(isinstance(v, str) for v in values if v is not None):
                look(f"derived {name}", _derived, [tuple(w) for w in plain])
    return LeakReport(found, checked, {name: len(part) for name, part in parts.items()})


def sort_of(name: str, values: Any, there: NDArray[np.bool_]) -> str:
    """Whether a modality is compared as "picture", "sound" or "text"; "" where it is only compared as a whole.

    Pictures: arrays (n, ..., height, width, channels ≤ 4), or lists of arrays (height, width, channels ≤ 4). Sounds:
    lists of arrays (samples[, channels ≤ 2]), arrays (n, samples, channels ≤ 2), and (n, samples) where the modality
    is called audio, sound or speech: other arrays (n, numbers) are features. Texts: lists of strings or of such lists.
    """
    if isinstance(values, np.ndarray):
        if values.ndim >= 4:
            return "picture" if values.shape[-1] <= 4 else ""
        heard = (values.ndim == 3 and values.shape[-1] <= 2) or (
            values.ndim == 2 and name in {"audio", "sound", "speech"}
        )
        return "sound" if heard and values.dtype.kind in "fi" else ""
    some = [value for i, value in enumerate(values) if there[i] and value is not None]
    if not some:
        return ""
    if all(isinstance(v, str) or (isinstance(v, (list, tuple)) and all(isinstance(w, str) for w in v)) for v in some):
        return "text"
    if all(isinstance(v, np.ndarray) for v in some):
        if all(v.ndim == 3 and v.shape[-1] <= 4 for v in some):
            return "picture"
        if all(v.dtype.kind in "fi" and (v.ndim == 1 or (v.ndim == 2 and v.shape[1] <= 2)) for v in some):
            return "sound"
    return ""


def _described(values: Any, there: NDArray[np.bool_], describe: Any, places: bool = False) -> NDArray[np.float32]:
    """The fingerprints of what is there, in blocks, and zeros elsewhere."""
    at = np.flatnonzero(there)
    described: NDArray[np.float32] | None = None
    for start in range(0, len(at), 512):
        chosen = at[start : start + 512]
        some = values[chosen] if isinstance(values, np.ndarray) else [values[i] for i in chosen]
        rows = describe(some, chosen) if places else describe(some)
        if described is None:
            described = np.zeros((len(there), rows.shape[1]), np.float32)
        described[chosen] = rows
    return np.zeros((len(there), 1), np.float32) if described is None else described


def _same(left: Indices, right: Indices, keys: list[Any]) -> Pairs:
    first = {keys[i]: int(i) for i in reversed(left) if keys[i] is not None}
    return [(first[keys[i]], int(i)) for i in right if keys[i] in first]


def _near(left: Indices, right: Indices, x: NDArray[np.float32], there: NDArray[np.bool_], least: float) -> Pairs:
    a, b = left[there[left]], right[there[right]]
    best, likeness = nearest(x[b], x[a])
    order = np.argsort(-likeness, kind="stable")
    return [(int(a[best[k]]), int(b[k])) for k in order if likeness[k] >= least]


def _near_texts(
    left: Indices, right: Indices, sets: list[frozenset[str]], plain: list[list[str]], least: float
) -> Pairs:
    """Texts that are nearly, but not entirely, the same: those that are stand under "same"."""
    known = {tuple(plain[i]) for i in left}
    b = [i for i in right if sets[i] and tuple(plain[i]) not in known]
    best, likeness = nearest_texts([sets[i] for i in b], [sets[i] for i in left], least)
    order = np.argsort(-likeness, kind="stable")
    return [(int(left[best[k]]), int(b[k])) for k in order if likeness[k] >= least]


def _derived(left: Indices, right: Indices, names: list[tuple[str, ...]]) -> Pairs:
    """Names that stand whole, word for word, within another: "cat" in "crying cat face"."""
    whole: dict[tuple[str, ...], int] = {}
    within: dict[tuple[str, ...], int] = {}
    for i in left:
        whole.setdefault(names[i], int(i))
        for run in _runs(names[i]):
            within.setdefault(run, int(i))
    pairs: Pairs = []
    for j in right:
        shorter = max((run for run in _runs(names[j]) if run in whole), key=len, default=None)
        if shorter is not None or (names[j] in within and names[j]):
            pairs.append((whole[shorter] if shorter is not None else within[names[j]], int(j)))
    return pairs


def _runs(name: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All proper runs of a name's words; none of a text longer than names are."""
    n = len(name) if len(name) <= NAME_WORDS else 0
    return [name[i : i + size] for size in range(n - 1, 0, -1) for i in range(n - size + 1)]


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _told_apart(leaks: Sequence[Leak], most: int) -> list[tuple[Leak, tuple[str, str]]]:
    """Examples of as many kinds of leak as there is room for: first one of each kind, then what is left."""
    rounds = max((len(leak.examples) for leak in leaks), default=0)
    every = [(leak, leak.examples[k]) for k in range(rounds) for leak in leaks if k < len(leak.examples)]
    first = {leak.kind: k for k, (leak, _) in reversed([*enumerate(every)])}
    return [every[k] for k in sorted(range(len(every)), key=lambda k: (k not in first.values(), k))][:most]


def _example(axes: Axes, samples: Samples | None, name: str, kind: str) -> None:
    """One sample of a pair: the modality that leaks, or for a group the first one that can be seen."""
    axes.set_axis_off()
    if samples is None or name not in samples.ids:
        axes.text(0.5, 0.5, name, ha="center", va="center")
        return
    row = samples.ids.index(name)
    sorts = {key: sort_of(key, values, samples.present[key]) for key, values in samples.modalities.items()}
    seen = [key for key, sort in sorts.items() if sort and samples.present[key][row]]
    pictures = [key for key in seen if sorts[key] == "picture"]
    about = kind.partition(" ")[2]
    modality = about if about in seen and not kind.startswith("group ") else next(iter(pictures or seen), "")
    value = samples[modality][row] if modality else name
    if sorts.get(modality) == "picture":
        frames = np.asarray(value)
        drawing.picture(axes, frames.reshape(-1, *frames.shape[-3:])[0], {})
        axes.set_xlabel("")
    elif sorts.get(modality) == "sound":
        drawing.waveform(axes, value, {})
    else:
        axes.text(0.5, 0.5, _text(value)[:60], ha="center", va="center", fontsize=8, wrap=True)
